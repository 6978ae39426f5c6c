"""The decision over a document: what is denied before anything runs, and where it is reported."""

import enum
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLError, print_type
from strawberry.types import ExecutionResult

from graph_api.authorization.access import Verdict, verdict
from graph_api.authorization.rulebook import ACTING
from graph_api.authorization.rules import (
    Carrier,
    HasPermission,
    HasRole,
    IsAuthenticated,
    Public,
)
from graph_api.authorization.shape import shape
from graph_api.execution.limits import Limits
from graph_api.execution.result import NotExecuted
from graph_api.execution.schema import Schema
from tests.authorization.callers import Caller, anonymous, caller, principal

pytestmark = pytest.mark.anyio

ADMIN: Any = [HasRole("admin")]
NEW_USER = principal("note:read", subject="usr_new")


@strawberry.enum
class Order(enum.Enum):
    NAME = "name"
    SALARY = strawberry.enum_value("salary", directives=ADMIN)


@strawberry.input
class Range:
    most: int | None = None
    least: int | None = strawberry.field(default=None, directives=ADMIN)


@strawberry.input
class Filter:
    name: str | None = None
    salary: list[Range] | None = None
    orders: list[list[Order]] | None = None
    secret: str | None = strawberry.field(default="nothing", directives=ADMIN)


AdminsFlag = Annotated[bool, strawberry.argument(directives=ADMIN)]


@strawberry.interface
class Named:
    name: str | None = strawberry.field(permission_classes=[Public()], default="n")
    salary: int | None = strawberry.field(permission_classes=ADMIN, default=1)
    phone: str | None = strawberry.field(permission_classes=[Public()], default="p")
    tax: int | None = strawberry.field(permission_classes=[Public()], default=1)


@strawberry.type
class Person(Named):
    tax: int | None = strawberry.field(permission_classes=ADMIN, default=1)
    phone: str | None = strawberry.field(permission_classes=[IsAuthenticated()], default="p")
    email: str | None = strawberry.field(permission_classes=ADMIN, default="e")

    @strawberry.field(permission_classes=[Public()])
    def friends(self, drafts: AdminsFlag = False) -> "list[Person] | None":
        return [Person(), Person()]

    @strawberry.field(permission_classes=[HasPermission("note:read")])
    def notes(self, order: Order | None = None) -> str | None:
        return "notes"


@strawberry.type
class Company(Named):
    tax: int | None = strawberry.field(permission_classes=[HasPermission("note:read")], default=1)
    email: str | None = strawberry.field(permission_classes=[Public()], default="c")


Either = Annotated[Person | Company, strawberry.union("Either")]


def noted(info: strawberry.Info, *what: object) -> str:
    """Note the call, so that a test can say that there was none."""
    text = " ".join([info.field_name, *map(str, what)])
    info.context.calls.append(text)
    return text


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def me(self, info: strawberry.Info) -> Person | None:
        noted(info)
        return Person()

    @strawberry.field(permission_classes=[Public()])
    def people(self, info: strawberry.Info) -> list[Person]:
        noted(info)
        return [Person(), Person(), Person()]

    @strawberry.field(permission_classes=[Public()])
    def named(self, info: strawberry.Info) -> list[Named]:
        noted(info)
        return [Person(), Company(), Person()]

    @strawberry.field(permission_classes=[Public()])
    def either(self, info: strawberry.Info) -> list[Either]:
        noted(info)
        return [Person(), Company()]

    @strawberry.field(permission_classes=ADMIN)
    def secret(self, info: strawberry.Info) -> str | None:
        return noted(info)

    @strawberry.field(permission_classes=ADMIN)
    def secret_person(self, info: strawberry.Info) -> Person | None:
        noted(info)
        return Person()

    @strawberry.field(permission_classes=[Public()])
    def find(
        self,
        info: strawberry.Info,
        filter: Filter | None = None,  # noqa: A002 -- the argument's GraphQL name
        order: Order = Order.NAME,
        drafts: AdminsFlag = False,
    ) -> str | None:
        return noted(info)


