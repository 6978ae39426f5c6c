"""The rules of a schema, read back from its SDL: ``@guard`` says all of them.

What stands nowhere in an SDL is not there either: fields below which another caller is judged, and
permissions that only a ``PermissionExtension`` of somebody's own holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    GraphQLError,
    GraphQLSchema,
    StringValueNode,
    build_ast_schema,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate_schema,
)
from graphql.validation import KnownDirectivesRule, UniqueDirectivesPerLocationRule
from graphql.validation.specified_rules import specified_sdl_rules
from graphql.validation.validate import validate_sdl

from graph_api.authorization import text
from graph_api.authorization.rulebook import DEFINITION, RuleBook
from graph_api.authorization.rules import Rule
from graph_api.errors import ConfigurationError

_LOOSE = {KnownDirectivesRule, UniqueDirectivesPerLocationRule}
"""A federation schema doesn't define what it links to; several rules on a field must all pass."""


class InvalidSchema(ConfigurationError):
    """A text that is no schema in SDL, or has a ``@guard`` that can't be read."""


@dataclass(frozen=True)
class _Definition:
    """Stands where Strawberry's definition of an element would, with the rules of the SDL."""

    directives: list[Rule]
    extensions: tuple[Any, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read(sdl: str) -> RuleBook:
    """Return the rules of a schema in SDL.

    Raises:
        InvalidSchema: the text is no schema, or a rule in it is none.
    """
    try:
        schema = _build(sdl)
        for element in _elements(schema):
            element.extensions[DEFINITION] = _Definition(list(_rules(element)))
        return RuleBook.of(schema)
    except (GraphQLError, TypeError) as error:
        raise InvalidSchema(f"this is no schema in SDL: {_sentence(error)}") from error


def _sentence(error: GraphQLError | TypeError) -> str:
    if not isinstance(error, GraphQLError):
        return str(error)
    lines = ", ".join(str(at.line) for at in error.locations or ())
    return error.message + (f" (line {lines})" if lines else "")


def _build(sdl: str) -> GraphQLSchema:
    document = parse(sdl)
    rules = [rule for rule in specified_sdl_rules if rule not in _LOOSE]
    for error in validate_sdl(document, rules=rules):
        raise error
    schema = build_ast_schema(document, assume_valid_sdl=True)
    for error in validate_schema(schema):
        raise error
    return schema


def _elements(schema: GraphQLSchema) -> Iterator[Any]:
    for named in schema.type_map.values():
        if is_introspection_type(named) or is_specified_scalar_type(named):
            continue  # every schema of the process shares them
        yield named
        yield from getattr(named, "values", {}).values()
        for each in getattr(named, "fields", {}).values():
            yield each
            yield from getattr(each, "args", {}).values()


def _rules(element: Any) -> Iterator[Rule]:
    nodes = (element.ast_node, *getattr(element, "extension_ast_nodes", ()))
    for node in filter(None, nodes):
        for directive in node.directives or ():
            if directive.name.value == "guard":
                yield text.parse(_text(directive))


def _text(directive: DirectiveNode) -> str:
    for argument in directive.arguments or ():
        if argument.name.value == "rule" and isinstance(argument.value, StringValueNode):
            return argument.value.value
    raise GraphQLError('@guard has no text: it is written @guard(rule: "…").', directive)
