"""A gateway must never refuse what we allow: what it demands follows from the rule."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.authorization.gateway import Demands, demands
from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rules import Conceal, HasPermission, Reject, Rule
from graph_api.authorization.text import parse
from tests.authorization.worlds import subsets

SCOPES = ("a:r", "b:r", "c:r")
CALLERS = [
    ANONYMOUS,
    *(
        Principal("usr_1", "ses_1", roles, permissions)
        for roles, permissions in product(subsets(("x",)), subsets(SCOPES))
    ),
]
positive: Any = st.sampled_from(list(map(HasPermission, SCOPES)))
leaves = st.one_of(
    positive,
    st.sampled_from(
        [parse(each) for each in ("public", "authenticated", "role(x)", "owns", "class(InTenant)")]
    ),
)


def composed(inner: Any) -> Any:
    two = st.tuples(inner, inner)
    return st.one_of(two.map(lambda one: one[0] & one[1]), two.map(lambda one: one[0] | one[1]))


def negated(inner: Any) -> Any:
    ours = inner.filter(lambda one: "class(" not in one.rule)
    return composed(inner) | ours.map(lambda one: ~one)


def meets(caller: Principal, demanded: Demands) -> bool:
    is_signed_in = caller.is_authenticated or not demanded.signed_in
    held = caller.permissions
    return is_signed_in and (
        not demanded.scopes or any(held.issuperset(one) for one in demanded.scopes)
    )


@given(st.recursive(leaves, negated, max_leaves=6))
def test_whoever_the_rule_may_allow_passes_the_gateway(rule: Rule) -> None:
    demanded = demands(rule)
    assert all(meets(who, demanded) for who in CALLERS if rule.static(who.grants) is not False)


@given(st.recursive(positive, composed, max_leaves=6))
def test_a_rule_over_permissions_alone_is_held_whole(rule: Rule) -> None:
    demanded = demands(rule)
    assert [meets(who, demanded) for who in CALLERS] == [
        rule.static(who.grants) is True for who in CALLERS
    ]


@pytest.mark.parametrize(
    ("text", "signed_in", "scopes"),
    [
        ("public", False, []),
        ("authenticated", True, []),
        ("role(admin)", True, []),
        ("permission(a:r)", True, [["a:r"]]),
        ("permission(b:r) & permission(a:r) | permission(c:r)", True, [["a:r", "b:r"], ["c:r"]]),
        ("permission(a:r) | owns", True, []),
        ("permission(a:r) & owns", True, [["a:r"]]),
        ("permission(a:r) & ~role(x)", True, [["a:r"]]),
        ("~permission(a:r)", True, []),
        ("class(InTenant)", False, []),
        ("permission(a:r) | class(InTenant)", False, []),
        ("role(x) & ~role(x)", False, []),
    ],
)
def test_what_is_demanded(text: str, scopes: list[list[str]], *, signed_in: bool) -> None:
    assert demands(parse(text)) == Demands(signed_in, tuple(map(tuple, scopes)))


def test_a_mode_changes_no_demand() -> None:
    rule: Any = HasPermission("a:r")
    assert demands(Reject(Conceal(rule))) == demands(rule)  # type: ignore[arg-type]
