"""What a single row holds, and what all rows of a list hold, is read at once where it is plain.

Wherever in the tree something else stands, the answer is graphql-core's.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_api.execution.place import Place
from graph_api.execution.run import Run
from graph_api.execution.schema import Schema
from graph_api.execution.straight import Stopped

DOCUMENT = """
{
  branch { ...of next { ...of next { ...of } } }
  named(name: "b", times: 2) { name }
}
fragment of on Branch {
  name leaf { ...leaf } must { ...leaf } leaves { ...leaf } several { ...leaf } count
}
fragment leaf on Leaf { text number at names }
"""
pytestmark = [
    # What stands where nothing is awaited is never awaited: by neither engine.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@strawberry.type
class Leaf:
    text: str
    number: int | None
    at: datetime | None
    names: list[str] | None


@strawberry.type
class Branch:
    name: str | None
    leaf: Leaf | None
    must: Leaf
    leaves: list[Leaf] | None
    several: list[Leaf | None] | None
    next: Branch | None

    @strawberry.field
    def count(self) -> int | None:
        CALLS.append(self.name)
        return len(CALLS)


CALLS: list[str | None] = []
HELD: list[Callable[[], Any]] = []


@strawberry.interface
class Named:
    name: str | None


@strawberry.type
class Human(Named):
    age: int | None


@strawberry.type
class Robot(Named):
    age: int | None


class Child(Human):
    """Is of its parent's type."""


@strawberry.type
class Query:
    @strawberry.field
    def human(self) -> Human | None:
        found: Human | None = HELD[0]()
        return found

    @strawberry.field
    def humans(self) -> list[Human | None] | None:
        return [Human(name="a", age=1), HELD[0](), Human(name="b", age=2)]

    @strawberry.field
    def named_things(self) -> list[Named | None] | None:
        return [Human(name="a", age=1), HELD[0](), Robot(name="b", age=2)]

    @strawberry.field
    def branch(self) -> Branch | None:
        found: Branch | None = HELD[0]()
        return found

    @strawberry.field
    def named(self, name: str, times: int = 3) -> Branch | None:
        return branch(name=name * times)


class LeafError(ValueError):
    """Has all that is read of a leaf."""

    text, number, at, names = "a", 1, NOW, ("b",)


def leaf(**odd: Any) -> Leaf:
    parts: dict[str, Any] = {"text": "a", "number": 1, "at": NOW, "names": ["b"]}
    return Leaf(**parts | odd)


def branch(**odd: Any) -> Branch:
    parts: dict[str, Any] = {
        "name": "a",
        "leaf": leaf(),
        "must": leaf(),
        "leaves": [leaf(), leaf()],
    }
    return Branch(**parts | {"several": None, "next": None} | odd)


