"""Rows without the ORM: only the columns that an operation wants, and JSON by the database."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import strawberry
from msgspec import json
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text, insert, select, text, update

from graph_api import (
    Context,
    HasPermission,
    Info,
    IsAuthenticated,
    IsSelf,
    Principal,
    Public,
    Schema,
    reads,
)
from graph_api.db import Columns, Database, ReadAs, Rows
from graph_api.db.types import UtcDateTime
from graph_api.execution.columns import ColumnSource
from tests.api import counted

pytestmark = pytest.mark.anyio

thing = Table(
    "thing",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("size", Integer),
    Column("sold", Boolean),
    Column("made_at", UtcDateTime),
    Column("price", Integer),
    Column("state", Text),
    Column("hidden", Text),
)
AWKWARD = 'a "quoted" \\ back / slash\b\f\n\r\t\x01\x1f\x7f é ‰ \u2028 \U0001f600'
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"id": "a", "name": AWKWARD, "size": -(2**31), "sold": True, "made_at": NOON},
    {"id": "b", "name": "", "size": 2**31 - 1, "sold": False, "made_at": NOON},
    {"id": "c", "made_at": NOON + timedelta(microseconds=120)},
    {"id": "d", "made_at": datetime(1, 1, 2, tzinfo=UTC), "price": 5, "state": "new"},
    {"id": "e", "made_at": datetime(9999, 12, 31, 23, 59, 59, 1, UTC), "name": "null"},
]


@strawberry.enum
class State(enum.Enum):
    NEW = "new"
    OLD = "old"


@strawberry.type
class Thing:
    id: strawberry.ID = strawberry.field(permission_classes=[Public()])
    name: str | None = strawberry.field(permission_classes=[Public()])
    size: int | None = strawberry.field(permission_classes=[Public()])
    sold: bool | None = strawberry.field(permission_classes=[Public()])
    made_at: datetime | None = strawberry.field(permission_classes=[Public()])
    price: int | None = strawberry.field(permission_classes=[HasPermission("price:read")])
    state: State | None = strawberry.field(permission_classes=[Public()])
    hidden: strawberry.Private[str | None]

    @strawberry.field(permission_classes=[Public()], metadata=reads("name", "size"))
    def label(self) -> str | None:
        return f"{self.name} of {self.size}"

    @strawberry.field(permission_classes=[Public()])
    def secret(self) -> str | None:
        return str(self.hidden)


THINGS = Columns(Thing, thing, state=ReadAs(thing.c.state, State))


@strawberry.type
class Owned:
    id: strawberry.ID = strawberry.field(permission_classes=[Public()])
    hidden: str | None = strawberry.field(permission_classes=[IsSelf(by="id")])


OWNED = Columns(Owned, thing)


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()], graphql_type=list[Owned] | None)
    def owned(self, info: Info) -> Rows[Owned]:
        return Rows(select(thing).order_by(thing.c.id), OWNED, info.context.db)

    @strawberry.field(permission_classes=[Public()], graphql_type=list[Thing] | None)
    def things(self, info: Info) -> Rows[Thing]:
        return Rows(select(thing).order_by(thing.c.id.desc()), THINGS, info.context.db)

    @strawberry.field(permission_classes=[IsAuthenticated()], graphql_type=list[Thing] | None)
    async def later(self, info: Info) -> Rows[Thing]:
        return Rows(select(thing).order_by(thing.c.id), THINGS, info.context.db)


PERMISSIONS = {"price:read": "Read prices."}
PLAN = Schema(Query, permissions=PERMISSIONS, compiled=True)
CORE = Schema(Query, permissions=PERMISSIONS, compiled=False)
STOCK = strawberry.Schema(Query)
CLERK = Principal("usr_1", "ses_1", frozenset(), frozenset({"price:read"}))
COLUMNS_ONLY = "{ things { id n: name size sold madeAt } }"
DOCUMENTS = [
    COLUMNS_ONLY,
    "{ things { id price } }",
    "{ things { __typename state } }",
    "{ things { __typename } }",
    "{ things { label name } }",
    "{ things { secret } }",
    "{ later { id label price } }",
    "{ a: things { id } b: things { name madeAt } }",
]


@pytest.fixture
async def things(empty_database_url: str) -> AsyncIterator[Database]:
    async with Database.open(empty_database_url) as database:
        async with database.rebuild() as connection:
            await connection.run_sync(thing.metadata.create_all)
        async with database.write() as session:
            for row in ROWS:
                await session.execute(insert(thing).values(row))
        yield database


async def answer(
    schema: Schema, database: Database, document: str, who: Principal = CLERK
) -> bytes:
    """Return the answer as it goes over the wire."""
    context = Context(db=database, principal=who)
    result = await schema.respond(schema.documents.parse(document), context=context)
    errors = [error.formatted for error in result.errors or ()]
    for error in errors:
        error.get("extensions", {}).pop("errorId", None)
    return json.encode({"data": result.data, "errors": errors})


@pytest.mark.parametrize("who", [CLERK, Principal()], ids=["clerk", "anonymous"])
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_both_engines_give_the_same_bytes(
    things: Database, document: str, who: Principal
) -> None:
    assert await answer(PLAN, things, document, who) == await answer(CORE, things, document, who)


async def test_a_stock_schema_gives_the_same_answer(things: Database) -> None:
    context = Context(db=things, principal=CLERK)
    stock = await STOCK.execute(COLUMNS_ONLY, context_value=context)
    ours = await PLAN.execute(COLUMNS_ONLY, context_value=context)
    assert stock.data == ours.data
    assert len((ours.data or {})["things"]) == len(ROWS)


@pytest.mark.parametrize(
    ("document", "selected"),
    [
        ("{ things { name price } }", {"name"}),
        ("{ things { label } }", {"name", "size"}),
        ("{ things { state } }", {"state"}),
        ("{ things { __typename } }", set()),
        ("{ things { secret } }", {each.name for each in thing.c}),
    ],
)
async def test_only_what_is_needed_and_may_be_seen_is_selected(
    things: Database, document: str, selected: set[str]
) -> None:
    with counted() as statements:
        await answer(PLAN, things, document, Principal())
    [statement] = statements
    wanted = statement.partition(" ORDER BY ")[0]
    assert {
        each.name for each in thing.c if f"thing.{each.name} " in f"{wanted} ".replace(",", " ")
    } == selected


async def test_the_database_writes_what_is_columns_only(things: Database) -> None:
    with counted() as statements:
        await answer(PLAN, things, COLUMNS_ONLY)
    assert ["json" in each for each in statements] == [True]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "name = X'00ff'",
        "size = 'many'",
        "size = 3000000000",
        "size = 1.5, name = NULL",
        "size = X'31'",
        "id = X'31'",
        "name = NULL, sold = 'true'",
        "sold = 7",
        "made_at = 'soon'",
        "made_at = '2026-01-01 12:00:00'",
        "name = 'a' || char(0) || 'b'",
    ],
)
async def test_what_sqlite_keeps_beside_its_types_is_answered_alike(
    things: Database, change: str
) -> None:
    async with things.write() as session:
        await session.execute(text(f"UPDATE thing SET {change} WHERE id = 'c'"))
    one, other = [await answer(each, things, COLUMNS_ONLY) for each in (PLAN, CORE)]
    assert one == other


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_an_instant_that_python_does_not_know_is_not_written(things: Database) -> None:
    async with things.write() as session:
        await session.execute(text("UPDATE thing SET made_at = 'infinity' WHERE id = 'c'"))
    one, other = [await answer(each, things, COLUMNS_ONLY) for each in (PLAN, CORE)]
    assert one == other
    assert b"infinity" not in one


async def test_what_only_its_owner_may_see_is_not_written_and_shown_to_nobody_else(
    things: Database,
) -> None:
    async with things.write() as session:
        await session.execute(update(thing).values(hidden="of " + thing.c.id))
    owner = Principal("b", "ses_1", frozenset(), frozenset())
    for schema in (PLAN, CORE):
        with counted() as statements:
            answered = json.decode(await answer(schema, things, "{ owned { id hidden } }", owner))
        assert not any("json" in each for each in statements)
        assert {each["id"]: each["hidden"] for each in answered["data"]["owned"]} == {
            **{row["id"]: None for row in ROWS},
            "b": "of b",
        }
        assert len(answered["errors"]) == len(ROWS) - 1


async def test_who_can_be_no_owner_has_the_column_not_even_selected(things: Database) -> None:
    with counted() as statements:
        answered = await answer(PLAN, things, "{ owned { id hidden } }", Principal())
    assert b'"hidden":null' in answered
    assert not any("hidden" in each for each in statements)


async def test_an_empty_list_is_written(things: Database) -> None:
    async with things.write() as session:
        await session.execute(thing.delete())
    assert await answer(PLAN, things, COLUMNS_ONLY) == b'{"data":{"things":[]},"errors":[]}'


def test_rows_are_a_source_of_columns_as_execution_knows_it() -> None:
    made: type[ColumnSource[list[Thing]]] = Rows[Thing]
    assert issubclass(Rows, ColumnSource)
    assert made
