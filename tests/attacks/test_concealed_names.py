"""Attacks that ask whether a name exists: with ``conceal`` a hidden one is as one that never was.

OWASP GraphQL cheat sheet, 'Introspection' and 'Don't return excessive errors'; ASVS 5, 8.2.3. Each
attack is sent twice, with a hidden name and with one of the same length that there is not, and the
two answers must be the same bytes but for the name.
"""

from __future__ import annotations

import enum
import json
from typing import Annotated, Any, NewType

import pytest
import strawberry
from graphql import get_introspection_query
from strawberry import federation
from strawberry.directive import DirectiveLocation
from strawberry.schema.config import StrawberryConfig

from graph_api import (
    Carrier,
    Conceal,
    FederationSchema,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    Schema,
)
from graph_api.accounts.graphql.query import AccountsQuery
from graph_api.authorization.principal import READS_SCHEMA
from graph_api.errors import ConfigurationError
from graph_api.execution.limits import Limits
from graph_api.execution.plan import Plan
from graph_api.execution.result import NotExecuted
from tests.authorization.callers import Caller, anonymous, caller

pytestmark = pytest.mark.anyio

ADMIN: Any = HasRole("admin")
DECLARED: Any = {"roles": {"admin": []}, "permissions": {READS_SCHEMA: ""}}


Weight = NewType("Weight", int)
SCALARS: Any = {Weight: strawberry.scalar(name="Weight", description="Not of a `Secret`.")}


@strawberry.enum
class Order(enum.Enum):
    NAME = "name"
    SALARY = strawberry.enum_value(
        "salary", directives=[ADMIN], description="By `salary`.", deprecation_reason="By `salary`."
    )
    SIZE = strawberry.enum_value(
        "size", directives=[IsAuthenticated()], deprecation_reason="See `salary`."
    )


@strawberry.enum(description="Not a `Secret`.")
class Edge(enum.Enum):
    END = "end"


@strawberry.input
class Filter:
    name: str | None = None
    salary: int | None = strawberry.field(default=None, directives=[ADMIN])
    maybe: strawberry.Maybe[int] = strawberry.field(default=None, directives=[ADMIN])
    order: Order = Order.SALARY


@strawberry.type(directives=[Carrier()], description="Reached through what is hidden.")
class Closed:
    one: int | None = 1


@strawberry.directive(
    locations=[DirectiveLocation.FIELD], description="As `Closed` says, not `salary`."
)
def cut(value: str, at: Edge = Edge.END) -> str:
    return value


@strawberry.interface(directives=[Carrier()])
class Thing:
    size: int | None = 1


@strawberry.type(directives=[Carrier()], description="As a `Secret` is, `salary` apart.")
class Person(Thing):
    id: str = "usr_1"
    name: str | None = "Ann"
    email: str | None = strawberry.field(permission_classes=[IsSelf()], default="a@b.c")
    phone: str | None = strawberry.field(permission_classes=[IsAuthenticated()], default="1")
    salary: int | None = strawberry.field(permission_classes=[ADMIN], default=1)
    order: Order | None = Order.SALARY
    first_order: Order | None = Order.SIZE
    orders: list[Order] | None = strawberry.field(default_factory=lambda: list(Order))


@strawberry.type(directives=[ADMIN])
class Secret(Thing):
    id: str = "1"
    other: int | None = 1


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def person(
        self,
        where: Filter | None = None,
        orders: list[Order] | None = None,
        hidden: Annotated[bool, strawberry.argument(directives=[ADMIN])] = False,
        by: Order = Order.SALARY,
    ) -> Person | None:
        return Person()

    @strawberry.field(permission_classes=[Public()])
    def things(self) -> list[Thing | None] | None:
        return [Person(), Secret()]

    @strawberry.field(permission_classes=[Public()])
    def strict(self) -> list[Thing] | None:
        return [Person(), Secret()]

    @strawberry.field(permission_classes=[ADMIN])
    def secret(self) -> Secret | None:
        return Secret()

    @strawberry.field(permission_classes=[ADMIN])
    def closed(self) -> Closed | None:
        return Closed()

    @strawberry.field(permission_classes=[Public()], deprecation_reason="Ask for `secret`.")
    def old(self, edge: Edge | None = None) -> Weight | None:
        return None


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[ADMIN])
    def remove(self, info: strawberry.Info) -> int | None:
        info.context.calls.append("remove")
        return 1

    @strawberry.mutation(permission_classes=[Public()])
    def rename(self, info: strawberry.Info) -> Person | None:
        info.context.calls.append("rename")
        return Person()


