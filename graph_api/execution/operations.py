"""The operation that a request selects, and the coercion of its variables.

GraphQL specification, sections 6.1 and 6.1.2.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.values import VariableValues, get_variable_values

from graph_api.authorization.decision import Operation
from graph_api.errors import ValidationFailed

NO_VARIABLES = VariableValues({}, {})
MOST_MISFITS = 50
"""Errors about variables, after which there is one more that says so."""


def operation_of(document: DocumentNode, name: str | None, variables: dict[str, Any]) -> Operation:
    """Return the operation that a request selects, with its variables.

    Args:
        document: the syntax tree.
        name: the request's ``operationName``; None and the empty string name none.
        variables: as the client sent them.

    Raises:
        ValidationFailed: there is no such operation, or there are several and none is named.
    """
    operations = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    chosen = [node for node in operations if not name or (node.name and node.name.value == name)]
    if len(chosen) == 1:
        return Operation(chosen[0], fragments_of(document), variables)
    names = ", ".join(node.name.value if node.name else "one without a name" for node in operations)
    if not operations:
        raise ValidationFailed("The document has no operation.")
    if chosen:
        raise ValidationFailed(f"The document has several operations: {names}. Say operationName.")
    raise ValidationFailed(f"The document has no operation of that name; it has: {names}.")


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    definitions = document.definitions
    return {
        each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)
    }


def misfits_of(
    schema: GraphQLSchema, operation: Operation, *, hide_suggestions: bool
) -> list[GraphQLError]:
    """Return why variables don't fit their types: before what they hold is judged."""
    values = coerced(schema, operation, hide_suggestions=hide_suggestions)
    return values if isinstance(values, list) else []


def coerced(
    schema: GraphQLSchema, operation: Operation, *, hide_suggestions: bool
) -> VariableValues | list[GraphQLError]:
    """Return the variables coerced to their types, or why they don't fit."""
    definitions = operation.node.variable_definitions
    if not definitions:
        return NO_VARIABLES
    return get_variable_values(
        schema, definitions, dict(operation.variables), MOST_MISFITS, hide_suggestions
    )
