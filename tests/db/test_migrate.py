"""Migrations: up, down, in agreement with the models, and side by side with an application's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from graph_api.clock import utc_now
from graph_api.db import Database, include_object, migrate
from graph_api.db.ids import new_id
from graph_api.db.migrate import (
    OURS,
    Migrations,
    application_migrations,
    migrate_application,
    upgrade_database,
)
from graph_api.db.tables import TABLES, AuditEventRow, UserRow
from graph_api.errors import ConfigurationError

pytestmark = pytest.mark.anyio

OUR_TABLES = {table.name for table in TABLES} | {"graph_api_version"}

PETS = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "pets", None


def upgrade():
    op.create_table(
        "pet",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["graph_api_user.id"], name="fk_pet_owner_id", ondelete="CASCADE"
        ),
    )


def downgrade():
    op.drop_table("pet")
"""


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Database]:
    async with Database.open(empty_database_url) as database:
        yield database


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """Return the migrations folder of an application whose pets belong to our users."""
    folder = tmp_path / "100% mine" / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "versions" / "pets.py").write_text(PETS)
    return folder


@pytest.fixture
def pet_model() -> Iterator[None]:
    """Declare the application's model for one test."""
    owner = Column(
        "owner_id", Text, ForeignKey("graph_api_user.id", ondelete="CASCADE"), nullable=False
    )
    pet = Table("pet", SQLModel.metadata, Column("id", Integer, primary_key=True), owner)
    yield
    SQLModel.metadata.remove(pet)


def user() -> UserRow:
    return UserRow(id=new_id("usr"), email=new_id("mail"), password_hash="-", created_at=utc_now())


def event(**values: Any) -> AuditEventRow:
    return AuditEventRow(
        id=new_id("evt"), at=utc_now(), action="login", outcome="success", **values
    )


async def tables(database: Database) -> set[str]:
    async with database.reader.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def our_differences(database: Database) -> list[Any]:
    async with database.reader.connect() as connection:
        return await connection.run_sync(OURS.differences)


async def downgrade(database: Database, migrations: Migrations = OURS) -> None:
    async with database.rebuild() as connection:
        await connection.run_sync(migrations.downgrade, "base")


async def test_up_down_and_up_again(empty: Database) -> None:
    await upgrade_database(empty)
    assert await tables(empty) == OUR_TABLES

    await downgrade(empty)
    assert await tables(empty) == {"graph_api_version"}

    await upgrade_database(empty)
    assert await tables(empty) == OUR_TABLES


async def test_an_upgrade_keeps_what_is_stored(database: Database) -> None:
    async with database.write() as session:
        session.add(user())
    await upgrade_database(database)
    async with database.read() as session:
        assert len((await session.scalars(select(UserRow))).all()) == 1


async def test_the_models_and_the_migrations_agree(database: Database) -> None:
    assert await our_differences(database) == []


async def test_a_difference_between_models_and_migrations_is_seen(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("DROP INDEX ix_graph_api_user_created_at"))
        await session.execute(text("ALTER TABLE graph_api_user DROP COLUMN disabled_at"))
    assert [difference[0] for difference in await our_differences(database)] == [
        "add_column",
        "add_index",
    ]


async def test_what_is_pending_is_known(empty: Database) -> None:
    assert await migrate.pending(empty) == ["0001"]
    await upgrade_database(empty)
    assert await migrate.pending(empty) == []


