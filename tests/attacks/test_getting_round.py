"""Attempts to read what a rule denies on another way than the one that its author thought of.

Each is a document that would work if the rule were held on the written path alone: the same
document gives an administrator the canary. OWASP API Security 2023, API1 (broken object level
authorization) and API3 (broken object property level authorization); graphql-cop and the Damn
Vulnerable GraphQL Application have most of these by other names.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
import strawberry
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
)

from graph_api import (
    Carrier,
    Conceal,
    HasPermission,
    IsSelf,
    Principal,
    Public,
    Schema,
)
from graph_api.execution.judged import Judged
from graph_api.execution.result import NotExecuted
from schema import schema as own_schema
from tests.api import Client, email
from tests.authorization.callers import Caller, anonymous, caller, principal

pytestmark = pytest.mark.anyio

CANARY = "canary-7f3a"
SECRET: Any = HasPermission("secret:read")
ADMIN, USER, NOBODY = principal("secret:read"), principal(), Principal()


def told(info: strawberry.Info) -> str:
    info.context.calls.append(CANARY)
    return CANARY


@strawberry.enum
class Kind(enum.Enum):
    PLAIN = "plain"
    SECRET = strawberry.enum_value("secret", directives=[SECRET])


@strawberry.input
class Inner:
    secret: str | None = strawberry.field(default=strawberry.UNSET, directives=[SECRET])


@strawberry.input
class By:
    id: str | None = None
    secret: str | None = strawberry.field(default=strawberry.UNSET, directives=[SECRET])
    kinds: list[list[Kind]] | None = None
    inner: list[Inner] | None = None


@strawberry.interface(directives=[Carrier()])
class Item:
    id: strawberry.ID = strawberry.ID("1")

    @strawberry.field(permission_classes=[Public()])
    def secret(self, info: strawberry.Info) -> str | None:
        return told(info)


@strawberry.type(directives=[Carrier()])
class Note(Item):
    owner: strawberry.Private[str] = "usr_2"

    @strawberry.field(permission_classes=[SECRET])
    async def secret(self, info: strawberry.Info) -> str | None:
        await asyncio.sleep(0)
        return told(info)

    @strawberry.field(permission_classes=[SECRET | IsSelf(by="owner")])
    def owned(self, info: strawberry.Info) -> str | None:
        return told(info)

    @strawberry.field(permission_classes=[Public()])
    def kind(self) -> Kind | None:
        return Kind.SECRET

    @strawberry.field(permission_classes=[Public()])
    def next(self) -> Note | None:
        return Note()


@strawberry.type(directives=[Carrier()])
class Pin(Item):
    @strawberry.field(permission_classes=[SECRET])
    def secret(self, info: strawberry.Info) -> str | None:
        return told(info)


@strawberry.type(directives=[SECRET])
class Vault:
    @strawberry.field
    def door(self, info: strawberry.Info) -> str | None:
        return told(info)


Either = Annotated[Note | Vault, strawberry.union("Either")]


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def note(self) -> Note | None:
        return Note()

    @strawberry.field(permission_classes=[Public()])
    def notes(self) -> list[Note] | None:
        return [Note(), Note(owner="usr_3")]

    @strawberry.field(permission_classes=[Public()])
    def items(self) -> list[Item] | None:
        return [Note(), Pin()]

    @strawberry.field(permission_classes=[Public()])
    def item(self, id: strawberry.ID) -> Item | None:  # noqa: A002 -- its GraphQL name
        return Note()

    @strawberry.field(permission_classes=[Public()])
    def either(self) -> list[Either] | None:
        return [Note(), Vault()]

    @strawberry.field(permission_classes=[Public()])
    def vault(self) -> Vault | None:
        return Vault()

    @strawberry.field(permission_classes=[SECRET])
    def closed(self) -> Note | None:
        return Note()

    @strawberry.field(permission_classes=[Public()])
    def find(
        self, info: strawberry.Info, by: By | None = None, kind: Kind = Kind.PLAIN
    ) -> str | None:
        return told(info)


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[Public()])
    def touch(self, info: strawberry.Info) -> Note | None:
        told(info)
        return Note()

    @strawberry.mutation(permission_classes=[Public()])
    def touch_all(self, info: strawberry.Info) -> list[Item] | None:
        told(info)
        return [Note(), Pin()]


class Watched(Schema):
    """Notes what it has to decide about."""

    judged: int = 0

    def judge(self, *args: Any, **options: Any) -> Judged:
        self.judged += 1
        return super().judge(*args, **options)


def build(**options: Any) -> Watched:
    return Watched(Query, Mutation, types=[Note, Pin], permissions={"secret:read": ""}, **options)


HANDED_OVER = build()
SCHEMAS = {
    "by plans": build(),
    "by plans, handed over to the endpoint": HANDED_OVER,
    "by graphql-core": build(compiled=False),
    "rejecting": build(denied_fields="reject"),
    "concealing": build(denied_names="conceal"),
}
Attack = tuple[str, dict[str, Any]]
ATTACKS: dict[str, Attack | str] = {
    "an alias": "{ note { id: secret } }",
    "an alias of the root": "{ __note: note { __typename: secret } }",
    "asked twice, left out once": "{ note { secret @skip(if: true) secret } }",
    "selections that are merged": "{ note { id } note { secret } }",
    "merged below": "{ note { next { id } } note { next { secret } } }",
    "fragments in fragments": """{ note { ...A } } fragment A on Note { ...B }
        fragment B on Item { ... { ...C } } fragment C on Note { secret }""",
    "a fragment that is left out first": """{ note { ...A @include(if: false) ...A } }
        fragment A on Note { secret }""",
    "a fragment that is left out elsewhere": """{ a: note { ...A @skip(if: true) }
        b: note { ...A } } fragment A on Note { secret }""",
    "a fragment on the root": "{ ...Q } fragment Q on Query { note { secret } }",
    "through an interface": "{ items { secret } }",
    "through an interface, by a type": "{ items { ... on Pin { secret } } }",
    "a type, by its interface": "{ note { ... on Item { secret } } }",
    "a union, by an interface": "{ either { ... on Item { secret } } }",
    "a union, by an interface and a type": "{ either { ... on Item { ... on Note { secret } } } }",
    "a union's ruled type": "{ either { ... on Vault { door } } }",
    "another road: by id": '{ item(id: "1") { ... on Note { secret } } }',
    "another road: in a list": "{ notes { secret } }",
    "another road: round in a circle": "{ note { next { next { next { secret } } } } }",
    "a ruled type": "{ vault { door } }",
    "somebody else's": "{ note { owned } }",
    "somebody else's, in a list": "{ notes { id owned } }",
    "somebody else's, by id": '{ item(id: "1") { ... on Note { owned } } }',
    "variables in directives": (
        """query ($yes: Boolean! = true, $no: Boolean = false) {
            note { a: secret @include(if: $yes) b: secret @skip(if: $no) } }""",
        {},
    ),
    "variables in directives, against their defaults": (
        "query ($no: Boolean! = true) { note { secret @skip(if: $no) } }",
        {"no": False},
    ),
    "a directive that says so twice": (
        "query ($v: Boolean!) { note { secret @skip(if: $v) @include(if: true) } }",
        {"v": False},
    ),
    "an input field": '{ find(by: {secret: "x"}) }',
    "an input field, null": "{ find(by: {secret: null}) }",
    "an input field, deep": '{ find(by: {inner: [{}, {secret: "x"}]}) }',
    "an input field, not in a list": '{ find(by: {inner: {secret: "x"}}) }',
    "an input field, by a variable": ("query ($b: By) { find(by: $b) }", {"b": {"secret": "x"}}),
    "an input field, by a variable inside": (
        "query ($s: String) { find(by: {inner: [{secret: $s}]}) }",
        {"s": None},
    ),
    "an input field, by a default": 'query ($b: By = {secret: "x"}) { find(by: $b) }',
    "an input field, in a fragment": (
        "query ($b: By) { ...F } fragment F on Query { a: find find(by: $b) @include(if: true) }",
        {"b": {"inner": [{"secret": "x"}]}},
    ),
    "an enum value": "{ find(kind: SECRET) }",
    "an enum value, by a variable": ("query ($k: Kind!) { find(kind: $k) }", {"k": "SECRET"}),
    "an enum value, in lists": (
        "query ($k: [[Kind!]!]) { find(by: {kinds: $k}) }",
        {"k": [["PLAIN"], ["SECRET"]]},
    ),
    "an enum value, by a default": "query ($k: Kind = SECRET) { find(by: {kinds: [[$k]]}) }",
    "after an effect": "mutation { touch { secret } }",
    "after an effect, through an interface": "mutation { touchAll { id secret } }",
    "after another effect": "mutation { touch { id } again: touch { next { secret } } }",
}  # fmt: skip
TWICE = {"an input field, in a fragment"}
"""They also ask for what is allowed."""


def written(attack: Attack | str) -> Attack:
    return (attack, {}) if isinstance(attack, str) else attack


async def answer(schema: Schema, attack: Attack | str, who: Caller, name: str | None = None) -> str:
    document, variables = written(attack)
    if schema is HANDED_OVER:
        parsed = schema.documents.parse(document)
        result = await schema.respond(parsed, variables=variables, context=who, operation_name=name)
    else:
        result = await schema.execute(document, variables, who, operation_name=name)
    errors = [each.formatted for each in result.errors or ()]
    return msgspec.json.encode({"data": result.data, "errors": errors}).decode()


@pytest.mark.parametrize("how", SCHEMAS)
@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_other_way_leads_to_what_is_denied(attack: str, how: str) -> None:
    """Asked in turns, so that nothing that is kept of the one serves the other."""
    schema, asked = SCHEMAS[how], ATTACKS[attack]
    for who in (ADMIN, USER, NOBODY, ADMIN, NOBODY):
        asking = Caller(who)
        said = await answer(schema, asked, asking)
        if who is ADMIN:
            assert CANARY in asking.calls, said
            continue
        allowed = 1 if attack in TWICE and how not in {"rejecting", "concealing"} else 0
        assert (said.count(CANARY), len(asking.calls)) == (allowed, allowed), said


@pytest.mark.parametrize("how", SCHEMAS)
async def test_two_callers_at_once_get_what_is_theirs(how: str) -> None:
    callers = [ADMIN, USER, NOBODY, ADMIN, USER] * 4
    document = "{ a: note { secret } notes { id owned secret } }"
    said = await asyncio.gather(*(answer(SCHEMAS[how], document, Caller(who)) for who in callers))
    assert [CANARY in each for each in said] == [who is ADMIN for who in callers]


@pytest.mark.parametrize("how", [each for each in SCHEMAS if each != "concealing"])
async def test_of_several_operations_the_one_that_runs_is_judged(how: str) -> None:
    closed, open_ = "query Closed { ...F }", "query Open { note { id } }"
    fragment = "fragment F on Query { notes { secret } }"
    for document in (f"{open_} {closed} {fragment}", f"{fragment} {closed} {open_}"):
        who = caller()
        assert '"id":"1"' in await answer(SCHEMAS[how], document, who, "Open")
        assert CANARY not in await answer(SCHEMAS[how], document, who, "Closed")
        assert CANARY not in await answer(SCHEMAS["by plans"], document, who)
        assert who.calls == []


@pytest.mark.parametrize("how", SCHEMAS)
async def test_the_type_of_what_is_denied_is_not_told(how: str) -> None:
    assert "Note" not in await answer(SCHEMAS[how], "{ find closed { __typename } }", caller())
    assert "Note" in await answer(SCHEMAS[how], "{ find closed { __typename } }", Caller(ADMIN))


@pytest.mark.parametrize("how", SCHEMAS)
async def test_a_denied_value_in_a_result_is_null(how: str) -> None:
    assert '"kind":null' in await answer(SCHEMAS[how], "{ note { id kind } }", caller())
    assert '"kind":"SECRET"' in await answer(SCHEMAS[how], "{ note { id kind } }", Caller(ADMIN))


@pytest.mark.parametrize(
    "document",
    [
        "{ a: __schema { b: types { c: name d: fields { e: name } f: enumValues { g: name } } } }",
        """{ a: __type(name: "Note") { ...T } b: __type(name: "Item") { ...T } }
        fragment T on __Type { x: fields { y: name } inputFields { name } }""",
        '{ a: __type(name: "By") { inputFields { n: name defaultValue } } }',
        '{ a: __type(name: "Kind") { enumValues(includeDeprecated: true) { n: name } } }',
        '{ a: __type(name: "Vault") { n: name kind } note { __typename } }',
        '{ a: __type(name: "Either") { ... { possibleTypes { n: name } } } }',
        '{ a: __type(name: "Query") { fields { n: name type { m: name ofType { name } } } } }',
    ],
)
async def test_introspection_has_no_other_way_either(document: str) -> None:
    for how in ("by plans", "by plans, handed over to the endpoint"):
        asked = "Vault", "vault", "secret", "SECRET", "closed", "door"
        shown = await answer(SCHEMAS[how], document, Caller(ADMIN))
        hidden = await answer(SCHEMAS[how], document, anonymous())
        assert any(f'"{each}"' in shown for each in asked), shown
        assert not any(f'"{each}"' in hidden for each in asked), hidden


@pytest.mark.parametrize(
    ("hidden", "unknown"),
    [
        ("{ note { secret } }", "{ note { secres } }"),
        ("{ vault { door } }", "{ vaulx { door } }"),
        ("{ items { ... on Pin { secret } } }", "{ items { ... on Pin { secres } } }"),
        ("{ find(kind: SECRET) }", "{ find(kind: SECRES) }"),
        ('{ find(by: {secret: "x"}) }', '{ find(by: {secres: "x"}) }'),
        ("mutation { touchAll { secret } }", "mutation { touchAll { secres } }"),
    ],
)
async def test_a_hidden_name_goes_the_same_way_as_one_that_there_is_not(
    hidden: str, unknown: str
) -> None:
    """So that no clock tells them apart: both end in validation, and nothing is decided."""
    schema = build(denied_names="conceal")
    said = [await answer(schema, document, caller()) for document in (hidden, unknown)]
    assert said[0] == said[1].replace("secres", "secret").replace("vaulx", "vault").replace(
        "SECRES", "SECRET"
    )
    assert "GRAPHQL_VALIDATION_FAILED" in said[0]
    assert schema.judged == 0
    await answer(schema, hidden, Caller(ADMIN))
    assert schema.judged == 1


async def test_what_one_rule_conceals_goes_that_way_too() -> None:
    @strawberry.type
    class Root:
        @strawberry.field(permission_classes=[Conceal(SECRET)])
        def hidden(self) -> str | None:
            return CANARY

        @strawberry.field(permission_classes=[Public()])
        def shown(self) -> str | None:
            return "shown"

    schema = Schema(Root, permissions={"secret:read": ""})
    hidden = await answer(schema, "{ shown a: hidden }", caller())
    unknown = await answer(schema, "{ shown a: hiddex }", caller())
    assert hidden == unknown.replace("hiddex", "hidden")
    result = await schema.execute("{ shown hidden }", context_value=caller())
    assert isinstance(result, NotExecuted)


# --- our own schema, over HTTP: every road to another user ---

WHOLE = own_schema.rules.schema
USER_TYPE = "User"


def roads(of_type: Any, seen: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield each way from a type to users, by fields that ask for nothing but ids."""
    if of_type.name == USER_TYPE:
        yield ()
        return
    if of_type.name in seen:
        return
    onward = (*seen, of_type.name)
    if isinstance(of_type, GraphQLInterfaceType | GraphQLUnionType):
        for each in WHOLE.get_possible_types(of_type):
            for road in roads(each, onward):
                yield (f"... on {each.name}", *road)
    if isinstance(of_type, GraphQLObjectType):
        for name, each in of_type.fields.items():
            required = {n for n, arg in each.args.items() if is_required_argument(arg)}
            if required <= {"id", "ids"}:
                given = "".join(f"({one}: ${one})" for one in required)
                for road in roads(get_named_type(each.type), onward):
                    yield (name + given, *road)


