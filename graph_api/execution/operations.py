"""The operation that a request selects, and the coercion of its variables.

GraphQL specification, sections 6.1 and 6.1.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    get_nullable_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

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
    signatures = operation.signatures.get(schema)
    if signatures is None:
        signatures = operation.signatures[schema] = _signatures(schema, definitions)
    return _as_they_are(signatures, operation.variables) or get_variable_values(
        schema, definitions, dict(operation.variables), MOST_MISFITS, hide_suggestions
    )


class Plain(NamedTuple):
    """What a variable may hold that is handed on as it is.

    Attributes:
        signature: graphql-core's.
        kind: the class of such values.
        may_be_null: so may null be.
        may_be_left_out: it need not be sent, and has no default.
    """

    signature: GraphQLVariableSignature
    kind: type
    may_be_null: bool
    may_be_left_out: bool


def _signatures(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> tuple[Plain, ...]:
    """Return the signatures of variables; none if some of them are always to be coerced."""
    found = tuple(_plain(get_variable_signature(schema, each)) for each in definitions)
    return tuple(each for each in found if each) if all(found) else ()


def _plain(signature: GraphQLVariableSignature | GraphQLError) -> Plain | None:
    if isinstance(signature, GraphQLError):
        return None
    may_be_null = not is_non_null_type(signature.type)
    kind = _PLAIN.get(get_nullable_type(signature.type))
    if kind is None:
        return None
    return Plain(signature, kind, may_be_null, may_be_null and signature.default is None)


def _as_they_are(
    signatures: Sequence[Plain], variables: Mapping[str, Any]
) -> VariableValues | None:
    """Return variables that need no coercion; None if one does, is wrong, or has a default."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for signature, kind, may_be_null, may_be_left_out in signatures:
        name = signature.name
        value = variables.get(name, Undefined)
        if value is Undefined and may_be_left_out:
            sources[name] = VariableValueSource(signature)
        elif _is_plain(value, kind) or (value is None and may_be_null):
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        else:
            return None
    return VariableValues(sources, coerced) if signatures else None


def _is_plain(value: object, kind: type) -> bool:
    return type(value) is kind and (kind is not int or value in _INTEGERS)


_PLAIN: Mapping[Any, type] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
}
_INTEGERS = range(-(2**31), 2**31)