async def test_a_database_of_a_newer_release_is_refused_in_words(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE graph_api_version SET version_num = '9999'"))
    for use in (upgrade_database, migrate.pending):
        with pytest.raises(ConfigurationError, match="9999"):
            await use(database)


async def test_workers_that_start_together_migrate_once(empty_database_url: str) -> None:
    databases = [Database.open(empty_database_url) for _ in range(4)]
    async with anyio.create_task_group() as workers:
        for database in databases:
            workers.start_soon(upgrade_database, database)
    assert await tables(databases[0]) == OUR_TABLES
    for database in databases:
        await database.dispose()


async def test_a_failed_migration_leaves_nothing(empty: Database, application: Path) -> None:
    broken = PETS.replace('"pets", None', '"broken", "pets"').replace('"pet"', '"toy"')
    broken = broken.replace("\n\ndef downgrade", "    raise RuntimeError\n\n\ndef downgrade")
    (application / "versions" / "broken.py").write_text(broken)
    await upgrade_database(empty)

    with pytest.raises(RuntimeError):
        await migrate_application(empty, application)

    assert await tables(empty) == OUR_TABLES


class TestAuditTrail:
    @pytest.mark.parametrize(
        "statement", [update(AuditEventRow).values(outcome="forged"), delete(AuditEventRow)]
    )
    async def test_an_event_is_neither_changed_nor_deleted(
        self, database: Database, statement: Any
    ) -> None:
        async with database.write() as session:
            session.add(event())
        with pytest.raises(IntegrityError, match="append-only"):
            async with database.write() as session:
                await session.execute(statement)

    @pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
    async def test_the_trail_is_not_truncated(self, database: Database) -> None:
        with pytest.raises(IntegrityError, match="append-only"):
            async with database.write() as session:
                await session.execute(text("TRUNCATE graph_api_audit_event"))

    @pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
    async def test_an_event_is_not_replaced(self, database: Database) -> None:
        row = event()
        forged = row.model_dump() | {"outcome": "forged"}
        async with database.write() as session:
            session.add(row)
        statement = insert(AuditEventRow).prefix_with("OR REPLACE").values(forged)
        with pytest.raises(IntegrityError, match="append-only"):
            async with database.write() as session:
                await session.execute(statement)

    async def test_it_outlives_the_one_it_tells_of(self, database: Database) -> None:
        row = user()
        async with database.write() as session:
            session.add(row)
            session.add(event(actor_id=row.id))
        async with database.write() as session:
            await session.execute(delete(UserRow))
        async with database.read() as session:
            assert await session.scalar(select(col(AuditEventRow.actor_id))) == row.id


class TestApplication:
    async def test_its_tables_come_and_go_without_ours(
        self, database: Database, application: Path
    ) -> None:
        await migrate_application(database, application)
        assert await tables(database) == OUR_TABLES | {"pet", "alembic_version"}

        await downgrade(database, application_migrations(application))
        assert await tables(database) == OUR_TABLES | {"alembic_version"}
        assert await migrate.pending(database) == []

    async def test_its_rows_may_refer_to_our_users(
        self, database: Database, application: Path
    ) -> None:
        await migrate_application(database, application)
        row = user()
        async with database.write() as session:
            session.add(row)
            await session.flush()
            await session.execute(text("INSERT INTO pet VALUES (1, :owner)"), {"owner": row.id})
            await session.delete(row)
        async with database.read() as session:
            assert await session.scalar(text("SELECT count(*) FROM pet")) == 0

    async def test_what_is_pending_is_known(self, database: Database, application: Path) -> None:
        migrations = application_migrations(application)
        assert await migrate.pending(database, migrations) == ["pets"]
        await migrate_application(database, application)
        assert await migrate.pending(database, migrations) == []

    async def test_its_env_py_is_its_own_affair(
        self, database: Database, application: Path
    ) -> None:
        (application / "env.py").write_text("raise RuntimeError")
        await migrate_application(database, application)
        assert "pet" in await tables(database)

    @pytest.mark.usefixtures("pet_model")
    async def test_its_first_revision_is_written_from_its_models(
        self, database: Database, tmp_path: Path
    ) -> None:
        migrations = application_migrations(tmp_path / "new")
        async with database.rebuild() as connection:
            path = await connection.run_sync(migrations.make_revision, "Keep pets")
        assert "graph_api_" not in path.read_text().replace("graph_api_user.id", "").replace(
            "graph_api.db", ""
        )

        await upgrade_database(database, migrations)
        async with database.reader.connect() as connection:
            assert await connection.run_sync(migrations.differences) == []
        await downgrade(database, migrations)
        assert "pet" not in await tables(database)


class TestHost:
    """A host that migrates by itself, without our `Database`."""

    @pytest.fixture
    def connection(self, tmp_path: Path) -> Iterator[Connection]:
        engine = create_engine(f"sqlite:///{tmp_path / 'host.sqlite3'}")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def test_upgrade_commits_on_a_connection_that_has_begun_nothing(
        self, connection: Connection
    ) -> None:
        migrate.upgrade(connection)
        connection.rollback()
        assert set(inspect(connection).get_table_names()) == OUR_TABLES

    def test_upgrade_joins_the_transaction_of_the_host(self, connection: Connection) -> None:
        with connection.begin():
            migrate.upgrade(connection)
            assert connection.in_transaction()

    def test_include_object_keeps_its_autogenerate_from_dropping_our_tables(
        self, connection: Connection
    ) -> None:
        migrate.upgrade(connection)
        of_host = MetaData()
        Table("pet", of_host, Column("id", Integer, primary_key=True))
        context = MigrationContext.configure(connection, opts={"include_object": include_object})

        changes = compare_metadata(context, of_host)

        assert [(kind, table.name) for kind, table in changes] == [("add_table", "pet")]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_the_sql_for_sqlite_makes_the_same_database(empty_database_url: str) -> None:
    import sqlite3

    path = empty_database_url.partition("///")[2]
    async with Database.open(empty_database_url) as database:
        connection = sqlite3.connect(path)
        connection.executescript(OURS.sql("sqlite"))
        connection.close()
        assert await our_differences(database) == []
        assert await migrate.pending(database) == []


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_the_sql_for_postgresql_makes_the_same_database(empty: Database) -> None:
    async with empty.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(OURS.sql("postgresql"))
    assert await our_differences(empty) == []
    assert await migrate.pending(empty) == []
