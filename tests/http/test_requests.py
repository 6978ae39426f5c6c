"""GraphQL over HTTP: what a request may look like, and what is said to one that doesn't."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests import logs
from tests.http.serving import GRAPHQL, JSON, client, serve

pytestmark = pytest.mark.anyio

BOTH = pytest.mark.parametrize("accept", [JSON, GRAPHQL])


def _code(response: httpx.Response) -> str:
    body = response.json()
    assert "data" not in body
    [error] = body["errors"]
    assert error["message"]
    return str(error["extensions"]["code"])


async def test_a_post_answers_data(api: httpx.AsyncClient) -> None:
    response = await api.post(
        "/graphql",
        json={
            "query": "query Hello($name: String!) { hello(name: $name) } query Other { caller }",
            "operationName": "Hello",
            "variables": {"name": "Ada"},
            "extensions": {"traced": True},
            "unknown": ["ignored"],
        },
    )
    assert response.status_code == 200
    assert response.json() == {"data": {"hello": "hello Ada"}}


async def test_a_get_answers_a_query(api: httpx.AsyncClient) -> None:
    response = await api.get(
        "/graphql",
        params={
            "query": "query Hello($name: String!) { hello(name: $name) } query Other { caller }",
            "operationName": "Hello",
            "variables": json.dumps({"name": "Ada"}),
        },
    )
    assert response.json() == {"data": {"hello": "hello Ada"}}


@BOTH
async def test_a_mutation_by_get_is_405(api: httpx.AsyncClient, accept: str) -> None:
    response = await api.get(
        "/graphql", params={"query": "mutation { login }"}, headers={"Accept": accept}
    )
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert _code(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405(api: httpx.AsyncClient, method: str) -> None:
    response = await api.request(method, "/graphql")
    assert response.status_code == 405
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))
    assert _code(response) == "BAD_USER_INPUT"


async def test_options_says_which_methods_there_are(api: httpx.AsyncClient) -> None:
    response = await api.options("/graphql")
    assert response.status_code == 204
    assert set(response.headers["allow"].split(", ")) == {"GET", "OPTIONS", "POST"}
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "content-length" not in response.headers


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"1",
        b'"x"',
        b"\xff",
        b'{"query": "\xff"}',
        b"{",
        b"[" * 100_000,
        b'{"query": "{ hello }", "variables": ' + b'{"a":' * 40_000,
        b'{"query": "{ hello }", "variables": {"a": ' + b"[" * 101 + b"]" * 101 + b"}}",
        b'{"query": "{ hello }", "variables": {"a": 1e999}}',
        b'{"query": "{ hello }", "variables": {"a": NaN}}',
        b'{"query": "\\ud800"}',
        b'[{"query": "{ hello }"}]',
        b"{}",
        b'{"query": ""}',
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ hello }"]}',
        b'{"query": "{ hello }", "variables": "{}"}',
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "operationName": 1}',
        b'{"query": "{ hello }", "extensions": []}',
    ],
)
async def test_a_body_that_is_no_request_is_400(
    api: httpx.AsyncClient, body: bytes, accept: str
) -> None:
    response = await api.post(
        "/graphql", content=body, headers={"Content-Type": JSON, "Accept": accept}
    )
    assert response.status_code == 400
    assert response.headers["content-type"].startswith(accept)
    assert _code(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query_string",
    ["", "query=", "query=%FF", "query={hello}&variables=[]", "query={hello}&variables={",
     "query={hello}&extensions=1", "variables=" + "[" * 60_000],
)  # fmt: skip
async def test_a_query_string_that_is_no_request_is_400(
    api: httpx.AsyncClient, query_string: str
) -> None:
    response = await api.get(f"/graphql?{query_string}")
    assert response.status_code == 400
    assert _code(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/graphql", "text/plain; application/json", "application/json; charset=utf-16"],
)  # fmt: skip
async def test_whatever_a_form_could_send_is_415(
    api: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = await api.post("/graphql", content=b'{"query": "{ hello }"}', headers=headers)
    assert response.status_code == 415
    assert _code(response) == "BAD_USER_INPUT"


async def test_two_content_types_are_415(api: httpx.AsyncClient) -> None:
    headers = [("Content-Type", JSON), ("Content-Type", "text/plain")]
    response = await api.post("/graphql", content=b'{"query": "{ hello }"}', headers=headers)
    assert response.status_code == 415


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
     'application/json;charset="UTF-8"'],
)  # fmt: skip
async def test_json_in_utf_8_is_taken(api: httpx.AsyncClient, content_type: str) -> None:
    body = json.dumps({"query": '{ hello(name: "Zoë") }'}, ensure_ascii=False).encode()
    response = await api.post("/graphql", content=body, headers={"Content-Type": content_type})
    assert response.json() == {"data": {"hello": "hello Zoë"}}


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
async def test_a_larger_body_is_413(announced: bool) -> None:
    body = json.dumps({"query": "{ hello }", "padding": "x" * 1_000}).encode()

    async def chunks() -> Any:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async with client(serve(max_body_bytes=1_000)) as api:
        response = await api.post(
            "/graphql",
            content=body if announced else chunks(),
            headers={"Content-Type": JSON},
        )
        too_long = await api.get("/graphql", params={"query": "{ hello }" + " " * 1_000})
    assert response.status_code == 413
    assert "1,000 bytes" in response.json()["errors"][0]["message"]
    assert too_long.status_code == 414


async def test_a_body_in_pieces_is_one(api: httpx.AsyncClient) -> None:
    body = json.dumps({"query": '{ hello(name: "Zoë") }'}, ensure_ascii=False).encode()

    async def bytewise() -> Any:
        for each in body:
            yield bytes([each])

    response = await api.post("/graphql", content=bytewise(), headers={"Content-Type": JSON})
    assert response.json() == {"data": {"hello": "hello Zoë"}}


async def test_who_goes_away_before_the_body_is_there_is_not_answered() -> None:
    messages = iter(
        [
            {"type": "http.request", "body": b'{"query": "mutation { ', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(messages)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with capture_logs() as lines:
        await _app()(_scope("http", method="POST"), receive, send)
    assert sent == []
    assert [(line["event"], line["status"]) for line in lines] == [("request", 499)]


async def test_a_websocket_is_refused_and_no_failure_of_ours() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    with logs.capture_logs() as lines:
        await _app()(_scope("websocket", subprotocols=[]), receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert lines == []


def _app() -> Any:
    return serve()


def _scope(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"api.example.com"), (b"content-type", b"application/json")],
        "client": ("203.0.113.9", 50_000),
        "scheme": "https",
        **more,
    }


@BOTH
async def test_a_hash_without_a_document_is_not_supported(
    api: httpx.AsyncClient, accept: str
) -> None:
    body = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    response = await api.post("/graphql", json=body, headers={"Accept": accept})
    assert response.status_code == 400
    assert _code(response) == "PERSISTED_QUERY_NOT_SUPPORTED"


async def test_a_hash_beside_its_document_is_ignored(api: httpx.AsyncClient) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    response = await api.post("/graphql", json={"query": "{ hello }", "extensions": extensions})
    assert response.json() == {"data": {"hello": "hello world"}}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
members = st.sampled_from(["query", "operationName", "variables", "extensions"])


@given(
    body=st.binary()
    | (json_values | st.dictionaries(members, json_values)).map(lambda it: json.dumps(it).encode())
)
async def test_no_body_is_a_failure_of_ours(body: bytes) -> None:
    async with client(serve()) as api:
        response = await api.post("/graphql", content=body, headers={"Content-Type": JSON})
    assert response.status_code in {200, 400}
    assert response.json()["errors"]
