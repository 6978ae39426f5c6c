"""Migrations: ours, which ship in the package, and an application's, each with its own version.

No revision of ours depends on an application's or the other way round, and each history has a
version table of its own: an application's downgrade can't touch our tables. An application needs
no ``env.py``; one that stands in its folder serves its own ``alembic`` command.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.schema import SchemaItem
from sqlmodel import SQLModel

from graph_api.db.engine import Database, DialectName
from graph_api.errors import ConfigurationError

OUR_PREFIX = "graph_api_"
SCRIPTS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = int.from_bytes(b"graphapi") >> 1
"""Held on PostgreSQL by who migrates, until the transaction ends: an arbitrary bigint."""

IncludeObject = Callable[[SchemaItem, str | None, str, bool, SchemaItem | None], bool]


def include_object(item: SchemaItem, name: str | None, type_: str, *_: object) -> bool:
    """Leave our tables out of a host's autogenerate: hand it to Alembic as ``include_object``."""
    return type_ != "table" or not _is_ours(name)


def _include_ours(item: SchemaItem, name: str | None, type_: str, *_: object) -> bool:
    return type_ != "table" or _is_ours(name)


def _is_ours(table: str | None) -> bool:
    return table is not None and table.startswith(OUR_PREFIX)


@dataclass(frozen=True)
class Migrations:
    """A history of Alembic revisions, and where a database notes how far it has come.

    Every method that takes a connection may be run by ``AsyncConnection.run_sync``.

    Attributes:
        versions: the folder of the revisions.
        version_table: the table that notes the applied revisions.
        include_object: which tables are compared with the models; Alembic's hook of that name.
    """

    versions: Path
    version_table: str
    include_object: IncludeObject

    def heads(self) -> tuple[str, ...]:
        """Return the newest revisions: one, or more where the history has branches."""
        return tuple(ScriptDirectory.from_config(self._config()).get_heads())

    def current(self, connection: Connection) -> tuple[str, ...]:
        """Return the revisions that the database is at: none before the first migration."""
        return self._context(connection).get_current_heads()

    def pending(self, connection: Connection) -> list[str]:
        """Return the revisions that are still to be applied, in order.

        Raises:
            ConfigurationError: if the database is at a revision that is not in the folder.
        """
        scripts = ScriptDirectory.from_config(self._config())
        with self._explained():
            applied = self.current(connection)
            steps = scripts.iterate_revisions("heads", applied, implicit_base=True)
            return [step.revision for step in steps][::-1]

    def upgrade(self, connection: Connection, revision: str = "heads") -> None:
        """Apply what is pending, up to ``revision``, all or nothing.

        It joins the connection's transaction, or begins and commits one if there is none. Who
        migrates at the same time waits, and then finds nothing to do.

        Raises:
            ConfigurationError: if the database is at a revision that is not in the folder.
        """
        with self._alone(connection) as config:
            command.upgrade(config, revision)

    def downgrade(self, connection: Connection, revision: str) -> None:
        """Undo what came after ``revision``, all or nothing; ``base`` undoes everything.

        Raises:
            ConfigurationError: if the database is at a revision that is not in the folder.
        """
        with self._alone(connection) as config:
            command.downgrade(config, revision)

    def sql(self, dialect: DialectName) -> str:
        """Return the statements that take an empty database to the newest revision."""
        buffer = StringIO()
        config = self._config(dialect_name=dialect, transactional_ddl=True)
        config.output_buffer = buffer
        command.upgrade(config, "heads", sql=True)
        return buffer.getvalue()

    def differences(self, connection: Connection) -> list[Any]:
        """Return how the database differs from the models, as Alembic's ``compare_metadata``."""
        return list(compare_metadata(self._context(connection), SQLModel.metadata))

    def make_revision(self, connection: Connection, message: str) -> Path:
        """Write the revision that takes the database to the models, and return its path.

        The models are those in ``SQLModel.metadata``: import yours before. Read what is written:
        a comparison can't tell a renamed column from one that is dropped and one that is added.

        Raises:
            ConfigurationError: if a revision is pending: the comparison would repeat it; if there
                is nothing to write.
        """
        self.versions.mkdir(parents=True, exist_ok=True)
        with self._alone(connection) as config:
            written = command.revision(
                config, message, autogenerate=True, process_revision_directives=_drop_empty
            )
        if not isinstance(written, Script):
            raise ConfigurationError("Nothing to write: the database has the tables that you have.")
        return Path(written.path)

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[Config]:
        begun = nullcontext() if connection.in_transaction() else connection.begin()
        with begun, self._explained():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": ADVISORY_LOCK})
            yield self._config(connection=connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (CommandError, RevisionError) as error:
            raise ConfigurationError(
                f"The database and the revisions in {self.versions} don't fit together, "
                f"as when an older release meets a newer database: {error}"
            ) from error

    def _context(self, connection: Connection) -> MigrationContext:
        return MigrationContext.configure(connection, opts=self._options())

    def _config(self, **configure: Any) -> Config:
        config = Config(
            attributes={"configure": self._options() | configure},
            stdout=StringIO(),
            cmd_opts=Namespace(quiet=True),
        )
        config.set_main_option("script_location", _literal(SCRIPTS))
        config.set_main_option("version_locations", _literal(self.versions))
        config.set_main_option("path_separator", "newline")
        return config

    def _options(self) -> dict[str, Any]:
        return {
            "version_table": self.version_table,
            "include_object": self.include_object,
            "target_metadata": SQLModel.metadata,
            "render_as_batch": True,
            "user_module_prefix": None,
        }


def _drop_empty(_context: object, _revision: object, directives: list[MigrationScript]) -> None:
    """Leave nothing to write where nothing differs; Alembic's ``process_revision_directives``."""
    if all(each.upgrade_ops is None or each.upgrade_ops.is_empty() for each in directives):
        directives.clear()


def _literal(path: Path) -> str:
    return str(path.absolute()).replace("%", "%%")


OURS = Migrations(SCRIPTS / "versions", "graph_api_version", _include_ours)
"""The migrations of our own tables."""

upgrade = OURS.upgrade
"""Bring our tables up to date on a host's connection, as ``graph_api.db.upgrade(connection)``."""


def application_migrations(folder: Path) -> Migrations:
    """Return an application's migrations: ``folder/versions/*.py``, noted in ``alembic_version``.

    They may refer to our tables (``graph_api_user.id``), which are migrated before.
    """
    return Migrations(folder / "versions", "alembic_version", include_object)


async def upgrade_database(database: Database, migrations: Migrations = OURS) -> None:
    """Apply what is pending; several workers may do so at once.

    Raises:
        ConfigurationError: if the database is at a revision that is not in the folder, or if a row
            then refers to one that is gone.
    """
    async with database.rebuild() as connection:
        await connection.run_sync(migrations.upgrade)


async def migrate_application(database: Database, folder: Path) -> None:
    """Apply an application's pending migrations; see :func:`application_migrations`."""
    await upgrade_database(database, application_migrations(folder))


async def pending(database: Database, migrations: Migrations = OURS) -> list[str]:
    """Return the revisions that are still to be applied, in order.

    Raises:
        ConfigurationError: if the database is at a revision that is not in the folder.
    """
    async with database.reader.connect() as connection:
        return await connection.run_sync(migrations.pending)
