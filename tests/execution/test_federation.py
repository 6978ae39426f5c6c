"""A subgraph: what a gateway asks for obeys the rules as every other field does."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import pytest
import strawberry
from strawberry import federation
from strawberry.permission import BasePermission

from graph_api import FederationSchema, HasPermission, HasRole, IsSelf, Principal, Public, rule
from graph_api.authorization.printed import read
from graph_api.errors import ConfigurationError

ANYONE = Principal()
CLERK = Principal("1", roles=frozenset({"clerk"}))
GATEWAY = Principal("2", permissions=frozenset({"schema:read"}))
ENTITIES = (
    "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Product { id cost } } }"
)
SDL = "{ _service { sdl } }"


class Owner(BasePermission):
    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return True


@dataclass
class Context:
    principal: Principal


@federation.type(keys=["id"])
class Product:
    id: strawberry.ID = federation.field(permission_classes=[Public()])
    cost: int | None = federation.field(
        permission_classes=[HasRole("clerk") | IsSelf(by="seller_id")]
    )
    seller_id: strawberry.Private[str]

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Self:  # noqa: A002 -- the key's name
        return cls(id=id, cost=3, seller_id="2")


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def product(self) -> Product | None:
        return None


def ask(document: str, caller: Principal, schema: Any = None) -> Any:
    schema = schema or FederationSchema(Query, roles={"clerk": []})
    variables = {"of": [{"__typename": "Product", "id": "7"}]} if "$of" in document else {}
    return schema.execute_sync(document, variables, context_value=Context(caller))


@pytest.mark.parametrize(("caller", "cost"), [(ANYONE, None), (CLERK, 3), (GATEWAY, 3)])
def test_each_field_of_an_entity_has_its_own_rule(caller: Principal, cost: int | None) -> None:
    """The third is the seller: the rule looks at the object."""
    result = ask(ENTITIES, caller)
    assert result.data == {"_entities": [{"id": "7", "cost": cost}]}
    denied = [error.extensions["coordinate"] for error in result.errors or ()]
    assert denied == ([] if cost else ["Product.cost"])


def test_the_whole_schema_is_shown_to_those_who_may_read_it() -> None:
    schema = FederationSchema(Query, roles={"clerk": []})
    assert ask(SDL, GATEWAY, schema).data["_service"]["sdl"] == schema.as_str()


@pytest.mark.parametrize("caller", [ANYONE, CLERK])
def test_to_others_it_is_not_shown(caller: Principal) -> None:
    result = ask(SDL, caller)
    assert result.data is None
    [error] = result.errors
    assert error.extensions["coordinate"] == "_Service.sdl"


@pytest.mark.parametrize(("caller", "sees"), [(ANYONE, False), (GATEWAY, True)])
def test_introspection_shows_it_to_the_same(*, caller: Principal, sees: bool) -> None:
    types = ask("{ __schema { types { name } } }", caller).data["__schema"]["types"]
    assert ("_Service" in {each["name"] for each in types}) is sees


def test_an_own_service_field_has_its_own_rule() -> None:
    @strawberry.type
    class Sdl:
        sdl: str | None = strawberry.field(permission_classes=[Public()])

    @strawberry.type
    class Own(Query):
        @strawberry.field(name="_service", permission_classes=[Public()])
        def service(self) -> Sdl:
            return Sdl(sdl="mine")

    schema = FederationSchema(Own, roles={"clerk": []})
    assert ask(SDL, ANYONE, schema).data == {"_service": {"sdl": "mine"}}


@rule
def owns(principal: Principal, objects: Sequence[Any]) -> Sequence[bool]:
    return [True for _ in objects]


def forgeable(looks: type[Any]) -> type:
    """Return the query of an entity that Strawberry builds from whatever a caller sends."""

    @federation.type(keys=["id"])
    class Note:
        id: strawberry.ID = federation.field(permission_classes=[Public()])
        owner_id: str | None = federation.field(permission_classes=[Public()])
        text: str | None = federation.field(permission_classes=[looks])

    @strawberry.type
    class Root:
        note: Note | None = strawberry.field(permission_classes=[Public()], default=None)

    return Root


@pytest.mark.parametrize("looks", [IsSelf(by="owner_id"), HasRole("clerk") | owns])
def test_an_entity_whose_owner_a_caller_could_forge_stops_the_start(looks: type[Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"Note\.text .*no resolve_reference"):
        FederationSchema(forgeable(looks), roles={"clerk": []})


class FromBefore(BasePermission):
    """A stranger's permission: what it looks at is not known, and was the application's choice."""

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return True


@pytest.mark.parametrize("looks", [HasRole("clerk"), FromBefore])
def test_an_entity_whose_rules_do_not_look_at_it_needs_no_resolver(looks: type[Any]) -> None:
    assert FederationSchema(forgeable(looks), roles={"clerk": []}).rules.fields["Note.text"]


def test_a_field_that_nothing_covers_stops_the_start_here_too() -> None:
    @strawberry.type
    class Root:
        a: int | None = None

    with pytest.raises(ConfigurationError, match=r"No rule covers:\n  - Query\.a\n"):
        FederationSchema(Root)


def test_its_rules_can_be_read_from_its_text() -> None:
    schema = FederationSchema(Query, roles={"clerk": []}, federation_version="2.7")
    sdl = schema.as_str()
    assert "federation/v2.7" in sdl
    assert 'type Product @key(fields: "id")' in sdl
    rules = {name: rule.rule for name, rule in read(sdl).fields.items()}
    assert rules == {name: rule.rule for name, rule in schema.rules.fields.items()}


@strawberry.interface(directives=[HasPermission("a:read")])
class Named:
    name: str | None = strawberry.field(permission_classes=[Public()])


@strawberry.type(directives=[HasRole("clerk")])
class Thing(Named):
    name: str | None = strawberry.field(permission_classes=[HasPermission("b:read")])
    size: int | None = strawberry.field(permission_classes=[HasPermission("b:read") | Owner])


class TestTheGatewaysDirectives:
    def sdl(self, **options: Any) -> str:
        permissions = {"a:read": "", "b:read": ""}
        declared: Any = {"roles": {"clerk": []}, "permissions": permissions}
        return FederationSchema(Query, types=[Thing], **declared, **options).as_str()

    def line(self, field: str) -> str:
        (found,) = (line for line in self.sdl().splitlines() if line.startswith(f"  {field}"))
        return found.strip()

    def test_they_stand_beside_the_rule_where_they_say_the_same_or_less(self) -> None:
        assert self.line("id:") == 'id: ID! @guard(rule: "public")'
        assert self.line("cost:").endswith("@authenticated")

    def test_they_say_all_that_holds_of_the_field(self) -> None:
        """The rules of its type and of its interfaces too."""
        thing = self.sdl().partition("type Thing")[2]
        assert '@requiresScopes(scopes: [["a:read", "b:read"]])' in thing.partition("size")[0]
        size = thing.partition("size")[2].partition("}")[0]
        assert size.endswith('@requiresScopes(scopes: [["a:read"]])\n')

    def test_there_are_none_on_interfaces(self) -> None:
        """Who composes a supergraph refuses them there."""
        named = self.sdl().partition("interface Named")[2].partition("}")[0]
        assert "@authenticated" not in named
        assert "@requiresScopes" not in named

    def test_what_they_come_from_is_linked(self) -> None:
        assert 'import: ["@authenticated", "@key", "@requiresScopes"]' in self.sdl()

    def test_versions_before_them_have_none(self) -> None:
        sdl = self.sdl(federation_version="2.4")
        assert "@authenticated" not in sdl
        assert "@requiresScopes" not in sdl

    def test_the_types_stay_as_they_were(self) -> None:
        self.sdl()
        stock = federation.Schema(Query, types=[Thing]).as_str()
        assert "@authenticated" not in stock


def test_a_permission_of_the_gateway_can_be_declared_with_others() -> None:
    @strawberry.type
    class Root:
        a: int | None = strawberry.field(permission_classes=[HasPermission("a:read")], default=1)

    schema = FederationSchema(Root, permissions={"a:read": "Read a."})
    assert set(schema.permissions) == {"schema:read", "a:read"}


def test_the_method_that_we_override_is_there() -> None:
    method = federation.Schema._get_federation_query_type
    assert list(inspect.signature(method).parameters)[:2] == ["self", "query"]
