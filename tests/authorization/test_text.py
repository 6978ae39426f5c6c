"""The canonical text: docs/rules.md gives its grammar, and nothing is lost in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.permission import BasePermission

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
from graph_api.authorization.terms import AllOf, AnyOf, Not, Term
from graph_api.errors import ConfigurationError

Tree = str | tuple[Any, ...]
NAME = r"[\w.:/-]+"
TOKEN = re.compile(
    rf" \| | & |~|(?:role|permission|self|class)\((?:arg: )?{NAME}\)"
    r"|public\(ignoresBearer\)|\(|\)|\w+"
)


class Parser:
    """A parser by the grammar, as a reader of the page would write it."""

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == text, text

    def whole(self) -> Tree:
        tree = self.rule()
        assert not self.tokens
        return tree

    def rule(self) -> Tree:
        return self.several("any", " | ", self.all)

    def all(self) -> Tree:
        return self.several("all", " & ", self.one)

    def several(self, kind: str, sign: str, part: Any) -> Tree:
        parts = [part()]
        while self.tokens and self.tokens[0] == sign:
            self.tokens.pop(0)
            parts.append(part())
        return (kind, *parts) if len(parts) > 1 else parts[0]

    def one(self) -> Tree:
        token = self.tokens.pop(0)
        if token == "~":
            return "not", self.one()
        if token == "(":
            tree = self.rule()
            assert self.tokens.pop(0) == ")"
            return tree
        return str(token)


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
    assert Parser(whole.rule).whole() == tree_of(whole.term)


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
