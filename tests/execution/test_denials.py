"""What is denied or hidden is answered alike by plans and by graphql-core, and as it is specified.

`tests/execution/differential` compares the engines on made-up schemas; here is what it found.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import strawberry

from graph_api import Carrier, HasPermission, HasRole, IsAuthenticated, Public, Schema
from graph_api.authorization.rulebook import ACTING
from graph_api.execution.result import NotExecuted
from tests.authorization.callers import Caller, caller, principal

pytestmark = pytest.mark.anyio

PUBLIC: Any = Public()


@strawberry.enum
class Hue(enum.Enum):
    RED = "red"
    BLUE = strawberry.enum_value("blue", directives=[HasPermission("hue:read")])


@strawberry.input(one_of=True)
class By:
    id: int | None = strawberry.UNSET
    name: str | None = strawberry.UNSET


async def later(value: Hue) -> Hue:
    await asyncio.sleep(0)
    return value


def iterated() -> Iterator[Any]:
    yield later(Hue.BLUE)


async def streamed() -> AsyncIterator[Hue]:
    yield await later(Hue.BLUE)


@dataclass
class Asking(Caller):
    """A context object, with what stands in lists of hues."""

    items: Any = None


LATER: dict[str, Any] = {
    "a list": lambda: [later(Hue.BLUE)],
    "an iterator": iterated,
    "an asynchronous iterator": streamed,
}


@strawberry.type(directives=[Carrier()])
class Paint:
    """Who reads it is the one who has just signed in, and may not see blue."""

    items: strawberry.Private[Any] = None

    @strawberry.field
    def hues(self) -> list[Hue | None] | None:
        found: list[Hue | None] = self.items
        return found


@strawberry.type(directives=[Carrier()])
class SignedIn:
    paint: Paint | None = strawberry.field(
        metadata={ACTING: lambda _: principal(subject="usr_2")}, default=None
    )


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[PUBLIC])
    def one_of(self, by: By) -> str | None:
        return by.name

    @strawberry.field(permission_classes=[HasRole("admin")])
    def hidden(self) -> str | None:
        return None

    @strawberry.field(permission_classes=[PUBLIC])
    def hues(self, info: strawberry.Info) -> list[Hue | None] | None:
        found: list[Hue | None] = info.context.items
        return found

    @strawberry.field(permission_classes=[PUBLIC])
    def strict(self, info: strawberry.Info) -> list[Hue] | None:
        found: list[Hue] = info.context.items
        return found

    @strawberry.field(permission_classes=[PUBLIC])
    def nullable(self) -> Hue | None:
        return Hue.RED

    @strawberry.field(permission_classes=[PUBLIC])
    def non_null(self) -> Hue:
        return Hue.RED

    @strawberry.field(permission_classes=[IsAuthenticated()])
    def sign_in(self, info: strawberry.Info) -> SignedIn | None:
        return SignedIn(paint=Paint(items=info.context.items))


def build(*, compiled: bool, **options: Any) -> Schema:
    declared: Any = {"permissions": {"hue:read": ""}, "roles": {"admin": []}}
    return Schema(Query, compiled=compiled, uncovered="allow", **declared, **options)


@pytest.fixture(params=[True, False], ids=["plan", "graphql-core"])
def concealing(request: pytest.FixtureRequest) -> Schema:
    return build(compiled=request.param, denied_names="conceal")


@pytest.fixture(params=LATER)
def blue_later(request: pytest.FixtureRequest) -> Any:
    """A list whose only item is denied, and has to be waited for."""
    return LATER[request.param]


@pytest.mark.parametrize("by", [{}, {"id": 1, "name": "Ann"}, {"name": None}])
async def test_a_variable_that_is_not_one_of_is_no_fault_of_ours_where_names_are_hidden(
    by: Any, concealing: Schema
) -> None:
    """`TypeError` was what plans said: the schema as the caller sees it took such a value."""
    document = "query ($by: By!) { oneOf(by: $by) }"
    result = await concealing.execute(document, {"by": by}, caller())
    assert isinstance(result, NotExecuted)
    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error.message in {
        "OneOf Input Object 'By' must specify exactly one key.",
        "Value for member field 'name' must be non-null",
    }


async def test_a_hidden_item_that_comes_later_is_null_without_a_word(
    blue_later: Any, concealing: Schema
) -> None:
    """Whatever must not be null beside it."""
    context = Asking(principal(), items=blue_later())
    result = await concealing.execute("{ hues nonNull }", context_value=context)
    assert (result.data, result.errors) == ({"hues": [None], "nonNull": "RED"}, None)


async def test_where_a_hidden_item_that_comes_later_must_not_be_null_an_error_says_so(
    blue_later: Any, concealing: Schema
) -> None:
    """Whatever may be null beside it."""
    context = Asking(principal(), items=blue_later())
    result = await concealing.execute("{ strict nullable }", context_value=context)
    assert result.data == {"strict": None, "nullable": "RED"}
    [error] = result.errors or []
    assert error.message == "You may not see what stands here."
    assert error.path == ["strict", 0]


async def test_an_item_that_comes_later_below_a_sign_in_is_judged_for_who_has_signed_in(
    blue_later: Any,
) -> None:
    """Whoever is judged beside it."""
    context = Asking(principal("hue:read"), items=blue_later())
    document = "{ signIn { paint { hues } } nullable }"
    result = await build(compiled=True).execute(document, context_value=context)
    assert result.data == {"signIn": {"paint": {"hues": [None]}}, "nullable": "RED"}
    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "FORBIDDEN"