def build(**options: Any) -> Schema:
    config = StrawberryConfig(scalar_map=SCALARS)
    parts: Any = {"types": [Secret], "directives": [cut], "config": config}
    return Schema(Query, Mutation, **(parts | DECLARED | options))


SCHEMA = build(denied_names="conceal")
ATTACKS = {
    "a root field": ("{ NAME }", "secret", "nosuch", {}),
    "a root field with selections": ("{ NAME { id } }", "secret", "nosuch", {}),
    "a field": ("{ person { NAME } }", "salary", "nosuch", {}),
    "a field under an alias": ("{ person { a: NAME } }", "salary", "nosuch", {}),
    "a field in a fragment": (
        "{ person { ...F } } fragment F on Person { NAME }",
        "salary",
        "nosuch",
        {},
    ),
    "a skipped field": ("{ person { name NAME @skip(if: true) } }", "salary", "nosuch", {}),
    "a type condition": ("{ things { ... on NAME { id } } }", "Secret", "Nosuch", {}),
    "a fragment's type": (
        "{ things { ...F } } fragment F on NAME { id }",
        "Secret",
        "Nosuch",
        {},
    ),
    "an argument": ("{ person(NAME: true) { name } }", "hidden", "nosuch", {}),
    "an input field": ("{ person(where: {NAME: 1}) { name } }", "salary", "nosuch", {}),
    "an input field given null": (
        "{ person(where: {NAME: null}) { name } }",
        "maybe",
        "nosuc",
        {},
    ),
    "an enum value": ("{ person(orders: [NAME]) { name } }", "SALARY", "NOSUCH", {}),
    "an enum value of a variable": (
        "query ($o: [Order!]) { person(orders: $o) { name } }",
        "SALARY",
        "NOSUCH",
        {"o": ["NAME"]},
    ),
    "an input field of a variable": (
        "query ($w: Filter) { person(where: $w) { name } }",
        "salary",
        "nosuch",
        {"w": {"NAME": 1}},
    ),
    "the type of a variable": (
        "query ($w: NAME) { person { name } }",
        "Secret",
        "Nosuch",
        {},
    ),
    "a mutation": ("mutation { rename { name } NAME }", "remove", "nosuch", {}),
    "introspection": ('{ __type(name: "NAME") { name fields { name } } }', "Secret", "Nosuch", {}),
}


async def ask(document: str, who: Caller, variables: Any = None, schema: Schema = SCHEMA) -> str:
    """Return the whole answer, and whether it ran, as text."""
    result = await schema.execute(document, variables, context_value=who)
    errors = [each.formatted for each in result.errors or ()]
    return json.dumps([type(result).__name__, getattr(result, "phase", None), result.data, errors])


@pytest.mark.parametrize("who", [caller(), anonymous()], ids=["signed in", "anonymous"])
@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_hidden_name_is_answered_as_one_that_there_is_not(attack: str, who: Caller) -> None:
    document, hidden, unknown, variables = ATTACKS[attack]
    answers = []
    for name in (hidden, unknown):
        given = json.loads(json.dumps(variables).replace("NAME", name))
        answer = await ask(document.replace("NAME", name), who, given)
        answers.append(answer.replace(name, "NAME"))
    assert answers[0] == answers[1]
    assert "role(admin)" not in answers[0]
    assert who.calls == []


