"""``graph-api migrate``: our tables, then the application's, then the declared roles."""

from __future__ import annotations

import asyncio
from pathlib import Path

import rich_click as click

from graph_api.accounts.roles import sync_roles
from graph_api.cli.configuration import (
    Application,
    application_options,
    load_application,
    read_settings,
)
from graph_api.cli.database import open_database
from graph_api.cli.output import examples
from graph_api.clock import utc_now
from graph_api.db.engine import Database, DialectName
from graph_api.db.migrate import OURS, application_migrations, pending, upgrade_database
from graph_api.errors import ConfigurationError
from graph_api.settings import Settings


@click.command(
    epilog=examples(
        "graph-api migrate",
        "graph-api migrate --check              # in CI: exit code 1 if something is pending",
        "graph-api migrate --sql > upgrade.sql  # for a database that is migrated by hand",
        'graph-api migrate --new "add articles" # after you have changed your tables',
    )
)
@click.option("--check", is_flag=True, help="Apply nothing; exit code 1 if something is pending.")
@click.option("--sql", is_flag=True, help="Apply nothing; print the statements for an empty one.")
@click.option("--new", metavar="MESSAGE", help="Write a migration for what your tables lack.")
@application_options
def migrate(*, check: bool, sql: bool, new: str | None, schema: str | None, app_dir: Path) -> None:
    """Bring the database up to date: our tables, your tables, the declared roles."""
    if sum((check, sql, new is not None)) > 1:
        raise click.UsageError("Give one of --check, --sql and --new.")
    settings = read_settings(schema_path=schema)
    application = load_application(settings.schema_path, app_dir)
    if sql:
        dialect: DialectName = "sqlite" if settings.is_sqlite else "postgresql"
        click.echo("\n".join(each.sql(dialect) for each in application.histories), nl=False)
    elif check:
        asyncio.run(_check(settings, application))
    elif new is not None:
        click.echo(f"Written: {asyncio.run(_make(settings, application, new))}")
        click.echo("Read it, then run `graph-api migrate`.")
    else:
        applied = asyncio.run(_migrate(settings, application))
        click.echo("\n".join(f"Applied {each}" for each in applied) or "Nothing to migrate.")


async def apply(database: Database, application: Application) -> list[str]:
    """Apply what is pending and store the declared roles; several may do so at once.

    Returns:
        The revisions that were applied.

    Raises:
        ConfigurationError: if the database is ahead of the revisions.
    """
    applied = await pending_of(database, application)
    for history in application.histories:
        await upgrade_database(database, history)
    declared = application.schema
    async with database.write() as session:
        await sync_roles(session, declared.permissions, declared.roles, now=utc_now())
    return applied


async def pending_of(database: Database, application: Application) -> list[str]:
    """Return the revisions that are still to be applied, ours first, each with whose it is."""
    return [
        f"{'graph-api' if history is OURS else application.file.parent.name} {revision}"
        for history in application.histories
        for revision in await pending(database, history)
    ]


async def lacks_migration(database: Database, application: Application) -> bool:
    """Whether the application's tables have what no migration has given to the database.

    What only the database has is not counted: others may keep their tables in it.
    """
    if application.is_ours:
        return False
    history = application_migrations(application.file.parent / "migrations")
    async with database.reader.connect() as connection:
        found = await connection.run_sync(history.differences)
    return any(isinstance(each, list) or not each[0].startswith("remove_") for each in found)


async def _migrate(settings: Settings, application: Application) -> list[str]:
    async with open_database(settings, create=True) as database:
        return await apply(database, application)


async def _check(settings: Settings, application: Application) -> None:
    async with open_database(settings) as database:
        revisions = await pending_of(database, application)
    if revisions:
        raise ConfigurationError(f"Pending: {', '.join(revisions)}. Run `graph-api migrate`.")
    click.echo("Nothing to migrate.")


async def _make(settings: Settings, application: Application, message: str) -> Path:
    if application.is_ours:
        raise ConfigurationError("The accounts' tables are not yours to change: write a schema.")
    history = application_migrations(application.file.parent / "migrations")
    async with open_database(settings) as database, database.rebuild() as connection:
        return await connection.run_sync(history.make_revision, message)
