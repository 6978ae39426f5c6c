"""The guards: what runs for whom while an operation is executed."""

import asyncio
import enum
import gc
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any

import graphql
import pytest
import strawberry
from graphql import GraphQLError
from strawberry.permission import BasePermission
from strawberry.types import ExecutionResult

from graph_api.authorization.guards import Running, running
from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import Carrier, HasPermission, HasRole, IsSelf, Public, rule
from graph_api.execution.result import NotExecuted
from graph_api.execution.schema import Schema
from tests.authorization.callers import Caller, anonymous, caller

pytestmark = pytest.mark.anyio

ADMIN: Any = [HasRole("admin")]
asked: list[list[str]] = []
"""The ids that the rule ``owns`` was asked about, batch by batch."""


@pytest.fixture(autouse=True)
def _nobody_was_asked() -> None:
    asked.clear()


@rule
async def owns(who: Principal, notes: Sequence["Note"]) -> Sequence[bool]:
    asked.append([note.id for note in notes])
    await asyncio.sleep(0)
    return [note.owner == who.subject for note in notes]


@rule
def shares(who: Principal, notes: Sequence["Note"], *, arguments: Any) -> Sequence[bool]:
    return [note.owner == who.subject and arguments["copy"] < 3 for note in notes]


@strawberry.enum
class Mark(enum.Enum):
    PLAIN = "plain"
    SECRET = strawberry.enum_value("secret", directives=ADMIN)


def called(info: strawberry.Info) -> None:
    info.context.calls.append(info.field_name)


@strawberry.type(directives=[Carrier()])
class Note:
    id: str
    owner: str

    @strawberry.field(permission_classes=[owns])
    def text(self, info: strawberry.Info) -> str | None:
        called(info)
        return f"text {self.id}"

    @strawberry.field(permission_classes=[HasPermission("note:read") | owns])
    async def title(self, info: strawberry.Info) -> str | None:
        called(info)
        return f"title {self.id}"

    @strawberry.field(permission_classes=[shares])
    def shared(self, copy: int = 1) -> str | None:
        return f"copy {copy}"

    @strawberry.field(permission_classes=[IsSelf(by="owner")])
    def mine(self, info: strawberry.Info) -> bool | None:
        called(info)
        return True

    @strawberry.field(permission_classes=ADMIN)
    def secret(self, info: strawberry.Info) -> str | None:
        called(info)
        return "secret"

    @strawberry.field
    def mark(self) -> Mark | None:
        return Mark.SECRET if self.id == "2" else Mark.PLAIN

    @strawberry.field
    def marks(self) -> list[Mark | None] | None:
        return [Mark.PLAIN, Mark.SECRET]

    @strawberry.field
    def twin(self) -> "Note":
        return self


@strawberry.type(directives=ADMIN)
class Vault:
    code: int = 7

    @strawberry.field
    def inner(self) -> "Vault":
        return self


@strawberry.type(directives=[Carrier()])
class Box:
    name: str = "box"
    vault: Vault = strawberry.field(default_factory=Vault)


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def notes(self, info: strawberry.Info) -> list[Note]:
        called(info)
        return [Note(id=str(number), owner=f"usr_{number % 2}") for number in range(4)]

    @strawberry.field(permission_classes=[Public()])
    def box(self) -> Box | None:
        return Box()

    @strawberry.field(permission_classes=[Public()])
    def boxes(self) -> list[Box | None]:
        return [Box(), Box()]

    @strawberry.field(permission_classes=[HasRole("admin")])
    def secret(self, info: strawberry.Info) -> str | None:
        called(info)
        return "secret"

    @strawberry.field(permission_classes=[Public()])
    def find(
        self,
        info: strawberry.Info,
        drafts: Annotated[bool, strawberry.argument(directives=ADMIN)] = False,
    ) -> str | None:
        called(info)
        return f"drafts: {drafts}"

    @strawberry.field(permission_classes=[Public()])
    def hello(self) -> str | None:
        return "hello"

    @strawberry.field(permission_classes=[IsSelf(arg="userId")])
    def user(self, user_id: str) -> str | None:
        return user_id

    @strawberry.field(permission_classes=[HasPermission("note:read")])
    async def nested(self, info: strawberry.Info, as_nobody: bool = True) -> str | None:
        who = anonymous() if as_nobody else caller(roles=("admin",))
        result = await SCHEMA.execute("{ secret hello }", {}, who)
        return str(result.data)


