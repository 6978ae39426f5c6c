"""The rulebook: what covers a field, and what stops the start."""

import enum
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import pytest
import strawberry
from strawberry.directive import DirectiveLocation
from strawberry.permission import BasePermission, PermissionExtension

from graph_api.authorization.rules import (
    Carrier,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    rule,
)
from graph_api.errors import ConfigurationError
from graph_api.execution.extend import extend
from graph_api.execution.schema import Schema

Item = TypeVar("Item")
DECLARED: dict[str, Any] = {
    "permissions": {"user:read": "", "user:write": ""},
    "roles": {"admin": []},
}


def build(query: type, **options: Any) -> Schema:
    return Schema(query, **(DECLARED | options))


def root(of: Any) -> type:
    """A query type whose one field, open to all, returns the type."""

    @strawberry.type
    class Query:
        @strawberry.field(graphql_type=of | None, permission_classes=[Public()])
        def thing(self) -> None:
            return None

    return Query


@strawberry.enum(name="Thing", directives=[HasRole("admin")])
class GuardedEnum(enum.Enum):
    A = "a"


@strawberry.enum
class GuardedValue(enum.Enum):
    A = strawberry.enum_value("a", directives=[HasRole("admin")])


RuledArgument = Annotated[str | None, strawberry.argument(directives=[HasRole("admin")])]


@strawberry.type(directives=[Carrier()])
class Member:
    name: str


GuardedUnion = Annotated[Member, strawberry.union("Thing", directives=[HasRole("admin")])]


@strawberry.enum
class Color(enum.Enum):
    RED = "red"
    GOLD = strawberry.enum_value("gold", directives=[HasRole("admin")])


@strawberry.input
class Inner:
    colors: list[Color] | None = None


@strawberry.input
class Outer:
    inner: Inner | None = None
    again: list["Outer"] | None = None


def rules_of(query: type, **options: Any) -> dict[str, str]:
    return {name: each.rule for name, each in build(query, **options).rules.fields.items()}


class TestCoverage:
    def test_a_field_without_a_rule_stops_the_start_and_is_named_with_the_line_to_add(self) -> None:
        @strawberry.type
        class User:
            email: str

        with pytest.raises(ConfigurationError) as stop:
            build(root(User))
        assert "- User.email" in str(stop.value)
        assert "permission_classes=[HasPermission(" in str(stop.value)
        assert "directives=[Carrier()]" in str(stop.value)
        assert "Query.thing" not in str(stop.value)

    def test_an_application_on_its_way_in_may_leave_fields_uncovered(self) -> None:
        @strawberry.type
        class User:
            email: str

        schema = build(root(User), uncovered="allow")
        assert schema.rules.uncovered == ("User.email",)

    def test_rules_of_field_type_and_interface_must_all_pass(self) -> None:
        @strawberry.interface(directives=[IsAuthenticated()])
        class Node:
            name: str | None = strawberry.field(permission_classes=[IsSelf()])

        @strawberry.type(directives=[HasRole("admin")])
        class User(Node):
            name: str | None = strawberry.field(permission_classes=[HasPermission("user:read")])
            age: int | None

        assert rules_of(root(User)) == {
            "Query.thing": "public",
            "Node.name": "self(id) & authenticated",
            "User.name": "permission(user:read) & role(admin) & self(id) & authenticated",
            "User.age": "role(admin)",
        }

    def test_public_on_a_field_does_not_open_a_guarded_type(self) -> None:
        @strawberry.type(directives=[HasRole("admin")])
        class User:
            name: str | None = strawberry.field(permission_classes=[Public()])

        assert rules_of(root(User))["User.name"] == "role(admin)"

    def test_a_generic_type_carries_its_rule_to_each_of_its_types(self) -> None:
        @strawberry.type(directives=[Carrier()])
        class Connection(Generic[Item]):
            nodes: list[Item]

        @strawberry.type(directives=[IsAuthenticated()])
        class User:
            name: str

        assert rules_of(root(Connection[User]))["UserConnection.nodes"] == "carrier"

    def test_a_subclass_inherits_the_rules_of_fields_but_not_of_the_type(self) -> None:
        @strawberry.type(directives=[HasRole("admin")])
        class User:
            name: str | None = strawberry.field(permission_classes=[IsSelf()])
            age: int | None

        @strawberry.type
        class Guest(User):
            pass

        with pytest.raises(ConfigurationError, match=r"No rule covers:\n  - Guest\.age\n"):
            build(root(Guest))

    def test_a_field_added_by_extend_is_covered_like_any_other(self) -> None:
        @strawberry.type(directives=[IsAuthenticated()])
        class User:
            name: str

        @extend(User)
        class UserNotes:
            notes: str | None = strawberry.field(permission_classes=[IsSelf()], default=None)

        assert "User.notes" not in rules_of(root(User))
        assert rules_of(root(User), extend=[UserNotes])["User.notes"] == "self(id) & authenticated"

    def test_a_permission_extension_of_a_stranger_covers_and_holds_by_itself(self) -> None:
        class InTenant(BasePermission):
            def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
                return False

        @strawberry.type
        class Query:
            @strawberry.field(extensions=[PermissionExtension(permissions=[InTenant()])])
            def thing(self) -> str | None:
                return "secret"

        schema = build(Query)
        assert schema.rules.opaque == {"Query.thing"}
        result = schema.execute_sync("{ thing }")
        assert result.data == {"thing": None}
        assert len(result.errors or ()) == 1

    def test_introspection_is_never_ruled(self) -> None:
        @strawberry.type(directives=[HasRole("admin")])
        class Query:
            name: str = "n"

        schema = build(Query)
        assert not [name for name in schema.rules.fields if name.startswith("__")]
        result = schema.execute_sync(
            '{ __typename __schema { queryType { name } } __type(name: "Int") { name } }'
        )
        assert result.errors is None


