"""Why one is denied: what of the rule one holds, and the least that one lacks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
import strawberry

from graph_api.authorization.principal import READS_SCHEMA
from graph_api.authorization.rules import (
    Carrier,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
)
from graph_api.authorization.text import parse
from graph_api.authorization.why import why
from graph_api.execution.limits import Limits
from graph_api.execution.schema import Schema
from tests.authorization.callers import Caller, anonymous, caller

pytestmark = pytest.mark.anyio


@strawberry.type(directives=[Carrier()])
class Thing:
    id: str = "usr_2"
    secret: str | None = strawberry.field(
        permission_classes=[HasPermission("thing:see") | IsSelf()], default="s"
    )


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def thing(self) -> Thing | None:
        return Thing()

    @strawberry.field(permission_classes=[HasRole("a") & HasRole("b") | HasPermission("thing:see")])
    def ruled(self) -> int | None:
        return 1

    @strawberry.field(permission_classes=[IsAuthenticated() & ~HasRole("a")])
    def unless(self) -> int | None:
        return 1


def build() -> Schema:
    permissions = {"thing:see": "", READS_SCHEMA: ""}
    return Schema(Query, permissions=permissions, roles={"a": [], "b": []})


SCHEMA, DEV = build(), build()
DEV.configure(limits=Limits(), denied_fields="filter", introspection="shaped", explains=True)
READER = caller(READS_SCHEMA, roles=("a",))


async def told(schema: Schema, query: str, context: Caller) -> Mapping[str, Any]:
    result = await schema.execute(query, {}, context)
    errors = result.errors or []
    assert len(errors) == 1
    return errors[0].extensions or {}


async def test_who_may_see_the_schema_is_told_what_they_hold_and_lack() -> None:
    assert await told(SCHEMA, "{ ruled }", READER) == {
        "code": "FORBIDDEN",
        "coordinate": "Query.ruled",
        "rule": "role(a) & role(b) | permission(thing:see)",
        "held": ["role(a)"],
        "missing": [["permission(thing:see)"], ["role(b)"]],
    }


async def test_what_must_go_is_missing_too() -> None:
    answer = await told(SCHEMA, "{ unless }", READER)
    assert answer["held"] == ["authenticated", "role(a)"]
    assert answer["missing"] == [["without role(a)"]]


async def test_a_denial_by_the_object_says_so() -> None:
    answer = await told(SCHEMA, "{ thing { secret } }", READER)
    assert answer["missing"] == [
        ["permission(thing:see)"],
        ["self(id) (depends on the object)"],
    ]


async def test_in_dev_everybody_is_told() -> None:
    answer = await told(DEV, "{ ruled }", anonymous())
    assert answer["held"] == []
    assert answer["missing"] == [["permission(thing:see)"], ["role(a)", "role(b)"]]
    assert "missing" in await told(DEV, "{ thing { secret } }", caller())


@pytest.mark.parametrize("query", ["{ ruled }", "{ unless }", "{ thing { secret } }"])
@pytest.mark.parametrize("context", [anonymous(), caller(roles=("a",))], ids=["anonymous", "role"])
async def test_nobody_else_is_told(query: str, context: Caller) -> None:
    answer = await told(SCHEMA, query, context)
    assert not answer.keys() & {"held", "missing"}


async def test_a_denial_is_explained_once_for_all_rows() -> None:
    rule = parse("role(a) | owns")
    assert why(rule, frozenset({"authenticated", "role(z)"})) is why(
        rule, frozenset({"authenticated"})
    )


async def test_who_is_signed_in_does_not_lack_it() -> None:
    rule = parse("~role(a) | role(b)")
    assert why(rule, frozenset({"authenticated", "role(a)"})) == {
        "held": ["role(a)"],
        "missing": [["role(b)"], ["without role(a)"]],
    }


def test_strawberry_logs_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        SCHEMA.execute_sync("{ ruled }", {}, READER)
    assert "thing:see" not in caplog.text
