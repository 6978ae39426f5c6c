"""1,000 rows of 5 columns out of a database: ours, and the driver with dictionaries by hand."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiosqlite
import asyncpg  # type: ignore[import-untyped]  # it ships no types
import strawberry
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, event, make_url, select

from benchmarks.execution import ENCODER, LIST, answer, encode, written
from benchmarks.pairs import Ratio, ratios
from benchmarks.people import PERMISSION, READER, columns
from benchmarks.postgresql import temporary_database
from benchmarks.report import Line, Report, Step, figures_of, sheet_of
from graph_api import Context, HasPermission, Info, Public, Schema
from graph_api.db import Columns, Database, Rows
from graph_api.db.types import UtcDateTime

ROWS = 1_000
PERSON = Table(
    "benchmark_person",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("email", Text),
    Column("age", Integer),
    Column("created_at", UtcDateTime),
)
STATEMENT = "SELECT id, name, email, age, created_at FROM benchmark_person"
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
GOALS = {
    "sqlite_wall": 1.0,
    "postgresql_wall": 1.2,
    "postgresql_processor": 0.3,
}
REPEAT = 5

Ask = Callable[[], Awaitable[bytes]]
Fetch = Callable[[], Awaitable[list[tuple[Any, ...]]]]


def _guarded() -> Any:
    return strawberry.field(permission_classes=[HasPermission(PERMISSION)])


@strawberry.type
class Person:
    """A row."""

    id: strawberry.ID | None = _guarded()
    name: str | None = _guarded()
    email: str | None = _guarded()
    age: int | None = _guarded()
    created_at: datetime | None = _guarded()


PEOPLE = Columns(Person, PERSON)


@strawberry.type
class Query:
    """What is asked for."""

    @strawberry.field(permission_classes=[Public()], graphql_type=list[Person] | None)
    def people(self, info: Info) -> Rows[Person]:
        """Return all rows."""
        return Rows(select(PERSON), PEOPLE, info.context.db)


def report(pairs: int, step: Step) -> Report:
    """Measure on SQLite and, where there is a server, on PostgreSQL."""
    with TemporaryDirectory(prefix="graph-api-benchmark-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'people.sqlite3'}"
        lines, statements = _measure("sqlite", url, pairs, step)
    with temporary_database() as made:
        left_out = "" if made else " PostgreSQL is left out: there is no server."
        if made:
            more, count = _measure("postgresql", made, pairs, step)
            lines, statements = [*lines, *more], {**statements, **count}
    about = (
        f"{ROWS} rows of 5 columns to bytes, over the driver's fetch, dictionaries and {ENCODER} "
        f"(aiosqlite, asyncpg); medians of {pairs} alternating pairs. Statements for one answer: "
        f"{', '.join(map(str, statements.values()))}.{left_out}"
    )
    sheet = sheet_of("From the database", lines)
    return Report("database", about, [sheet], {**figures_of(lines), **statements})


def _measure(dialect: str, url: str, pairs: int, step: Step) -> tuple[list[Line], dict[str, int]]:
    """Return the ratios, and how many statements one answer takes."""
    with asyncio.Runner() as runner:
        database = Database.open(url)
        runner.run(_fill(database))
        connection = _sqlite(url) if dialect == "sqlite" else _postgresql(url)
        fetch = runner.run(connection.__aenter__())
        ours, by_hand = _asking(database), _by_hand(fetch)
        statements = _require_same(runner, ours, by_hand)
        lines = list(_lines(runner, dialect, (ours, by_hand), pairs, step))
        runner.run(connection.__aexit__(None, None, None))
        runner.run(database.dispose())
    return lines, {f"{dialect}_statements": statements}


def _lines(
    runner: asyncio.Runner, dialect: str, ways: tuple[Ask, Ask], pairs: int, step: Step
) -> Iterator[Line]:
    run, base = (_repeated(runner, way) for way in ways)
    gc.collect()
    gc.freeze()
    for clock, read in CLOCKS.items():
        name = f"{dialect}_{clock}"
        measured = []
        for each in ratios(run, base, pairs, read):
            measured.append(each)
            step(name, pairs)
        says = f"{dialect}, {clock} time : the driver, dictionaries + {ENCODER}"
        yield Line(name, says, Ratio.of(measured), GOALS.get(name))
    gc.unfreeze()


async def _fill(database: Database) -> None:
    async with database.rebuild() as connection:
        await connection.run_sync(PERSON.metadata.create_all)
        await connection.execute(PERSON.insert(), [columns(number) for number in range(ROWS)])


def _asking(database: Database) -> Ask:
    schema = Schema(Query, permissions={PERMISSION: "Read people."})

    async def ask() -> bytes:
        context = Context(db=database, principal=READER)
        return written(await answer(schema, LIST, context))

    return ask


def _by_hand(fetch: Fetch) -> Ask:
    async def ask() -> bytes:
        people = [
            {"id": id_, "name": name, "email": email, "age": age, "createdAt": created_at}
            for id_, name, email, age, created_at in await fetch()
        ]
        return encode({"data": {"people": people}})

    return ask


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[Fetch]:
    """Fetch by aiosqlite; SQLite keeps an instant as text without a time zone."""
    async with aiosqlite.connect(str(make_url(url).database)) as connection:

        async def fetch() -> list[tuple[Any, ...]]:
            rows = await connection.execute_fetchall(STATEMENT)
            parse = datetime.fromisoformat
            return [(*row[:4], parse(row[4]).replace(tzinfo=UTC)) for row in rows]

        yield fetch


@asynccontextmanager
async def _postgresql(url: str) -> AsyncIterator[Fetch]:
    """Fetch by asyncpg, which prepares a statement once."""
    parts = make_url(url)
    connection = await asyncpg.connect(
        host=parts.host,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.database,
    )

    async def fetch() -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = await connection.fetch(STATEMENT)
        return rows

    yield fetch
    await connection.close()


def _repeated(runner: asyncio.Runner, ask: Ask) -> Callable[[], None]:
    async def again() -> None:
        for _ in range(REPEAT):
            await ask()

    return lambda: runner.run(again())


def _require_same(runner: asyncio.Runner, ours: Ask, by_hand: Ask) -> int:
    """Compare the answers; return how many statements ours took."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    one, other = (runner.run(_answer(ask)) for ask in (ours, by_hand))
    event.remove(Engine, "before_cursor_execute", note)
    if json.loads(one) != json.loads(other.replace(b'Z"', b'+00:00"')):
        raise AssertionError(f"Two answers: {one[:200]!r} and {other[:200]!r}")
    return len(statements)


async def _answer(ask: Ask) -> bytes:
    return await ask()
