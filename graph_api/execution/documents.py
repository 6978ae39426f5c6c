"""Documents: parsed, limited and validated once for each text, and kept.

Clients send the same few texts again and again, so the outcome is kept by the text, refusals too:
a document that is refused costs its reader nothing the second time. It is found by the whole text,
which the tree holds anyway, and no digest of it: no two texts are ever taken for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
)

from graph_api.authorization.decision import Operation
from graph_api.authorization.decisions import Decisions
from graph_api.errors import OperationTooExpensive, ParseFailed
from graph_api.execution.engine import Plans
from graph_api.execution.limits import Limits, check
from graph_api.execution.operations import operation_of
from graph_api.execution.segments import Segments
from graph_api.execution.shares import Budget, Share

Validated = MutableMapping[GraphQLSchema, list[GraphQLError]]


@dataclass(frozen=True, eq=False)
class Document:
    """A parsed document within the limits; not yet validated.

    Attributes:
        node: the syntax tree, with locations.
        validated: what is wrong with it, by the schema that it was validated against.
        decisions: what was decided about its operations, for the schema that parsed it.
        plans: how they run, or why graphql-core runs them.
    """

    node: DocumentNode
    validated: Validated = field(default_factory=WeakKeyDictionary, repr=False)
    decisions: Decisions = field(default_factory=dict, repr=False)
    plans: Plans = field(default_factory=dict, repr=False)
    _selected: dict[str | None, Operation] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """What the client sent."""
        return self.node.loc.source.body if self.node.loc else ""

    def operation(self, name: str | None, variables: Mapping[str, Any] | None = None) -> Operation:
        """Return the operation of that name, or the only one, with its variables.

        Raises:
            ValidationFailed: there is none, or there are several.
        """
        found = self._selected.get(name)
        if found is None:
            found = self._selected[name] = operation_of(self.node, name, {})
        if not variables:
            return found
        return Operation(found.node, found.fragments, variables, found.signatures)


_LEAST_COST = 100
"""What a plan costs beside its text, in bytes of text."""
_Outcome = Document | ParseFailed | OperationTooExpensive


class Documents:
    """The documents that clients send again; see :mod:`graph_api.execution.segments`."""

    def __init__(
        self,
        limits: Limits,
        *,
        max_entries: int = 1_000,
        max_bytes: int = 500_000,
        max_prepared: int = 1_000_000,
    ) -> None:
        """Keep at most ``max_entries`` documents whose texts are at most ``max_bytes`` together.

        The texts are counted in UTF-8, those that are refused with the others.

        A syntax tree takes up to 120 bytes for each byte of its text: 60 MB with the defaults.
        Of plans as many are kept as have ``max_prepared`` bytes of text together, a text counted
        for each of its plans, and as many decisions; a plan takes 50 to 160 bytes for each: some
        100 MB with the defaults.
        """
        self.limits = limits
        self._kept = Segments[_Outcome](max_entries, max_bytes)
        self._by_node = WeakValueDictionary[int, Document]()
        self._plans, self._decisions = Budget(max_prepared), Budget(max_prepared)

    def __len__(self) -> int:
        return len(self._kept)

    def parse(self, text: str) -> Document:
        """Return the document of a text.

        Raises:
            ParseFailed: with line and column; the ``GraphQLSyntaxError`` is its cause.
            OperationTooExpensive: the document exceeds a limit.
        """
        outcome = self._kept.get(text)
        if outcome is None:
            outcome = self._read(text)
            self._kept.put(text, outcome, len(text.encode("utf-8", "surrogatepass")))
        if isinstance(outcome, Document):
            return outcome
        # A fresh one each time: a kept exception would keep the frames it was last raised in.
        raise type(outcome)(outcome.message, reason=outcome.reason) from outcome.__cause__

    def of(self, node: DocumentNode) -> Document:
        """Return the document of a syntax tree, a new one if it is not one of ours."""
        return self._by_node.get(id(node)) or Document(node)

    def _read(self, text: str) -> _Outcome:
        try:
            node = parse(text, max_tokens=self.limits.max_tokens)
            check(node, self.limits)
        except GraphQLSyntaxError as error:
            return _refusal(error.with_traceback(None))
        except OperationTooExpensive as error:
            return error.with_traceback(None)
        cost = _LEAST_COST + len(text)
        plans, decisions = Share[Any](self._plans, cost), Share[Any](self._decisions, cost)
        document = Document(node, decisions=decisions, plans=plans)
        self._by_node[id(node)] = document
        return document


def operation(document: Document, name: str | None) -> OperationDefinitionNode:
    """Return the operation that a request selects, see :func:`operation_of`."""
    return document.operation(name).node


def _refusal(error: GraphQLSyntaxError) -> ParseFailed | OperationTooExpensive:
    """Tell too large from wrong: graphql-core raises the same class for both."""
    where = ", ".join(f"line {at.line}, column {at.column}" for at in error.locations or ())
    kind = OperationTooExpensive if error.description.endswith("Parsing aborted.") else ParseFailed
    refusal = kind(f"{error.message.removesuffix('.')} ({where}).")
    refusal.__cause__ = error
    return refusal
