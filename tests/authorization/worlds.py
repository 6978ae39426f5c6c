"""Every caller and object that a few rules can tell apart, and rules made of just these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from hypothesis import strategies as st

from graph_api.authorization.analysis import GrantSet, Literal
from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rules import HasPermission, HasRole, IsAuthenticated, Public, Rule
from graph_api.authorization.terms import Call, ObjectTerm

ROLES, PERMISSIONS = ("a", "b"), ("x:y",)
OWN, STRANGERS = ("owns", "shares"), ("class(InTenant)",)


@dataclass(frozen=True)
class World:
    """A caller, and the object rules that are true of an object."""

    principal: Principal
    true: frozenset[str]

    def allows(self, rule: Rule) -> bool:
        """Ask the rule itself, as execution does."""
        return rule.check_now([self.true], self.principal)[0]

    def has(self, literal: Literal) -> bool:
        known = self.true if literal.atom.is_object else self.principal.grants
        return (literal.atom.text in known) is literal.holds

    def is_in(self, sets: Iterable[GrantSet]) -> bool:
        return any(all(map(self.has, one)) for one in sets)


def subsets(of: Sequence[str]) -> Iterator[frozenset[str]]:
    sizes = range(len(of) + 1)
    return map(frozenset, chain.from_iterable(combinations(of, size) for size in sizes))


def _worlds() -> Iterator[World]:
    for strangers in subsets(STRANGERS):
        yield World(ANONYMOUS, strangers)
        for roles in subsets(ROLES):
            for permissions in subsets(PERMISSIONS):
                for own in subsets(OWN):
                    caller = Principal("usr_1", "ses_1", roles, permissions)
                    yield World(caller, own | strangers)


WORLDS = list(_worlds())


def _object_rule(name: str) -> Rule:
    def judge(_: Call, objects: Sequence[Any]) -> list[bool]:
        return [name in true for true in objects]

    return Rule(ObjectTerm(name, judge, is_stranger=name.startswith("class(")))


def _composed(leaves: Any, *, negated: bool) -> Any:
    def wider(inner: Any) -> Any:
        two = st.tuples(inner, inner)
        both = two.map(lambda pair: pair[0] & pair[1]) | two.map(lambda pair: pair[0] | pair[1])
        return both | inner.map(lambda one: ~one) if negated else both

    return st.recursive(leaves, wider, max_leaves=8)


static_leaves: list[Any] = [
    Public(),
    IsAuthenticated(),
    *map(HasRole, ROLES),
    *map(HasPermission, PERMISSIONS),
]
static_rules = _composed(st.sampled_from(static_leaves), negated=True)
_ours = _composed(st.sampled_from([*static_leaves, *map(_object_rule, OWN)]), negated=True)
rules = _composed(_ours | st.sampled_from([*map(_object_rule, STRANGERS)]), negated=False)
"""A stranger's permission never stands under ``~``."""