@strawberry.type(directives=[Carrier()])
class Payload:
    token: str = "t"
    user: Person = strawberry.field(
        default_factory=Person, metadata={ACTING: lambda _source: NEW_USER}
    )


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[Public()])
    def sign_in(self, info: strawberry.Info) -> Payload | None:
        noted(info)
        return Payload()

    @strawberry.mutation(permission_classes=[IsAuthenticated()])
    def rename(self, info: strawberry.Info, drafts: AdminsFlag = False) -> Person | None:
        noted(info)
        return Person()

    @strawberry.mutation(permission_classes=[Public()])
    def touch(self, info: strawberry.Info) -> list[Named] | None:
        noted(info)
        return [Person(), Company()]

    @strawberry.mutation(permission_classes=ADMIN)
    def remove(self, info: strawberry.Info) -> str | None:
        return noted(info)


def build(**options: Any) -> Schema:
    declared: Any = {"permissions": {"note:read": ""}, "roles": {"admin": []}}
    return Schema(Query, Mutation, types=[Person, Company], **declared, **options)


SCHEMA = build()
TWICE_SPREAD = """{ either { ... on Company { ...N } ... on Person { ...N } } }
    fragment N on Named { phone }"""


async def run(
    document: str, who: Caller | None = None, schema: Schema = SCHEMA, /, **variables: Any
) -> ExecutionResult:
    return await schema.execute(document, variables, who or caller())


def errors_of(result: ExecutionResult) -> list[tuple[str, str]]:
    """Each error as its path and coordinate."""
    return [
        (".".join(map(str, each.path or ())), (each.extensions or {})["coordinate"])
        for each in result.errors or ()
    ]


class TestPositions:
    async def test_a_denied_field_is_null_with_one_error_where_the_document_has_it(self) -> None:
        who = caller()
        result = await run("{ people { name email } }", who)
        assert result.data == {"people": [{"name": "n", "email": None}] * 3}
        assert errors_of(result) == [("people.email", "Person.email")]
        assert who.calls == ["people"]

    async def test_the_error_says_code_rule_and_line(self) -> None:
        result = await run("{ me {\n email } }")
        [error] = result.errors or [GraphQLError("none")]
        assert error.extensions == {
            "code": "FORBIDDEN",
            "coordinate": "Person.email",
            "rule": "role(admin)",
        }
        assert [(at.line, at.column) for at in error.locations or ()] == [(2, 2)]

    async def test_an_anonymous_caller_is_told_to_sign_in(self) -> None:
        result = await run("{ me { phone } }", anonymous())
        [error] = result.errors or [GraphQLError("none")]
        assert (error.extensions or {})["code"] == "UNAUTHENTICATED"

    async def test_who_holds_the_grant_gets_the_field(self) -> None:
        result = await run("{ me { email } }", caller(roles=("admin",)))
        assert (result.data, result.errors) == ({"me": {"email": "e"}}, None)

    async def test_it_is_reported_also_where_execution_would_not_have_come(self) -> None:
        result = await run("{ either { ... on Company { salary } name: __typename } }")
        assert errors_of(result) == [("either.salary", "Company.salary")]

    async def test_below_a_denied_field_nothing_is_reported(self) -> None:
        result = await run("{ secretPerson { email salary } me { name } }")
        assert errors_of(result) == [("secretPerson", "Query.secretPerson")]

    async def test_introspection_is_never_denied(self) -> None:
        text = (
            '{ __typename __schema { types { fields { name } } } __type(name: "Person") { name } }'
        )
        result = await run(text, anonymous())
        assert result.errors is None


