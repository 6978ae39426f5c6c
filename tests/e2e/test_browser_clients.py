"""The clients of docs/clients.md in a real Chromium, as they are printed there.

Each stands on a page of a listed origin, and keeps the refresh token in the cookie.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.accounts.world import PASSWORD
from tests.api import email
from tests.e2e.observed import PAGE, Observed

CLIENTS = ["apollo", "urql", "relay", "angular"]
HTML = '<!doctype html><base href="/"><body><script type="module" src="/drive-{}.js"></script>'
ME = email("user")


@pytest.fixture(scope="module")
def bundles(clients_program: Path) -> Path:
    drivers = [f"drive-{name}.ts" for name in CLIENTS]
    subprocess.run(["node", "build.js", *drivers], cwd=clients_program, check=True, timeout=60)
    return clients_program / "bundles"


@dataclass
class Visitor:
    """Somebody on the page of a client."""

    page: Page
    server: Observed

    def sign_in(self, password: str = PASSWORD) -> Any:
        return self.page.evaluate("(given) => page.signIn(...given)", [ME, password])

    def ask(self, times: int = 1) -> Any:
        """Ask several times at once who is signed in."""
        return self.page.evaluate("(times) => page.ask(times)", times)

    def do(self, what: str) -> Any:
        return self.page.evaluate(f"page.{what}()")

    @property
    def shown(self) -> Any:
        return self.page.evaluate("page.shown()")


@pytest.fixture(scope="module", params=CLIENTS)
def page(browser: Browser, bundles: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the page of a client."""
    context = browser.new_context()
    page = context.new_page()
    html = HTML.format(request.param)
    page.route(f"{PAGE}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route(
        f"{PAGE}/*.js",
        lambda route: route.fulfill(path=bundles / route.request.url.rpartition("/")[2]),
    )
    page.goto(f"{PAGE}/")
    page.wait_for_function("window.page")
    yield page
    context.close()


@pytest.fixture
def visitor(page: Page, server: Observed) -> Visitor:
    """Return somebody who has not signed in yet, or no longer is."""
    visitor = Visitor(page, server)
    visitor.do("signOut")
    server.asked.clear()
    return visitor


def test_the_token_goes_along_once_one_has_signed_in(visitor: Visitor) -> None:
    assert visitor.ask() == [None]
    assert visitor.sign_in() == "signed in"
    assert visitor.ask(2) == [ME, ME]
    assert visitor.server.count("refresh") == 0


def test_requests_in_flight_share_one_refresh_and_are_repeated_once(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.server.expire()
    assert visitor.ask(5) == [ME] * 5
    assert visitor.server.count("refresh") == 1
    assert visitor.server.count("me") == 10


def test_who_is_refused_late_takes_the_token_that_is_already_there(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.server.expire()
    visitor.server.holds_next_query = True
    assert visitor.ask(3) == [ME] * 3
    assert visitor.server.count("refresh") == 1


def test_a_refused_refresh_leads_to_sign_in(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.server.expire_sessions()
    assert visitor.ask(3) == [None] * 3
    assert visitor.shown == "/sign-in"
    assert visitor.server.count("refresh") == 1
    assert visitor.sign_in() == "signed in"
    assert visitor.ask() == [ME]


def test_a_session_that_ended_elsewhere_leads_to_sign_in_without_a_refresh(
    visitor: Visitor,
) -> None:
    visitor.sign_in()
    visitor.server.post(
        "mutation { logoutEverywhere { endedSessionIds } }", bearer=visitor.server.log_in()
    )
    assert visitor.ask() == [None]
    assert visitor.shown == "/sign-in"
    assert visitor.server.count("refresh") == 0


def test_a_wrong_password_causes_no_refresh(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.server.expire()
    assert visitor.sign_in("wrong") == "INVALID_CREDENTIALS"
    assert visitor.server.count("refresh") == 0


def test_a_server_that_is_away_ends_no_session(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.server.expire()
    visitor.page.context.set_offline(True)
    assert visitor.ask() == [None]
    assert visitor.shown == "/"
    visitor.page.context.set_offline(False)
    assert visitor.ask() == [ME]


def test_a_reloaded_page_is_signed_in_by_the_cookie_until_one_signs_out(visitor: Visitor) -> None:
    def reload() -> None:
        visitor.page.reload()
        visitor.page.wait_for_function("window.page")

    visitor.sign_in()
    reload()
    assert visitor.do("resume") is True
    assert visitor.ask() == [ME]
    visitor.do("signOut")
    assert visitor.shown == "/sign-in"
    reload()
    assert visitor.do("resume") is False


def test_the_blocks_are_well_typed(clients_program: Path) -> None:
    checked = subprocess.run(
        ["node_modules/.bin/tsc"],
        cwd=clients_program,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.stdout == ""
