"""What a change opens and closes is exact: asking every caller about every rule says the same."""

from __future__ import annotations

import pytest
from hypothesis import given

from graph_api.authorization.analysis import listed
from graph_api.authorization.difference import difference
from graph_api.authorization.printed import read
from graph_api.authorization.rules import Rule
from schema import schema
from tests.authorization.sketches import Sketch, changes, sketches
from tests.authorization.worlds import WORLDS, rules

GUARD = (
    "directive @guard(rule: String!) on FIELD_DEFINITION | OBJECT | INTERFACE"
    " | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE\n"
)
SERVED = schema.as_str()
Told = dict[str, list[list[str]]]


def told(old: str, new: str) -> tuple[Told, Told]:
    """Return what is opened and what is closed, with the smallest sets for whom."""
    found = difference(read(GUARD + old), read(GUARD + new))
    opened, closed = (
        {each.coordinate: listed(each.sets) for each in found if each.opens is opens}
        for opens in (True, False)
    )
    return opened, closed


def opened(old: str, new: str) -> Told:
    return told(old, new)[0]


def closed(old: str, new: str) -> Told:
    return told(old, new)[1]


def field(rule: str) -> str:
    return f'type Query {{ a: Int @guard(rule: "{rule}") }}'


@given(rules, rules)
def test_the_verdict_on_two_rules_is_that_of_asking_every_caller(old: Rule, new: Rule) -> None:
    found = difference(read(GUARD + field(old.rule)), read(GUARD + field(new.rule)))
    sets = {each.opens: each.sets for each in found}
    for world in WORLDS:
        was, is_now = world.allows(old), world.allows(new)
        assert world.is_in(sets.get(True, ())) is (is_now and not was)
        assert world.is_in(sets.get(False, ())) is (was and not is_now)
    assert all(sets.values())


@given(sketches())
def test_a_schema_does_not_differ_from_itself(sketch: Sketch) -> None:
    assert difference(read(sketch.sdl()), read(sketch.sdl())) == []


@given(changes())
def test_what_opens_no_element_opens_no_road(change: tuple[Sketch, Sketch]) -> None:
    old, new = change
    opens = {
        (each.coordinate, world)
        for each in difference(read(old.sdl()), read(new.sdl()))
        for world in WORLDS
        if each.opens and world.is_in(each.sets)
    }
    for world in WORLDS:
        if not any(of == world for _, of in opens):
            assert new.reached(world) <= old.reached(world)


@given(changes())
def test_a_change_and_its_reverse_say_the_opposite(change: tuple[Sketch, Sketch]) -> None:
    old, new = (read(each.sdl()) for each in change)
    there = {(each.coordinate, each.opens, each.sets) for each in difference(old, new)}
    back = {(each.coordinate, not each.opens, each.sets) for each in difference(new, old)}
    assert there == back


@given(sketches())
def test_the_sdl_alone_gives_the_whole_rule_of_each_field(sketch: Sketch) -> None:
    book = read(sketch.sdl())
    for of_type, name in sketch.fields:
        rule = book.fields.get(f"{of_type}.{name}")
        for world in WORLDS:
            allowed = rule is None or rule.static(world.principal.grants) is True
            assert allowed is sketch.allows(world, of_type, name)


def test_our_own_schema_is_read_back_as_it_is_and_does_not_differ_from_itself() -> None:
    book = read(SERVED)
    for mine, theirs in ((schema.rules.fields, book.fields), (schema.rules.inputs, book.inputs)):
        assert {name: rule.rule for name, rule in mine.items()} == {
            name: rule.rule for name, rule in theirs.items()
        }
    assert difference(book, read(SERVED)) == []


def test_every_line_that_loses_its_rule_is_found() -> None:
    """Each ``@guard`` of the served schema, one after the other, taken away."""
    lines = SERVED.splitlines()
    ruled = [n for n, line in enumerate(lines) if '@guard(rule: "permission(' in line]
    assert len(ruled) > 20
    old = read(SERVED)
    for n in ruled:
        bare = lines[n].partition(" @guard(")[0] + (" {" if lines[n].endswith("{") else "")
        new = read("\n".join([*lines[:n], bare, *lines[n + 1 :]]))
        assert any(change.opens for change in difference(old, new)), lines[n]


