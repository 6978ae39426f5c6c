"""Introspection explains everything: each type, field, argument, input field and enum value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLNamedType, GraphQLSchema, build_schema

from graph_api.accounts.graphql.schema import schema as accounts_schema
from schema import schema


def _elements(built: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Yield each coordinate with its description."""
    for name, each in built.type_map.items():
        if not name.startswith("__"):
            yield name, each.description
            yield from _parts(name, each)
    for directive in built.directives:
        yield f"@{directive.name}", directive.description


def _parts(name: str, each: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    members: dict[str, Any] = getattr(each, "fields", None) or getattr(each, "values", {})
    for member, element in members.items():
        yield f"{name}.{member}", element.description
        for arg, argument in getattr(element, "args", {}).items():
            yield f"{name}.{member}({arg}:)", argument.description


@pytest.mark.parametrize(
    "sdl", [schema.as_str(), accounts_schema.as_str()], ids=["app", "accounts"]
)
def test_nothing_is_without_a_description(sdl: str) -> None:
    elements = dict(_elements(build_schema(sdl)))
    assert len(elements) > 200
    assert [coordinate for coordinate, text in elements.items() if not text] == []


def test_each_description_is_a_sentence() -> None:
    elements = _elements(build_schema(schema.as_str()))
    not_ours = ["DateTime"]
    assert [
        coordinate
        for coordinate, text in elements
        if text and not text.endswith(".") and not coordinate.startswith("@")
    ] == not_ours
