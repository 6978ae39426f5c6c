"""Which media type an answer has."""

from __future__ import annotations

import httpx
import pytest

from graph_api.http.graphiql import Page
from graph_api.http.negotiation import prefers_html
from tests.http.serving import GRAPHQL, JSON, client, serve

pytestmark = pytest.mark.anyio

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        ("Application/JSON; charset=utf-8", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL}, */*", GRAPHQL),
        (f"{JSON}, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{JSON};q=0.2, application/*;q=0.4", GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
        (BROWSER, JSON),
    ],
)
async def test_the_type_that_the_client_likes_best(
    api: httpx.AsyncClient, accept: str, expected: str
) -> None:
    response = await api.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"


async def test_several_headers_are_one_list(api: httpx.AsyncClient) -> None:
    headers = [("Accept", f"{JSON};q=0.5"), ("Accept", GRAPHQL)]
    response = await api.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    assert response.headers["content-type"].startswith(GRAPHQL)


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", f"{JSON};q=0", "*/*;q=0", "image/*, text/*"]
)
async def test_nothing_that_we_have_is_406(api: httpx.AsyncClient, accept: str) -> None:
    response = await api.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": accept})
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("accept", "html"),
    [(BROWSER, True), ("text/html", True), ("*/*", False), (JSON, False),
     (f"text/html;q=0.5, {JSON}", False), ("", False)],
)  # fmt: skip
def test_only_browsers_get_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


async def test_the_page_keeps_its_own_policy_and_is_not_stored() -> None:
    app = serve(page=lambda: Page("<!doctype html>", "default-src 'self'"))
    async with client(app) as api:
        page = await api.get("/graphql", headers={"Accept": BROWSER})
        posted = await api.post(
            "/graphql", json={"query": "{ hello }"}, headers={"Accept": BROWSER}
        )
    assert page.text == "<!doctype html>"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Authorization, Cookie, Origin, Accept"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"] == "default-src 'self'"
    assert page.headers["cache-control"] == "no-store"
    assert posted.json() == {"data": {"hello": "hello world"}}
