"""``examples/angular-jwt`` in a real Chromium: the library of npm, unmodified, and our server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.world import PASSWORD
from tests.api import email
from tests.e2e.observed import PAGE, Asked, Observed
from tests.project.checkout import ROOT, text

SOURCE = ROOT / "examples" / "angular-jwt" / "src"
ME = email("user")
HTML = (
    (SOURCE / "index.html")
    .read_text()
    .replace("</body>", '<script type="module" src="/jit.js"></script></body>')
)


@pytest.fixture(scope="module")
def script(clients_program: Path, server: Observed) -> Path:
    """Return the example's program, asking this server; its templates are compiled by the page."""
    source = shutil.copytree(SOURCE, clients_program / "example")
    session = source / "session.ts"
    session.write_text(session.read_text().replace("http://localhost:8000", server.url))
    (source / "jit.ts").write_text('import "@angular/compiler";\nimport "./main";\n')
    build = ["node", "build.js", "example/jit.ts"]
    subprocess.run(build, cwd=clients_program, check=True, timeout=60)
    return clients_program / "bundles" / "jit.js"


@pytest.fixture
def page(browser: Browser, script: Path, server: Observed) -> Iterator[Page]:
    """Open the example where the time is that of the server."""
    context = browser.new_context()
    page = context.new_page()
    page.clock.set_fixed_time(server.clock.now)
    page.route(f"{PAGE}/**", lambda route: route.fulfill(body=HTML, content_type="text/html"))
    page.route(f"{PAGE}/*.js", lambda route: route.fulfill(path=script))
    page.goto(f"{PAGE}/")
    server.asked.clear()
    yield page
    context.close()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(ME)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    if password == PASSWORD:
        expect(page.get_by_role("status")).to_have_text("Signed in.")


def click(page: Page, name: str, times: int = 1) -> None:
    """Click several times before anything is answered."""
    button = page.get_by_role("button", name=name)
    button.evaluate("(button, times) => { while (times--) button.click() }", times)


def expire(page: Page, server: Observed) -> str:
    """Let the access token expire, for both sides, and return it."""
    click(page, "Who am I?")
    expect(page.get_by_text(ME)).to_be_visible()
    server.expire()
    page.clock.set_fixed_time(server.clock.now)
    [asked] = [each for each in server.asked if each.what == "me"]
    assert asked.bearer
    server.asked.clear()
    return asked.bearer


def test_the_token_goes_to_the_allowed_domain_but_not_to_the_disallowed_route(
    page: Page, server: Observed
) -> None:
    sign_in(page)
    click(page, "Who am I?")
    expect(page.get_by_text(ME)).to_be_visible()
    click(page, "Is it alive?")
    expect(page.get_by_text("It is alive.")).to_be_visible()
    sent = {each.what: bool(each.bearer) for each in server.asked}
    assert sent == {"login": False, "me": True, "/health/live": False}


def test_the_helper_reads_our_tokens(page: Page, server: Observed) -> None:
    expect(page.get_by_text("Roles in the token: none")).to_be_visible()
    sign_in(page)
    expect(page.get_by_text(re.compile("Roles in the token: user$"))).to_be_visible()
    server.expire()
    page.clock.set_fixed_time(server.clock.now)
    sign_in(page, "wrong")
    expect(page.get_by_text("Roles in the token: user (expired)")).to_be_visible()


def test_requests_in_flight_share_a_refresh_that_carries_the_expired_token(
    page: Page, server: Observed
) -> None:
    sign_in(page)
    expired = expire(page, server)
    click(page, "Who am I?", times=5)
    expect(page.get_by_text(", ".join([ME] * 6))).to_be_visible()
    [refresh] = [each for each in server.asked if each.what == "refresh"]
    assert refresh == Asked("refresh", expired)
    repeated = {each.bearer for each in server.asked if each.what == "me"} - {expired}
    assert len(repeated) == 1


def test_one_signs_in_again_while_the_expired_token_is_attached(
    page: Page, server: Observed
) -> None:
    sign_in(page)
    expired = expire(page, server)
    sign_in(page, "wrong")
    expect(page.get_by_text("The e-mail address or the password is wrong.")).to_be_visible()
    sign_in(page)
    assert server.asked == [Asked("login", expired)] * 2
    click(page, "Who am I?")
    expect(page.get_by_text(f"{ME}, {ME}")).to_be_visible()
    assert server.count("refresh") == 0


def test_a_session_that_is_over_asks_for_sign_in(page: Page, server: Observed) -> None:
    sign_in(page)
    expire(page, server)
    server.expire_sessions()
    click(page, "Who am I?")
    expect(page.get_by_text("Sign in again.")).to_be_visible()
    assert (server.count("refresh"), server.count("me")) == (1, 1)


def test_what_is_tried_here_is_what_the_example_installs() -> None:
    example = json.loads(text("examples/angular-jwt/package.json"))["dependencies"]
    tried = json.loads(text("tests/e2e/clients/package.json"))["dependencies"]
    assert example.items() <= tried.items()
