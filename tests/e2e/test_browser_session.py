"""The session cookie in a real Chromium, before pages of ours and of strangers.

The strangers' page is on another port of the same host. That is the same site, so the browser sends
the Strict cookie along: what stops the page is ``graph_api.http.csrf`` and the media type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response

from graph_api.http.cookies import NAME
from tests.cli.terminal import SERVE, Terminal
from tests.e2e.serving import CHECKOUT, EMAIL, PASSWORD, listening, serving

COOKIE_MODE = {"Graph-Api-Session": "cookie"}
LOGIN = (
    f'mutation {{ login(input: {{email: "{EMAIL}", password: "{PASSWORD}"}})'
    " { accessToken refreshToken } }"
)
REFRESH = "mutation { refresh { accessToken refreshToken } }"
LOGOUT = "mutation { logout { endedSessionIds } }"
PAGE = "<!doctype html><title>A page</title><body>"
HTML = "text/html"
STRANGER = "http://localhost:4200"
LISTED = "http://localhost:3000"

# What a page can read of the answer to what it asks.
ASK = """
async ([url, query, headers]) => {
  try {
    const answer = await fetch(url, {
      method: "POST",
      credentials: "include",
      headers: {"Content-Type": "application/json", ...headers},
      body: JSON.stringify({query}),
    })
    return {status: answer.status, ...await answer.json()}
  } catch (error) {
    return {refused: error.name}
  }
}
"""
# What a page can send without a preflight, and without reading the answer.
SEND = """
([url, body, type]) => fetch(url, {
  method: "POST", mode: "no-cors", credentials: "include", body: new Blob([body], {type}),
})
"""
SUBMIT = """
([action, enctype, name, value]) => {
  const form = Object.assign(document.createElement("form"), {method: "POST", action, enctype})
  form.append(Object.assign(document.createElement("input"), {name, value}))
  document.body.append(form)
  form.submit()
}
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`graph-api serve` with an account; its origin."""
    site = Terminal(tmp_path_factory.mktemp("site"))
    site.env |= SERVE | {
        "GRAPH_API_ALLOWED_ORIGINS": LISTED,
        "GRAPH_API_ALLOWED_HOSTS": "localhost,127.0.0.1,lan.test",
    }
    prepared = site.paste(
        f"graph-api migrate --app-dir {CHECKOUT} && echo '{PASSWORD}' | "
        f"graph-api users create {EMAIL} --role user --password-stdin"
    )
    assert prepared.returncode == 0, prepared.stderr
    with listening() as (listener, address), serving(site, listener, address):
        yield address


@dataclass
class Visitor:
    """Somebody with a browser, who opens pages.

    Attributes:
        context: the browser's windows, cookies and storage.
        api: the origin of the server.
    """

    context: BrowserContext
    api: str

    def open(self, origin: str) -> Page:
        """Open an empty page of an origin. No server has one: the browser is handed it."""
        page = self.context.new_page()
        page.route(f"{origin}/page", lambda route: route.fulfill(body=PAGE, content_type=HTML))
        page.goto(f"{origin}/page")
        return page

    def ask(
        self,
        page: Page,
        query: str,
        headers: Mapping[str, str] = COOKIE_MODE,
        api: str | None = None,
    ) -> Any:
        """Ask as the script of a page, and return what it reads."""
        return page.evaluate(ASK, [f"{api or self.api}/graphql", query, dict(headers)])

    @property
    def cookies(self) -> list[Any]:
        return self.context.cookies()

    def is_signed_in(self) -> bool:
        """Whether the cookie still gives an access token, asked by a page of ours."""
        answer = self.ask(self.open(self.api), REFRESH)
        return bool((answer.get("data") or {}).get("refresh"))


@pytest.fixture
def visitor(browser: Browser, api: str) -> Iterator[Visitor]:
    context = browser.new_context()
    yield Visitor(context, api)
    context.close()


@pytest.fixture
def victim(visitor: Visitor) -> Visitor:
    """Somebody who has signed in on our page."""
    page = visitor.open(visitor.api)
    assert visitor.ask(page, LOGIN)["data"]["login"]["accessToken"]
    page.close()
    return visitor


class TestOurPage:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_the_cookie_is_kept_over_plain_http_on_loopback(
        self, visitor: Visitor, host: str
    ) -> None:
        api = visitor.api.replace("localhost", host)
        answer = visitor.ask(visitor.open(api), LOGIN, api=api)
        assert answer["data"]["login"]["refreshToken"] is None
        [cookie] = visitor.cookies
        assert (cookie["name"], cookie["domain"], cookie["path"]) == (NAME, host, "/")
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")

    def test_it_is_dropped_over_plain_http_elsewhere(self, visitor: Visitor) -> None:
        api = visitor.api.replace("localhost", "lan.test")
        answer = visitor.ask(visitor.open(api), LOGIN, api=api)
        assert answer["data"]["login"]["accessToken"]
        assert visitor.cookies == []

    def test_a_page_that_is_opened_anew_is_signed_in_by_it(self, victim: Visitor) -> None:
        page = victim.open(victim.api)
        token = victim.ask(page, REFRESH)["data"]["refresh"]["accessToken"]
        me = victim.ask(page, "{ me { email } }", {"Authorization": f"Bearer {token}"})
        assert me["data"]["me"] == {"email": EMAIL}

    def test_no_script_reads_it(self, victim: Visitor) -> None:
        assert victim.open(victim.api).evaluate("document.cookie") == ""

    def test_no_script_sets_it(self, visitor: Visitor) -> None:
        """Else a script could sign somebody in to the attacker's account for the time to come."""
        page = visitor.open(visitor.api)
        page.evaluate("name => document.cookie = `${name}=forged; Secure; Path=/`", NAME)
        assert visitor.cookies == []
        # The prefix does it: another name is set.
        page.evaluate("document.cookie = '__Host-other=forged; Secure; Path=/'")
        assert [each["name"] for each in visitor.cookies] == ["__Host-other"]

    def test_signing_out_removes_it(self, victim: Visitor) -> None:
        ended = victim.ask(victim.open(victim.api), LOGOUT)["data"]["logout"]["endedSessionIds"]
        assert len(ended) == 1
        assert victim.cookies == []


