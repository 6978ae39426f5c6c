"""Attacks on what is kept of a decision: one document, many callers, and other variables.

OWASP ASVS 5, 8.2.1 and 8.3.1: each request is judged by who sends it. What is kept must be found by
all that it hangs on.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import strawberry
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_api import HasPermission, HasRole, IsAuthenticated, Principal, Public, Schema
from graph_api.authorization.decision import decide
from graph_api.authorization.decisions import MOST_DECISIONS
from graph_api.authorization.rules import Reject
from graph_api.execution.limits import Limits
from graph_api.execution.operations import operation_of
from tests.authorization.callers import Caller, principal

ADMIN: Any = HasRole("admin")


@strawberry.input
class Filter:
    name: str | None = None
    salary: int | None = strawberry.field(default=None, directives=[ADMIN])


@strawberry.type
class Row:
    name: str | None = strawberry.field(permission_classes=[Public()], default="name")
    salary: int | None = strawberry.field(permission_classes=[ADMIN], default=1)
    note: str | None = strawberry.field(permission_classes=[~HasPermission("a:b")], default="n")
    strict: int | None = strawberry.field(
        permission_classes=[Reject(HasPermission("a:b") | ADMIN)], default=1
    )


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def rows(
        self,
        where: Filter | None = None,
        every: Annotated[bool, strawberry.argument(directives=[IsAuthenticated()])] = False,
    ) -> list[Row] | None:
        return [Row()]


DECLARED: Any = {"permissions": {"a:b": ""}, "roles": {"admin": []}}
QUERY = """
query ($filter: Filter, $salary: Int, $all: Boolean = false, $skip: Boolean = false) {
  rows(where: $filter, every: $all) { name salary @skip(if: $skip) note @include(if: $all) }
  mine: rows(where: {name: "me", salary: $salary}) { strict @skip(if: $skip) }
}
"""
WHO = st.builds(
    lambda signed_in, roles, permissions: Caller(
        principal(*permissions, roles=tuple(roles)) if signed_in else Principal()
    ),
    st.booleans(),
    st.sets(st.sampled_from(["admin", "other"])),
    st.sets(st.sampled_from(["a:b", "c:d"])),
)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "filter": st.sampled_from([None, {}, {"name": "x"}, {"salary": 1}, {"salary": None}]),
        "salary": st.sampled_from([None, 1]),
        "all": st.booleans(),
        "skip": st.booleans(),
    },
)


def answer(schema: Schema, who: Caller, variables: dict[str, Any]) -> Any:
    result = asyncio.run(schema.execute(QUERY, variables, context_value=who))
    return type(result), result.data, [each.formatted for each in result.errors or ()]


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(st.tuples(WHO, VARIABLES), min_size=2, max_size=12))
def test_a_schema_that_remembers_answers_as_one_that_has_seen_nothing(asked: Any) -> None:
    remembers = Schema(Query, **DECLARED)
    for who, variables in asked:
        document = remembers.documents.parse(QUERY)
        operation = operation_of(document.node, None, variables)
        fresh = decide(remembers.rules, operation, who.principal.grants)
        before = answer(remembers, who, variables)
        denied = {(each["path"][-1], each["extensions"]["coordinate"]) for each in before[2]}
        assert denied == {(each.path[-1], each.coordinate) for each in fresh.denials}
        document.decisions.clear()
        assert answer(remembers, who, variables) == before


def test_admin_then_nobody_then_admin() -> None:
    schema, admin, nobody = (
        Schema(Query, **DECLARED),
        Caller(principal(roles=("admin",))),
        Caller(Principal()),
    )
    first, second = answer(schema, admin, {}), answer(schema, nobody, {})
    assert first != second
    assert (answer(schema, admin, {}), answer(schema, nobody, {})) == (first, second)


def test_a_denied_value_after_an_allowed_one() -> None:
    schema, who = Schema(Query, **DECLARED), Caller(principal("a:b"))
    assert answer(schema, who, {"filter": {"name": "x"}, "skip": True})[1] is not None
    _, data, [error] = answer(schema, who, {"filter": {"salary": 1}, "skip": True})
    assert (data["rows"], error["extensions"]["coordinate"]) == (None, "Filter.salary")


def test_the_server_changes_its_mode() -> None:
    schema, who = Schema(Query, **DECLARED), Caller(principal("a:b"))
    assert answer(schema, who, {})[1] is not None
    schema.configure(limits=Limits(), denied_fields="reject", introspection="shaped")
    assert answer(schema, who, {})[1] is None


def test_nothing_of_the_caller_or_of_what_they_send_is_kept() -> None:
    schema, who = Schema(Query, **DECLARED), Caller(principal(subject="usr_canary"))
    answer(schema, who, {"filter": {"name": "canary"}})
    kept = schema.documents.parse(QUERY).decisions
    assert kept
    assert "canary" not in repr(kept)


def test_grants_that_no_rule_mentions_share_a_decision() -> None:
    schema = Schema(Query, **DECLARED)
    for number in range(5):
        answer(schema, Caller(principal(f"other:p{number}", subject=f"usr_{number}")), {})
    assert len(schema.documents.parse(QUERY).decisions) == 1


def test_what_is_kept_for_a_document_is_bounded() -> None:
    names = [f"b{number}" for number in range(8)]
    given = ", ".join(f"${name}: Boolean = false" for name in names)
    asked = " ".join(f"{name}: rows {{ name @skip(if: ${name}) }}" for name in names)
    query = f"query ({given}) {{ {asked} }}"
    schema = Schema(Query, **DECLARED)
    for number in range(MOST_DECISIONS + 10):
        bits = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        asyncio.run(schema.execute(query, bits, context_value=Caller(Principal())))
    assert len(schema.documents.parse(query).decisions) <= MOST_DECISIONS
