"""Decisions that are kept: what the grants say of an operation is the same each time.

They are kept with the document, so what a caller sends anew pushes out nobody else's. A key holds
all that a decision hangs on: the operation, what its Boolean variables hold (``@skip`` and
``@include`` may hang on them), the grants that some rule mentions, and the mode. What other
variables bring into ruled inputs is looked at in each run; no subject, no result and no such value
is kept.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass

from graph_api.authorization.decision import (
    Decision,
    Operation,
    Place,
    Walk,
    denied_input,
)
from graph_api.authorization.principal import Grants
from graph_api.authorization.rulebook import RuleBook

MOST_DECISIONS = 64
"""Kept for one document; with more, all are forgotten."""


@dataclass(frozen=True)
class Decided:
    """What was decided.

    Attributes:
        decision: what holds if nothing is denied of what the variables bring.
        open: where they may bring something that is.
    """

    decision: Decision
    open: tuple[Place, ...]


Decisions = MutableMapping[object, Decided]
"""The decisions about one document."""


Key = tuple[object, Grants, bool]


def key_of(book: RuleBook, operation: Operation, grants: Grants, *, reject: bool = False) -> Key:
    """Return what is the same each time: of one document, for callers whom no rule tells apart."""
    return operation.key, book.relevant(grants), reject


def decide_once(
    kept: Decisions, key: Key, book: RuleBook, operation: Operation, grants: Grants
) -> Decision:
    """Decide as :func:`graph_api.authorization.decision.decide` does, from what is kept if it can.

    Args:
        kept: the decisions about the document, which belong to this rule book.
        key: see :func:`key_of`.
        book: the rules of the schema.
        operation: what is asked.
        grants: what the caller holds.
    """
    decided = kept.get(key)
    if decided is not None:
        places, given = decided.open, operation.given
        if not (places and any(denied_input(book, *each, given, grants) for each in places)):
            return decided.decision
    walk = Walk(book, operation, grants)
    decision = walk.decide(reject=key[2])
    if not walk.closed:
        if len(kept) >= MOST_DECISIONS:
            kept.clear()
        kept[key] = Decided(decision, tuple(walk.open))
    return decision