class TestDocuments:
    @pytest.mark.parametrize(
        ("document", "expected"),
        [
            ("{ me { x: email y: email } }", ["me.x", "me.y"]),
            ("{ me { name: email } }", ["me.name"]),
            ("{ me { email email } }", ["me.email"]),
            ("{ a: me { email } b: me { email } }", ["a.email", "b.email"]),
            ("{ me { ...E } } fragment E on Person { email }", ["me.email"]),
            ("{ me { ...E ...E } } fragment E on Person { email }", ["me.email"]),
            (
                "{ me { ...E } you: me { ...E } } fragment E on Person { email }",
                ["me.email", "you.email"],
            ),
            (
                "{ me { ...A } } fragment A on Person { ...B } fragment B on Person { x: email }",
                ["me.x"],
            ),
            ("{ me { ... { email } } }", ["me.email"]),
            ("{ me { ... on Person { ... on Named { ... on Person { email } } } } }", ["me.email"]),
            ("{ ...Q } fragment Q on Query { me { email } }", ["me.email"]),
            ("{ me { friends { friends { email } } } }", ["me.friends.friends.email"]),
        ],
    )
    async def test_no_alias_and_no_fragment_hides_a_field(
        self, document: str, expected: list[str]
    ) -> None:
        result = await run(document)
        assert errors_of(result) == [(path, "Person.email") for path in expected]
        assert '"e"' not in json.dumps(result.data)

    async def test_one_key_of_two_selection_sets_is_one_position(self) -> None:
        document = (
            "{ me { friends { email } } ...Q } fragment Q on Query { me { friends { email } } }"
        )
        assert errors_of(await run(document)) == [("me.friends.email", "Person.email")]

    async def test_a_fragment_on_a_wider_type_does_not_widen_the_rule(self) -> None:
        document = "{ me { ... on Named { phone } } }"
        assert errors_of(await run(document, anonymous())) == [("me.phone", "Person.phone")]

    @pytest.mark.parametrize(
        "document",
        [
            "{ me { ... on Named { phone } } }",
            "{ me { ...N } } fragment N on Named { phone }",
            TWICE_SPREAD,
        ],
    )
    async def test_what_the_narrower_type_denies_there_is_known_before_execution(
        self, document: str
    ) -> None:
        who = anonymous()
        result = await run(document, who, build(denied_fields="reject"))
        assert errors_of(result)[0][1] == "Person.phone"
        assert who.calls == []

    async def test_a_field_denied_on_the_interface_is_denied_once(self) -> None:
        result = await run("{ named { salary } }")
        assert errors_of(result) == [("named.salary", "Named.salary")]
        assert result.data == {"named": [{"salary": None}] * 3}

    async def test_behind_an_interface_a_stricter_type_is_denied_once_at_its_position(self) -> None:
        result = await run("{ named { phone } }", anonymous())
        assert result.data == {"named": [{"phone": None}, {"phone": "p"}, {"phone": None}]}
        assert errors_of(result) == [("named.phone", "Person.phone")]

    async def test_fields_of_one_name_have_the_rule_of_their_own_type(self) -> None:
        result = await run("{ either { ... on Person { email } ... on Company { email } } }")
        assert result.data == {"either": [{"email": None}, {"email": "c"}]}
        assert errors_of(result) == [("either.email", "Person.email")]

    async def test_several_operations_are_decided_by_the_one_that_is_asked_for(self) -> None:
        document = "query A { me { email } } query B { me { name } }"
        named = await SCHEMA.execute(document, {}, caller(), operation_name="B")
        assert named.errors is None
        named = await SCHEMA.execute(document, {}, caller(), operation_name="A")
        assert errors_of(named) == [("me.email", "Person.email")]

    @pytest.mark.parametrize(
        ("directive", "variables", "is_included"),
        [
            ("@skip(if: true)", {}, False),
            ("@skip(if: false)", {}, True),
            ("@include(if: false)", {}, False),
            ("@include(if: true)", {}, True),
            ("@skip(if: $on)", {"on": True}, False),
            ("@skip(if: $on)", {"on": False}, True),
            ("@include(if: $on)", {"on": False}, False),
            ("@include(if: $on)", {"on": True}, True),
            ("@include(if: $yes)", {}, True),
            ("@include(if: $yes)", {"yes": False}, False),
            ("@skip(if: $yes)", {}, False),
            ("@include(if: $on) @skip(if: $yes)", {"on": True, "yes": False}, True),
            ("@include(if: $on) @skip(if: $yes)", {"on": True}, False),
        ],
    )
    @pytest.mark.parametrize(
        "place", ["email {directive}", "...E {directive}", "... {directive} { email }"]
    )
    async def test_a_skipped_field_is_neither_denied_nor_reported(
        self, place: str, directive: str, variables: Mapping[str, bool], is_included: bool
    ) -> None:
        document = (
            "query ($on: Boolean! = false, $yes: Boolean! = true) {"
            " me { ...E @skip(if: true) name @include(if: $on) n: name @skip(if: $yes) "
            f"{place} }} }} fragment E on Person {{ email }}"
        ).replace("{directive}", directive)
        result = await run(document, **variables)
        expected = [("me.email", "Person.email")] if is_included else []
        assert errors_of(result) == expected
        assert ("email" in (result.data or {})["me"]) is is_included


