"""Introspection shaped by the caller: it answers for the schema that they could use.

graphql-core looks each field up by ``GraphQLSchema.get_field``, the three introspection roads
(``__schema``, ``__type`` and a type's ``possibleTypes``) among them. Only these are answered for
another schema; what they return are types of that schema, so whatever is asked below follows.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, Literal

from graphql import (
    GraphQLField,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    is_abstract_type,
)
from graphql.type.introspection import introspection_types

from graph_api.authorization.guards import caller
from graph_api.authorization.principal import READS_SCHEMA
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.shape import Shapes, whole

Level = Literal["off", "shaped", "full"]


class Introspection:
    """Answers introspection for one schema."""

    def __init__(self, book: RuleBook, level: Callable[[], Level]) -> None:
        self._book = book
        self._level = level
        self._shapes = Shapes(book)
        self._look_up = book.schema.get_field
        self._roads = {
            "__schema": _resolved_by(SchemaMetaFieldDef, lambda *_: self.schema()),
            "__type": _resolved_by(TypeMetaFieldDef, lambda *_, name: self.schema().get_type(name)),
        }
        possible_types = introspection_types["__Type"].fields["possibleTypes"]  # type: ignore[attr-defined]
        self._possible_types = _resolved_by(
            possible_types, lambda of_type, _: self._possible(of_type)
        )

    @cached_property
    def _whole(self) -> GraphQLSchema:
        return whole(self._book)

    def install(self) -> None:
        """Take over the look-up of fields."""
        self._book.schema.get_field = self._get_field  # type: ignore[method-assign]

    def schema(self) -> GraphQLSchema:
        """Return the schema that the caller of the running operation sees."""
        principal = caller()
        if self._level() != "shaped" or READS_SCHEMA in principal.permissions:
            return self._whole
        return self._shapes.of(principal.grants)

    def _get_field(self, parent_type: Any, field_name: str) -> GraphQLField | None:
        found = self._look_up(parent_type, field_name)
        if found is None or not field_name.startswith(("__", "possibleTypes")):
            return found
        if field_name in self._roads:
            return self._roads[field_name]
        is_of_type = parent_type is introspection_types["__Type"]
        return self._possible_types if is_of_type else found

    def _possible(self, of_type: Any) -> Any:
        return self.schema().get_possible_types(of_type) if is_abstract_type(of_type) else None


def _resolved_by(field: GraphQLField, resolve: Callable[..., Any]) -> GraphQLField:
    resolved = copy(field)
    resolved.resolve = resolve
    return resolved