class TestNames:
    @pytest.mark.parametrize(
        ("written", "near"),
        [
            (HasPermission("user:raed"), "permission(user:read)"),
            (HasRole("admim"), "role(admin)"),
            (IsSelf() | ~HasRole("Admin"), "role(admin)"),
        ],
    )
    def test_an_undeclared_name_stops_the_start_with_the_nearest(
        self, written: Any, near: str
    ) -> None:
        @strawberry.type
        class Query:
            name: str | None = strawberry.field(permission_classes=[written])

        with pytest.raises(ConfigurationError, match=r"rule of Query\.name") as stop:
            build(Query)
        assert f"Did you mean {near}?" in str(stop.value)

    def test_inputs_are_looked_at_too(self) -> None:
        @strawberry.type
        class Query:
            @strawberry.field(permission_classes=[Public()])
            def name(
                self,
                loud: Annotated[bool, strawberry.argument(directives=[HasRole("boss")])] = False,
            ) -> str | None:
                return None

        with pytest.raises(ConfigurationError, match=r"Query\.name\(loud:\) names role\(boss\)"):
            build(Query)

    def test_what_the_root_types_bring_along_is_declared(self) -> None:
        @strawberry.type
        class Query:
            __permissions__: ClassVar = {"note:read": "Read notes."}
            name: str | None = strawberry.field(permission_classes=[HasPermission("note:read")])

        assert Schema(Query).permissions == {"note:read": "Read notes."}

    def test_two_own_rules_of_one_name_would_be_one_in_print(self) -> None:
        def named_owns(answer: bool) -> Any:
            @rule
            def owns(_principal: Any, objects: Any) -> list[bool]:
                return [answer for _ in objects]

            return owns

        @strawberry.type
        class Query:
            one: str | None = strawberry.field(permission_classes=[named_owns(True)])
            two: str | None = strawberry.field(permission_classes=[named_owns(False)])

        with pytest.raises(ConfigurationError, match="Two rules are called owns"):
            build(Query)


