"""The matrix: each declared role, and those without one, at each ruled coordinate."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from graph_api.authorization.access import Verdict
from graph_api.authorization.matrix import columns, holder, markdown, matrix
from graph_api.authorization.printed import read
from schema import schema

SDL = """
directive @guard(rule: String!) on FIELD_DEFINITION | ARGUMENT_DEFINITION | ENUM_VALUE
  | INPUT_FIELD_DEFINITION
type Query {
  open: Int
  all: Int @guard(rule: "public")
  own(first: Int @guard(rule: "permission(x:y)"), e: E, in: In): Int @guard(rule: "owns | role(a)")
}
enum E { E @guard(rule: "role(a)") }
input In { f: Int @guard(rule: "authenticated") }
"""
ROLES = {"a": ["b"], "b": ["x:y"], "c": []}


def rows() -> dict[str, dict[str, str]]:
    found = matrix(read(SDL), columns(ROLES, ["x:y"]))
    return {row.coordinate: {name: it.value for name, it in row.verdicts.items()} for row in found}


YES, NO, SOME = "allowed", "denied", "depends_on_object"


@pytest.mark.parametrize(
    ("coordinate", "verdicts"),
    [
        ("E.E", (NO, NO, YES, NO, NO)),
        ("In.f", (NO, YES, YES, YES, YES)),
        ("Query.all", (YES, YES, YES, YES, YES)),
        ("Query.open", (YES, YES, YES, YES, YES)),
        ("Query.own", (NO, SOME, YES, SOME, SOME)),
        ("Query.own(first:)", (NO, NO, YES, YES, NO)),
    ],
)
def test_a_row_says_what_each_caller_may(coordinate: str, verdicts: tuple[str, ...]) -> None:
    callers = ("anonymous", "signed in", "a", "b", "c")
    assert rows()[coordinate] == dict(zip(callers, verdicts, strict=True))


def test_there_is_a_row_for_each_ruled_coordinate_and_each_uncovered_field() -> None:
    coordinates = ["E.E", "In.f", "Query.all", "Query.open", "Query.own", "Query.own(first:)"]
    assert list(rows()) == coordinates
    assert [row.rule for row in matrix(read(SDL), {})][3] == "none"


def test_a_field_of_an_interface_is_what_it_is_on_the_types_that_may_stand_there() -> None:
    book = read(
        """directive @guard(rule: String!) on FIELD_DEFINITION
        type Query { f: I @guard(rule: "public") }
        interface I { a: Int @guard(rule: "public") b: Int @guard(rule: "public") }
        type X implements I { a: Int @guard(rule: "role(a)") b: Int @guard(rule: "role(a)") }
        type Y implements I { a: Int @guard(rule: "role(a)") b: Int @guard(rule: "public") }"""
    )
    found = {row.coordinate: row for row in matrix(book, columns({"a": [], "c": []}, []))}
    assert [found["I.a"].verdicts[each].value for each in ("a", "c")] == [YES, NO]
    assert [found["I.b"].verdicts[each].value for each in ("a", "c")] == [YES, SOME]


def test_a_role_that_is_called_anonymous_hides_nobody() -> None:
    callers = columns({"anonymous": ["x:y"]}, ["x:y"])
    assert list(callers) == ["anonymous", "signed in", "role(anonymous)"]
    assert callers["anonymous"] == frozenset()
    assert "permission(x:y)" in callers["role(anonymous)"]


def test_a_role_holds_what_it_includes_even_in_a_circle() -> None:
    principal = holder(["a"], {"a": ["b"], "b": ["a", "x:y"]}, ["x:y", "x:z"])
    assert principal.roles == {"a", "b"}
    assert principal.permissions == {"x:y"}


def test_every_cell_is_what_the_rule_says_of_such_a_caller() -> None:
    callers = columns(schema.roles, schema.permissions)
    verdicts: Any = {True: Verdict.ALLOWED, False: Verdict.DENIED, None: Verdict.DEPENDS_ON_OBJECT}
    by_coordinate = {**schema.rules.fields, **schema.rules.inputs}
    found = matrix(schema.rules, callers)
    assert [row.coordinate for row in found] == sorted(by_coordinate)
    for row, (name, grants) in product(found, callers.items()):
        if row.coordinate != "Node.id":  # of an interface
            assert row.verdicts[name] is verdicts[by_coordinate[row.coordinate].static(grants)]


def test_a_table_in_markdown_is_one_whatever_stands_in_a_rule() -> None:
    lines = markdown(matrix(read(SDL), columns(ROLES, ["x:y"])), columns(ROLES, [])).splitlines()
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {8}
    assert (
        "| `Query.own` | `owns \\| role(a)` | no | by object | yes | by object | by object |"
        in (lines)
    )