@pytest.mark.parametrize("attack", ATTACKS)
async def test_whoever_may_use_the_name_is_answered_as_ever(attack: str) -> None:
    document, hidden, _, variables = ATTACKS[attack]
    given = json.loads(json.dumps(variables).replace("NAME", hidden))
    for who in (caller(roles=("admin",)), caller(READS_SCHEMA)):
        concealed = await ask(document.replace("NAME", hidden), who, given)
        forbidden = await ask(document.replace("NAME", hidden), who, given, build())
        assert concealed == forbidden


async def test_an_anonymous_caller_is_told_to_sign_in_for_what_any_user_could_use() -> None:
    result = await SCHEMA.execute("{ person { name phone email } }", context_value=anonymous())
    assert result.data == {"person": {"name": "Ann", "phone": None, "email": None}}
    codes = [(each.extensions or {})["code"] for each in result.errors or ()]
    assert codes == ["UNAUTHENTICATED", "UNAUTHENTICATED"]


async def test_a_rule_that_needs_the_object_conceals_no_name() -> None:
    result = await SCHEMA.execute("{ person { email } }", context_value=caller(subject="usr_2"))
    assert result.data == {"person": {"email": None}}
    assert [(each.extensions or {})["code"] for each in result.errors or ()] == ["FORBIDDEN"]


async def test_an_object_of_a_hidden_type_is_null_without_a_word() -> None:
    assert "Secret" not in await ask("{ things { __typename size } }", caller())
    result = await SCHEMA.execute("{ things { __typename size } }", context_value=caller())
    assert result.data == {"things": [{"__typename": "Person", "size": 1}, None]}
    assert result.errors is None


async def test_where_none_may_be_null_the_error_names_nothing_hidden() -> None:
    answer = await ask("{ strict { size } }", caller())
    assert '{"strict": null}, [{"message": "You may not see what stands here."' in answer
    assert "Secret" not in answer
    answer = await ask("{ person { orders } }", caller())
    assert '"orders": null}}, [{"message": "You may not see what stands here."' in answer
    assert "SALARY" not in answer


async def test_a_hidden_enum_value_is_null_without_a_word() -> None:
    result = await SCHEMA.execute("{ person { order } }", context_value=caller())
    assert (result.data, result.errors) == ({"person": {"order": None}}, None)


async def test_an_enum_value_that_any_user_could_see_asks_an_anonymous_caller_to_sign_in() -> None:
    result = await SCHEMA.execute("{ person { firstOrder } }", context_value=anonymous())
    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "UNAUTHENTICATED"


PLANNED: Any = {"denied_names": "conceal", "directives": []}
"""Directives of one's own watch resolvers, so that graphql-core runs everything."""
KEPT = {
    "an object": "{ things { __typename size } }",
    "an object where none may be null": "{ strict { size } }",
    "an enum value": "{ person { order } }",
    "enum values where none may be null": "{ person { orders } }",
    "a hidden field": "{ person { salary } }",
    "an object rule": "{ person { email } }",
    "variables": "query ($w: Filter = {}) { person(where: $w) { name } }",
}


@pytest.mark.parametrize("document", KEPT.values(), ids=KEPT)
async def test_what_one_was_shown_is_kept_for_nobody_else(document: str) -> None:
    """All callers share the documents, the decisions and the plans of one schema."""
    by_plans, by_core = (build(**PLANNED, compiled=each) for each in (True, False))
    admin, users = caller(roles=("admin",)), (caller(), caller(subject="usr_2"), anonymous())
    for who in (admin, *users, caller(READS_SCHEMA), *reversed(users), admin):
        answer = await ask(document, who, schema=by_plans)
        assert answer == await ask(document, who, schema=by_core)
        assert answer == await ask(document, who, schema=build(**PLANNED))
    assert not by_plans.engine.refused


