"""Rules are read from any SDL that says them, and from none that can't be trusted to."""

from __future__ import annotations

import pytest
import strawberry
from graphql import GraphQLString, build_schema

from graph_api.authorization.printed import InvalidSchema, read
from graph_api.authorization.rules import HasRole
from graph_api.errors import ConfigurationError
from graph_api.execution.schema import Schema

GUARD = "directive @guard(rule: String!) on FIELD_DEFINITION | OBJECT\n"


def rule_of(sdl: str, coordinate: str) -> str:
    return read(sdl).fields[coordinate].rule


def test_a_rule_on_an_extension_of_a_type_holds_for_the_type() -> None:
    sdl = GUARD + 'type Query { a: Int } extend type Query @guard(rule: "role(a)") { b: Int }'
    assert rule_of(sdl, "Query.a") == rule_of(sdl, "Query.b") == "role(a)"


def test_a_federation_schema_links_to_directives_that_it_does_not_define() -> None:
    sdl = """
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { thing: Thing @guard(rule: "role(a)") @authenticated }
    type Thing @key(fields: "id") { id: ID! }
    """
    assert rule_of("schema { query: Query }" + sdl, "Query.thing") == "role(a)"


def test_a_rule_in_a_block_string_is_the_same() -> None:
    assert rule_of(GUARD + 'type Query { a: Int @guard(rule: """role(a)""") }', "Query.a") == (
        "role(a)"
    )


@pytest.mark.parametrize(
    "sdl",
    [
        "",
        "no schema",
        "{ query }",
        "type A { a: Int }",
        "type Query { a: Nowhere }",
        "type Query { a: Int } type Query { b: Int }",
        "type Query { a: Int a: Int }",
        "type Query implements I { a: Int } interface I { b: Int }",
        "type Query { a: Int @guard }",
        "type Query { a: Int @guard(rule: 1) }",
        'type Query { a: Int @guard(rules: "role(a)") }',
        'type Query { a: Int @guard(rule: "role(a)", rule: "public") }',
        "\0",
    ],
)
def test_what_is_no_schema_is_refused(sdl: str) -> None:
    with pytest.raises(InvalidSchema, match="no schema in SDL"):
        read(GUARD + sdl)


@pytest.mark.parametrize(
    "sdl",
    [
        'type Query { a: Int @guard(rule: "role(a") }',
        'type Query { a: Int @guard(rule: "") }',
        'type Query { a: Int } scalar S @guard(rule: "role(a)")',
    ],
)
def test_a_rule_that_could_not_hold_is_refused(sdl: str) -> None:
    with pytest.raises(ConfigurationError):
        read(GUARD + sdl)


@strawberry.type
class Query:
    both: int | None = strawberry.field(permission_classes=[HasRole("a"), HasRole("b")])


def test_several_rules_of_a_field_are_printed_as_a_valid_schema_and_must_all_pass() -> None:
    sdl = Schema(Query, roles={"a": [], "b": []}).as_str()
    assert sdl.count("@guard(") == 3
    build_schema(sdl)
    assert rule_of(sdl, "Query.both") == "role(a) & role(b)"


def test_a_schema_on_its_way_in_can_be_read() -> None:
    """``Schema(uncovered="allow")`` takes it, so ``graph-api schema diff`` must, too."""
    book = read(GUARD + 'type Query { a: Int! @guard(rule: "role(a)")  b: Int }')
    assert (book.fields["Query.a"].rule, book.uncovered) == ("role(a)", ("Query.b",))


def test_reading_an_sdl_leaves_the_types_that_all_schemas_share_as_they_were() -> None:
    read('type Query { a: String @guard(rule: "public") }')
    assert GraphQLString.extensions == {}