@pytest.mark.parametrize(
    ("old", "new", "opens", "closes"),
    [
        ("role(a)", "role(a) | role(b)", [["role(b)", "without role(a)"]], None),
        ("role(a) | role(b)", "role(a)", None, [["role(b)", "without role(a)"]]),
        ("role(a)", "authenticated", [["authenticated", "without role(a)"]], None),
        ("authenticated", "public", [["without authenticated"]], None),
        ("role(a) & role(b)", "role(b) & role(a)", None, None),
        ("role(a) | role(a) & owns", "role(a)", None, None),
        ("public", "carrier", None, None),
        ("public(ignoresBearer)", "public", None, None),
        ("authenticated & owns", "owns", None, None),
        ("class(T) & authenticated", "class(T)",
            [["class(T) (depends on the object)", "without authenticated"]], None),
        ("~role(a)", "~(role(a) & role(b))",
            [["role(a)", "without role(b)"]], None),
        ("role(a)", "permission(x:y)",
            [["permission(x:y)", "without role(a)"]], [["role(a)", "without permission(x:y)"]]),
    ],
)  # fmt: skip
def test_a_change_of_one_rule(
    old: str, new: str, opens: list[list[str]] | None, closes: list[list[str]] | None
) -> None:
    of = [{"Query.a": sets} if sets else {} for sets in (opens, closes)]
    assert list(told(field(old), field(new))) == of


RULED = (
    'type Query { a: A } type A @guard(rule: "role(a)") { x: Int  y: Int @guard(rule: "role(y)") }'
)


class TestWhatAFieldsWholeRuleIs:
    def test_a_type_that_loses_its_rule_opens_all_its_fields_as_far_as_they_go(self) -> None:
        new = RULED.replace(' @guard(rule: "role(a)")', "")
        assert opened(RULED, new) == {
            "A.x": [["without role(a)"]],
            "A.y": [["role(y)", "without role(a)"]],
        }

    def test_a_rule_that_moves_from_the_type_to_each_field_changes_nothing(self) -> None:
        new = """type Query { a: A }
        type A { x: Int @guard(rule: "role(a)")  y: Int @guard(rule: "role(y) & role(a)") }"""
        assert told(RULED, new) == ({}, {})

    def test_a_rule_that_moves_to_an_interface_changes_nothing_for_the_field(self) -> None:
        old = 'type Query { a: A } type A { x: Int @guard(rule: "role(a)") }'
        new = """type Query { a: A }
        interface I { x: Int @guard(rule: "role(a)") }
        type A implements I { x: Int }"""
        assert opened(old, new) == {"I.x": [["role(a)"]]}
        assert closed(old, new) == {}

    def test_a_type_that_leaves_a_guarded_interface_opens_its_field(self) -> None:
        old = """type Query { a: A }
        interface I @guard(rule: "role(a)") { x: Int }
        type A implements I { x: Int }"""
        new = old.replace(" implements I", "")
        assert opened(old, new) == {"A.x": [["without role(a)"]]}

    def test_two_guards_on_one_field_must_both_pass(self) -> None:
        old = 'type Query { a: Int @guard(rule: "role(a)") @guard(rule: "role(b)") }'
        assert told(old, field("role(a) & role(b)")) == ({}, {})


class TestWhatComesAndGoes:
    def test_a_new_field_without_a_rule_is_open_for_everyone(self) -> None:
        assert opened("type Query { a: Int }", "type Query { a: Int b: Int }") == {"Query.b": [[]]}

    def test_a_new_field_is_open_for_those_whom_its_rule_allows(self) -> None:
        new = 'type Query { a: Int  b: Int @guard(rule: "role(a)") }'
        assert told("type Query { a: Int }", new) == ({"Query.b": [["role(a)"]]}, {})

    def test_a_field_that_nobody_can_use_opens_nothing_when_it_comes(self) -> None:
        new = 'type Query { a: Int  b: Int @guard(rule: "role(a) & ~role(a)") }'
        assert told("type Query { a: Int }", new) == ({}, {})

    def test_a_field_that_goes_is_closed(self) -> None:
        assert told("type Query { a: Int b: Int }", "type Query { a: Int }") == (
            {},
            {"Query.b": [[]]},
        )

    def test_a_renamed_field_is_one_that_goes_and_one_that_comes(self) -> None:
        assert told("type Query { a: Int }", "type Query { b: Int }") == (
            {"Query.b": [[]]},
            {"Query.a": [[]]},
        )

    def test_a_new_root_opens_its_fields(self) -> None:
        new = 'type Query { a: Int } type Mutation { m: Int @guard(rule: "role(a)") }'
        assert opened("type Query { a: Int }", new) == {
            "Mutation.m": [["role(a)"]],
            "schema.mutation": [[]],
        }