@pytest.mark.plans
async def test_a_caller_whose_names_are_hidden_has_a_plan() -> None:
    schema = build(**PLANNED)
    await ask("{ things { size } }", caller(), schema=schema)
    [plan] = schema.documents.parse("{ things { size } }").plans.values()
    assert isinstance(plan, Plan)


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ person { name } }", {}),
        ("{ person(where: {name: null}) { name } }", {}),
        ("query ($w: Filter) { person(where: $w) { name } }", {"w": {"name": "Ann"}}),
    ],
)
async def test_what_has_a_hidden_default_need_not_be_given(document: str, variables: Any) -> None:
    result = await SCHEMA.execute(document, variables, context_value=caller())
    assert (result.data, result.errors) == ({"person": {"name": "Ann"}}, None)


@strawberry.type
class Told:
    @strawberry.field(permission_classes=[Public()])
    def given(self, info: strawberry.Info, where: Filter) -> list[str]:
        return sorted(info.variable_values["w"])


@pytest.mark.parametrize("compiled", [True, False], ids=["plan", "graphql-core"])
async def test_resolvers_are_given_defaults_whose_names_the_caller_may_not_know(
    compiled: bool,
) -> None:
    schema = Schema(Told, **DECLARED, denied_names="conceal", compiled=compiled)
    document, who = "query ($w: Filter!) { given(where: $w) }", caller()
    result = await schema.execute(document, {"w": {"name": "Ann"}}, context_value=who)
    assert result.data == {"given": ["name", "order", "salary"]}


async def test_no_text_of_introspection_names_what_is_hidden() -> None:
    """Descriptions, reasons of deprecation and defaults, of scalars and directives too."""
    concealed = await ask(get_introspection_query(input_value_deprecation=True), caller())
    assert "SIZE" in concealed
    for name in ("ecret", "alary", "SALARY", "Closed", "hidden"):
        assert name not in concealed


async def test_a_description_is_shown_to_those_who_see_what_it_names() -> None:
    asked = '{ __type(name: "Person") { description } }'
    for who, said in ((caller(), None), (caller(roles=("admin",)), "As a `Secret` is")):
        result = await SCHEMA.execute(asked, context_value=who)
        assert result.data
        description = result.data["__type"]["description"]
        assert description is None if said is None else description.startswith(said)


class TestConcealOnOneRule:
    @strawberry.type
    class Query:
        @strawberry.field(permission_classes=[Conceal(ADMIN)])
        def hidden(self) -> int | None:
            return 1

        @strawberry.field(permission_classes=[ADMIN])
        def shown(self) -> int | None:
            return 1

    schema = Schema(Query, roles={"admin": []})

    async def test_it_hides_what_it_denies(self) -> None:
        answers = [await ask(f"{{ {name} }}", caller(), schema=self.schema) for name in NAMES]
        assert answers[0].replace("hidden", "nosuch") == answers[1]
        assert "GRAPHQL_VALIDATION_FAILED" in answers[0]

    async def test_the_others_are_forbidden(self) -> None:
        assert "FORBIDDEN" in await ask("{ shown }", caller(), schema=self.schema)

    async def test_those_whom_it_allows_have_it(self) -> None:
        admin = caller(roles=("admin",))
        assert '"hidden": 1' in await ask("{ hidden }", admin, schema=self.schema)


NAMES = ("hidden", "nosuch")


@federation.type(keys=["id"], directives=[HasPermission("a:b")])
class Hidden:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Hidden:  # noqa: A002
        return cls(id=id)


@federation.type(keys=["id"], directives=[Public()])
class Shown:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Shown:  # noqa: A002
        return cls(id=id)


@federation.type(keys=["id"], directives=[Public()])
class Plain:
    id: strawberry.ID
    cost: Order | None = strawberry.field(permission_classes=[HasPermission("a:b")], default=None)


@strawberry.type
class Subgraph:
    @strawberry.field(permission_classes=[Public()])
    def shown(self) -> Shown | None:
        return None


