"""What a schema would decide about an operation, without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph_api.authorization.decision import decide
from graph_api.authorization.explanation import Explained
from graph_api.authorization.explanation import explain as explain_fields
from graph_api.authorization.principal import READS_SCHEMA, Principal
from graph_api.errors import BadUserInput, ValidationFailed
from graph_api.execution.engine import WATCHED
from graph_api.execution.operations import misfits_of, operation_of
from graph_api.execution.schema import Schema

_READER = Principal("explain", permissions=frozenset({READS_SCHEMA}))
"""Whoever is explained something knows all names."""


@dataclass(frozen=True)
class Explanation:
    """The decision over an operation.

    Attributes:
        fields: what is decided about each field, in document order.
        is_rejected: nothing would run.
        refused: why graphql-core would run it, see :mod:`graph_api.execution.engine`; None if a
            plan would.
        is_concealed: it would be refused as invalid: the caller may not know all of its names.
    """

    fields: list[Explained]
    is_rejected: bool
    refused: str | None
    is_concealed: bool


def explain(
    schema: Schema,
    text: str,
    principal: Principal,
    *,
    variables: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
) -> Explanation:
    """Return what would be decided for a caller.

    Args:
        schema: the schema.
        text: the document.
        principal: the caller.
        variables: as a client would send them.
        operation_name: which operation, if the document has several.

    Raises:
        ParseFailed: the text is no document.
        OperationTooExpensive: it exceeds a limit.
        ValidationFailed: it does not fit the schema, or has no such operation.
        BadUserInput: the variables don't fit their types.
    """
    document = schema.documents.parse(text)
    if errors := schema.validate(document, _READER):
        raise ValidationFailed(" ".join(error.message for error in errors))
    operation = operation_of(document.node, operation_name, dict(variables or {}))
    if misfits := misfits_of(schema.rules.schema, operation, hide_suggestions=False):
        raise BadUserInput(" ".join(error.message for error in misfits))
    known = schema.names.schema(principal)
    is_concealed = bool(
        schema.validate(document, principal) or misfits_of(known, operation, hide_suggestions=True)
    )
    rejects = schema.denied_fields == "reject"
    decision = decide(schema.rules, operation, principal.grants, reject=rejects)
    fields = list(explain_fields(schema.rules, operation, principal.grants))
    plan = schema.engine.compile(operation, principal.grants)
    refused = WATCHED if schema.is_watched else plan if isinstance(plan, str) else None
    return Explanation(fields, decision.is_rejected, refused, is_concealed)
