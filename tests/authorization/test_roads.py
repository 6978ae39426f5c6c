"""Reach: what opens a field, counting what each road to it from a root field needs."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from hypothesis import given

from graph_api.authorization.analysis import listed
from graph_api.authorization.printed import read
from graph_api.authorization.roads import Roads
from graph_api.authorization.rulebook import ACTING, RuleBook
from graph_api.authorization.rules import HasPermission, IsAuthenticated, IsSelf, Public
from graph_api.errors import NotFound
from graph_api.execution.schema import Schema
from tests.authorization.sketches import Sketch, sketches
from tests.authorization.worlds import WORLDS

GUARD = (
    "directive @guard(rule: String!) on FIELD_DEFINITION | OBJECT | INTERFACE"
    " | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE\n"
)


def book(sdl: str) -> RuleBook:
    return read(GUARD + sdl)


def reached(sdl: str, coordinate: str) -> list[list[str]]:
    return listed(Roads(book(sdl)).reach(coordinate).sets)


def roads(sdl: str, coordinate: str) -> list[tuple[str, list[list[str]]]]:
    found = Roads(book(sdl)).reach(coordinate).roads
    return [(" > ".join(steps), listed(sets)) for steps, sets in found]


@given(sketches())
def test_a_field_is_open_for_those_who_can_walk_to_it(sketch: Sketch) -> None:
    of = Roads(read(sketch.sdl()))
    sets = {f"{of_type}.{name}": None for of_type, name in sketch.fields}
    opened = {coordinate: of.reach(coordinate).sets for coordinate in sets}
    for world in WORLDS:
        walked = sketch.reached(world)
        assert {each for each, sets in opened.items() if world.is_in(sets)} == walked


@given(sketches())
def test_each_road_is_a_walk_and_lets_somebody_in_whom_no_shorter_one_does(sketch: Sketch) -> None:
    of = Roads(read(sketch.sdl()))
    for of_type, name in sketch.fields:
        let_in: set[int] = set()
        for steps, sets in of.reach(f"{of_type}.{name}").roads:
            places = [tuple(step.split(".")) for step in steps]
            through = {n for n, world in enumerate(WORLDS) if world.is_in(sets)}
            assert through == {
                n
                for n, world in enumerate(WORLDS)
                if all(sketch.allows(world, *place) for place in places)
            }
            assert through - let_in
            let_in |= through


CIRCLE = """
type Query { me: User  users: [User] @guard(rule: "permission(user:read)") }
type User {
  name: String
  friends: [User] @guard(rule: "role(friend)")
  mail: String @guard(rule: "owns | role(admin)")
}
"""


def test_the_shortest_road_that_needs_the_least_comes_first_and_circles_end() -> None:
    assert roads(CIRCLE, "User.name") == [("Query.me > User.name", [[]])]


def test_object_rules_are_told_by_the_place_of_their_object() -> None:
    assert reached(CIRCLE, "User.mail") == [
        ["role(admin)"],
        ["owns of User.mail (depends on the object)"],
    ]


def test_one_rule_on_two_objects_of_a_road_is_two_conditions() -> None:
    sdl = """
    type Query { me: User @guard(rule: "owns") }
    type User { secret: String @guard(rule: "~owns") }
    """
    assert reached(sdl, "User.secret") == [
        [
            "owns of Query.me (depends on the object)",
            "without owns of User.secret (depends on the object)",
        ]
    ]


def test_roads_that_need_different_grants_are_all_told() -> None:
    sdl = """
    type Query {
      a: Thing @guard(rule: "role(a)")
      b: Thing @guard(rule: "role(b)")
      c: Thing @guard(rule: "role(a) & role(c)")
    }
    type Thing { name: String }
    """
    assert roads(sdl, "Thing.name") == [
        ("Query.a > Thing.name", [["role(a)"]]),
        ("Query.b > Thing.name", [["role(b)"]]),
    ]
    assert reached(sdl, "Thing.name") == [["role(a)"], ["role(b)"]]


def test_a_field_of_an_interface_is_reached_through_each_type_that_has_it() -> None:
    sdl = """
    interface Named { name: String }
    type Query { a: A @guard(rule: "role(a)")  named: Named @guard(rule: "role(n)") }
    type A implements Named { name: String }
    type B implements Named @guard(rule: "role(b)") { name: String }
    """
    assert reached(sdl, "Named.name") == [["role(a)"], ["role(n)"]]
    assert reached(sdl, "B.name") == [["role(b)", "role(n)"]]


def test_what_must_be_absent_is_said() -> None:
    sdl = 'type Query { a: Int @guard(rule: "authenticated & ~role(guest)") }'
    assert reached(sdl, "Query.a") == [["authenticated", "without role(guest)"]]


def test_what_no_road_leads_to_is_open_for_nobody() -> None:
    sdl = """
    type Query { a: Int  b: A @guard(rule: "role(a) & ~role(a)") }
    type A { a: Int }
    type B { a: Int }
    """
    assert reached(sdl, "A.a") == []
    assert reached(sdl, "B.a") == []


@pytest.mark.parametrize(
    ("arguments", "sets"),
    [
        ('x: Int @guard(rule: "role(x)")', [[]]),
        ('x: Int! @guard(rule: "role(x)")', [["role(x)"]]),
        ('x: Int! = 1 @guard(rule: "role(x)")', [[]]),
        ("x: In!", [["role(in)"]]),
        ("x: [In!]!", [[]]),
        ("x: E!", [["role(e)"], ["role(f)"]]),
        ("x: One!", [["role(in)"], ["role(one)"]]),
    ],
)
def test_a_step_needs_what_it_must_be_given(arguments: str, sets: list[list[str]]) -> None:
    sdl = f"""
    type Query {{ a({arguments}): A }}
    type A {{ name: String }}
    input In {{ must: Int! @guard(rule: "role(in)")  may: Int @guard(rule: "role(may)") }}
    enum E {{ E @guard(rule: "role(e)")  F @guard(rule: "role(f)") }}
    input One @oneOf {{ a: Int @guard(rule: "role(one)")  b: In  c: One }}
    """
    assert reached(sdl, "A.name") == sets


def test_an_argument_needs_its_field_and_its_own_rule() -> None:
    sdl = 'type Query { a(x: Int @guard(rule: "role(x)")): Int @guard(rule: "role(a)") }'
    assert reached(sdl, "Query.a(x:)") == [["role(a)", "role(x)"]]


@strawberry.type
class User:
    email: str | None = strawberry.field(permission_classes=[HasPermission("user:read") | IsSelf()])
    name: str | None = strawberry.field(permission_classes=[IsAuthenticated()])


@strawberry.type
class Query:
    login: User | None = strawberry.field(
        permission_classes=[Public()], metadata={ACTING: lambda source: source}
    )
    me: User | None = strawberry.field(permission_classes=[IsAuthenticated()])


def test_below_a_field_where_somebody_signs_in_it_is_they_who_are_judged() -> None:
    of = Roads(Schema(Query, permissions={"user:read": ""}).rules)
    [(_, first), _] = of.reach("User.email").roads
    assert listed(first) == [
        ["permission(user:read) of the one who has just signed in"],
        ["self(id) of User.email, of the one who has just signed in (depends on the object)"],
    ]
    assert listed(of.reach("User.name").sets) == [[]]


@pytest.mark.parametrize("coordinate", ["User.emial", "Nope.x", "User", "", "Query.me(x:)", "E.E"])
def test_what_the_schema_has_not_is_said(coordinate: str) -> None:
    with pytest.raises(NotFound, match="no field or argument"):
        Roads(book(CIRCLE)).reach(coordinate)


def test_the_nearest_name_is_said() -> None:
    with pytest.raises(NotFound, match=r"Did you mean User\.mail\?"):
        Roads(book(CIRCLE)).reach("User.mial")


def test_a_large_schema_with_types_in_circles_is_searched_at_once() -> None:
    """Sixty types that all lead to each other, each under a role of its own."""
    types = [
        f'type T{n} {{ name: String @guard(rule: "role(r{n % 12})")  '
        + "  ".join(f't{m}: T{m} @guard(rule: "role(r{m % 12})")' for m in range(0, 60, 7))
        + " }"
        for n in range(60)
    ]
    sdl = "type Query { t: T0 }\n" + "\n".join(types)
    found: Any = Roads(book(sdl)).reach("T49.name")
    assert listed(found.sets) == [["role(r1)"]]
