"""The GraphiQL page: its policy, what it tells the browser, and its files."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from graph_api.http import graphiql
from graph_api.http.graphiql import DemoAccount, Tab

ADMIN = DemoAccount("Admin", "admin@example.com", "correct horse battery")
TABS = [Tab("query Me { me { email } }"), Tab("query Audit { auditEvents { nodes { action } } }")]


def _page(
    accounts: list[DemoAccount] | None = None, tabs: list[Tab] | None = None
) -> graphiql.Page:
    return graphiql.page(endpoint="/graphql", demo_accounts=accounts or [ADMIN], tabs=tabs or TABS)


def _config(html: str) -> dict[str, Any]:
    block = re.search(r'<script type="application/json" id="config">(.*?)</script>', html)
    assert block
    config: dict[str, Any] = json.loads(block[1])
    return config


def _directives(csp: str) -> dict[str, list[str]]:
    words = [directive.split() for directive in csp.split(";")]
    return {name: values for name, *values in words}


@pytest.fixture
def client() -> TestClient[Litestar]:
    return TestClient(Litestar([graphiql.static_file]))


def test_the_policy_forbids_whatever_it_does_not_name() -> None:
    directives = _directives(_page().csp)
    assert directives.pop("style-src")[0] == "'self'"
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


def test_style_elements_need_the_nonce_of_this_very_answer() -> None:
    first, second = _page(), _page()
    assert f"'nonce-{_config(first.html)['nonce']}'" in _directives(first.csp)["style-src"]
    assert _config(first.html)["nonce"] != _config(second.html)["nonce"]


def test_the_page_has_no_inline_script_style_or_handler_and_names_no_other_origin() -> None:
    html = _page().html
    executable = re.sub(r'<script type="application/json".*?</script>', "", html)
    assert re.findall(r"<script[^>]*>(.*?)</script>", executable) == [""]
    assert not re.search(r"<style|\sstyle=|\son\w+=|https?:|//", executable)


@given(st.text())
@pytest.mark.filterwarnings("default")
def test_no_text_ends_the_element_that_the_configuration_stands_in(text: str) -> None:
    for hostile in (text, f"</script>{text}", f"<!--<script>{text}"):
        html = _page([DemoAccount(hostile, hostile, hostile)], [Tab(hostile)]).html
        assert html.count("<script") == 2
        assert "<!--" not in html
        assert _config(html)["accounts"] == [
            {"label": hostile, "email": hostile, "password": hostile}
        ]
        assert _config(html)["tabs"][0]["query"] == hostile


def test_another_data_folder_has_tabs_of_its_own_in_the_browser_and_the_same_one_keeps_them() -> (
    None
):
    other = DemoAccount(ADMIN.label, ADMIN.email, "another random password")
    scope = _config(_page().html)["scope"]
    assert _config(_page().html)["scope"] == scope
    assert _config(_page([other]).html)["scope"] != scope


def test_a_demo_password_is_in_no_repr() -> None:
    login = Tab(f'mutation Login {{ login(password: "{ADMIN.password}") }}')
    assert ADMIN.password not in repr([ADMIN, login])


def test_the_files_that_the_page_names_are_served_to_be_kept(client: TestClient[Litestar]) -> None:
    addresses = re.findall(r'(?:href|src)="(/[^"]+)"', _page().html)
    answers = [client.get(address) for address in addresses]
    assert [(answer.status_code, answer.headers["content-type"]) for answer in answers] == [
        (200, "text/css; charset=utf-8"),
        (200, "text/css; charset=utf-8"),
        (200, "text/javascript; charset=utf-8"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_every_shipped_file_is_served_and_has_its_licence(client: TestClient[Litestar]) -> None:
    folder = files("graph_api.http") / "static" / "graphiql"
    names = sorted(entry.name for entry in folder.iterdir())
    assert names == ["LICENSES.txt", "graphiql.css", "graphiql.js", "page.css"]
    for name in names:
        assert client.get(f"/graphiql/static/{name}").content == (folder / name).read_bytes()
    assert "react-dom 19" in client.get("/graphiql/static/LICENSES.txt").text


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fgraphiql.py",
        "%2e%2e/%2e%2e/graphiql.py",
        "..%5cgraphiql.py",
        "%00",
        "graphiql.js%00",
    ],
)
def test_no_other_file_can_be_asked_for(client: TestClient[Litestar], name: str) -> None:
    assert client.get(f"/graphiql/static/{name}").status_code == 404


def test_the_bundle_is_small_enough_to_live_in_the_repository() -> None:
    folder = Path(str(files("graph_api.http") / "static" / "graphiql"))
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_600_000