TWO = 'type Query { a: {of} @guard(rule: "role(q)") } type A { x: Int } type B { x: Int }'


class TestWhatLeadsElsewhere:
    def test_a_field_of_another_type_is_a_new_field(self) -> None:
        old, new = TWO.replace("{of}", "A"), TWO.replace("{of}", "[B!]")
        assert told(old, new) == ({"Query.a": [["role(q)"]]}, {"Query.a": [["role(q)"]]})

    def test_a_list_of_the_same_type_is_the_same(self) -> None:
        assert told(TWO.replace("{of}", "A"), TWO.replace("{of}", "[A!]")) == ({}, {})

    def test_a_new_member_of_a_union_opens_what_leads_to_the_union(self) -> None:
        old = "union U = A\n" + TWO.replace("{of}", "U")
        [change] = difference(
            read(GUARD + old), read(GUARD + old.replace("union U = A", "union U = A | B"))
        )
        assert (change.coordinate, change.onward) == ("Query.a", ("B",))
        assert change.opens

    def test_a_type_that_implements_an_interface_is_behind_it(self) -> None:
        old = "interface I { x: Int } " + TWO.replace("{of}", "I").replace(
            "type A", "type A implements I"
        )
        new = old.replace("type B", "type B implements I")
        assert opened(old, new) == {"Query.a": [["role(q)"]]}
        assert closed(new, old) == {"Query.a": [["role(q)"]]}


SEARCH = """
type Query { a(x: Int @guard(rule: "role(x)"), in: In, e: E): Int @guard(rule: "role(a)") }
input In { f: Int @guard(rule: "role(f)")  g: Int }
enum E { E @guard(rule: "role(e)")  F }
"""


class TestWhatIsGiven:
    @pytest.mark.parametrize(
        ("before", "after", "coordinate", "sets"),
        [
            (' @guard(rule: "role(x)")', "", "Query.a(x:)", [["role(a)", "without role(x)"]]),
            (' @guard(rule: "role(f)")', "", "In.f", [["without role(f)"]]),
            (' @guard(rule: "role(e)")', "", "E.E", [["without role(e)"]]),
            ("(x: Int", "(y: Int, x: Int", "Query.a(y:)", [["role(a)"]]),
            ("g: Int", "g: Int h: Int", "In.h", [[]]),
            ("F }", "F G }", "E.G", [[]]),
        ],
    )
    def test_an_input_is_judged_by_its_rule_and_its_field(
        self, before: str, after: str, coordinate: str, sets: list[list[str]]
    ) -> None:
        changed = SEARCH.replace(before, after, 1)
        assert told(SEARCH, changed) == ({coordinate: sets}, {})
        assert told(changed, SEARCH) == ({}, {coordinate: sets})

    def test_whoever_gains_the_field_is_told_there_and_not_at_each_argument(self) -> None:
        changed = SEARCH.replace(' @guard(rule: "role(a)")', "")
        assert opened(SEARCH, changed) == {"Query.a": [["without role(a)"]]}

    def test_a_new_field_is_told_without_its_arguments_and_inputs(self) -> None:
        new = SEARCH + " type Mutation { m(in: New!): Int } input New { f: Int }"
        assert opened(SEARCH, new) == {"Mutation.m": [[]], "schema.mutation": [[]]}

    def test_an_argument_that_takes_another_input_is_a_new_one(self) -> None:
        new = SEARCH.replace("in: In", "in: Other") + " input Other { f: Int }"
        assert opened(SEARCH, new) == {"Query.a(in:)": [["role(a)"]]}

    def test_a_ruled_argument_that_must_be_given_closes_the_field(self) -> None:
        new = SEARCH.replace("x: Int ", "x: Int! ")
        assert told(SEARCH, new) == ({}, {"Query.a": [["role(a)", "without role(x)"]]})


def test_descriptions_and_order_and_deprecations_open_and_close_nothing() -> None:
    old = 'type Query { "about a" a: Int  b: A } type A { x: Int }'
    new = "type A { x: Int @deprecated } type Query { b: A!  a: Int }"
    assert told(old, new) == ({}, {})
