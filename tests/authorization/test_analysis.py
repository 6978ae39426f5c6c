"""The analysis answers for all sets of grants what asking each rule about each of them would."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import and_, or_
from typing import Any

import pytest
from hypothesis import given

from graph_api.authorization.analysis import (
    ALWAYS,
    NEVER,
    SIGNED_IN,
    Analysis,
    GrantSet,
    Literal,
    listed,
    sentence,
)
from graph_api.authorization.principal import Grants
from graph_api.authorization.rules import HasRole, Rule
from graph_api.authorization.text import parse
from graph_api.authorization.why import MOST_SETS, why
from tests.authorization.worlds import WORLDS, rules


def lacked(sets: Collection[GrantSet], grants: Grants) -> set[GrantSet]:
    """What is left of each minimal set without what is held: the plain way, which is slow."""
    lacks = {
        frozenset(
            each for each in one if each.atom.is_object or (each.atom.text in grants) != each.holds
        )
        for one in sets
    }
    return {lack for lack in lacks if not any(other < lack for other in lacks)}


def sets_of(text: str) -> list[list[str]]:
    analysis = Analysis()
    return listed(analysis.minimal(analysis.of(parse(text).term)))


@given(rules)
def test_the_minimal_sets_are_who_is_allowed(rule: Rule) -> None:
    analysis = Analysis()
    sets = analysis.minimal(analysis.of(rule.term))
    assert [world.is_in(sets) for world in WORLDS] == [world.allows(rule) for world in WORLDS]


@given(rules)
def test_nothing_in_a_minimal_set_could_be_left_out(rule: Rule) -> None:
    """But for being signed in, which stands beside each grant."""
    analysis = Analysis()
    for one in analysis.minimal(analysis.of(rule.term)):
        for literal in one - {Literal(SIGNED_IN, holds=True)}:
            assert not all(world.allows(rule) for world in WORLDS if world.is_in([one - {literal}]))


@given(rules, rules)
def test_two_rules_have_one_diagram_where_nobody_can_tell_them_apart(one: Rule, two: Rule) -> None:
    analysis = Analysis()
    is_same = all(world.allows(one) is world.allows(two) for world in WORLDS)
    assert (analysis.of(one.term) is analysis.of(two.term)) is is_same


@given(rules, rules)
def test_diagrams_are_combined_as_rules_are(one: Rule, two: Rule) -> None:
    analysis = Analysis()
    first, second = analysis.of(one.term), analysis.of(two.term)
    assert analysis.all((first, second)) is analysis.of((one & two).term)
    assert analysis.any((first, second)) is analysis.of((one | two).term)
    gained = analysis.minimal(analysis.without(first, second))
    for world in WORLDS:
        assert world.is_in(gained) is (world.allows(one) and not world.allows(two))


@given(rules)
def test_what_is_missing_is_enough_and_no_more_than_that(rule: Rule) -> None:
    analysis = Analysis()
    of = analysis.of(rule.term)
    for world in WORLDS:
        lacks = analysis.lacking(of, world.principal.grants, most=1_000)
        assert lacks == lacked(analysis.minimal(of), world.principal.grants)
        same_caller = [each for each in WORLDS if each.principal == world.principal]
        assert (frozenset() in lacks) is all(each.allows(rule) for each in same_caller)
        for lack in lacks:
            assert not any(other < lack for other in lacks)
            assert not any(world.has(each) for each in lack if not each.atom.is_object)


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("public", [[]]),
        ("authenticated", [["authenticated"]]),
        ("role(a)", [["role(a)"]]),
        ("role(a) | authenticated", [["authenticated"]]),
        ("~role(a)", [["authenticated", "without role(a)"]]),
        ("role(a) & ~role(a)", []),
        ("role(b) & ~role(a) | role(a)", [["role(a)"], ["role(b)"]]),
        ("owns | ~owns", [["authenticated"]]),
        ("class(InTenant)", [["class(InTenant) (depends on the object)"]]),
        ("role(a) | self(arg: id)", [["role(a)"], ["self(arg: id) (depends on the argument)"]]),
        ("owns & role(a)", [["role(a)", "owns (depends on the object)"]]),
        ("class(InTenant) & authenticated", [
            ["authenticated", "class(InTenant) (depends on the object)"]]),
    ],
)  # fmt: skip
def test_sets_are_said_without_what_goes_without_saying(text: str, sets: list[list[str]]) -> None:
    assert sets_of(text) == sets


def test_whoever_lacks_a_grant_includes_the_anonymous() -> None:
    analysis = Analysis()
    others = analysis.minimal(analysis.without(ALWAYS, analysis.of(parse("role(a)").term)))
    assert listed(others) == [["without role(a)"]]
    anonymous = analysis.minimal(analysis.without(ALWAYS, analysis.of(parse("authenticated").term)))
    assert [sentence(one) for one in listed(anonymous)] == ["anonymous callers"]


def test_who_is_meant_is_said_in_words() -> None:
    said = [[], ["authenticated"], ["role(a)", "without role(b)"]]
    words = ["everyone", "everyone signed in", "role(a) & without role(b)"]
    assert list(map(sentence, said)) == words


def test_a_contradiction_is_for_nobody_and_a_tautology_for_everyone() -> None:
    analysis = Analysis()
    assert analysis.of(parse("role(a) & ~role(a)").term) is NEVER
    assert analysis.of(parse("public | role(a)").term) is ALWAYS


@pytest.mark.parametrize("atoms", [12, 24, 100])
def test_rules_of_many_grants_stay_small(atoms: int) -> None:
    """Two to the power of 100 sets of grants: no list of them is made."""
    held: list[Any] = [HasRole(f"r{n}") for n in range(atoms)]
    analysis = Analysis()
    pairs = [one & two for one, two in zip(held[::2], held[1::2], strict=True)]
    sets = analysis.minimal(analysis.of(reduce(or_, pairs).term))
    assert len(sets) == atoms // 2
    assert len(analysis.minimal(analysis.of(reduce(and_, held).term))) == 1


def test_the_worst_rule_of_twelve_grants_has_all_its_sets() -> None:
    """An odd number of twelve roles: each of the sets names all of them."""
    held: list[Any] = [HasRole(f"r{n}") for n in range(12)]
    odd: Any = reduce(lambda one, two: one & ~two | ~one & two, held)
    analysis = Analysis()
    assert len(analysis.minimal(analysis.of(odd.term))) == 2**11


@pytest.mark.parametrize("pairs", [3, 30])
def test_of_many_ways_to_be_allowed_the_first_are_told(pairs: int) -> None:
    """Two to the power of 30 sets of grants open it, and none of them is told for nothing."""
    chosen: list[Any] = [HasRole(f"a{n}") | HasRole(f"b{n}") for n in range(pairs)]
    rule: Any = reduce(and_, chosen)
    told = why(rule, frozenset({"authenticated", "role(a0)"}))["missing"]
    assert len(told) == min(2 ** (pairs - 1), MOST_SETS)
    for one in told:
        assert len(one) == pairs - 1
        assert rule.static(frozenset({"authenticated", "role(a0)", *one})) is True
