"""The status of an answer, and its challenge, in both media types."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from graphql import GraphQLError
from strawberry.types import ExecutionResult

from graph_api.errors import (
    BadUserInput,
    Forbidden,
    GraphApiError,
    RateLimited,
    SessionEnded,
    Unauthenticated,
)
from graph_api.http.response import answer, before_execution
from tests.http.serving import CANARY, GRAPHQL, JSON

pytestmark = pytest.mark.anyio

BOTH = pytest.mark.parametrize("accept", [JSON, GRAPHQL])
REALM = 'Bearer realm="graph-api"'


async def _ask(
    api: httpx.AsyncClient, query: str, accept: str, bearer: str | None = None, **more: object
) -> httpx.Response:
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    return await api.post("/graphql", json={"query": query} | more, headers=headers)


def _codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@BOTH
@pytest.mark.parametrize(
    ("query", "more", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ " + "a " * 3_000 + "}", {}, "OPERATION_TOO_EXPENSIVE"),
        ("{ " + " ".join(f"a{n}: hello" for n in range(21)) + "}", {}, "OPERATION_TOO_EXPENSIVE"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ hello(times: 1.5) }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int) { hello(times: $n) }", {"variables": {"n": "x"}},
         "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello }", {"operationName": "B"}, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { hello }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)  # fmt: skip
async def test_what_can_not_be_executed_is_200_in_json_and_400_in_graphql_response(
    api: httpx.AsyncClient, accept: str, query: str, more: dict[str, Any], code: str
) -> None:
    response = await _ask(api, query, accept, **more)
    assert response.status_code == (400 if accept == GRAPHQL else 200)
    assert "data" not in response.json()
    assert set(_codes(response)) == {code}


@BOTH
async def test_what_was_executed_is_200_with_its_errors(
    api: httpx.AsyncClient, accept: str
) -> None:
    response = await _ask(api, "{ hello mine }", accept)
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello world", "mine": None}
    assert _codes(response) == ["UNAUTHENTICATED"]
    assert "www-authenticate" not in response.headers


@BOTH
@pytest.mark.parametrize("query", ["{ mine }", "{ mine secret }", "mutation { login administer }"])
async def test_where_signing_in_is_missing_it_is_401_without_an_error_in_the_challenge(
    api: httpx.AsyncClient, accept: str, query: str
) -> None:
    response = await _ask(api, query, accept)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == REALM
    assert "data" not in response.json()
    assert set(_codes(response)) == {"UNAUTHENTICATED"}


@BOTH
@pytest.mark.parametrize("query", ["{ secret }", "mutation { administer }"])
async def test_where_a_permission_is_missing_it_is_403(
    api: httpx.AsyncClient, accept: str, query: str
) -> None:
    response = await _ask(api, query, accept, "ada")
    assert response.status_code == 403
    assert response.headers["www-authenticate"] == f'{REALM}, error="insufficient_scope"'
    assert "data" not in response.json()
    assert _codes(response) == ["FORBIDDEN"]


@BOTH
@pytest.mark.parametrize(
    "query", ["{ hello }", "{ secret }", "{ nothing }", "{", "query A { a } query B { b }"]
)
async def test_a_bearer_that_does_not_verify_is_401_whatever_was_asked(
    api: httpx.AsyncClient, accept: str, query: str
) -> None:
    response = await _ask(api, query, accept, "forged")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == f'{REALM}, error="invalid_token"'
    assert "data" not in response.json()
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED", "reason": "token_invalid"}


@BOTH
async def test_too_frequent_on_every_root_field_is_429_with_the_longest_wait(
    api: httpx.AsyncClient, accept: str
) -> None:
    response = await _ask(api, "{ limited(seconds: 3) more: limited(seconds: 20) }", accept)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "20"
    assert response.json()["data"] == {"limited": None, "more": None}


@BOTH
async def test_too_frequent_on_some_root_fields_is_200(api: httpx.AsyncClient, accept: str) -> None:
    response = await _ask(api, "{ limited(seconds: 3) hello }", accept)
    assert response.status_code == 200
    assert "retry-after" not in response.headers


@BOTH
@pytest.mark.parametrize(
    ("query", "bearer"), [("{ hello }", None), ("{", None), ("{ hello }", "forged"), ("", None)]
)
async def test_no_answer_is_stored_and_each_says_what_it_varies_by(
    api: httpx.AsyncClient, accept: str, query: str, bearer: str | None
) -> None:
    response = await _ask(api, query, accept, bearer)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Authorization, Cookie, Origin, Accept"


@BOTH
async def test_an_exception_of_a_resolver_is_masked(api: httpx.AsyncClient, accept: str) -> None:
    response = await _ask(api, f'{{ broken(password: "{CANARY}") }}', accept)
    assert response.status_code == 200
    assert _codes(response) == ["INTERNAL_SERVER_ERROR"]
    assert CANARY not in response.text


@BOTH
async def test_an_exception_before_the_schema_is_masked_and_500(
    api: httpx.AsyncClient, accept: str
) -> None:
    response = await _ask(api, "{ hello }", accept, "crash")
    assert response.status_code == 500
    assert _codes(response) == ["INTERNAL_SERVER_ERROR"]
    assert response.json()["errors"][0]["extensions"]["errorId"]
    assert "internal detail" not in response.text


@pytest.mark.parametrize(
    ("data", "paths", "status"),
    [
        (None, [["login"]], 429),
        (None, [["login"], ["refresh"]], 429),
        ({"login": None}, [["login"]], 429),
        ({"login": None, "refresh": None}, [["login"]], 200),
        ({"user": {"sessions": None}}, [["user", "sessions"]], 200),
        ({"login": None}, [], 200),
    ],
)
def test_429_is_for_root_fields_alone_also_where_they_are_not_nullable(
    data: dict[str, Any] | None, paths: list[list[str | int]], status: int
) -> None:
    limited = {"code": "RATE_LIMITED", "retryAfter": 7}
    errors = [GraphQLError("Too many.", path=path, extensions=limited) for path in paths]
    response = answer(ExecutionResult(data, errors or None), JSON)
    assert response.status == status


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (Unauthenticated("Expired.", reason="token_expired"), 401, "WWW-Authenticate"),
        (SessionEnded(), 401, "WWW-Authenticate"),
        (RateLimited("Too many.", retry_after=7), 429, "Retry-After"),
        (Forbidden("No."), 403, "Vary"),
        (BadUserInput("Wrong."), 400, "Vary"),
    ],
)
def test_a_caller_without_a_context_is_told_why(
    error: GraphApiError, status: int, header: str
) -> None:
    response = before_execution(error, JSON)
    assert response.status == status
    assert header.lower().encode() in dict(response.headers)
