"""What each caller introspects is what they could use, and a valid schema."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, cast

import pytest
import strawberry
from graphql import (
    build_client_schema,
    get_introspection_query,
    print_schema,
    print_type,
    validate_schema,
)
from hypothesis import given
from hypothesis import strategies as st

from graph_api import Carrier, HasPermission, IsAuthenticated, IsSelf, Principal, Public, Schema
from graph_api.authorization.principal import READS_SCHEMA
from graph_api.authorization.rulebook import ACTING
from graph_api.authorization.shape import shape, whole

INTROSPECTION = get_introspection_query(directive_is_repeatable=True)
SEE = HasPermission("thing:see")
PERMISSIONS = {"thing:see": "", "other:see": "", READS_SCHEMA: ""}


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    SECRET = strawberry.enum_value("secret", directives=[SEE])


@strawberry.enum
class Hidden(enum.Enum):
    ONLY = strawberry.enum_value("only", directives=[SEE])


@strawberry.interface
class Named:
    id: strawberry.ID = strawberry.field(permission_classes=[Public()])
    name: str | None = strawberry.field(default=None, permission_classes=[Public()])


@strawberry.type
class Plain(Named):
    own: int | None = strawberry.field(default=None, permission_classes=[IsSelf()])


@strawberry.type(directives=[SEE])
class Closed(Named):
    secret: int | None = None


@strawberry.type
class Cut(Named):
    name: str | None = strawberry.field(default=None, permission_classes=[SEE])


@strawberry.input
class Required:
    plain: int
    secret: Annotated[int, "required"] = strawberry.field(directives=[SEE])


@strawberry.input
class Optional:
    plain: int | None = None
    colour: Colour = Colour.RED
    secret: int | None = strawberry.field(default=None, directives=[SEE])


@strawberry.type(directives=[Carrier()])
class SignedIn:
    user: Plain = strawberry.field(metadata={ACTING: lambda _: Principal("u")})


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def named(self) -> Named | None:
        return Plain(id=strawberry.ID("1"))

    @strawberry.field(permission_classes=[Public()])
    def either(self) -> Annotated[Plain | Closed, strawberry.union("Either")] | None:
        return None

    @strawberry.field(permission_classes=[Public()])
    def only(self) -> Hidden | None:
        return None

    @strawberry.field(permission_classes=[Public()])
    def needs(self, by: Required) -> int | None:
        return 1

    @strawberry.field(permission_classes=[Public()])
    def takes(
        self,
        by: Optional | None = None,
        colour: Colour = Colour.SECRET,
        secret: Annotated[int | None, strawberry.argument(directives=[SEE])] = None,
    ) -> Colour | None:
        return None

    @strawberry.field(permission_classes=[Public()])
    def cut(self) -> Cut | None:
        return None

    @strawberry.field(permission_classes=[IsAuthenticated()])
    def mine(self) -> int | None:
        return 1

    @strawberry.field(permission_classes=[SEE])
    def closed(self) -> Closed | None:
        return None


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[Public(ignores_bearer=True)])
    def login(self) -> SignedIn | None:
        return None

    @strawberry.mutation(permission_classes=[SEE])
    def change(self, by: Required) -> int | None:
        return 1


schema = Schema(Query, Mutation, types=[Plain, Closed, Cut], permissions=PERMISSIONS)
NOBODY = Principal()
SOMEBODY = Principal("u")
ALL = Principal("u", permissions=frozenset({"thing:see", "other:see"}))


@dataclass
class Context:
    principal: Principal


def sdl(principal: Principal) -> str:
    return print_schema(shape(schema.rules, principal.grants))


async def introspected(principal: Principal) -> str:
    result = await schema.execute(INTROSPECTION, context_value=Context(principal))
    assert result.errors is None
    assert result.data is not None
    return print_schema(build_client_schema(cast("Any", result.data)))


def test_a_denied_field_is_gone_and_one_that_hangs_on_the_object_stays() -> None:
    assert "closed: Closed" not in sdl(SOMEBODY)
    assert "own: Int" in sdl(SOMEBODY)
    assert "mine" not in sdl(NOBODY)
    assert "mine" in sdl(SOMEBODY)


def test_a_type_without_a_field_left_vanishes_from_its_union_and_its_interface() -> None:
    assert "union Either = Plain\n" in sdl(SOMEBODY)
    assert "type Closed" not in sdl(SOMEBODY)
    assert "union Either = Plain | Closed" in sdl(ALL)


def test_an_object_that_lacks_a_field_of_an_interface_stops_implementing_it() -> None:
    assert "type Cut {" in sdl(SOMEBODY)
    assert "type Cut implements Named {" in sdl(ALL)


def test_an_enum_loses_denied_values_and_vanishes_with_its_last_one() -> None:
    assert "SECRET" not in sdl(SOMEBODY)
    assert "enum Hidden" not in sdl(SOMEBODY)
    assert "only: Hidden" not in sdl(SOMEBODY)
    assert "only: Hidden" in sdl(ALL)


def test_a_hidden_required_input_hides_what_takes_it_and_an_optional_one_just_itself() -> None:
    assert "needs(" not in sdl(SOMEBODY)
    assert "input Required" not in sdl(SOMEBODY)
    assert "input Optional {\n  plain: Int = null\n  colour: Colour! = RED\n}" in sdl(SOMEBODY)
    assert "secret: Int" not in sdl(SOMEBODY)
    assert "needs(by: Required!): Int" in sdl(ALL)


def test_a_hidden_default_is_printed_as_none() -> None:
    assert "colour: Colour!)" in sdl(SOMEBODY)
    assert "colour: Colour! = SECRET" in sdl(ALL)


def test_a_mutation_type_without_fields_is_gone_and_a_query_type_keeps_an_empty_one() -> None:
    @strawberry.type
    class Locked:
        field: int | None = strawberry.field(default=1, permission_classes=[SEE])

    locked = Schema(Locked, permissions=PERMISSIONS)
    assert print_type(shape(locked.rules, NOBODY.grants).type_map["Locked"]) == (
        "type Locked {\n  _empty: Boolean\n}"
    )
    assert "type Mutation {\n  login: SignedIn\n}" in sdl(NOBODY)


def test_what_a_sign_in_opens_stays_visible_to_those_who_have_not_signed_in() -> None:
    assert "own: Int" in sdl(NOBODY)


@given(st.sets(st.sampled_from(["authenticated", *(f"permission({p})" for p in PERMISSIONS)])))
def test_each_shaped_schema_is_valid(grants: set[str]) -> None:
    assert validate_schema(shape(schema.rules, frozenset(grants))) == []


@pytest.mark.anyio
@pytest.mark.parametrize("principal", [NOBODY, SOMEBODY, ALL])
async def test_introspection_answers_for_the_shaped_schema(principal: Principal) -> None:
    assert await introspected(principal) == sdl(principal)


@pytest.mark.anyio
async def test_no_road_of_introspection_leads_to_what_is_hidden() -> None:
    result = await schema.execute(
        """{
          closed: __type(name: "Closed") { name }
          named: __type(name: "Named") { possibleTypes { name } }
          either: __type(name: "Either") { possibleTypes { name } }
          again: __schema { types { name possibleTypes { name } } }
        }""",
        context_value=Context(SOMEBODY),
    )
    assert result.errors is None
    assert "Closed" not in str(result.data)
    assert result.data is not None
    assert result.data["named"] == {"possibleTypes": [{"name": "Plain"}]}


@pytest.mark.anyio
async def test_one_callers_shape_is_never_anothers() -> None:
    """The cache is by the grants that matter: asked in turns, each gets their own."""
    for principal in (ALL, NOBODY, SOMEBODY, ALL, NOBODY):
        assert await introspected(principal) == sdl(principal)


@pytest.mark.anyio
async def test_the_whole_schema_is_for_those_with_the_permission_and_for_tools() -> None:
    reader = Principal("u", permissions=frozenset({READS_SCHEMA}))
    assert await introspected(reader) == print_schema(whole(schema.rules))
    assert "type Closed" in await introspected(reader)
    assert "colour: Colour! = SECRET" in await introspected(reader)
    assert "Closed" in build_client_schema(cast("Any", schema.introspect())).type_map
    assert "colour: Colour! = SECRET" in schema.as_str()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ close }", {}),
        ("{ takes(secre: 1) }", {}),
        ("{ takes(colour: SECRE) }", {}),
        ("query ($c: Colour!) { takes(colour: $c) }", {"c": "SECRE"}),
        ("query ($o: Optional) { takes(by: $o) }", {"o": {"secre": 1}}),
        ("{ takes(by: {secre: 1}) }", {}),
        ("{ named { ... on Close { id } } }", {}),
    ],
)
async def test_no_did_you_mean_names_what_the_caller_may_not_see(
    document: str, variables: dict[str, Any]
) -> None:
    """graphql-core suggests names from the whole schema (graphql-js #2247)."""
    result = await schema.execute(
        document, variable_values=variables, context_value=Context(NOBODY)
    )
    [error] = result.errors or []
    assert "mean" not in error.message
    assert "SECRET" not in error.message
    assert "secret" not in error.message
    assert "losed" not in error.message
