"""What resolvers should not return, they do: a plan answers as graphql-core, value for value."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, tzinfo
from enum import IntEnum
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, SourceLocation
from strawberry.schema.config import StrawberryConfig

from graph_api import Schema
from graph_api.execution import result

pytestmark = [
    pytest.mark.plans,
    # What stands where nothing is awaited is never awaited: by neither engine.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
HELD: list[Callable[[], Any]] = []


class Number(int):
    """A number of a class of its own."""


class Level(IntEnum):
    ONE = 1


class Text(str):
    """A text of a class of its own, as templates mark what is safe."""

    __slots__ = ()


class Lazy(list[Any]):
    """Has its items only when somebody iterates over it."""

    def __iter__(self) -> Iterator[Any]:
        return iter([7, 8])


class Nowhere(tzinfo):
    """Knows no offset."""

    def utcoffset(self, _when: datetime | None) -> Any:
        raise LookupError("no offset")

    dst = tzname = utcoffset


async def some() -> AsyncIterator[int]:
    for number in range(2):
        yield number


class Faulty:
    """What a scalar returns an exception for."""


faulty: Any = strawberry.scalar(
    name="Faulty", serialize=lambda _: LookupError("returned"), parse_value=str
)
CONFIG = StrawberryConfig(scalar_map={Faulty: faulty})


@strawberry.type
class Row:
    text: str | None
    number: int | None
    flag: bool | None
    at: datetime | None
    numbers: list[int | None] | None
    texts: list[str | None] | None


class Source:
    """Gives the same for each attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return HELD[0]()


@strawberry.type
class Query:
    @strawberry.field
    def row(self) -> Row | None:
        return Source()  # type: ignore[return-value]

    @strawberry.field
    def rows(self) -> list[Row | None]:
        return [Source(), Source()]  # type: ignore[list-item]

    @strawberry.field
    def faulty(self) -> Faulty | None:
        return Faulty()

    @strawberry.field
    def flagged(self, only: bool | None = None) -> bool | None:
        return only


OURS, THEIRS = (
    Schema(Query, uncovered="allow", compiled=compiled, config=CONFIG) for compiled in (True, False)
)
FIELDS = ["text", "number", "flag", "at", "numbers", "texts"]


@pytest.fixture(autouse=True)
def _errors_are_shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As they are before a client sees them; what is never awaited says so here, to be ignored."""

    def shown(error: GraphQLError, _code: str) -> GraphQLError:
        return error

    monkeypatch.setattr(result, "expose", shown)
    yield
    gc.collect()


def told(schema: Schema, document: str, variables: Any = None, *, waits: bool = True) -> Any:
    """Return an answer with the classes of its values, which a host may tell apart."""
    if waits:
        answer: Any = asyncio.run(schema.execute(document, variables))
    else:
        answer = schema.execute_sync(document, variables)
    return classes(answer.data), [in_full(each) for each in answer.errors or ()]


def in_full(error: GraphQLError) -> Any:
    message = re.sub(r" at 0x\w+", "", error.message)
    return message, error.path, error.locations, type(error.original_error)


def classes(data: Any) -> Any:
    match data:
        case dict():
            return [(key, classes(each)) for key, each in data.items()]
        case list():
            return [*map(classes, data)]
    return type(data), data


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        lambda: Number(1),
        lambda: Number(2**31),
        lambda: Level.ONE,
        lambda: Text("x"),
        lambda: "\ud800",
        lambda: ["\ud800", None],
        lambda: [Number(1), None, Level.ONE],
        lambda: [Text("x"), None],
        lambda: Lazy([1]),
        lambda: datetime(2026, 1, 1, tzinfo=Nowhere()),
        lambda: datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_a_value_is_taken_or_refused_where_it_stands(field: str, value: Callable[[], Any]) -> None:
    HELD[:] = [value]
    for document in (f"{{ row {{ {field} }} }}", f"{{ rows {{ {field} }} row {{ {field} }} }}"):
        for waits in (True, False):
            expected = told(THEIRS, document, waits=waits)
            assert told(OURS, document, waits=waits) == expected
    assert not OURS.engine.refused


@pytest.mark.parametrize("waits", [True, False])
def test_what_can_only_be_waited_for_is_no_list_where_nobody_waits(*, waits: bool) -> None:
    HELD[:] = [some]
    data, errors = told(OURS, "{ row { numbers } }", waits=waits)
    assert (data, errors) == told(THEIRS, "{ row { numbers } }", waits=waits)
    assert bool(errors) is not waits


def test_an_exception_that_a_scalar_returns_fails_its_field() -> None:
    """graphql-core puts it into the data, which nothing can encode."""
    HELD[:] = [lambda: None]
    error = ("returned", ["faulty"], [SourceLocation(1, 3)], LookupError)
    assert told(OURS, "{ faulty }") == ([("faulty", (type(None), None))], [error])
    data, errors = told(THEIRS, "{ faulty }")
    assert (data[0][1][0], errors) == (LookupError, [])


class TestNullInACondition:
    """GraphQL specification, section 5.8.5: a default lets a variable that may be null stand there.

    What hangs on it fails when null is given all the same.
    """

    @pytest.mark.parametrize("directive", ["skip", "include"])
    @pytest.mark.parametrize("given", [{}, {"so": None}, {"so": True}, {"so": False}])
    def test_fails_what_hangs_on_it(self, directive: str, given: dict[str, bool | None]) -> None:
        HELD[:] = [lambda: None]
        document = f"query ($so: Boolean = true) {{ row {{ text flag @{directive}(if: $so) }} }}"
        data, errors = told(OURS, document, given)
        assert (data, errors) == told(THEIRS, document, given)
        assert bool(errors) is (given == {"so": None})

    def test_is_run_by_graphql_core_and_the_reason_is_counted(self) -> None:
        schema = Schema(Query, uncovered="allow", config=CONFIG)
        document = "query ($so: Boolean = true) { flagged @skip(if: $so) }"
        for given in ({"so": None}, {"so": False}, {}):
            told(schema, document, given)
        assert schema.engine.refused == {"null_condition": 1}

    def test_null_elsewhere_is_none(self) -> None:
        schema = Schema(Query, uncovered="allow", config=CONFIG)
        for default in ("", " = true"):
            document = f"query ($only: Boolean{default}) {{ flagged(only: $only) }}"
            told(schema, document, {"only": None})
        assert not schema.engine.refused
