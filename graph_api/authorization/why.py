"""Why a caller is denied: what they hold of what a rule names, and the least that they lack."""

from __future__ import annotations

from functools import lru_cache
from typing import TypedDict

from graph_api.authorization.analysis import Analysis, listed
from graph_api.authorization.principal import AUTHENTICATED, Grants
from graph_api.authorization.rules import Rule
from graph_api.authorization.terms import Granted

MOST_SETS = 20
"""So many ways to be allowed are told at most, the smallest of them."""


class Why(TypedDict):
    """What stands in the extensions of a denial.

    ``held`` are the grants that the rule names and the caller holds; ``missing`` are the smallest
    sets of which one is enough. ``without role(guest)`` is a grant that must go.
    """

    held: list[str]
    missing: list[list[str]]


def why(rule: Rule, grants: Grants) -> Why:
    """Return what somebody with these grants holds, and lacks, of a rule."""
    return _why(rule, grants & (named_in(rule) | {AUTHENTICATED}))


def named_in(rule: Rule) -> Grants:
    """Return the grants that a rule names."""
    return frozenset(leaf.grant for leaf in rule.term.leaves() if isinstance(leaf, Granted))


@lru_cache(maxsize=1_000)  # a list of rows may be denied row by row
def _why(rule: Rule, grants: Grants) -> Why:
    analysis = Analysis()
    lacking = analysis.lacking(analysis.of(rule.term), grants, most=MOST_SETS)
    return {"held": sorted(grants & named_in(rule)), "missing": listed(lacking)}