class TestListedPage:
    def test_it_signs_in_refreshes_and_reads(self, visitor: Visitor) -> None:
        page = visitor.open(LISTED)
        assert visitor.ask(page, LOGIN)["data"]["login"]["refreshToken"] is None
        assert visitor.ask(page, REFRESH)["data"]["refresh"]["accessToken"]
        assert visitor.ask(page, LOGOUT)["data"]["logout"]["endedSessionIds"]


class TestStrangersPage:
    BODY = json.dumps({"query": LOGOUT})

    @pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", ""])
    def test_what_needs_no_preflight_comes_with_the_cookie_and_is_not_read(
        self, victim: Visitor, type_: str
    ) -> None:
        page = victim.open(STRANGER)
        with page.expect_response("**/graphql") as caught:
            page.evaluate(SEND, [f"{victim.api}/graphql", self.BODY, type_])
        assert NAME in caught.value.request.all_headers()["cookie"]
        assert caught.value.status == 415
        assert victim.is_signed_in()

    @pytest.mark.parametrize(
        "enctype",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"],
    )
    def test_no_form_is_read(self, victim: Visitor, enctype: str) -> None:
        page = victim.open(STRANGER)
        # As text/plain, name and value make the JSON: {"query": "…", "x": "="}
        name, value = (
            (f'{{"query": {json.dumps(LOGOUT)}, "x": "', '"}')
            if enctype == "text/plain"
            else ("query", LOGOUT)
        )
        answer = _submitted(page, f"{victim.api}/graphql", enctype, name, value)
        assert answer.status == 415
        assert victim.is_signed_in()

    @pytest.mark.parametrize("query", [LOGOUT, LOGIN, REFRESH])
    @pytest.mark.parametrize("headers", [{}, COOKIE_MODE])
    def test_what_needs_a_preflight_is_not_sent(
        self, victim: Visitor, query: str, headers: dict[str, str]
    ) -> None:
        before = victim.cookies
        assert victim.ask(victim.open(STRANGER), query, headers) == {"refused": "TypeError"}
        assert victim.cookies == before
        assert victim.is_signed_in()

    def test_a_page_without_an_origin_is_nobodys(self, victim: Visitor) -> None:
        """As in a sandboxed frame."""
        page = victim.context.new_page()
        page.goto("data:text/html,<body>")
        with page.expect_response("**/graphql") as caught:
            page.evaluate(SEND, [f"{victim.api}/graphql", self.BODY, "text/plain"])
        assert caught.value.status == 415
        assert victim.ask(page, LOGOUT) == {"refused": "TypeError"}
        assert victim.is_signed_in()

    def test_a_link_comes_with_the_cookie_and_runs_no_mutation(self, victim: Visitor) -> None:
        page = victim.open(STRANGER)
        with page.expect_response("**/graphql?*") as caught:
            page.evaluate("url => { location = url }", f"{victim.api}/graphql?query={LOGOUT}")
        assert caught.value.status == 405
        assert victim.is_signed_in()

    def test_it_can_not_frame_an_answer(self, victim: Visitor) -> None:
        page = victim.open(STRANGER)
        with page.expect_response("**/graphql?*") as caught:
            page.set_content(f'<iframe src="{victim.api}/graphql?query={{__typename}}"></iframe>')
        assert "frame-ancestors 'none'" in caught.value.headers["content-security-policy"]


def test_dns_rebinding_a_strangers_name_for_our_address_is_misdirected(visitor: Visitor) -> None:
    rebound = visitor.api.replace("localhost", "evil.test")
    page = visitor.open(rebound)
    answer = page.evaluate("url => fetch(url).then(it => it.status)", f"{rebound}/graphql")
    assert answer == 421


def _submitted(page: Page, url: str, enctype: str, name: str, value: str) -> Response:
    with page.expect_response("**/graphql") as caught:
        page.evaluate(SUBMIT, [url, enctype, name, value])
    return caught.value
