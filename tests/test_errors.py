"""What a client sees of an error, and what only the log does."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    graphql_sync,
)

from graph_api import errors
from graph_api.errors import (
    BadUserInput,
    Conflict,
    GraphApiError,
    RateLimited,
    SessionEnded,
    expose,
)
from tests.logs import capture_logs

INTERNAL = "an internal value"


class Stranger(Exception):
    """Some library's error that happens to have extensions, as ours do."""

    extensions = {"code": "E42", "dsn": INTERNAL}  # noqa: RUF012


def raises(error: Exception) -> Any:
    def resolve(*_: object, **__: object) -> None:
        raise error

    return resolve


def parse_money(value: object) -> object:
    raise ValueError(f"{value} is no money")


MONEY = GraphQLScalarType("Money", parse_value=parse_money)


def execute(
    document: str, resolve: Any = None, variables: Any = None, of: Any = GraphQLString
) -> ExecutionResult:
    """Execute against a schema of one field, which takes an Int and money."""
    arguments = {
        "n": GraphQLArgument(GraphQLNonNull(GraphQLInt), default_value=1),
        "m": GraphQLArgument(MONEY),
    }
    query = GraphQLObjectType("Query", {"field": GraphQLField(of, arguments, resolve=resolve)})
    return graphql_sync(GraphQLSchema(query), document, variable_values=variables)


def exposed(
    result: ExecutionResult, code: str = BadUserInput.code
) -> tuple[GraphQLError, list[Any]]:
    [error] = result.errors or [GraphQLError("none")]
    with capture_logs() as logs:
        return expose(error, code), list(logs)


def assert_masked(error: GraphQLError, logs: list[Any]) -> None:
    assert error.message == "Something went wrong on the server."
    assert set(error.extensions or {}) == {"code", "errorId"}
    assert (error.extensions or {})["code"] == "INTERNAL_SERVER_ERROR"
    assert INTERNAL not in str(error.formatted)
    assert error.original_error is None
    assert error.__cause__ is None


@pytest.mark.parametrize(
    "cause",
    [
        RuntimeError(INTERNAL),
        KeyError(INTERNAL),
        Stranger(INTERNAL),
        GraphQLError(INTERNAL),
        GraphQLError(INTERNAL, extensions={"hint": INTERNAL}),
        GraphQLError("no", original_error=RuntimeError(INTERNAL)),
        GraphQLError("no", original_error=Stranger(INTERNAL)),
    ],
)
def test_what_a_resolver_raises_unforeseen_is_masked(cause: Exception) -> None:
    error, logs = exposed(execute("{ field }", raises(cause)))
    assert_masked(error, logs)
    assert error.path == ["field"]
    assert [(at.line, at.column) for at in error.locations or ()] == [(1, 3)]
    [entry] = logs
    assert entry["error_id"] == (error.extensions or {})["errorId"]
    assert entry["path"] == ["field"]
    assert entry["exc_info"] is not None


def test_two_errors_have_two_ids() -> None:
    masked = [exposed(execute("{ field }", raises(RuntimeError())))[0] for _ in range(2)]
    ids = {(error.extensions or {})["errorId"] for error in masked}
    assert len(ids) == 2


def test_an_error_from_another_operation_is_masked_although_it_has_nodes() -> None:
    def resolve(_source: object, info: Any, **_: object) -> None:
        raise GraphQLError(INTERNAL, info.field_nodes)

    assert_masked(*exposed(execute("{ field }", resolve)))


@pytest.mark.parametrize("of", [GraphQLInt, GraphQLNonNull(GraphQLInt)])
def test_a_value_that_can_not_be_serialized_is_not_shown(of: Any) -> None:
    assert_masked(*exposed(execute("{ field }", lambda *_, **__: INTERNAL, of=of)))


def test_a_non_null_field_that_is_null_is_the_servers_fault() -> None:
    assert_masked(
        *exposed(execute("{ field }", lambda *_, **__: None, of=GraphQLNonNull(GraphQLInt)))
    )


@pytest.mark.parametrize(
    "of",
    [
        GraphQLUnionType("U", [GraphQLObjectType("A", {"a": GraphQLField(GraphQLInt)})]),
        GraphQLObjectType("B", {"a": GraphQLField(GraphQLInt)}, is_type_of=lambda *_: False),
    ],
)
def test_an_object_of_no_type_is_not_shown(of: Any) -> None:
    """graphql-core says `Expected value of type 'B' but got: <the object>.`"""
    result = execute("{ field { __typename } }", lambda *_, **__: {"password": INTERNAL}, of=of)
    assert_masked(*exposed(result))


@pytest.mark.parametrize(
    "cause",
    [
        Conflict("Taken."),
        SessionEnded(),
        RateLimited("Wait.", retry_after=3),
        BadUserInput.at("input.email", "No."),
    ],
)
@pytest.mark.parametrize(
    "wrap", [lambda cause: cause, lambda cause: GraphQLError("x", original_error=cause)]
)
def test_our_own_errors_are_shown(cause: GraphApiError, wrap: Any) -> None:
    error, logs = exposed(execute("{ field }", raises(wrap(cause))))
    assert error.message == cause.message
    assert error.extensions == cause.extensions
    assert error.path == ["field"]
    assert logs == []


@pytest.mark.parametrize(
    "cause",
    [
        GraphQLError("Out of stock.", extensions={"code": "OUT_OF_STOCK"}),
        GraphQLError(
            "Out of stock.",
            extensions={"code": "OUT_OF_STOCK"},
            original_error=RuntimeError(INTERNAL),
        ),
    ],
)
def test_an_error_that_was_given_a_code_is_shown(cause: GraphQLError) -> None:
    error, logs = exposed(execute("{ field }", raises(cause)))
    assert error.formatted == {
        "message": "Out of stock.",
        "locations": [{"line": 1, "column": 3}],
        "path": ["field"],
        "extensions": {"code": "OUT_OF_STOCK"},
    }
    assert logs == []


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ nothing }", None),
        ('{ field(n: "1") }', None),
        ("query ($n: Int!) { field(n: $n) }", {"n": "1"}),
        ("query ($n: Int!) { field(n: $n) }", {}),
        ("{ field(m: 1) }", None),
        ("query ($m: Money) { field(m: $m) }", {"m": "1 EUR"}),
        ("query ($n: Int = 2) { field(n: $n) }", {"n": None}),
    ],
)
def test_what_is_wrong_with_the_request_is_shown_with_the_code_of_its_phase(
    document: str, variables: Any
) -> None:
    result = execute(document, lambda *_, **__: "x", variables)
    error, logs = exposed(result, "GRAPHQL_VALIDATION_FAILED")
    assert error.extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert error.message != "Something went wrong on the server."
    assert logs == []


def test_each_code_has_one_class() -> None:
    classes = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, GraphApiError) and each is not GraphApiError
    ]
    codes = [each.code for each in classes]
    assert len(codes) == len(set(codes)) == 13
    assert all(code == code.upper() for code in codes)
    assert GraphApiError.code == "INTERNAL_SERVER_ERROR"


def test_extensions_say_what_a_client_acts_on() -> None:
    assert RateLimited("x", retry_after=3, reason="login").extensions == {
        "code": "RATE_LIMITED",
        "reason": "login",
        "retryAfter": 3,
    }
    assert BadUserInput.at("input.email", "No.").extensions == {
        "code": "BAD_USER_INPUT",
        "fields": [{"path": ["input", "email"], "message": "No."}],
    }
    assert SessionEnded().extensions == {"code": "SESSION_ENDED", "reason": "session_ended"}