class TestInputs:
    @pytest.mark.parametrize(
        ("arguments", "denied"),
        [
            ("drafts: true", "Query.find(drafts:)"),
            ("drafts: false", "Query.find(drafts:)"),
            ('filter: { secret: "x" }', "Filter.secret"),
            ("filter: { secret: null }", "Filter.secret"),
            ("filter: { salary: [{ most: 1 }, { least: 1 }] }", "Range.least"),
            ("filter: { salary: { least: 1 } }", "Range.least"),
            ("filter: { orders: [[NAME], [NAME, SALARY]] }", "Order.SALARY"),
            ("filter: { orders: SALARY }", "Order.SALARY"),
            ("order: SALARY", "Order.SALARY"),
        ],
    )
    async def test_what_is_given_and_denied_denies_the_field_that_takes_it(
        self, arguments: str, denied: str
    ) -> None:
        who = caller()
        result = await run(f"{{ found: find({arguments}) me {{ name }} }}", who)
        assert result.data == {"found": None, "me": {"name": "n"}}
        assert errors_of(result) == [("found", denied)]
        assert who.calls == ["me"]

    @pytest.mark.parametrize(
        ("declared", "arguments", "value", "denied"),
        [
            ("$v: Boolean!", "drafts: $v", False, "Query.find(drafts:)"),
            ("$v: Filter", "filter: $v", {"secret": "x"}, "Filter.secret"),
            ("$v: Filter", "filter: $v", {"salary": [{"least": 1}]}, "Range.least"),
            ("$v: Filter", "filter: $v", {"salary": {"least": 1}}, "Range.least"),
            ("$v: Filter", "filter: $v", {"salary": ({"least": 1},)}, "Range.least"),
            ("$v: Filter", "filter: $v", {"orders": [["SALARY"]]}, "Order.SALARY"),
            ("$v: Filter", "filter: $v", {"orders": "SALARY"}, "Order.SALARY"),
            ("$v: String", "filter: { secret: $v }", "x", "Filter.secret"),
            ("$v: String", "filter: { secret: $v }", None, "Filter.secret"),
            ("$v: Int", "filter: { salary: [{ least: $v }] }", 1, "Range.least"),
            ("$v: [Order!]!", "filter: { orders: [$v] }", ["SALARY"], "Order.SALARY"),
            ("$v: Order!", "filter: { orders: [[NAME, $v]] }", "SALARY", "Order.SALARY"),
            ("$v: Order!", "order: $v", "SALARY", "Order.SALARY"),
        ],
    )
    async def test_a_variable_gives_what_it_holds(
        self, declared: str, arguments: str, value: Any, denied: str
    ) -> None:
        who = caller()
        document = f"query ({declared}) {{ find({arguments}) me {{ name }} }}"
        result = await run(document, who, v=value)
        assert errors_of(result) == [("find", denied)]
        assert who.calls == ["me"]

    @pytest.mark.parametrize(
        ("declared", "arguments", "denied"),
        [
            ("$v: Boolean! = true", "drafts: $v", "Query.find(drafts:)"),
            ('$v: Filter = {secret: "x"}', "filter: $v", "Filter.secret"),
            ('$v: String = "x"', "filter: { secret: $v }", "Filter.secret"),
            ("$v: Order! = SALARY", "order: $v", "Order.SALARY"),
            ("$v: [Order!] = SALARY", "filter: { orders: [$v] }", "Order.SALARY"),
        ],
    )
    async def test_a_default_of_a_variable_is_given_by_the_client_who_wrote_it(
        self, declared: str, arguments: str, denied: str
    ) -> None:
        who = caller()
        result = await run(f"query ({declared}) {{ find({arguments}) me {{ name }} }}", who)
        assert errors_of(result) == [("find", denied)]
        assert who.calls == ["me"]

    @pytest.mark.parametrize(
        ("declared", "arguments", "variables"),
        [
            ("", "", {}),
            ("", "filter: {}", {}),
            ("", "filter: null, order: NAME", {}),
            ("$v: Boolean", "drafts: $v", {}),
            ("$v: String", "filter: { secret: $v }", {}),
            ("$v: Filter", "filter: $v", {}),
            ("$v: Filter", "filter: $v", {"v": None}),
            ("$v: Order! = SALARY", "order: $v", {"v": "NAME"}),
            ("$v: Filter", "filter: $v", {"v": {"salary": [{"most": 1}]}}),
        ],
    )
    async def test_a_default_of_the_schema_gives_nothing_and_an_absent_variable_neither(
        self, declared: str, arguments: str, variables: Mapping[str, Any]
    ) -> None:
        field = f"find({arguments})" if arguments else "find"
        document = f"query ({declared}) {{ {field} }}" if declared else f"{{ {field} }}"
        result = await run(document, **variables)
        assert (result.data, result.errors) == ({"find": "find"}, None)

    async def test_one_field_with_two_arguments_is_judged_twice(self) -> None:
        who = caller()
        result = await run("{ a: find b: find(drafts: true) c: find(order: NAME) }", who)
        assert result.data == {"a": "find", "b": None, "c": "find"}
        assert who.calls == ["find", "find"]

    async def test_who_holds_the_grant_may_give_all(self) -> None:
        text = (
            '{ find(drafts: true, order: SALARY, filter: { secret: "x", salary: { least: 1 } }) }'
        )
        assert (await run(text, caller(roles=("admin",)))).data == {"find": "find"}

    async def test_a_variable_that_does_not_fit_its_type_is_told_before_what_is_denied(
        self,
    ) -> None:
        result = await run("query ($v: Order!) { find(order: $v) secret }", v="SALERY")
        assert isinstance(result, NotExecuted)
        assert result.phase == "validation"
        codes = [(each.extensions or {})["code"] for each in result.errors or ()]
        assert codes == ["GRAPHQL_VALIDATION_FAILED"]


