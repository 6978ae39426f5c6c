"""What a function is given, where that is plain: literals and variables that need no conversion.

Most arguments are scalars of GraphQL's own, or enums. Of these Strawberry hands on what
graphql-core has coerced, so a plan knows beforehand which value goes where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLString,
    Undefined,
    ValueNode,
    VariableNode,
    is_enum_type,
    is_non_null_type,
    is_required_argument,
    is_scalar_type,
    is_specified_scalar_type,
)
from graphql.execution.values import get_argument_values

from graph_api.execution.resolvers import Call

_VALUES = (str, int, float, Enum, type(None))
"""What nobody can change, so that one will do for all runs."""


@dataclass(frozen=True)
class FromVariable:
    """An argument that is a variable.

    Attributes:
        name: the variable's.
        may_be_null: the argument takes null.
        absent: what is given if the variable has no value: nothing, or a default; None if there
            must be one.
    """

    name: str
    may_be_null: bool
    absent: Mapping[str, Any] | None


@dataclass(frozen=True)
class Given:
    """The arguments of a function, by its own names.

    Attributes:
        constants: those that are the same in each run.
        variables: those that are variables.
    """

    constants: Mapping[str, Any]
    variables: Mapping[str, FromVariable]

    def values(self, coerced: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the function is given in a run.

        Args:
            coerced: the variables.

        Returns:
            The arguments; None if graphql-core has to say what is wrong.
        """
        values = {**self.constants}
        for name, each in self.variables.items():
            value = coerced.get(each.name, Undefined)
            if value is Undefined and each.absent is not None:
                values.update(each.absent)
            elif value is Undefined or (value is None and not each.may_be_null):
                return None
            else:
                values[name] = value
        return values


def given_of(call: Call, definition: GraphQLField, node: FieldNode) -> Given | None:
    """Return what a function is given; None if that takes more than handing on.

    So it is for literals that become what nobody can change, and for variables: of scalars that
    are not the application's, and of enums.
    """
    if not all(_is_simple(each.type) for each in definition.args.values()):
        return None
    nodes = {each.name.value: each.value for each in node.arguments or ()}
    try:
        variables = dict(_from_variables(call, definition, nodes))
        literal = {name: each for name, each in definition.args.items() if not _varies(nodes, name)}
        return Given(_constants(call, literal, node), variables)
    except Exception:  # noqa: BLE001 -- told in each run
        return None


def _constants(
    call: Call, arguments: Mapping[str, GraphQLArgument], node: FieldNode
) -> dict[str, Any]:
    """Return what a function is given in each run.

    Raises:
        GraphQLError: if a value is wrong or lacks.
        ValueError: if it could be changed.
    """
    field = GraphQLField(GraphQLString, dict(arguments))
    constants = call.convert(get_argument_values(field, node))
    if not all(isinstance(each, _VALUES) for each in constants.values()):
        raise ValueError(constants)
    return constants


def _from_variables(
    call: Call, definition: GraphQLField, nodes: Mapping[str, ValueNode]
) -> Iterator[tuple[str, FromVariable]]:
    """Yield the arguments that are variables.

    Raises:
        ValueError: for one that Strawberry converts.
    """
    for name, argument in definition.args.items():
        node = nodes.get(name)
        if isinstance(node, VariableNode):
            as_it_is = object()
            [(own_name, converted)] = call.convert({name: as_it_is}).items()
            if converted is not as_it_is:
                raise ValueError(name)
            absent = None
            if not is_required_argument(argument):
                absent = _constants(call, {name: argument}, FieldNode(name=node.name))
            may_be_null = not is_non_null_type(argument.type)
            yield own_name, FromVariable(node.name.value, may_be_null, absent)


def _varies(nodes: Mapping[str, ValueNode], name: str) -> bool:
    return isinstance(nodes.get(name), VariableNode)


def _is_simple(of_type: Any) -> bool:
    inner = of_type.of_type if is_non_null_type(of_type) else of_type
    return is_enum_type(inner) or (is_scalar_type(inner) and is_specified_scalar_type(inner))
