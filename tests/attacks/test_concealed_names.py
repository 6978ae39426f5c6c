"""Attacks that ask whether a name exists: with ``conceal`` a hidden one is as one that never was.

OWASP GraphQL cheat sheet, 'Introspection' and 'Don't return excessive errors'; ASVS 5, 8.2.3. Each
attack is sent twice, with a hidden name and with one of the same length that there is not, and the
two answers must be the same bytes but for the name.
"""

from __future__ import annotations

import enum
import json
from typing import Annotated, Any

import pytest
import strawberry
from strawberry import federation

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
from graph_api.authorization.principal import READS_SCHEMA
from graph_api.errors import ConfigurationError
from graph_api.execution.limits import Limits
from graph_api.execution.result import NotExecuted
from tests.authorization.callers import Caller, anonymous, caller

pytestmark = pytest.mark.anyio

ADMIN: Any = HasRole("admin")
DECLARED: Any = {"roles": {"admin": []}, "permissions": {READS_SCHEMA: ""}}


@strawberry.enum
class Order(enum.Enum):
    NAME = "name"
    SALARY = strawberry.enum_value("salary", directives=[ADMIN])


@strawberry.input
class Filter:
    name: str | None = None
    salary: int | None = strawberry.field(default=None, directives=[ADMIN])
    maybe: strawberry.Maybe[int] = strawberry.field(default=None, directives=[ADMIN])


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
    return Schema(Query, Mutation, types=[Secret], **DECLARED, **options)


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
    assert '{"strict": null}, [{"message": "You may not see an object that stands here."' in answer
    assert "Secret" not in answer


async def test_a_hidden_enum_value_is_null_without_a_word() -> None:
    result = await SCHEMA.execute("{ person { order } }", context_value=caller())
    assert (result.data, result.errors) == ({"person": {"order": None}}, None)


async def test_no_description_names_what_is_hidden() -> None:
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


@strawberry.type
class Subgraph:
    @strawberry.field(permission_classes=[Public()])
    def shown(self) -> Shown | None:
        return None


class TestASubgraph:
    schema = FederationSchema(
        Subgraph, types=[Hidden, Shown], permissions={"a:b": ""}, denied_names="conceal"
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

    async def test_service_is_hidden_from_whoever_may_not_read_the_schema(self) -> None:
        hidden = await ask("{ _service { sdl } }", caller(), schema=self.schema)
        unknown = await ask("{ _nosuch_ { sdl } }", caller(), schema=self.schema)
        assert hidden.replace("_service", "_nosuch_") == unknown


def test_what_introspection_shows_to_everybody_is_not_concealed() -> None:
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
