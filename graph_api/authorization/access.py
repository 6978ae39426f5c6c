"""What may a caller do? The verdict on a field, as far as it is known before an operation."""

from __future__ import annotations

import enum
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from graph_api.authorization.principal import Grants
from graph_api.authorization.rulebook import RuleBook


class Verdict(enum.Enum):
    """The verdict on a field."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS_ON_OBJECT = "depends_on_object"


VERDICTS = {True: Verdict.ALLOWED, False: Verdict.DENIED, None: Verdict.DEPENDS_ON_OBJECT}
"""What a static judgement comes to."""


def verdict(book: RuleBook, known: GraphQLSchema, coordinate: str, grants: Grants) -> Verdict:
    """Return what the grants say of a field; an unknown one is denied, like a hidden one.

    Args:
        book: the rules of the whole schema.
        known: the schema whose names the caller may know.
        coordinate: the field's, such as ``User.email``.
        grants: what the caller holds.
    """
    is_known = coordinate in book.fields and _has(known, coordinate)
    return VERDICTS[book.verdict(coordinate, grants)] if is_known else Verdict.DENIED


def _has(schema: GraphQLSchema, coordinate: str) -> bool:
    type_name, _, name = coordinate.partition(".")
    return name in getattr(schema.type_map.get(type_name), "fields", ())


def coordinates_of(schema: GraphQLSchema, document: DocumentNode) -> list[str]:
    """Return the coordinates of all fields in a document, each once; linear in the document.

    A field below what the schema has not is left as ``?.name``: the verdict on it is to be denied.

    Args:
        schema: whose names the caller may know.
        document: what is asked.
    """
    types = TypeInfo(schema)
    found: dict[str, None] = {}

    class Collector(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = types.get_parent_type()
            if not node.name.value.startswith("__"):
                found[f"{parent.name if parent else '?'}.{node.name.value}"] = None

    visit(document, TypeInfoVisitor(types, Collector()))
    return list(found)
