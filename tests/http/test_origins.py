"""Whose pages may send mutations, and whose may read answers."""

from __future__ import annotations

import httpx
import pytest

from graph_api.http.csrf import origin_of
from tests.http.serving import ISSUER, client, serve

pytestmark = pytest.mark.anyio

APP = "https://app.example.com"
MUTATIONS = [
    "mutation { login }",
    "mutation { deleteUser }",
    "mutation A { login } query B { hello }",
]


async def _post(query: str, headers: dict[str, str]) -> httpx.Response:
    async with client(serve(allowed_origins=(APP,))) as api:
        body = {"query": query, "operationName": "A" if "A" in query else None}
        return await api.post("/graphql", json=body, headers=headers)


@pytest.mark.parametrize("query", MUTATIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": APP},
        {"Origin": ISSUER},
        {"Origin": APP, "Sec-Fetch-Site": "same-site"},
        {"Origin": APP, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://127.0.0.1:8000", "Host": "127.0.0.1:8000"},
        {"Origin": ISSUER, "Graph-Api-Session": "cookie"},
    ],
)
async def test_our_own_pages_listed_ones_and_programs_may(
    query: str, headers: dict[str, str]
) -> None:
    assert (await _post(query, headers)).status_code == 200


@pytest.mark.parametrize("query", MUTATIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://api.example.com.evil.example"},
        {"Origin": "https://api.example.com:4200"},
        {"Origin": "http://api.example.com"},
        {"Origin": "http://localhost:4200", "Host": "localhost:8000"},
        {"Origin": f"{APP}, https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://other.example.com", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Graph-Api-Session": "cookie"},
    ],
)
async def test_strangers_pages_may_not(query: str, headers: dict[str, str]) -> None:
    response = await _post(query, headers)
    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"] == {
        "code": "FORBIDDEN",
        "reason": "origin_not_allowed",
    }
    assert "www-authenticate" not in response.headers


async def test_a_host_that_is_no_host_has_no_origin() -> None:
    async with client(serve(allowed_hosts=("*",))) as api:
        headers = {"Host": "[::1", "Origin": "https://[::1"}
        response = await api.post("/graphql", json={"query": "mutation { login }"}, headers=headers)
    assert response.status_code == 403


async def test_two_origins_are_nobodys() -> None:
    async with client(serve(allowed_origins=(APP,))) as api:
        headers = [("Origin", APP), ("Origin", APP)]
        response = await api.post("/graphql", json={"query": "mutation { login }"}, headers=headers)
    assert response.status_code == 403


async def test_queries_need_no_origin() -> None:
    response = await _post("{ hello }", {"Origin": "https://evil.example"})
    assert response.json() == {"data": {"hello": "hello world"}}


async def test_no_mutation_slips_by_as_one_of_several_operations() -> None:
    """Strawberry runs the first of several where none is named."""
    document = "mutation First { deleteUser } query Second { hello }"
    async with client(serve()) as api:
        for headers in ({}, {"Origin": "https://evil.example"}):
            response = await api.post("/graphql", json={"query": document}, headers=headers)
            assert "data" not in response.json()
            by_get = await api.get("/graphql", params={"query": document}, headers=headers)
            assert "data" not in by_get.json()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://API.example.com:443/path", "https://api.example.com"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_do(url: str, origin: str) -> None:
    assert origin_of(url) == origin


class TestCors:
    async def test_a_listed_origin_reads_answers_with_credentials(self) -> None:
        response = await _post("{ hello }", {"Origin": APP})
        assert response.headers["access-control-allow-origin"] == APP
        assert response.headers["access-control-allow-credentials"] == "true"
        exposed = response.headers["access-control-expose-headers"]
        assert {"WWW-Authenticate", "Retry-After"} <= set(exposed.split(", "))

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "null", "*", ISSUER, "https://app.example.com.evil.example"],
    )
    async def test_another_origin_does_not(self, origin: str) -> None:
        response = await _post("{ hello }", {"Origin": origin})
        assert not [name for name in response.headers if name.startswith("access-control-")]

    @pytest.mark.parametrize("origin", [APP, "https://evil.example"])
    async def test_the_answer_still_varies_by_all_that_it_varies_by(self, origin: str) -> None:
        response = await _post("{ hello }", {"Origin": origin})
        assert response.headers["vary"] == "Authorization, Cookie, Origin, Accept"

    async def test_answers_from_outside_the_endpoint_vary_by_origin_too(self) -> None:
        async with client(serve(allowed_origins=(APP,))) as api:
            response = await api.get("/missing", headers={"Origin": APP})
        assert response.status_code == 404
        assert response.headers["access-control-allow-origin"] == APP
        assert "Origin" in response.headers["vary"]

    async def test_refusals_can_be_read_as_well(self) -> None:
        response = await _post("{ hello }", {"Origin": APP, "Authorization": "Bearer forged"})
        assert response.status_code == 401
        assert response.headers["access-control-allow-origin"] == APP

    @pytest.mark.parametrize(
        ("origin", "status"), [(APP, 204), ("https://evil.example", 403), ("null", 403)]
    )
    async def test_a_preflight_is_answered_for_listed_origins(
        self, origin: str, status: int
    ) -> None:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        async with client(serve(allowed_origins=(APP,))) as api:
            response = await api.options("/graphql", headers=headers)
        assert response.status_code == status
        if status == 204:
            assert response.headers["access-control-allow-origin"] == APP
            assert response.headers["access-control-allow-credentials"] == "true"
            assert response.headers["access-control-allow-methods"] == "GET, POST"
            assert response.headers["access-control-allow-headers"] == "authorization,content-type"
        else:
            assert "access-control-allow-origin" not in response.headers

    async def test_by_default_nobody_is_listed(self, api: httpx.AsyncClient) -> None:
        response = await api.post("/graphql", json={"query": "{ hello }"}, headers={"Origin": APP})
        assert "access-control-allow-origin" not in response.headers
