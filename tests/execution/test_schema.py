"""``graph_api.Schema`` is a ``strawberry.Schema``: what it takes over, adds and hands on."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
from graphql import ASTValidationRule, GraphQLError
from strawberry.extensions import AddValidationRules, SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionResult

from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rules import Carrier, HasRole, IsAuthenticated, IsSelf, Public
from graph_api.errors import ConfigurationError, NotFound
from graph_api.execution.extend import extend
from graph_api.execution.limits import Limits
from graph_api.execution.result import NotExecuted
from graph_api.execution.schema import Schema
from tests.authorization.callers import caller
from tests.logs import capture_logs

pytestmark = pytest.mark.anyio

CANARY = "hunter2-canary"


@strawberry.type(directives=[Carrier()])
class User:
    id: str
    email: str | None = strawberry.field(permission_classes=[IsSelf()], default="e@example.org")


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def echo(self, text: str) -> str | None:
        return text

    @strawberry.field(permission_classes=[Public()])
    def me(self) -> User | None:
        return User(id="usr_1")

    @strawberry.field(permission_classes=[Public()])
    def boom(self, password: str = "") -> str | None:
        raise RuntimeError(f"could not connect as {password}")

    @strawberry.field(permission_classes=[Public()])
    def missing(self) -> str | None:
        raise NotFound("There is no such thing.")

    @strawberry.field(permission_classes=[Public()])
    def wrong(self) -> int | None:
        return "an internal value"  # type: ignore[return-value]

    @strawberry.field(permission_classes=[Public()])
    def stranger(self) -> User | None:
        return {"password_hash": "an internal value"}  # type: ignore[return-value]

    @strawberry.field(permission_classes=[HasRole("admin")])
    def secret(self) -> str | None:
        return "s"


ROLES: dict[str, Any] = {"roles": {"admin": []}}
SCHEMA = Schema(Query, **ROLES)


def codes_of(result: ExecutionResult) -> list[Any]:
    return [(each.extensions or {}).get("code") for each in result.errors or ()]


class TestPhases:
    @pytest.mark.parametrize(
        ("document", "variables", "phase", "code"),
        [
            ("{ me {", {}, "parse", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", {}, "validation", "GRAPHQL_VALIDATION_FAILED"),
            ("{ echo(text: 1) }", {}, "validation", "GRAPHQL_VALIDATION_FAILED"),
            (
                "query ($t: String!) { echo(text: $t) }",
                {},
                "validation",
                "GRAPHQL_VALIDATION_FAILED",
            ),
            (
                "query ($t: String!) { echo(text: $t) }",
                {"t": 1},
                "validation",
                "GRAPHQL_VALIDATION_FAILED",
            ),
            ("{ secret }", {}, "authorization", "FORBIDDEN"),
            ("{ " + "me { id } " * 21 + "}", {}, "parse", "OPERATION_TOO_EXPENSIVE"),
        ],
    )
    async def test_what_was_not_executed_says_which_phase_refused_it(
        self, document: str, variables: dict[str, Any], phase: str, code: str
    ) -> None:
        """And it is the same without an event loop, and in a stream."""
        for result in (
            await SCHEMA.execute(document, variables, caller()),
            SCHEMA.execute_sync(document, variables, caller()),
            await anext(await SCHEMA.stream(document, variables, caller())),
        ):
            assert isinstance(result, NotExecuted)
            assert (result.phase, result.data) == (phase, None)
            assert set(codes_of(result)) == {code}

    async def test_a_syntax_error_says_where(self) -> None:
        for result in (
            await SCHEMA.execute("{ me {", {}, caller()),
            SCHEMA.execute_sync("{ me {", {}, caller()),
            await anext(await SCHEMA.stream("{ me {", {}, caller())),
        ):
            [error] = getattr(result, "errors", None) or []
            assert error.formatted["locations"] == [{"line": 1, "column": 7}]

    async def test_what_was_executed_is_no_refusal_even_if_all_is_null(self) -> None:
        result = await SCHEMA.execute("{ boom missing }", {}, caller())
        assert not isinstance(result, NotExecuted)
        assert result.data == {"boom": None, "missing": None}

    async def test_a_callers_context_that_can_not_be_read_runs_nothing(self) -> None:
        def principal(_context: Any) -> Principal:
            raise RuntimeError("no session")

        with capture_logs():
            result = await Schema(Query, principal=principal, **ROLES).execute("{ me { id } }")
        assert result.data is None
        assert codes_of(result) == ["INTERNAL_SERVER_ERROR"]

    @pytest.mark.parametrize("context", [None, {}, {"principal": "admin"}, object()])
    async def test_a_context_without_a_principal_is_anonymous(self, context: Any) -> None:
        result = await SCHEMA.execute("{ me { id email } }", {}, context)
        assert codes_of(result) == ["UNAUTHENTICATED"]

    async def test_the_principal_comes_from_where_the_application_says(self) -> None:
        who = Principal("usr_1", roles=frozenset({"admin"}))
        schema = Schema(Query, principal=lambda context: context["user"], **ROLES)
        result = await schema.execute("{ secret me { email } }", {}, {"user": who})
        assert result.errors is None
        result = await schema.execute("{ secret me { id } }", {}, {"user": ANONYMOUS})
        assert codes_of(result) == ["UNAUTHENTICATED"]


class TestDocuments:
    async def test_limits_hold_before_anything_else_is_looked_at(self) -> None:
        schema = Schema(Query, limits=Limits(max_depth=1), **ROLES)
        assert codes_of(await schema.execute("{ me { nothing } }")) == ["OPERATION_TOO_EXPENSIVE"]

    async def test_a_document_is_validated_once_for_as_long_as_it_is_kept(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        validated: list[str] = []
        original = Schema._validate

        def count(self: Schema, schema: Any, document: Any, **options: Any) -> Any:
            validated.append(document.text)
            return original(self, schema, document, **options)

        monkeypatch.setattr(Schema, "_validate", count)
        schema = Schema(Query, **ROLES)
        for who in (caller(), caller(roles=("admin",)), None):
            await schema.execute("{ me { id } secret }", {}, who)
            await schema.execute("{ nothing }", {}, who)
        assert len(validated) == 2
        schema.configure(limits=Limits(), denied_fields="filter", introspection="off")
        await schema.execute("{ nothing }", {}, None)
        assert len(validated) == 3

    async def test_answers_to_one_document_are_each_callers_own(self) -> None:
        """A cache between two callers: the same document as admin and then as nobody."""
        for who, data in (
            (caller(roles=("admin",)), {"secret": "s", "me": {"id": "usr_1"}}),
            (caller(), {"secret": None, "me": {"id": "usr_1"}}),
            (None, {"secret": None, "me": {"id": "usr_1"}}),
            (caller(roles=("admin",)), {"secret": "s", "me": {"id": "usr_1"}}),
        ):
            assert (await SCHEMA.execute("{ secret me { id } }", {}, who)).data == data


class TestExtensions:
    async def test_validation_rules_of_a_strawberry_extension_hold(self) -> None:
        class NoEcho(ASTValidationRule):
            def enter_field(self, node: Any, *_: Any) -> None:
                if node.name.value == "echo":
                    self.report_error(GraphQLError("no echo", node))

        schema = Schema(Query, extensions=[lambda: AddValidationRules([NoEcho])], **ROLES)
        result = await schema.execute('{ echo(text: "x") }')
        assert isinstance(result, NotExecuted)
        assert (await schema.execute("{ me { id } }")).errors is None
        assert (await SCHEMA.execute('{ echo(text: "x") }')).errors is None

    async def test_extensions_run_around_ours(self) -> None:
        seen: list[str] = []

        class Note(SchemaExtension):
            def on_operation(self) -> Iterator[None]:
                seen.append("operation")
                yield
                seen.append(
                    str(self.execution_context.result and self.execution_context.result.data)
                )

            def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
                seen.append(info.field_name)
                return _next(root, info, *args, **kwargs)

        result = await Schema(Query, extensions=[Note], **ROLES).execute("{ me { id } secret }")
        assert result.data == {"me": {"id": "usr_1"}, "secret": None}
        assert seen == [
            "operation",
            "me",
            "id",
            "secret",
            "{'me': {'id': 'usr_1'}, 'secret': None}",
        ]

    def test_what_would_deliver_fields_later_is_refused(self) -> None:
        config = StrawberryConfig(enable_experimental_incremental_execution=True)
        with pytest.raises(ConfigurationError, match="@defer"):
            Schema(Query, config=config, **ROLES)


class TestExtend:
    async def test_adds_fields_to_a_type_for_one_schema_only(self) -> None:
        @extend(User)
        class UserNotes:
            @strawberry.field(permission_classes=[IsAuthenticated()])
            def notes(self: User) -> str | None:
                return f"notes of {self.id}"

        schema = Schema(Query, extend=[UserNotes], **ROLES)
        result = await schema.execute("{ me { notes } }", {}, caller())
        assert result.data == {"me": {"notes": "notes of usr_1"}}
        assert codes_of(await schema.execute("{ me { notes } }")) == ["UNAUTHENTICATED"]
        refused = await SCHEMA.execute("{ me { notes } }", {}, caller())
        assert codes_of(refused) == ["GRAPHQL_VALIDATION_FAILED"]
        assert "notes" not in str(SCHEMA)

    async def test_two_extensions_of_one_type_stand_side_by_side(self) -> None:
        @extend(User)
        class One:
            one: str | None = strawberry.field(permission_classes=[Public()], default="1")

        @extend(User)
        class Two:
            @strawberry.field(permission_classes=[Public()])
            def two(self) -> str | None:
                return "2"

        schema = Schema(Query, extend=[One, Two], **ROLES)
        assert {"User.one", "User.two"} <= schema.rules.fields.keys()


class TestPrint:
    def test_each_rule_is_printed_where_it_stands(self) -> None:
        sdl = str(SCHEMA)
        assert 'email: String @guard(rule: "self(id)")' in sdl
        assert 'type User @guard(rule: "carrier")' in sdl
        assert 'secret: String @guard(rule: "role(admin)")' in sdl
        assert "directive @guard(rule: String!)" in sdl
        assert "@Rule" not in sdl

    def test_it_is_the_same_for_the_second_schema_of_the_same_types(self) -> None:
        assert str(Schema(Query, **ROLES)) == str(SCHEMA)


class TestMasking:
    async def test_an_unknown_exception_is_masked_under_an_id_that_the_log_has_too(self) -> None:
        with capture_logs() as logs:
            result = await SCHEMA.execute(f'{{ boom(password: "{CANARY}") }}', {}, caller())
        [error] = result.errors or [GraphQLError("none")]
        assert error.message == "Something went wrong on the server."
        assert error.path == ["boom"]
        assert set(error.extensions or {}) == {"code", "errorId"}
        [entry] = logs
        assert entry["error_id"] == (error.extensions or {})["errorId"]
        assert entry["path"] == ["boom"]

    async def test_our_own_errors_pass(self) -> None:
        result = await SCHEMA.execute("{ missing }", {}, caller())
        [error] = result.errors or [GraphQLError("none")]
        assert (error.message, error.extensions) == (
            "There is no such thing.",
            {"code": "NOT_FOUND"},
        )

    @pytest.mark.parametrize("document", ["{ wrong }", "{ stranger { id } }"])
    async def test_what_a_resolver_returned_by_mistake_is_not_shown(self, document: str) -> None:
        with capture_logs():
            result = await SCHEMA.execute(document, {}, caller())
        assert codes_of(result) == ["INTERNAL_SERVER_ERROR"]
        assert "internal value" not in str(result)

    @pytest.mark.parametrize(
        "document",
        [
            f'{{ echo(text: "{CANARY}") nothing }}',
            f'{{ echo(text: "{CANARY}" }}',
            f'{{ me {{ email }} secret echo(text: "{CANARY}") }}',
            f'{{ echo(text: "{CANARY}") missing wrong stranger {{ id }} }}',
        ],
    )
    async def test_no_log_line_holds_the_document(
        self, document: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Strawberry's own logger writes the text of each operation that fails."""
        with capture_logs() as logs:
            await SCHEMA.execute(document, {}, caller(subject="usr_2"))
            SCHEMA.execute_sync(document, {}, caller(subject="usr_2"))
        formatter = logging.Formatter()
        lines = [formatter.format(logging.makeLogRecord(each)) for each in logs]
        assert CANARY not in "".join(lines)
        assert caplog.records == []

    async def test_what_a_subscription_yields_is_masked_too(self) -> None:
        @strawberry.type
        class Subscription:
            @strawberry.subscription(permission_classes=[Public()])
            async def ticks(self) -> Any:
                yield 1
                raise RuntimeError(CANARY)

            ticks.type_annotation = strawberry.annotation.StrawberryAnnotation(int | None)

        schema = Schema(Query, subscription=Subscription, **ROLES)
        with capture_logs():
            results = [each async for each in await schema.subscribe("subscription { ticks }")]
        assert results[0].data == {"ticks": 1}
        assert codes_of(results[-1]) == ["INTERNAL_SERVER_ERROR"]
        assert CANARY not in str(results)
