"""What a federation gateway can hold of a rule: signing in, and permissions as scopes.

``@authenticated`` and ``@requiresScopes`` say less than ``@guard``. They are derived so that they
never refuse what the rule allows: each way in which the rule can hold is reduced to the permissions
that it takes, and a way that takes none takes at most signing in.
(https://www.apollographql.com/docs/graphos/routing/security/authorization)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graph_api.authorization.analysis import SIGNED_IN, Analysis, GrantSet, Literal
from graph_api.authorization.rules import Rule


@dataclass(frozen=True)
class Demands:
    """What a gateway may demand before it asks us.

    Attributes:
        signed_in: whether nobody else passes the rule.
        scopes: sets of permissions, one of which everybody holds who passes; empty for none.
    """

    signed_in: bool
    scopes: tuple[tuple[str, ...], ...] = ()


def demands(rule: Rule) -> Demands:
    """Return the strictest demands that everybody meets whom the rule may allow."""
    analysis = Analysis()
    ways = analysis.minimal(analysis.of(rule.term))
    if not ways:  # nobody passes, which no demand says
        return Demands(signed_in=False)
    signed_in = all(Literal(SIGNED_IN, holds=True) in way for way in ways)
    taken = {frozenset(_permissions(way)) for way in ways}
    if frozenset() in taken:
        return Demands(signed_in)
    smallest = [one for one in taken if not any(other < one for other in taken)]
    return Demands(signed_in, tuple(sorted(tuple(sorted(one)) for one in smallest)))


def _permissions(way: GrantSet) -> Iterator[str]:
    for each in way:
        if each.holds and each.atom.text.startswith("permission("):
            yield each.atom.text.removeprefix("permission(").removesuffix(")")
