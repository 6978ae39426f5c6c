"""The bearer: from one header only, verified always but for fields that say otherwise."""

from __future__ import annotations

import time

import httpx
import pytest

from graph_api.execution.documents import Documents, operation
from graph_api.execution.limits import Limits
from graph_api.http.bearer import ignores_bearer, sent_bearer

pytestmark = pytest.mark.anyio


async def _ask(
    api: httpx.AsyncClient, query: str, authorization: str | None, **more: object
) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await api.post("/graphql", json={"query": query} | more, headers=headers)


@pytest.mark.parametrize("header", [None, "", "  "])
async def test_without_a_token_the_caller_is_anonymous(
    api: httpx.AsyncClient, header: str | None
) -> None:
    response = await _ask(api, "{ caller }", header)
    assert response.json() == {"data": {"caller": "None"}}


@pytest.mark.parametrize("header", ["Bearer ada", "bearer ada", "BEARER   ada "])
async def test_the_scheme_has_no_case(api: httpx.AsyncClient, header: str) -> None:
    response = await _ask(api, "{ caller }", header)
    assert response.json() == {"data": {"caller": "ada"}}


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer null", "Bearer ada eve"])
async def test_a_malformed_bearer_is_a_bad_token(api: httpx.AsyncClient, header: str) -> None:
    response = await _ask(api, "{ caller }", header)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Basic YTpi", "ada", "Bearerada", "DPoP ada"])
async def test_rfc_6750_section_3_1_another_scheme_is_401_without_an_error(
    api: httpx.AsyncClient, header: str
) -> None:
    response = await _ask(api, "{ caller }", header)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="graph-api"'
    assert response.json()["errors"][0]["extensions"]["reason"] == "scheme_not_supported"


@pytest.mark.parametrize("query", ["{ caller }", "mutation { login }", "{"])
async def test_two_headers_are_400(api: httpx.AsyncClient, query: str) -> None:
    headers = [("Authorization", "Bearer ada"), ("Authorization", "Bearer ada")]
    response = await api.post("/graphql", json={"query": query}, headers=headers)
    assert response.status_code == 400


async def test_a_token_in_query_body_or_cookie_is_none(api: httpx.AsyncClient) -> None:
    response = await api.post(
        "/graphql",
        params={"access_token": "ada"},
        json={"query": "{ caller }", "access_token": "ada"},
        headers={"Cookie": "access_token=ada"},
    )
    assert response.json() == {"data": {"caller": "None"}}


@pytest.mark.parametrize(
    "query",
    [
        "mutation { login }",
        "mutation { mine: login refresh }",
        "mutation { __typename login @skip(if: true) refresh }",
        "mutation { ...F } fragment F on Mutation { login ... { refresh } }",
        "mutation { ...F ...F } fragment F on Mutation { login }",
    ],
)
@pytest.mark.parametrize("authorization", ["Bearer forged", "Bearer ada", "Basic YTpi"])
async def test_angular_jwt_sends_the_expired_token_with_the_request_that_renews_it(
    api: httpx.AsyncClient, query: str, authorization: str
) -> None:
    """The caller is then anonymous, even with a good token."""
    response = await _ask(api, query, authorization)
    assert response.status_code == 200
    assert set(response.json()["data"].values()) <= {"None", "Mutation"}


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("mutation { login: deleteUser }", {}),
        ("mutation { login deleteUser }", {}),
        ("mutation { login ...F } fragment F on Mutation { deleteUser }", {}),
        ("mutation { login ... on Mutation { deleteUser } }", {}),
        ("mutation { login deleteUser @skip(if: true) }", {}),
        ("mutation { login deleteUser @include(if: false) }", {}),
        ("mutation A { login } mutation B { deleteUser }", {"operationName": "B"}),
        ("mutation A { login } mutation B { deleteUser }", {}),
        ("mutation { __typename }", {}),
        ("query { login }", {}),
        ("query { login: caller }", {}),
        ("mutation { login", {}),
        ("mutation { ...F } fragment F on Mutation { ...F }", {}),
    ],
    ids=["alias", "beside", "fragment spread", "inline fragment", "skip", "include",
         "operationName", "no operationName", "typename only", "query", "query by alias",
         "unparseable", "cyclic fragment"],
)  # fmt: skip
async def test_anything_else_has_its_bearer_looked_at(
    api: httpx.AsyncClient, query: str, more: dict[str, object]
) -> None:
    response = await _ask(api, query, "Bearer forged", **more)
    assert response.status_code == 401


async def test_by_get_the_bearer_is_never_ignored(api: httpx.AsyncClient) -> None:
    response = await api.get(
        "/graphql", params={"query": "mutation { login }"}, headers={"Authorization": "Bearer x"}
    )
    assert response.status_code == 405


async def test_two_operations_ignore_it_where_the_selected_one_does(
    api: httpx.AsyncClient,
) -> None:
    document = "mutation A { login } mutation B { deleteUser }"
    response = await _ask(api, document, "Bearer forged", operationName="A")
    assert response.json() == {"data": {"login": "None"}}


def test_fragments_that_spread_each_other_take_no_time_to_look_through() -> None:
    pairs = "".join(f"fragment F{n} on M{{...F{n + 1} ...F{n + 1}}}" for n in range(60))
    text = f"mutation{{...F0}}{pairs}fragment F60 on M{{login}}"
    document = Documents(Limits(max_root_fields=2**60, max_fields=2**60)).parse(text)
    start = time.perf_counter()
    assert ignores_bearer(document, operation(document, None), frozenset({"login"}))
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer ada", "ada"), ("", None), ("Basic x", None), ("Bearer", "")]
)
def test_logout_reads_what_was_sent_whatever_it_is_worth(header: str, token: str | None) -> None:
    assert sent_bearer(header) == token