SCHEMAS = [
    Schema(Query, types=[Human, Robot], uncovered="allow", compiled=each) for each in (True, False)
]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What is never awaited says so here, where it is ignored."""
    yield
    gc.collect()


async def _later(value: Any) -> Any:
    return value


def _waiting(make: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: _later(make())


def made_of(kind: type, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Callable[[], Any]]:
    """Functions, since each engine gets a tree of its own: what waits can be awaited once."""
    return st.fixed_dictionaries(parts).map(
        lambda made: lambda: kind(**{name: each() for name, each in made.items()})
    )


def constant(*values: Any) -> st.SearchStrategy[Callable[[], Any]]:
    return st.sampled_from([lambda value=value: value for value in values])


def either(
    plain: st.SearchStrategy[Any], *odd: Any, waits: bool
) -> st.SearchStrategy[Callable[[], Any]]:
    """Mostly what is expected, seldom something else."""
    others = constant(None, ValueError("no"), GraphQLError("neither"), *odd)
    usual = st.one_of(plain, plain, plain, plain, others)
    return st.one_of(usual, usual, usual, plain.map(_waiting)) if waits else usual


def many(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Callable[[], Any]]:
    return st.lists(of, max_size=3).map(lambda made: lambda: [each() for each in made])


def trees(*, waits: bool) -> st.SearchStrategy[Callable[[], Any]]:
    def some(plain: st.SearchStrategy[Any], *odd: Any) -> st.SearchStrategy[Any]:
        return either(plain, *odd, waits=waits)

    leaves = made_of(
        Leaf,
        text=some(constant("a", "b"), 1, {}),
        number=some(constant(1, -5), 2**31, True, "x"),
        at=some(constant(NOW, NOW.replace(tzinfo=None)), "x"),
        names=some(many(some(constant("c", "d"))), "x", ("e",)),
    )
    branches = constant(None)
    for _ in range(3):
        branches = made_of(
            Branch,
            name=some(constant("a"), 2),
            leaf=some(leaves, object()),
            must=some(leaves),
            leaves=some(many(some(leaves)), 3),
            several=some(many(some(leaves, LeafError()))),
            next=some(branches),
        )
    return some(branches)


def answers(tree: Callable[[], Any], document: str = DOCUMENT) -> list[tuple[Any, list[Any], int]]:
    HELD[:] = [tree]
    found = []
    for schema in SCHEMAS:
        for _ in range(2):  # selections are laid out the first time
            CALLS.clear()
            result = asyncio.run(schema.execute(document))
        errors = [(each.message, each.path, each.locations) for each in result.errors or ()]
        found.append((result.data, errors, len(CALLS)))
    return found


@settings(max_examples=50, deadline=None)
@given(trees(waits=False))
def test_it_is_answered_as_graphql_core_does(tree: Callable[[], Any]) -> None:
    ours, theirs = answers(tree)
    assert ours[:2] == theirs[:2]
    assert ours[2] == theirs[2] or ours[1]  # nothing is resolved twice


def test_an_error_that_could_pass_for_a_row_is_none() -> None:
    several = [leaf(), LeafError("no"), leaf()]
    ours, theirs = answers(lambda: branch(several=several))
    assert ours[0]["branch"]["several"][1] is None
    assert ours[:2] == theirs[:2]


@settings(max_examples=50, deadline=None)
@given(trees(waits=True))
def test_so_it_is_where_something_waits(tree: Callable[[], Any]) -> None:
    ours, theirs = answers(tree)
    assert ours[0] == theirs[0]


@pytest.mark.parametrize(
    ("tree", "stops"),
    [
        (lambda: branch(next=branch(next=branch())), []),
        (lambda: branch(name=2), [(True, False)]),
        (lambda: branch(leaf=ValueError("no")), [(False, False)]),
        (lambda: branch(next=branch(leaf=_later(leaf()))), [(False, True), (True, False)]),
        (lambda: branch(must=leaf(number=2**31)), [(False, True), (True, False)]),
        (lambda: branch(leaf=LeafError()), [(False, False)]),
    ],
)
def test_it_stops_where_something_else_stands(
    tree: Callable[[], Any], stops: list[tuple[bool, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tests above would prove nothing."""
    found: list[tuple[bool, bool]] = []
    go_on = Run._go_on

    def watched(self: Run, stopped: Stopped, place: Place) -> Any:
        if stopped.selection.of_type.name != "Query":
            found.append((stopped.done is None, stopped.begun is not None))
        return go_on(self, stopped, place)

    query = """{ branch { ...of next { ...of } } }
    fragment of on Branch { name leaf { at } must { number } count }"""
    monkeypatch.setattr(Run, "_go_on", watched)
    HELD[:] = [tree]
    for _ in range(2):  # selections are laid out the first time
        found.clear()
        CALLS.clear()
        asyncio.run(SCHEMAS[0].execute(query))
    assert found == stops
    assert len(CALLS) == (2 if tree().next else 1)  # nothing is resolved twice


OF_HUMANS = """
{ human { ...of age } humans { ...of age } namedThings { ...of } }
fragment of on Named { __typename name }
"""


@pytest.mark.parametrize(
    "made",
    [
        lambda: Human(name="c", age=3),
        lambda: Child(name="c", age=3),
        lambda: Robot(name="c", age=3),
        lambda: strawberry.cast(Robot, Human(name="c", age=3)),
        lambda: strawberry.cast(Human, Robot(name="c", age=3)),
        lambda: strawberry.cast(Human, SimpleNamespace(name="c", age=3)),
        lambda: SimpleNamespace(name="c", age=3),
        lambda: None,
    ],
)
def test_an_object_is_of_the_type_that_graphql_core_says(made: Callable[[], Any]) -> None:
    ours, theirs = answers(made, OF_HUMANS)
    assert ours == theirs