@strawberry.type
class Subscription:
    @strawberry.subscription(permission_classes=ADMIN)
    async def ticks(self, info: strawberry.Info) -> AsyncGenerator[int | None, None]:
        called(info)
        yield 1


DECLARED: Any = {"permissions": {"note:read": ""}, "roles": {"admin": []}}
SCHEMA = Schema(Query, subscription=Subscription, **DECLARED)


async def run(document: str, who: Caller | None = None, /, **variables: Any) -> ExecutionResult:
    return await SCHEMA.execute(document, variables, who or caller())


def paths_of(result: ExecutionResult) -> list[list[str | int]]:
    return [list(each.path or ()) for each in result.errors or ()]


class TestResolvers:
    async def test_of_denied_fields_are_never_called(self) -> None:
        who = caller()
        await run("{ secret notes { secret text } }", who)
        assert "secret" not in who.calls
        assert who.calls.count("text") == 2

    async def test_get_their_arguments_and_info_as_always(self) -> None:
        result = await run("{ find notes { shared(copy: 2) } }")
        assert result.data is not None
        assert [each["shared"] for each in result.data["notes"]] == [None, "copy 2", None, "copy 2"]


class TestObjectRules:
    async def test_are_asked_once_for_a_list(self) -> None:
        await run("{ notes { text } }")
        assert asked == [["0", "1", "2", "3"]]

    async def test_are_asked_once_for_each_place_in_the_document(self) -> None:
        await run("{ notes { text twin { text again: text } } }")
        assert asked == [["0", "1", "2", "3"]] * 3

    async def test_give_one_error_a_row_with_its_real_path(self) -> None:
        result = await run("{ notes { text } }")
        assert result.data == {
            "notes": [{"text": None}, {"text": "text 1"}] * 1 + [{"text": None}, {"text": "text 3"}]
        }
        assert paths_of(result) == [["notes", 0, "text"], ["notes", 2, "text"]]
        extensions = [each.extensions for each in result.errors or ()]
        assert extensions[0] == {"code": "FORBIDDEN", "coordinate": "Note.text", "rule": "owns"}

    async def test_cost_nothing_for_whom_the_grants_decide(self) -> None:
        result = await run("{ notes { title } }", caller("note:read"))
        assert (asked, result.errors) == ([], None)
        await run("{ notes { title } }")
        assert asked == [["0", "1", "2", "3"]]

    async def test_are_not_asked_for_anonymous_callers_who_get_one_error_a_position(self) -> None:
        result = await run("{ notes { text mine } }", anonymous())
        assert asked == []
        assert paths_of(result) == [["notes", "text"], ["notes", "mine"]]

    async def test_see_the_arguments_of_their_own_place(self) -> None:
        result = await run(
            "query ($n: Int!) { notes { a: shared(copy: $n) b: shared(copy: 5) } }", n=1
        )
        assert result.data is not None
        assert result.data["notes"][1] == {"a": "copy 1", "b": None}

    async def test_may_hang_on_an_argument_alone(self) -> None:
        result = await run('{ a: user(userId: "usr_1") b: user(userId: "usr_2") }')
        assert result.data == {"a": "usr_1", "b": None}

    async def test_one_that_fails_denies_and_the_log_says_why(self) -> None:
        @rule
        def broken(_who: Principal, _objects: Sequence[Any]) -> list[bool]:
            raise RuntimeError("no such table")

        @strawberry.type
        class Root:
            name: str | None = strawberry.field(permission_classes=[~broken], default="n")

        result = await Schema(Root).execute("{ name }", {}, caller())
        assert result.data == {"name": None}
        assert [(each.extensions or {})["code"] for each in result.errors or ()] == ["FORBIDDEN"]


