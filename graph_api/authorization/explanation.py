"""What is decided about each field of an operation, and what the caller lacks, for people."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphql import FieldNode, GraphQLNamedType, SelectionSetNode, get_named_type

from graph_api.authorization.analysis import ALWAYS, Analysis
from graph_api.authorization.decision import Collected, Operation, Path, Walk, denied_input
from graph_api.authorization.principal import Grants
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule
from graph_api.authorization.why import why

NOBODY: Grants = frozenset()


class Outcome(enum.Enum):
    """What is decided about a field before an operation runs."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS_ON_OBJECT = "depends on object"
    DEPENDS_ON_WHO_SIGNS_IN = "depends on who signs in"
    NOT_REACHED = "not reached"


OUTCOMES = {
    True: Outcome.ALLOWED,
    False: Outcome.DENIED,
    None: Outcome.DEPENDS_ON_OBJECT,
}
"""What a static judgement comes to."""


@dataclass(frozen=True)
class Explained:
    """One position of an operation.

    Attributes:
        path: its response keys.
        coordinate: the field, or what is given to it and denies it.
        outcome: what is decided.
        rule: the rule of the coordinate, as printed; ``none`` if it has none.
        missing: the smallest sets of which one is enough, if it is not allowed outright.
    """

    path: Path
    coordinate: str
    outcome: Outcome
    rule: str
    missing: list[list[str]]


def explain(book: RuleBook, operation: Operation, grants: Grants) -> Iterator[Explained]:
    """Explain each field of an operation that is valid for the schema, in document order.

    Below a denied field nothing is reached; below one where somebody signs in, it is they who are
    judged.
    """
    root = book.schema.get_root_type(operation.node.operation)
    if root is not None:
        walk = Walk(book, operation, grants)
        top = list(walk.collect([(root, operation.node.selection_set)]))
        yield from _Explaining(walk).positions(top, (), Outcome.ALLOWED)


@dataclass(frozen=True)
class _Explaining:
    walk: Walk

    def positions(
        self, collected: Sequence[Collected], path: Path, above: Outcome
    ) -> Iterator[Explained]:
        """Explain the fields at a path, and below; ``above`` says how one came there."""
        for key, places in collected:
            here, seen = (*path, key), set[str]()
            below: dict[Outcome, list[tuple[GraphQLNamedType, SelectionSetNode]]] = {}
            for parent, node in places:
                if node.name.value.startswith("__"):
                    continue
                field = f"{parent.name}.{node.name.value}"
                found = self._position(parent, node, here, above)
                if field not in seen:
                    seen.add(field)
                    yield found
                if node.selection_set:
                    of_type = get_named_type(self.walk.definition(parent, node).type)
                    how = self._onward(field, found.outcome, above)
                    below.setdefault(how, []).append((of_type, node.selection_set))
            for how, selections in below.items():
                yield from self.positions(list(self.walk.collect(selections)), here, how)

    def _position(
        self, parent: GraphQLNamedType, node: FieldNode, path: Path, above: Outcome
    ) -> Explained:
        field = f"{parent.name}.{node.name.value}"
        rule = self.walk.book.guarded(field)
        if above is Outcome.NOT_REACHED:
            return Explained(path, field, above, _text(rule), [])
        if above is Outcome.DEPENDS_ON_WHO_SIGNS_IN:
            is_ruled = self._is_ruled(rule, field, node)
            return Explained(path, field, above if is_ruled else OUTCOMES[True], _text(rule), [])
        grants = self.walk.grants
        if (denied := self.walk.denied(parent, node, field)) is not None:
            coordinate, by = denied
            lacks = why(by, grants)["missing"]
            return Explained(path, coordinate, Outcome.DENIED, by.rule, lacks)
        book = self.walk.book
        outcome, whole = OUTCOMES[book.verdict(field, grants)], book.opened_by(field)
        lacks = why(whole, grants)["missing"] if whole and outcome is not Outcome.ALLOWED else []
        return Explained(path, field, outcome, _text(rule), lacks)

    def _is_ruled(self, rule: Rule | None, field: str, node: FieldNode) -> bool:
        """Whether the field could be denied to somebody who is signed in."""
        if rule and Analysis().of(rule.term, whose="them") is not ALWAYS:
            return True
        book, given = self.walk.book, self.walk.operation.given
        return denied_input(book, field, node, given, NOBODY) is not None

    def _onward(self, field: str, outcome: Outcome, above: Outcome) -> Outcome:
        if outcome in (Outcome.DENIED, Outcome.NOT_REACHED):
            return Outcome.NOT_REACHED
        return Outcome.DEPENDS_ON_WHO_SIGNS_IN if field in self.walk.book.acting else above


def _text(rule: Rule | None) -> str:
    return rule.rule if rule else "none"