class TestRejection:
    @pytest.mark.parametrize(
        "document",
        [
            "mutation { rename { name } remove }",
            "mutation { rename { name } signIn { token } rename2: rename { email } }",
            "mutation { rename { friends { friends { salary } } } }",
            "mutation { rename { ...E } } fragment E on Person { email }",
            "mutation { rename { name } last: rename(drafts: true) { name } }",
            "mutation { rename { friends(drafts: false) { name } } }",
            "mutation { touch { name ... on Person { email } } }",
            "mutation { touch { name tax } }",
        ],
    )
    async def test_a_denied_field_anywhere_in_a_mutation_rejects_it_before_any_side_effect(
        self, document: str
    ) -> None:
        who = caller()
        result = await run(document, who)
        assert isinstance(result, NotExecuted)
        assert result.phase == "authorization"
        assert (result.data, who.calls) == (None, [])

    async def test_a_query_of_which_each_root_field_is_denied_is_not_executed(self) -> None:
        result = await run("{ secret a: secret secretPerson { name } find(drafts: true) }")
        assert isinstance(result, NotExecuted)
        assert len(result.errors or ()) == 4

    @pytest.mark.parametrize("rest", ["me { name }", "__typename", "me { email }"])
    async def test_a_query_with_one_root_field_left_is_executed(self, rest: str) -> None:
        result = await run(f"{{ secret {rest} }}")
        assert not isinstance(result, NotExecuted)
        assert result.data is not None

    async def test_a_skipped_root_field_does_not_count(self) -> None:
        assert isinstance(await run("{ secret me @skip(if: true) { name } }"), NotExecuted)
        assert (await run("{ secret @skip(if: true) }")).errors is None

    async def test_reject_runs_nothing_of_a_query_either(self) -> None:
        who = caller()
        result = await run("{ me { name email } }", who, build(denied_fields="reject"))
        assert isinstance(result, NotExecuted)
        assert who.calls == []


class TestBehindAnInterface:
    """What stands there is known only when it comes; what no type would show is known before."""

    async def test_a_field_that_each_type_denies_is_denied_once_before_it_runs(self) -> None:
        result = await run("{ named { name tax } }")
        assert errors_of(result) == [("named.tax", "Named.tax")]
        assert (result.errors or [])[0].message == (
            "You may not use Named.tax. It needs: role(admin) | permission(note:read)"
        )

    async def test_a_field_that_some_type_shows_is_null_for_the_others(self) -> None:
        who = caller("note:read")
        result = await run("mutation { touch { tax } }", who)
        assert (result.data or {})["touch"] == [{"tax": None}, {"tax": 1}]
        assert errors_of(result) == [("touch.tax", "Person.tax")]

    async def test_it_is_hidden_where_each_type_hides_it(self) -> None:
        seen = shape(SCHEMA.rules, caller().principal.grants).type_map
        assert "tax: Int" not in print_type(seen["Named"])
        assert print_type(seen["Person"]).startswith("type Person implements Named")
        seen = shape(SCHEMA.rules, caller("note:read").principal.grants).type_map
        assert "tax: Int" in print_type(seen["Named"])

    @pytest.mark.parametrize(
        ("who", "says"),
        [
            (caller(), Verdict.DENIED),
            (caller("note:read"), Verdict.DEPENDS_ON_OBJECT),
            (caller("note:read", roles=("admin",)), Verdict.ALLOWED),
        ],
    )
    def test_what_one_may_do_with_it_hangs_on_the_type(self, who: Caller, says: Verdict) -> None:
        assert verdict(SCHEMA.rules, SCHEMA.rules.schema, "Named.tax", who.principal.grants) is says


