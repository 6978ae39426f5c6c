"""SQLite's driver: one trip to a connection's thread for a statement, and the same rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiosqlite
import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from graph_api.db.engine import Database
from graph_api.db.sqlite import AT_ONCE

pytestmark = pytest.mark.anyio

NUMBERS = text(
    "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :most) "
    "SELECT n FROM number"
)


class Trips:
    """Counts what is handed to the threads of connections."""

    def __init__(self) -> None:
        self.count = 0


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    counted = Trips()
    execute: Any = aiosqlite.Connection._execute

    async def count(self: aiosqlite.Connection, *arguments: Any) -> Any:
        counted.count += 1
        return await execute(self, *arguments)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", count)
    return counted


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path / 'database'}") as database:
        async with database.write() as session:
            await session.execute(text("CREATE TABLE thing (name TEXT UNIQUE)"))
        await names(database)  # both have connected
        yield database


async def names(database: Database) -> list[str]:
    return [row.name for row in await database.fetch(text("SELECT name FROM thing"))]


async def test_a_single_statement_is_one_trip(sqlite: Database, trips: Trips) -> None:
    await names(sqlite)
    assert trips.count == 1


async def test_a_transaction_is_a_trip_for_each_statement(sqlite: Database, trips: Trips) -> None:
    async with sqlite.write() as session:
        await session.execute(text("INSERT INTO thing VALUES ('kept')"))
        await session.execute(text("SELECT * FROM thing"))
    assert trips.count == len(["BEGIN IMMEDIATE", "INSERT", "SELECT", "COMMIT"])


@pytest.mark.parametrize("most", [1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
async def test_all_rows_come_in_order_however_many(sqlite: Database, most: int) -> None:
    rows = await sqlite.fetch(NUMBERS.bindparams(most=most))
    assert [row.n for row in rows] == [*range(1, most + 1)]


@pytest.mark.parametrize("most", [1, AT_ONCE, 2 * AT_ONCE + 7])
async def test_rows_can_be_streamed(sqlite: Database, most: int) -> None:
    async with sqlite.read() as session:
        rows = await session.stream_scalars(NUMBERS, {"most": most})
        assert [each async for each in rows] == [*range(1, most + 1)]
        one_by_one = await session.stream_scalars(NUMBERS, {"most": most})
        assert [await anext(one_by_one) for _ in range(most)] == [*range(1, most + 1)]


async def test_a_stream_may_be_left_before_its_end(sqlite: Database) -> None:
    async with sqlite.read() as session:
        rows = await session.stream_scalars(NUMBERS, {"most": 3 * AT_ONCE})
        assert await anext(rows) == 1
        await rows.close()
    assert await names(sqlite) == []


async def test_a_statement_that_failed_leaves_its_transaction_to_be_undone(
    sqlite: Database,
) -> None:
    async def insert_twice() -> None:
        async with sqlite.write() as session:
            await session.execute(text("INSERT INTO thing VALUES ('lost')"))
            await session.execute(text("INSERT INTO thing VALUES ('lost')"))

    with pytest.raises(DBAPIError, match="UNIQUE"):
        await insert_twice()
    assert await names(sqlite) == []


async def test_many_rows_that_failed_leave_their_transaction_to_be_undone(
    sqlite: Database,
) -> None:
    rows = [{"name": "lost"}, {"name": "lost"}]
    with pytest.raises(DBAPIError, match="UNIQUE"):
        async with sqlite.write() as session:
            await session.execute(text("INSERT INTO thing VALUES (:name)"), rows)
    async with sqlite.write() as session:
        await session.execute(text("INSERT INTO thing VALUES (:name)"), [{"name": "kept"}])
    assert await names(sqlite) == ["kept"]


async def test_a_reader_that_was_cancelled_holds_no_old_state(sqlite: Database) -> None:
    """Its thread begins all the same: back in the pool, it would be within that transaction."""
    for number in range(20):
        with anyio.CancelScope() as scope:
            async with sqlite.read() as session:
                scope.cancel()
                await session.execute(text("SELECT * FROM thing"))
        async with sqlite.write() as session:
            await session.execute(text("INSERT INTO thing VALUES (:name)"), {"name": f"{number}"})
        assert len(await names(sqlite)) == number + 1


async def test_the_number_of_changed_rows_is_told(sqlite: Database) -> None:
    async with sqlite.write() as session:
        await session.execute(text("INSERT INTO thing VALUES ('a'), ('b')"))
        changed: Any = await session.execute(text("UPDATE thing SET name = name || '!'"))
        assert changed.rowcount == 2


@pytest.mark.parametrize("attempt", range(10))
async def test_workers_may_connect_to_a_new_file_at_once(tmp_path: Path, attempt: int) -> None:
    """SQLite refuses one of two that begin to write ahead, whatever its timeout."""
    url = f"sqlite+aiosqlite:///{tmp_path / f'new{attempt}'}"
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(Database.open(url)) for _ in range(16)]
        async with anyio.create_task_group() as group:
            for each in workers:
                group.start_soon(each.fetch, text("SELECT 1"))
