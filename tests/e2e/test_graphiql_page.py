"""The GraphiQL page in a real browser, as the first ten minutes have it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    expect,
)

from tests.project.checkout import ROOT

Scheme = Literal["light", "dark"]

PAGE = re.compile(r"GraphiQL +(http://localhost:\d+/graphql)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`graph-api dev`, started for the first time; answers the address of its page."""
    arguments = ["dev", "--port", "0", "--no-reload", "--app-dir", str(ROOT)]
    environment = {name: it for name, it in os.environ.items() if not name.startswith("GRAPH_API_")}
    environment.pop("DATABASE_URL", None)
    with subprocess.Popen(
        [sys.executable, "-m", "graph_api", *arguments],
        cwd=tmp_path_factory.mktemp("dev"),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        address = PAGE.search(running.stdout.readline())
        yield address[1] if address else pytest.fail("dev did not print where its page is")
        running.terminate()


# The page's own policy forbids wait_for_function, which evaluates text.
TABS_STORED = """count => new Promise(resolve => {
  const stored = ([key, value]) =>
    key.endsWith("tabState") && JSON.parse(value).tabs.length === count;
  const look = () =>
    Object.entries(localStorage).some(stored) ? resolve() : requestAnimationFrame(look);
  look();
})"""


class Visit:
    """The page in a browser that has never been there, and what it does behind the scenes."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self.operations: list[str] = []
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note_request)
        answer = page.goto(url)
        assert answer
        assert answer.status == 200
        expect(self.tabs.first).to_be_visible()

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_request(self, request: Request) -> None:
        self.requested.append(request.url)
        if request.method == "POST":
            self.operations.append(operation_of(request))

    @property
    def tabs(self) -> Locator:
        return self.page.get_by_role("tab")

    @property
    def who(self) -> Locator:
        return self.page.locator("header output")

    @property
    def answer(self) -> Locator:
        return self.page.locator(".graphiql-response")

    def run(self, tab: int) -> None:
        self.tabs.nth(tab).click()
        self.execute()

    def execute(self) -> None:
        self.page.get_by_role("button", name="Execute query").click()

    def sign_in_as_first(self) -> str:
        """Sign in as the first demo account, and return its address."""
        self.page.get_by_role("button", name="Sign in as").click()
        account = self.page.locator("button.account").first
        email = account.locator("span").inner_text()
        account.click()
        expect(self.who).to_contain_text(email)
        return email

    def introspected(self, times: int) -> None:
        """Wait until the schema was asked for so many times."""
        for _ in range(times - self.operations.count("IntrospectionQuery")):
            self.page.wait_for_event("request", lambda it: operation_of(it) == "IntrospectionQuery")


def operation_of(request: Request) -> str:
    found = re.search(r"(?:query|mutation) (\w+)", (request.post_data_json or {}).get("query", ""))
    return found[1] if found else ""


def answer_once(page: Page, operation: str, status: int, code: str, reason: str) -> None:
    """Let the server seem to answer the next such operation with an error."""
    extensions = {"code": code, "reason": reason}
    body = json.dumps({"errors": [{"message": reason, "extensions": extensions}]})
    pending = [body]

    def intercept(route: Route) -> None:
        if operation_of(route.request) == operation and pending:
            route.fulfill(status=status, body=pending.pop(), content_type="application/json")
        else:
            route.fallback()

    page.route("**/graphql", intercept)


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    context = browser.new_context()
    yield Visit(context.new_page(), server)
    context.close()


def test_it_opens_on_login_me_and_a_forbidden_field(visit: Visit) -> None:
    expect(visit.tabs).to_contain_text(["Login", "Me", "Forbidden"])
    expect(visit.page.locator(".graphiql-query-editor")).to_contain_text("mutation Login")
    expect(visit.who).to_have_text("Not signed in")


def test_sign_in_as_a_demo_account_and_me_answers(visit: Visit) -> None:
    email = visit.sign_in_as_first()
    expect(visit.who).to_contain_text("admin")
    visit.run(1)
    expect(visit.answer).to_contain_text(f'"email": "{email}"')


def test_nothing_leaves_the_origin_and_the_policy_stops_nothing(visit: Visit, server: str) -> None:
    visit.sign_in_as_first()
    visit.run(1)
    expect(visit.answer).to_contain_text('"me"')
    for opens in ("Open settings dialog", "Open short keys dialog"):
        visit.page.get_by_role("button", name=opens).click()
        expect(visit.page.get_by_role("dialog")).to_be_visible()
        visit.page.keyboard.press("Escape")
    visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    visit.page.get_by_role("link", name="Query").click()
    visit.page.get_by_role("button", name="Show History").click()
    origin = server.removesuffix("/graphql")
    assert [url for url in visit.requested if not url.startswith((origin, "data:"))] == []
    assert visit.complaints == []


def test_whoever_runs_login_in_its_tab_is_signed_in(visit: Visit) -> None:
    visit.execute()
    expect(visit.answer).to_contain_text("accessToken")
    visit.run(1)
    expect(visit.answer).to_contain_text('"email"')
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_forbidden_field_is_refused_with_an_answer_that_can_be_read(visit: Visit) -> None:
    visit.run(2)
    expect(visit.answer).to_contain_text('"errors"')


def test_an_expired_token_is_refreshed_once_and_the_request_repeated(visit: Visit) -> None:
    email = visit.sign_in_as_first()
    answer_once(visit.page, "Me", 401, "UNAUTHENTICATED", "token_expired")
    visit.operations.clear()
    visit.run(1)
    expect(visit.answer).to_contain_text(email)
    assert visit.operations == ["Me", "Refresh", "Me"]


def test_an_ended_session_is_said_and_asks_to_sign_in_again(visit: Visit) -> None:
    visit.sign_in_as_first()
    answer_once(visit.page, "Me", 401, "UNAUTHENTICATED", "token_expired")
    answer_once(visit.page, "Refresh", 200, "SESSION_ENDED", "session_ended")
    visit.run(1)
    expect(visit.who).to_have_text("Not signed in")
    expect(visit.answer).to_contain_text("token_expired")


def test_sign_out_ends_the_session_and_me_is_nobody(visit: Visit) -> None:
    visit.sign_in_as_first()
    with visit.page.expect_response(lambda it: operation_of(it.request) == "SignOut") as ended:
        visit.page.get_by_role("button", name="Sign out").click()
    assert "errors" not in ended.value.json()
    visit.run(1)
    expect(visit.answer).to_contain_text('"me": null')


def test_the_schema_is_fetched_again_for_whoever_signs_in_or_out(visit: Visit) -> None:
    visit.introspected(1)
    visit.sign_in_as_first()
    visit.introspected(2)
    visit.page.get_by_role("button", name="Sign out").click()
    visit.introspected(3)


def test_any_account_signs_in_by_keyboard_alone_and_a_refusal_is_said(visit: Visit) -> None:
    keyboard = visit.page.keyboard
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(visit.page.get_by_role("dialog", name="Sign in")).to_be_visible()
    expect(visit.page.get_by_label("Password")).to_have_attribute("type", "password")
    visit.page.get_by_label("E-mail").focus()
    keyboard.type("nobody@example.com")
    keyboard.press("Tab")
    keyboard.type("not the password")
    keyboard.press("Enter")
    expect(visit.page.get_by_role("alert")).to_contain_text("password")
    keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog", name="Sign in")).to_be_hidden()


def test_tokens_are_in_memory_only(visit: Visit) -> None:
    with visit.page.expect_response(lambda it: operation_of(it.request) == "SignIn") as signed_in:
        visit.sign_in_as_first()
    auth = signed_in.value.json()["data"]["login"]
    visit.run(1)
    stored = visit.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert auth["accessToken"] not in stored
    assert auth["refreshToken"] not in stored
    assert visit.page.context.cookies() == []


def test_tabs_of_another_run_hide_nothing_and_ones_own_stay(visit: Visit) -> None:
    foreign = {"tabs": [{"id": "1", "title": "Foreign", "query": "{ foreign }"}]}
    visit.page.evaluate(TABS_STORED, 3)  # Written a moment later, which would undo the clearing.
    visit.page.evaluate(
        "foreign => { localStorage.clear(); for (const scope of ['', 'graph-api:another:'])"
        " localStorage.setItem(`${scope}graphiql:tabState`, foreign); }",
        json.dumps(foreign | {"activeTabIndex": 0}),
    )
    visit.page.reload()
    expect(visit.tabs).to_contain_text(["Login", "Me", "Forbidden"])
    expect(visit.tabs).to_have_count(3)
    visit.page.get_by_role("button", name="New tab").click()
    expect(visit.tabs).to_have_count(4)
    visit.page.evaluate(TABS_STORED, 4)
    visit.page.reload()
    expect(visit.tabs).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_wish_for_light_or_dark(visit: Visit, scheme: Scheme) -> None:
    visit.page.emulate_media(color_scheme=scheme)
    lightness = "element => getComputedStyle(element).backgroundColor.match(/\\d+/)[0] > 127"
    for part in ("#page", ".graphiql-container"):
        is_light = visit.page.locator(part).evaluate(lightness)
        assert is_light == (scheme == "light"), part


def test_a_telephone_shows_query_and_answer_and_scrolls_nothing_sideways(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.sign_in_as_first()
    visit.run(1)
    expect(visit.answer).to_contain_text('"me"')
    parts = ["header output", "text=Sign out", ".graphiql-query-editor", ".graphiql-response"]
    for part in parts:
        box = visit.page.locator(part).first.bounding_box()
        assert box
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= 360, part
        assert box["height"] > 20, part
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 360
