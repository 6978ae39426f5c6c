"""The operation that a request selects, and the coercion of its variables.

GraphQL specification, sections 6.1 and 6.1.2.
"""

from __future__ import annotations

from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values
from graphql.utilities import get_operation_ast

from graph_api.authorization.decision import Operation
from graph_api.errors import ValidationFailed

MOST_MISFITS = 50
"""Errors about variables, after which there is one more that says so."""


def operation_of(document: DocumentNode, name: str | None, variables: dict[str, Any]) -> Operation:
    """Return the operation of that name, or the only one.

    Raises:
        ValidationFailed: there is none, or there are several.
    """
    node = get_operation_ast(document, name)
    if node is None:
        raise ValidationFailed("The document has no such operation, or several: name one of them.")
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    return Operation(node, fragments, variables)


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
        return VariableValues({}, {})
    return get_variable_values(
        schema, definitions, dict(operation.variables), MOST_MISFITS, hide_suggestions
    )