class TestNull:
    async def test_a_denied_value_of_an_enum_is_null_with_an_error(self) -> None:
        result = await run("{ notes { mark } }")
        assert result.data is not None
        assert [each["mark"] for each in result.data["notes"]] == ["PLAIN", "PLAIN", None, "PLAIN"]
        [error] = result.errors or [GraphQLError("none")]
        assert error.path == ["notes", 2, "mark"]
        assert (error.extensions or {})["coordinate"] == "Mark.SECRET"

    async def test_in_a_list_of_values_only_that_one(self) -> None:
        result = await run("{ notes { marks } }")
        assert result.data is not None
        assert result.data["notes"][0] == {"marks": ["PLAIN", None]}

    async def test_of_a_denied_non_null_field_goes_up_to_the_nearest_nullable_parent(self) -> None:
        result = await run("{ boxes { name vault { code } } hello }")
        assert result.data == {"boxes": [None, None], "hello": "hello"}
        assert paths_of(result) == [["boxes", "vault", "code"]]

    async def test_so_it_does_however_deep(self) -> None:
        result = await run("{ box { vault { inner { inner { __typename code } } } } hello }")
        assert result.data == {"box": None, "hello": "hello"}

    async def test_what_is_not_asked_for_is_not_denied(self) -> None:
        result = await run("{ box { name vault { __typename } } }")
        assert result.data == {"box": {"name": "box", "vault": {"__typename": "Vault"}}}


class TestSync:
    def test_holds_the_same_rules(self) -> None:
        who = caller()
        result = SCHEMA.execute_sync("{ secret notes { shared mine secret mark } }", {}, who)
        assert result.data is not None
        notes = result.data["notes"]
        assert [each["shared"] for each in notes] == [None, "copy 1", None, "copy 1"]
        assert [each["mine"] for each in notes] == [None, True, None, True]
        assert [each["mark"] for each in notes] == ["PLAIN", "PLAIN", None, "PLAIN"]
        assert "secret" not in who.calls

    def test_a_rule_that_has_to_wait_denies(self) -> None:
        result = SCHEMA.execute_sync("{ notes { text } }", {}, caller())
        assert result.data == {"notes": [{"text": None}] * 4}

    def test_rejects_the_same_operations(self) -> None:
        assert isinstance(SCHEMA.execute_sync("{ secret }", {}, caller()), NotExecuted)

    @pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
    def test_an_operation_that_would_have_to_wait_leaves_no_caller_behind(
        self, logged: list[dict[str, Any]]
    ) -> None:
        """Strawberry gives up on it, on whatever loop is set; who asked must be forgotten."""
        admin = caller("note:read", roles=("admin",))
        with asyncio.Runner() as runner:
            asyncio.set_event_loop(runner.get_loop())
            assert SCHEMA.execute_sync("{ secret nested }", {}, admin).data is None
            assert running.get() is None
            runner.run(asyncio.sleep(0))  # the cancelled task ends
        asyncio.set_event_loop(None)
        logged.clear()
        gc.collect()

    async def test_within_an_event_loop_too(self) -> None:
        result = SCHEMA.execute_sync("{ notes { text mine } }", {}, caller())
        assert result.data is not None
        assert [each["mine"] for each in result.data["notes"]] == [None, True, None, True]
        assert [each["text"] for each in result.data["notes"]] == [None] * 4