ROADS = list(roads(WHOLE.query_type))


async def test_no_road_of_our_schema_leads_to_another_users_email(client: Client) -> None:
    """IDOR: by ``node``, by lists, through an article, a session or an event."""
    author = await client.sign_in("author")
    created = await client.ask(
        'mutation { createArticle(input: {title: "T", body: "B"}) { article { id } } }', as_=author
    )
    article = created.data["createArticle"]["article"]["id"]
    publish = "mutation ($id: ID!) { publishArticle(input: {articleId: $id}) { article { id } } }"
    await client.ask(publish, {"id": article}, as_="editor")
    ids = [client.people["author"], article, author.session_id, client.role_ids["author"]]
    admin, user = await client.sign_in("admin"), await client.sign_in("user")
    found = 0
    for road in ROADS:
        text = " { ".join([*road, "email"]) + " }" * len(road)
        for given in ids if "$id)" in text else ids[:1]:
            asks, variables = ("$id: ID!", {"id": given}) if "$id)" in text else ("", {})
            if "$ids)" in text:
                asks, variables = "$ids: [ID!]!", {"ids": ids}
            document = f"query ({asks}) {{ {text} }}" if asks else f"{{ {text} }}"
            known = await client.ask(document, variables, as_=admin)
            found += email("author") in known.response.text
            for as_ in (user, None):
                hidden = await client.ask(document, variables, as_=as_)
                assert email("author") not in hidden.response.text, document
                assert email("admin") not in hidden.response.text, document
    assert found >= 8