class TestASubgraph:
    schema = FederationSchema(
        Subgraph,
        types=[Hidden, Shown, Plain],
        permissions={"a:b": ""},
        roles={"admin": []},
        denied_names="conceal",
    )
    document = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }"

    async def test_a_hidden_entity_is_as_one_that_there_is_not(self) -> None:
        answers = []
        for name in ("Hidden", "Nosuch"):
            of = [{"__typename": "Shown", "id": "1"}, {"__typename": name, "id": "2"}]
            answer = await ask(self.document, caller(), {"of": of}, self.schema)
            answers.append(answer.replace(name, "NAME"))
        assert answers[0] == answers[1]
        assert '{"__typename": "Shown"}, null' in answers[0]

    async def test_those_who_may_see_it_have_it(self) -> None:
        of = [{"__typename": "Hidden", "id": "2"}]
        answer = await ask(self.document, caller("a:b"), {"of": of}, self.schema)
        assert '{"__typename": "Hidden"}' in answer

    async def test_a_hidden_field_of_a_representation_is_as_one_that_there_is_not(self) -> None:
        answers = []
        for name in ("cost", "nope"):
            of = [{"__typename": "Plain", "id": "1", name: {"no": "number"}}]
            answers.append(await ask(self.document, caller(), {"of": of}, self.schema))
        assert answers[0] == answers[1]
        assert '{"__typename": "Plain"}' in answers[0]

    async def test_service_is_hidden_from_whoever_may_not_read_the_schema(self) -> None:
        hidden = await ask("{ _service { sdl } }", caller(), schema=self.schema)
        unknown = await ask("{ _nosuch_ { sdl } }", caller(), schema=self.schema)
        assert hidden.replace("_service", "_nosuch_") == unknown


def test_what_introspection_shows_to_everybody_is_not_concealed() -> None:
    with pytest.raises(ConfigurationError, match="introspection"):
        Schema(TestConcealOnOneRule.Query, roles={"admin": []}, introspection="full")
    with pytest.raises(ConfigurationError, match="introspection"):
        build(denied_names="conceal", introspection="full")
    with pytest.raises(ConfigurationError, match="introspection"):
        SCHEMA.configure(
            limits=Limits(), denied_fields="filter", denied_names="conceal", introspection="full"
        )


async def test_nothing_of_a_mutation_runs_that_names_what_is_hidden() -> None:
    who = caller()
    result = await SCHEMA.execute("mutation { rename { name } remove }", context_value=who)
    assert isinstance(result, NotExecuted)
    assert (result.phase, who.calls) == ("validation", [])


@strawberry.type
class Vault:
    gold: int | None = strawberry.field(permission_classes=[ADMIN], default=1)


@strawberry.type(name="Query")
class WithAccess(AccountsQuery):
    @strawberry.field(permission_classes=[Public()])
    def vault(self) -> Vault | None:
        return Vault()


class TestAccess:
    """What the caller may do says nothing of what they may not know, such as a type cut away."""

    schema = Schema(WithAccess, roles={"admin": []}, denied_names="conceal")

    @pytest.mark.parametrize(
        "document",
        [
            '{ access(coordinates: ["Query.NAME"]) { coordinate access } }',
            '{ access(document: "{ NAME { gold } }") { coordinate access } }',
        ],
    )
    async def test_a_hidden_field_is_denied_as_one_that_there_is_not(self, document: str) -> None:
        answers = []
        for name in ("vault", "nosuc"):
            answer = await ask(document.replace("NAME", name), caller(), schema=self.schema)
            answers.append(answer.replace(name, "NAME"))
        assert answers[0] == answers[1]
        assert "DENIED" in answers[0]
        assert "ALLOWED" not in answers[0]

    async def test_those_who_may_use_it_are_told_so(self) -> None:
        document = '{ access(coordinates: ["Query.vault", "Vault.gold"]) { access } }'
        admin = caller(roles=("admin",))
        assert (await ask(document, admin, schema=self.schema)).count("ALLOWED") == 2
