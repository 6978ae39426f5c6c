"""The database's promises: who may write, in which order, and who can read the file."""

from __future__ import annotations

import asyncio
import stat
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col

from graph_api.clock import utc_now
from graph_api.db import engine
from graph_api.db.engine import Database
from graph_api.db.ids import new_id
from graph_api.db.tables import RolePermissionRow, RoleRow
from graph_api.errors import ConfigurationError, RateLimited

pytestmark = pytest.mark.anyio


def role(name: str) -> RoleRow:
    return RoleRow(id=new_id("rol"), name=name, created_at=utc_now())


async def count_roles(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(RoleRow)) or 0


async def add_and_fail(database: Database) -> None:
    async with database.write() as session:
        session.add(role("lost"))
        await session.flush()
        raise RuntimeError


async def test_a_write_is_kept_and_a_failed_one_leaves_nothing(database: Database) -> None:
    async with database.write() as session:
        session.add(role("kept"))
    with pytest.raises(RuntimeError):
        await add_and_fail(database)

    assert await count_roles(database) == 1


async def test_rows_can_be_read_after_the_session(database: Database) -> None:
    async with database.write() as session:
        row = role("kept")
        session.add(row)
    assert row.name == "kept"


async def test_a_read_session_cannot_write(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            await session.execute(insert(RoleRow).values(role("never").model_dump()))


async def test_a_reader_does_not_taint_the_writer_after_it(database: Database) -> None:
    for name in ("one", "two", "three"):
        await count_roles(database)
        async with database.write() as session:
            session.add(role(name))
    assert await count_roles(database) == 3


async def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(RolePermissionRow(role_id="rol_none", permission="user:read"))


async def test_a_hundred_concurrent_read_then_write_transactions_all_succeed(
    database: Database,
) -> None:
    async with database.write() as session:
        session.add(role("0"))

    async def increment() -> None:
        async with database.write() as session:
            name = await session.scalar(select(col(RoleRow.name)).with_for_update())
            assert name is not None
            await session.execute(update(RoleRow).values(name=str(int(name) + 1)))

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(increment)

    async with database.read() as session:
        assert await session.scalar(select(col(RoleRow.name))) == "100"


async def test_a_cancelled_write_is_undone_and_gives_its_turn_back(database: Database) -> None:
    """As when a client hangs up: all writers of SQLite wait for the same connection."""
    tasks = asyncio.all_tasks()
    for _ in range(20):
        with anyio.CancelScope() as scope:
            async with database.write() as session:
                session.add(role("cancelled"))
                await session.flush()
                scope.cancel()
                await session.execute(select(RoleRow))

    async with database.write() as session:
        session.add(role("next"))
    assert await count_roles(database) == 1
    assert asyncio.all_tasks() == tasks


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_two_processes_take_turns_on_a_sqlite_file(database_url: str) -> None:
    """Two databases on one file share no lock but the file's own, as two processes do."""

    async def add(database: Database, name: str) -> None:
        async with database.write() as session:
            await session.scalar(select(func.count()).select_from(RoleRow))
            session.add(role(name))

    async with Database.open(database_url) as one, Database.open(database_url) as two:
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(add, one, f"one {number}")
                tasks.start_soon(add, two, f"two {number}")
        assert await count_roles(one) == 40


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_sqlite_reader_is_not_stopped_by_a_writer(database: Database) -> None:
    async with database.write() as session:
        session.add(role("uncommitted"))
        await session.flush()
        assert await count_roles(database) == 0


async def test_the_sqlite_files_and_a_new_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    async with Database.open(f"sqlite+aiosqlite:///{folder / 'x.sqlite3'}") as database:
        async with database.write() as session:
            await session.execute(text("CREATE TABLE something (id INTEGER)"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes == {"x.sqlite3": 0o600, "x.sqlite3-wal": 0o600, "x.sqlite3-shm": 0o600}


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
async def test_sqlite_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="name a file"):
        Database.open(url)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_rebuild_drops_a_table_without_its_cascade(database: Database) -> None:
    row = role("editor")
    async with database.write() as session:
        session.add(row)
        await session.flush()
        session.add(RolePermissionRow(role_id=row.id, permission="user:read"))

    async with database.rebuild() as connection:
        await connection.execute(text("CREATE TABLE copy AS SELECT * FROM graph_api_role"))
        await connection.execute(text("DELETE FROM graph_api_role"))
        await connection.execute(text("INSERT INTO graph_api_role SELECT * FROM copy"))

    async with database.read() as session:
        assert await session.scalar(select(col(RolePermissionRow.permission))) == "user:read"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_rebuild_that_breaks_a_reference_is_undone(database: Database) -> None:
    with pytest.raises(ConfigurationError, match="graph_api_role_permission -> graph_api_role"):
        async with database.rebuild() as connection:
            await connection.execute(
                insert(RolePermissionRow).values(role_id="rol_none", permission="user:read")
            )

    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(RolePermissionRow(role_id="rol_none", permission="user:read"))


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_postgresql_transactions_are_read_committed(database: Database) -> None:
    async with database.write() as session:
        assert await session.scalar(text("SHOW transaction_isolation")) == "read committed"


async def test_a_single_statement_can_not_write_either(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.fetch(
            insert(RoleRow)
            .values(id="rol_1", name="forged", created_at=utc_now())
            .returning(col(RoleRow.id))
        )
    assert await count_roles(database) == 0


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_connection_that_was_closed_while_it_was_idle_is_replaced(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PING_AFTER", 0.0)
    assert await count_roles(database) == 0
    others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with Database.open(database_url) as administration, administration.write() as session:
        closed = await session.execute(text(f"SELECT pg_terminate_backend(pid) FROM {others}"))
        assert closed.all()
    assert await count_roles(database) == 0


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_url_written_for_libpq_connects(database_url: str) -> None:
    url = f"{database_url}?sslmode=prefer&channel_binding=prefer"
    async with Database.open(url) as database:
        assert await count_roles(database) == 0


async def test_a_repr_holds_no_password() -> None:
    url = "postgresql+asyncpg://someone:canary@db.example/app"
    async with Database.open(url) as database:
        assert "canary" not in repr(database)


async def test_who_gets_no_connection_in_time_is_told_to_come_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no server error: nothing was done, and later it may be."""
    for each in (database.reader, database.writer):
        monkeypatch.setattr(each.pool, "_timeout", 0.01)
        monkeypatch.setattr(each.pool, "_max_overflow", 0)
    size = database.writer.pool.size()  # type: ignore[attr-defined]
    async with AsyncExitStack() as taken:
        for _ in range(size):
            session = await taken.enter_async_context(database.write())
            await session.execute(text("SELECT 1"))
        with pytest.raises(RateLimited) as refused:
            async with database.write() as session:
                await session.execute(text("SELECT 1"))
    assert refused.value.extensions == {
        "code": "RATE_LIMITED",
        "reason": "database_busy",
        "retryAfter": 5,
    }
