"""Every page that we serve, and what it lets a browser do (OWASP Secure Headers Project)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from graph_api.app import create_app
from graph_api.http.graphiql import Page, Tab, page
from schema import schema
from tests.accounts.world import make_settings

pytestmark = pytest.mark.anyio

STRICTEST = {
    "default-src": ["'none'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
}


def _page() -> Page:
    return page(endpoint="/graphql", demo_accounts=[], tabs=[Tab("{ me { email } }")])


@pytest.fixture
def app(tmp_path: Path, sqlite_url: str) -> Litestar:
    """The application with all that it can serve."""
    settings = make_settings(
        tmp_path / "data", database_url=sqlite_url, issuer="https://api.example.com"
    )
    return create_app(schema, settings, page=_page)


@pytest.fixture
async def http(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    asgi: Any = app
    transport = httpx.ASGITransport(asgi)
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url="https://api.example.com") as opened,
    ):
        yield opened


async def _all(app: Litestar, http: httpx.AsyncClient) -> dict[str, httpx.Response]:
    """Return an answer of each route to a browser, and of each way of being refused."""
    paths = {
        route.path.replace("{name:str}", "graphiql.js").replace("{path:path}", "icon.svg")
        for route in app.routes
    }
    answers = {
        path: await http.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        for path in sorted(paths)
    }
    return answers | {
        "404": await http.get("/missing"),
        "405": await http.delete("/graphql"),
        "415": await http.post("/graphql", content=b"<script>"),
        "400": await http.post("/graphql", json=[]),
        "421": await http.get("/graphql", headers={"Host": "evil.example"}),
        "403 preflight": await http.options(
            "/graphql",
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        ),
    }


async def test_each_has_the_headers_that_a_browser_heeds(
    app: Litestar, http: httpx.AsyncClient
) -> None:
    answers = await _all(app, http)
    files = {"/console/icon.svg", "/graphiql/static/graphiql.js"}
    assert files | {"/console", "/graphql", "/health/live"} <= answers.keys()
    for path, answer in answers.items():
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["cross-origin-opener-policy"] == "same-origin", path
        assert headers["strict-transport-security"] == "max-age=31536000", path
        assert not {"server", "x-powered-by"} & set(headers), path
        kind = headers.get("content-type", "")
        assert "charset=utf-8" in kind or not kind.startswith("text/"), path


async def test_each_has_a_strict_policy(app: Litestar, http: httpx.AsyncClient) -> None:
    for path, answer in (await _all(app, http)).items():
        directives = _directives(answer.headers["content-security-policy"])
        assert directives.items() >= STRICTEST.items(), path
        if "html" in answer.headers.get("content-type", ""):
            allowed = {source for sources in directives.values() for source in sources}
            assert directives["script-src"] == ["'self'"], path
            assert not {source for source in allowed if "unsafe" in source or "*" in source}, path
        else:
            assert directives == STRICTEST, path


async def test_only_graphiql_and_the_console_are_html_and_only_where_they_are_on(
    app: Litestar, http: httpx.AsyncClient
) -> None:
    answers = await _all(app, http)
    html = [path for path, it in answers.items() if "html" in it.headers.get("content-type", "")]
    assert html == ["/console", "/graphql"]


async def test_the_console_can_be_off(tmp_path: Path, sqlite_url: str) -> None:
    settings = make_settings(tmp_path / "data", database_url=sqlite_url, console=False)
    assert "/console" not in {route.path for route in create_app(schema, settings).routes}


def _directives(policy: str) -> dict[str, list[str]]:
    words = [directive.split() for directive in policy.split(";")]
    return {name: sources for name, *sources in words}