class TestBareSchema:
    """Somebody has the graphql-core schema and executes it without us."""

    @pytest.mark.parametrize(
        "document",
        [
            "{ secret }",
            "{ notes { text } }",
            "{ notes { secret } }",
            "{ find(drafts: true) }",
            "{ find(drafts: false) }",
        ],
    )
    def test_denies(self, document: str) -> None:
        who = caller("note:read", roles=("admin",))
        result = graphql.graphql_sync(SCHEMA._schema, document, context_value=who)
        assert result.errors
        assert set(who.calls) <= {"notes"}

    def test_denies_what_a_variable_gives(self) -> None:
        who = caller(roles=("admin",))
        document = "query ($d: Boolean!) { find(drafts: $d) }"
        result = graphql.graphql_sync(
            SCHEMA._schema, document, context_value=who, variable_values={"d": True}
        )
        assert (result.data, who.calls) == ({"find": None}, [])

    def test_answers_what_is_public(self) -> None:
        assert graphql.graphql_sync(
            SCHEMA._schema, "{ hello find }", context_value=caller()
        ).data == {
            "hello": "hello",
            "find": "drafts: False",
        }

    def test_denies_a_value_of_an_enum(self) -> None:
        result = graphql.graphql_sync(SCHEMA._schema, "{ notes { mark } }", context_value=caller())
        assert result.data is not None
        assert result.data["notes"][2] == {"mark": None}

    async def test_a_subscription_that_is_denied_never_starts(self) -> None:
        who = caller(roles=("admin",))
        document = graphql.parse("subscription { ticks }")
        result: Any = graphql.subscribe(SCHEMA._schema, document, context_value=who)
        assert result.errors
        assert who.calls == []


class TestState:
    async def test_concurrent_operations_keep_their_callers_apart(self) -> None:
        async def ask(number: int) -> None:
            who = caller(subject=f"usr_{number % 2}", roles=("admin",) if number % 3 == 0 else ())
            result = await run("{ notes { text mine secret } hello }", who)
            assert result.data is not None
            for index, note in enumerate(result.data["notes"]):
                assert (note["text"] is not None) is (index % 2 == number % 2)
                assert (note["mine"] is not None) is (index % 2 == number % 2)
                assert (note["secret"] is not None) is (number % 3 == 0)
            assert running.get() is None

        await asyncio.gather(*map(ask, range(12)))

    async def test_an_operation_within_a_resolver_has_its_own_caller(self) -> None:
        document = "{ a: nested b: secret c: nested(asNobody: false) d: secret }"
        outer = await run(document, caller("note:read", roles=("admin",)))
        nobody, admin = (
            "{'secret': None, 'hello': 'hello'}",
            "{'secret': 'secret', 'hello': 'hello'}",
        )
        assert outer.data == {"a": nobody, "b": "secret", "c": admin, "d": "secret"}
        plain = await run(document, caller("note:read"))
        assert plain.data == {"a": nobody, "b": None, "c": admin, "d": None}

    async def test_an_operation_that_is_cancelled_leaves_nothing_behind(self) -> None:
        started = asyncio.Event()

        @strawberry.type
        class Slow:
            @strawberry.field(permission_classes=ADMIN)
            async def wait(self) -> str | None:
                started.set()
                await asyncio.Event().wait()
                return None

        schema = Schema(Slow, **DECLARED)
        task = asyncio.create_task(schema.execute("{ wait }", {}, caller(roles=("admin",))))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert running.get() is None
        assert isinstance(await schema.execute("{ wait }", {}, caller()), NotExecuted)

    async def test_an_exception_out_of_execution_leaves_nothing_behind(self) -> None:
        class Broken:
            @property
            def calls(self) -> None:
                raise KeyboardInterrupt

            principal = caller().principal

        with pytest.raises(KeyboardInterrupt):
            await SCHEMA.execute("{ notes { id } }", {}, Broken())
        assert running.get() is None

    def test_a_caller_can_not_be_handed_in_by_the_context_variable_alone(self) -> None:
        token = running.set(Running(caller(roles=("admin",)).principal))
        try:
            assert isinstance(SCHEMA.execute_sync("{ secret }", {}, anonymous()), NotExecuted)
        finally:
            running.reset(token)


