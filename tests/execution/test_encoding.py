"""Answers that are encoded hold what JSON has: no object shows what nobody meant to show.

Strawberry answers by ``json.dumps``, which fails for an object; msgspec would show its attributes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from graph_api import Schema
from graph_api.execution.encoding import as_json
from graph_api.execution.result import NotExecuted


@dataclass
class Account:
    name: str = "a"
    _password_hash: str = "canary"


class Record(msgspec.Struct):
    password_hash: str = "canary"


class Colour(Enum):
    RED = "canary"


class Level(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    one: int
    two: str


class Text(str):
    __slots__ = ()


async def _later(value: Any) -> Any:
    return value


class Slow:
    """What a scalar is still to be waited for of."""


slow: Any = strawberry.scalar(name="Slow", serialize=_later, parse_value=str)
HELD: list[Callable[[], Any]] = []


@strawberry.type
class Row:
    @strawberry.field
    def held(self) -> JSON | None:
        found: JSON = HELD[0]()
        return found


@strawberry.type
class Query:
    @strawberry.field
    def held(self) -> JSON | None:
        found: JSON = HELD[0]()
        return found

    @strawberry.field
    def must(self) -> list[JSON]:
        return [HELD[0]()]

    @strawberry.field
    async def slow(self) -> Slow | None:
        found: Slow = HELD[0]()
        return found

    @strawberry.field
    def rows(self) -> list[Row]:
        return [Row(), Row()]


class Timed(SchemaExtension):
    """Reads the result, so that it is made for ``execute``."""


CONFIG = StrawberryConfig(scalar_map={Slow: slow})
PLANS = Schema(Query, uncovered="allow", config=CONFIG)
ON_CORE = Schema(Query, uncovered="allow", config=CONFIG, compiled=False)
EXTENDED = Schema(Query, uncovered="allow", config=CONFIG, extensions=[Timed])
HOSTS = pytest.mark.parametrize(
    ("schema", "more"),
    [
        (PLANS, ""),
        (PLANS, "__typename __schema { queryType { name } }"),
        (ON_CORE, ""),
        (EXTENDED, ""),
    ],
    ids=["plans", "introspection", "graphql-core", "extensions"],
)


def respond(schema: Schema, fields: str) -> Any:
    document = schema.documents.parse(f"{{ {fields} }}")
    return asyncio.run(schema.respond(document, context=None, json_only=True))


@HOSTS
@pytest.mark.parametrize(
    "value",
    [
        Account,
        Record,
        object,
        lambda: Colour.RED,
        lambda: UUID(int=1),
        lambda: Decimal(1),
        lambda: datetime(2026, 1, 1, tzinfo=UTC),
        lambda: date(2026, 1, 1),
        lambda: b"canary",
        lambda: {1},
        lambda: [1, {"of": Account()}],
        lambda: {"of": (Record(),)},
        lambda: {Colour.RED: 1},
        lambda: {None: 1},
        lambda: {True: 1},
    ],
)
def test_what_has_no_json_fails_the_field_that_it_stands_in(
    schema: Schema, more: str, value: Callable[[], Any]
) -> None:
    HELD[:] = [value]
    result = respond(schema, f"held slow rows {{ held }} {more}")
    paths = [["held"], ["rows", 0, "held"], ["rows", 1, "held"], ["slow"]]
    assert sorted((each.path for each in result.errors), key=str) == paths
    assert (result.data["held"], result.data["slow"]) == (None, None)
    assert "canary" not in str(msgspec.json.encode(result.data))
    assert respond(schema, f"must {more}").data is None


@HOSTS
@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, None, 2.5, True, "x"], "b": {"c": []}},
        [[], {}, [[{"d": "e"}]]],
        Pair(1, "x"),
        (1, (2,)),
        {"text": Text("x"), "level": Level.ONE},
        {1: "a", 1.5: "b", Text("c"): "d"},
        "text",
        3,
    ],
)
def test_what_json_prints_is_handed_on(schema: Schema, more: str, value: Any) -> None:
    HELD[:] = [lambda: value]
    result = respond(schema, f"held slow must rows {{ held }} {more}")
    assert not isinstance(result, NotExecuted)
    assert result.errors is None
    assert json.dumps(result.data["held"]) == json.dumps(value)


@HOSTS
def test_what_stands_in_itself_fails_its_field(schema: Schema, more: str) -> None:
    endless: list[Any] = []
    endless.append(endless)
    HELD[:] = [lambda: endless]
    assert respond(schema, f"held {more}").data["held"] is None


@pytest.mark.parametrize("schema", [PLANS, ON_CORE, EXTENDED])
def test_a_host_that_encodes_by_itself_gets_what_the_scalar_gave(schema: Schema) -> None:
    HELD[:] = [Account]
    result = asyncio.run(schema.execute("{ held }"))
    assert (result.data, result.errors) == ({"held": Account()}, None)


def test_a_column_of_plain_values_is_not_looked_into() -> None:
    column = ["a", 1, None, True, 1.5]
    assert as_json(column) is column
