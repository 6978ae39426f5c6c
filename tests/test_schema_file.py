"""``schema.graphql`` is the whole of the GraphQL contract, as it is served."""

from __future__ import annotations

from pathlib import Path

from graphql import build_schema, validate_schema

from schema import schema

FILE = Path(__file__).parents[1] / "schema.graphql"


def test_the_file_is_the_schema_that_is_served() -> None:
    assert FILE.read_text(encoding="utf-8") == schema.as_str().rstrip() + "\n", (
        "Look at what has changed, then: graph-api schema export --output schema.graphql"
    )


def test_the_file_is_a_schema_that_other_tools_can_read() -> None:
    assert validate_schema(build_schema(FILE.read_text(encoding="utf-8"))) == []