class TestStock:
    """The same types on a stock ``strawberry.Schema`` are checked there, its own way."""

    async def test_enforces_field_rules_whichever_schema_was_built_first(self) -> None:
        for schema in (strawberry.Schema(Query), strawberry.Schema(Query)):
            who = caller()
            result = await schema.execute(
                "{ secret notes { text title mine secret } }", context_value=who
            )
            assert result.data is not None
            assert result.data["secret"] is None
            assert [each["text"] for each in result.data["notes"]] == [
                None,
                "text 1",
                None,
                "text 3",
            ]
            assert [each["mine"] for each in result.data["notes"]] == [None, True, None, True]
            assert [each["title"] for each in result.data["notes"]] == [
                None,
                "title 1",
                None,
                "title 3",
            ]
            assert "secret" not in who.calls
            Schema(Query, **DECLARED)

    async def test_opens_to_whom_the_rule_opens(self) -> None:
        who = caller("note:read", roles=("admin",))
        result = await strawberry.Schema(Query).execute(
            '{ secret notes { title } user(userId: "usr_1") }', context_value=who
        )
        assert result.errors is None

    async def test_denies_where_the_context_has_no_principal(self) -> None:
        result = await strawberry.Schema(Query).execute("{ secret }", context_value={})
        assert result.data == {"secret": None}

    async def test_says_which_rule_denies(self) -> None:
        result = await strawberry.Schema(Query).execute("{ secret }", context_value=caller())
        [error] = result.errors or [GraphQLError("none")]
        assert error.message == "You may not use this. It needs: role(admin)"
        assert error.extensions == {"code": "FORBIDDEN"}

    def test_holds_object_rules_in_sync_operations_too(self) -> None:
        schema = strawberry.Schema(Query)
        result = schema.execute_sync("{ notes { mine } }", context_value=caller())
        assert result.data is not None
        assert [each["mine"] for each in result.data["notes"]] == [None, True, None, True]

    def test_our_schema_prints_each_rule_once_after_it(self) -> None:
        assert str(strawberry.Schema(Query)).count('rule: "owns"') == 0
        assert str(Schema(Query, **DECLARED)).count('rule: "owns"') == 1


class TestStrangers:
    async def test_their_permissions_hold_beside_ours(self) -> None:
        class InTenant(BasePermission):
            def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
                return bool(info.context.principal.subject == kwargs["tenant"])

        @strawberry.type
        class Root:
            @strawberry.field(permission_classes=[HasRole("admin") | InTenant])
            def name(self, tenant: str) -> str | None:
                return "n"

            @strawberry.field(permission_classes=[InTenant])
            def plain(self, tenant: str) -> str | None:
                return "n"

        schema = Schema(Root, **DECLARED)
        document = """{
            a: name(tenant: "usr_1") b: name(tenant: "x")
            c: plain(tenant: "usr_1") d: plain(tenant: "x")
        }"""
        result = await schema.execute(document, {}, caller())
        assert result.data == {"a": "n", "b": None, "c": "n", "d": None}
        assert paths_of(result) == [["b"], ["d"]]

    async def test_they_refuse_in_their_own_words_unless_they_are_composed(self) -> None:
        class Members(BasePermission):
            message = "Members only."
            error_extensions = {"code": "MEMBERS"}  # noqa: RUF012 -- as Strawberry has it

            def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
                return False

        @strawberry.type
        class Root:
            a: int | None = strawberry.field(permission_classes=[Members], default=1)
            b: int | None = strawberry.field(
                permission_classes=[HasRole("admin") | Members], default=1
            )

        result = await Schema(Root, **DECLARED).execute("{ a b }", {}, caller())
        said = {error.message: (error.extensions or {})["code"] for error in result.errors or ()}
        assert said == {
            "Members only.": "MEMBERS",
            "You may not use Root.b. It needs: role(admin) | class(Members)": "FORBIDDEN",
        }

    async def test_an_extension_with_the_same_class_but_other_parameters_stays(self) -> None:
        class AtLeast(BasePermission):
            def __init__(self, level: int = 0) -> None:
                self.level = level

            def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
                return self.level < 1

        @strawberry.type
        class Root:
            @strawberry.field(
                permission_classes=[AtLeast],
                extensions=[strawberry.permission.PermissionExtension(permissions=[AtLeast(5)])],
            )
            def name(self) -> str | None:
                return "n"

        assert (await Schema(Root).execute("{ name }", {}, caller())).data == {"name": None}