class TestActing:
    """Below the one who has just signed in, the rules are judged at execution for that user."""

    async def test_they_never_reject_the_sign_in(self) -> None:
        document = "mutation { signIn { token user { name phone notes email salary } } }"
        result = await run(document, anonymous())
        assert (result.data or {})["signIn"]["user"] == {
            "name": "n",
            "phone": "p",
            "notes": "notes",
            "email": None,
            "salary": None,
        }
        assert errors_of(result) == [
            ("signIn.user.email", "Person.email"),
            ("signIn.user.salary", "Person.salary"),
        ]

    async def test_they_are_judged_for_that_user_and_not_for_the_caller(self) -> None:
        result = await run("mutation { signIn { user { email } } }", caller(roles=("admin",)))
        assert (result.data or {})["signIn"]["user"] == {"email": None}

    async def test_what_is_given_there_is_judged_too(self) -> None:
        """A way round: nothing below an acting field is decided over the document."""
        fields = "notes(order: $o) friends(drafts: true) { name }"
        document = f"mutation ($o: Order) {{ signIn {{ user {{ {fields} }} }} }}"
        result = await run(document, anonymous(), o="SALARY")
        assert (result.data or {})["signIn"]["user"] == {"notes": None, "friends": None}
        assert errors_of(result) == [
            ("signIn.user.notes", "Order.SALARY"),
            ("signIn.user.friends", "Person.friends(drafts:)"),
        ]

    async def test_beside_that_part_the_caller_stays_who_it_was(self) -> None:
        document = (
            "mutation { signIn { user { phone } } two: signIn { user { phone } } rename { name } }"
        )
        assert isinstance(await run(document, anonymous()), NotExecuted)

    async def test_two_sign_ins_in_one_request_are_two_users(self) -> None:
        who = iter([principal("note:read"), principal()])

        @strawberry.type(directives=[Carrier()])
        class Auth:
            user: Person = strawberry.field(
                default_factory=Person, metadata={ACTING: lambda _source: next(who)}
            )

        @strawberry.type
        class SignIns:
            @strawberry.mutation(permission_classes=[Public()])
            def sign_in(self) -> Auth | None:
                return Auth()

        schema = Schema(
            Query,
            SignIns,
            types=[Company],
            permissions={"note:read": ""},
            roles={"admin": []},
        )
        document = "mutation { a: signIn { user { notes } } b: signIn { user { notes } } }"
        result = await run(document, anonymous(), schema)
        assert result.data == {"a": {"user": {"notes": "notes"}}, "b": {"user": {"notes": None}}}


def test_a_decision_costs_no_more_than_the_document_is_long() -> None:
    """CVE-2023-28867 and its kind: fragments that spread each other twice, 2 to the 14 paths."""
    spreads = "".join(
        f"fragment F{n} on Person {{ ...F{n + 1} friends {{ ...F{n + 1} }} }} " for n in range(13)
    )
    document = f"{{ me {{ ...F0 }} }} {spreads} fragment F13 on Person {{ email }}"
    result = build(limits=Limits(max_fields=100_000, max_depth=50)).execute_sync(
        document, {}, caller()
    )
    assert len(result.errors or ()) == 14


def test_a_decision_over_the_same_field_many_times_walks_each_selection_once() -> None:
    looked_up: list[str] = []

    class Counting(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            looked_up.append(key)
            return super().get(key, default)

    aliases = 200
    schema = build(limits=Limits(max_aliases=aliases, max_tokens=10_000))
    schema.rules = replace(schema.rules, fields=Counting(schema.rules.fields))
    assert schema.rules.of_interfaces  # known by the first operation
    looked_up.clear()
    fields = " ".join(f"a{number}: friends {{ name }}" for number in range(aliases))
    schema.execute_sync(f"{{ me {{ {fields} }} }}", {}, caller())
    assert len(looked_up) == 1 + 2 * aliases