class TestPlaces:
    def test_a_non_null_field_stricter_than_its_type_stops_the_start(self) -> None:
        @strawberry.type(directives=[IsAuthenticated()])
        class User:
            email: str = strawberry.field(permission_classes=[HasPermission("user:read")])

        with pytest.raises(
            ConfigurationError, match=r"User\.email is non-null.*permission\(user:read\)"
        ):
            build(root(User))

    def test_an_application_on_its_way_in_may_have_it(self) -> None:
        """Strawberry's permission classes stand on non-null fields wherever they were used."""

        @strawberry.type
        class Query:
            email: str = strawberry.field(permission_classes=[IsAuthenticated()])

        schema = Schema(Query, uncovered="allow")
        assert schema.rules.fields["Query.email"].rule == "authenticated"
        assert schema.execute_sync("{ email }").data is None

    def test_so_does_one_made_stricter_by_an_interface(self) -> None:
        @strawberry.interface(directives=[HasRole("admin")])
        class Node:
            id: strawberry.ID

        @strawberry.type(directives=[Carrier()])
        class User(Node):
            pass

        with pytest.raises(ConfigurationError, match=r"User\.id is non-null"):
            build(root(User))

    def test_a_non_null_field_of_a_guarded_type_is_fine(self) -> None:
        @strawberry.type(directives=[IsAuthenticated()])
        class User:
            email: str = strawberry.field(permission_classes=[IsAuthenticated()])
            name: str = strawberry.field(permission_classes=[Public()])

        assert rules_of(root(User))["User.email"] == "authenticated"

    def test_permission_classes_on_an_input_field_which_strawberry_ignores_stop_the_start(
        self,
    ) -> None:
        @strawberry.input
        class Filter:
            secret: str | None = strawberry.field(
                permission_classes=[HasRole("admin")], default=None
            )

        @strawberry.type
        class Query:
            @strawberry.field(permission_classes=[Public()])
            def things(self, filter: Filter | None = None) -> int | None:  # noqa: A002
                return None

        with pytest.raises(
            ConfigurationError, match=r"Filter\.secret has permission_classes.*directives="
        ):
            build(Query)

    def test_an_object_rule_on_an_argument_stops_the_start(self) -> None:
        @strawberry.type
        class Query:
            @strawberry.field(permission_classes=[Public()])
            def things(
                self,
                of: Annotated[
                    str | None,
                    strawberry.argument(directives=[HasRole("admin") | IsSelf()]),
                ] = None,
            ) -> int | None:
                return None

        with pytest.raises(ConfigurationError, match=r"Query\.things\(of:\) .*looks at an object"):
            build(Query)

    @pytest.mark.parametrize("thing", [GuardedEnum, GuardedUnion])
    def test_a_rule_where_nothing_would_hold_it_stops_the_start(self, thing: Any) -> None:
        with pytest.raises(ConfigurationError, match="Thing has a rule, which holds nothing there"):
            build(root(thing))

    def test_so_does_a_rule_on_an_input_type(self) -> None:
        @strawberry.input(directives=[HasRole("admin")])
        class Thing:
            name: str

        @strawberry.type
        class Query:
            @strawberry.field(permission_classes=[Public()])
            def things(self, thing: Thing | None = None) -> int | None:
                return None

        with pytest.raises(ConfigurationError, match="Thing has a rule, which holds nothing there"):
            build(Query)

    @pytest.mark.parametrize("taken", [GuardedValue, RuledArgument])
    def test_so_does_one_of_what_a_directive_in_a_document_takes(self, taken: Any) -> None:
        def cut(value: str, at: Any = None) -> str:
            return value

        cut.__annotations__["at"] = taken
        directive: Any = strawberry.directive(locations=[DirectiveLocation.FIELD])(cut)
        with pytest.raises(ConfigurationError, match=r"@cut\(at:\) takes what has a rule"):
            build(root(int), directives=[directive])

    def test_a_rule_written_as_a_directive_of_a_field_holds(self) -> None:
        @strawberry.type
        class Query:
            name: str | None = strawberry.field(directives=[HasRole("admin")], default="n")

        assert rules_of(Query) == {"Query.name": "role(admin)"}

    def test_extending_with_a_field_that_is_there_would_replace_its_rule(self) -> None:
        @strawberry.type
        class User:
            email: str | None = strawberry.field(permission_classes=[HasRole("admin")])

        @extend(User)
        class Shadow:
            email: str | None = strawberry.field(permission_classes=[Public()])

        with pytest.raises(ConfigurationError, match="User has email already"):
            build(root(User), extend=[Shadow])

    def test_extending_a_type_that_is_not_there_stops_the_start(self) -> None:
        @strawberry.type(directives=[Carrier()])
        class User:
            email: str | None

        @extend(User)
        class Note:
            note: str | None = strawberry.field(permission_classes=[Public()])

        @strawberry.type(directives=[Carrier()])
        class Other:
            name: str

        with pytest.raises(ConfigurationError, match="User is no type of this schema"):
            build(root(Other), extend=[Note])


class TestInputs:
    def test_an_arguments_rule_holds_on_the_fields_interface_and_on_its_types(self) -> None:
        """Else the argument could be given through the other."""
        ruled = Annotated[int | None, strawberry.argument(directives=[HasRole("admin")])]

        @strawberry.interface
        class Node:
            @strawberry.field(permission_classes=[Public()])
            def one(self, of: int | None = None) -> int | None:
                return None

            @strawberry.field(permission_classes=[Public()])
            def two(self, of: ruled = None) -> int | None:
                return None

        @strawberry.type
        class User(Node):
            @strawberry.field(permission_classes=[Public()])
            def one(self, of: ruled = None) -> int | None:
                return None

            @strawberry.field(permission_classes=[Public()])
            def two(self, of: int | None = None) -> int | None:
                return None

        book = build(root(User)).rules
        assert {name: each.rule for name, each in book.inputs.items()} == dict.fromkeys(
            ["Node.one(of:)", "Node.two(of:)", "User.one(of:)", "User.two(of:)"], "role(admin)"
        )

    def test_fields_that_may_be_given_something_ruled_are_known_however_deep(self) -> None:
        @strawberry.type
        class Query:
            @strawberry.field(permission_classes=[Public()])
            def deep(self, outer: list[Outer] | None = None) -> int | None:
                return None

            @strawberry.field(permission_classes=[Public()])
            def flat(self, count: int | None = None) -> int | None:
                return None

        assert build(Query).rules.takes_ruled == {"Query.deep"}


class TestMutations:
    def test_what_ignores_the_bearer_is_known_by_schema_name(self) -> None:
        @strawberry.type
        class Query:
            name: str | None = strawberry.field(permission_classes=[Public()])

        @strawberry.type
        class Mutation:
            @strawberry.mutation(permission_classes=[Public(ignores_bearer=True)])
            def sign_in(self) -> int | None:
                return None

            @strawberry.mutation(permission_classes=[Public()])
            def other(self) -> int | None:
                return None

        assert build(Query, mutation=Mutation).ignores_bearer == {"signIn"}
