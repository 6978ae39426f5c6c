"""The canonical text: docs/rules.md gives its grammar, and nothing is lost in it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.permission import BasePermission

from graph_api.authorization.principal import ANONYMOUS, AUTHENTICATED, Principal
from graph_api.authorization.rules import (
    Carrier,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    Rule,
    rule,
)
from graph_api.authorization.terms import AllOf, AnyOf, Granted, Not, Term
from graph_api.authorization.text import InvalidRule, parse
from graph_api.errors import ConfigurationError

Tree = str | tuple[Any, ...]
NAME = r"[\w.:/-]+"


def tree_of(term: Term) -> Tree:
    match term:
        case Not(inner):
            return "not", tree_of(inner)
        case AllOf(inners):
            return "all", *map(tree_of, inners)
        case AnyOf(inners):
            return "any", *map(tree_of, inners)
    return str(term)


@rule
def owns(_principal: Any, objects: Any) -> list[bool]:
    return [True for _ in objects]


class InTenant(BasePermission):
    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return True


names = st.from_regex(NAME, fullmatch=True)
ours = st.one_of(
    st.sampled_from([Public(), Carrier(), IsAuthenticated(), owns]),
    st.builds(HasRole, names),
    st.builds(HasPermission, names),
    st.builds(lambda by: IsSelf(by=by), names),
    st.builds(lambda arg: IsSelf(arg=arg), names),
)


def composed(leaf: Any, *, negated: bool) -> Any:
    def wider(inner: Any) -> Any:
        two = st.tuples(inner, inner)
        both = st.one_of(two.map(lambda pair: pair[0] & pair[1]), two.map(lambda p: p[0] | p[1]))
        return st.one_of(both, inner.map(lambda one: ~one)) if negated else both

    return st.recursive(leaf, wider, max_leaves=10)


rules = st.one_of(
    composed(ours, negated=True),
    composed(st.one_of(ours, st.just(Rule.of(InTenant))), negated=False),
)


@given(rules)
def test_a_rule_is_read_back_from_its_text(whole: Rule) -> None:
    read = parse(whole.rule)
    assert read.rule == whole.rule
    assert tree_of(read.term) == tree_of(whole.term)


@given(rules)
def test_what_is_read_back_decides_as_the_rule_did(whole: Rule) -> None:
    grants = sorted(leaf.grant for leaf in whole.term.leaves() if isinstance(leaf, Granted))
    for held in (ANONYMOUS.grants, {AUTHENTICATED}, {AUTHENTICATED, *grants[::2]}):
        assert parse(whole.rule).static(frozenset(held)) is whole.static(frozenset(held))


def test_an_ignored_bearer_is_read_back() -> None:
    assert parse("public(ignoresBearer)") == Public(ignores_bearer=True)


def test_of_a_rule_over_objects_only_the_name_is_read_back() -> None:
    someone = Principal("usr_1")
    assert asyncio.run(parse("owns | role(a)").check_many([object()], someone)) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "role()",
        "role(a",
        "role(a b)",
        "role(a)|role(b)",
        "role(a) | ",
        " & role(a)",
        "role(a)  &  role(b)",
        "role(a) role(b)",
        "(role(a)",
        "role(a))",
        "()",
        "~",
        "~ role(a)",
        "owns()",
        "1st",
        "public(ignoresBearer) | role(a)",
        "role(a)\n",
        "(" * 10_000,
        "~" * 10_000 + "owns",
        "(" * 10_000 + "owns" + ")" * 10_000,
    ],
)
def test_a_text_that_does_not_follow_the_grammar_is_no_rule(text: str) -> None:
    with pytest.raises(InvalidRule, match="is no rule"):
        parse(text)


@given(st.text())
def test_any_text_is_a_rule_that_prints_the_like_or_is_refused(text: str) -> None:
    try:
        rule = parse(text)
    except InvalidRule:
        return
    assert parse(rule.rule).rule == rule.rule


@given(rules, rules)
def test_two_rules_of_one_text_are_one_rule(one: Rule, other: Rule) -> None:
    assert (one.rule == other.rule) is (tree_of(one.term) == tree_of(other.term))


@pytest.mark.parametrize(
    ("whole", "text"),
    [
        (Public(ignores_bearer=True), "public(ignoresBearer)"),
        (HasRole("a") | HasRole("b") & ~IsSelf(), "role(a) | role(b) & ~self(id)"),
        ((HasRole("a") | HasRole("b")) & owns, "(role(a) | role(b)) & owns"),
        (~(HasRole("a") & HasRole("b")), "~(role(a) & role(b))"),
        (HasPermission("user:read") | InTenant, "permission(user:read) | class(InTenant)"),
        (IsSelf(arg="input.userId"), "self(arg: input.userId)"),
    ],
)
def test_it_reads_as_it_is_written_in_python(whole: Any, text: str) -> None:
    assert whole.rule == text
    assert repr(whole) == f"<rule {text}>"


@pytest.mark.parametrize("name", ["", "a) | role(b", "two words", "a&b", "~a", 'a"b', "a\nb"])
@pytest.mark.parametrize("make", [HasRole, HasPermission, lambda name: IsSelf(by=name)])
def test_a_name_that_could_be_read_as_a_rule_is_refused(make: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match="names are of letters"):
        make(name)


@pytest.mark.parametrize("name", ["public", "carrier", "authenticated", "<lambda>"])
def test_an_own_rule_takes_no_word_of_the_grammar(name: str) -> None:
    def judge(_principal: Any, objects: Any) -> list[bool]:
        return []

    judge.__name__ = name
    with pytest.raises(ConfigurationError, match="by its name"):
        rule(judge)


def test_rules_are_values() -> None:
    one, other, third = HasRole("a") | IsSelf(), HasRole("a") | IsSelf(), HasRole("b") | IsSelf()
    assert one == other
    assert one != third
    assert len({one, other, third}) == 2
    assert Public(ignores_bearer=True) != Public()
