"""The server with its console, in a thread of the test, at a time that the test sets."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from graph_api.app import create_app
from schema import schema
from tests.accounts.world import PASSWORD, SettableClock, make_settings
from tests.api import MIGRATIONS, email

LIFETIME = 300 + 5
"""Seconds after which an access token is expired for the server: its lifetime, and the leeway."""


class Recorder:
    """Notes the operations that reach the server, in their order.

    Attributes:
        operations: the names of all.
        failed: the names of those whose answer had errors.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.operations: list[str] = []
        self.failed: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names: list[str] = []

        async def noted() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                names.extend(_operation(message["body"]))
                self.operations.extend(names)
            return message

        async def answered(message: Any) -> None:
            if b'"errors":' in message.get("body", b""):
                self.failed.extend(names)
            await send(message)

        await self.app(scope, noted, answered)


def _operation(body: bytes) -> list[str]:
    found = re.search(rb"(?:query|mutation) (\w+)", body)
    return [found[1].decode()] if found else []


@dataclass
class Site:
    """A server that runs.

    Attributes:
        url: its origin.
        clock: what it takes for the time.
        start: starts it, and returns how to stop it.
        recorder: what reached it.
    """

    url: str
    clock: SettableClock
    recorder: Recorder
    start: Callable[[], Callable[[], None]]
    stop: Callable[[], None] = field(default=lambda: None)

    def restart(self) -> None:
        """Stop it, and start it anew: what it had in memory is gone."""
        self.stop()
        self.stop = self.start()

    def expire(self) -> None:
        """Let all access tokens expire."""
        self.clock.go(LIFETIME + 1)

    def seen(self, operation: str) -> int:
        """Return how often an operation has reached the server."""
        return self.recorder.operations.count(operation)

    def ask(self, document: str, variables: Any = None, *, as_: str | None = None) -> Any:
        """Ask as a program of a person does, from elsewhere."""
        with self.program(as_) as ask:
            return ask(document, variables)

    @contextmanager
    def program(self, person: str | None) -> Iterator[Callable[..., Any]]:
        """Yield how a program asks that signs in once as a person, or not at all."""
        with httpx.Client(base_url=self.url) as http:
            headers = {"Authorization": f"Bearer {self._login(http, person)}"} if person else {}
            yield lambda document, variables=None: _data(http, document, variables, headers)

    def _login(self, http: httpx.Client, person: str) -> str:
        document = (
            "mutation Elsewhere($input: LoginInput!) { login(input: $input) { accessToken } }"
        )
        sent = {"input": {"email": email(person), "password": PASSWORD}}
        return str(_data(http, document, sent, {})["login"]["accessToken"])


def _data(http: httpx.Client, document: str, variables: Any, headers: dict[str, str]) -> Any:
    body = {"query": document, "variables": variables}
    answer = http.post("/graphql", json=body, headers=headers).json()
    assert "errors" not in answer, answer
    return answer["data"]


@contextmanager
def site_on(database: Path, folder: Path) -> Iterator[Site]:
    """Serve a copy of a database with people in it, for as long as the block lasts."""
    path = folder / "console.sqlite3"
    shutil.copy(database, path)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        url = f"http://localhost:{listener.getsockname()[1]}"
        settings = make_settings(
            folder / "data", database_url=f"sqlite+aiosqlite:///{path}", issuer=url
        )
        clock = SettableClock()
        recorder = Recorder(create_app(schema, settings, migrations=MIGRATIONS, clock=clock))

        def start() -> Callable[[], None]:
            recorder.app = create_app(schema, settings, migrations=MIGRATIONS, clock=clock)
            return _serve(recorder, listener.dup())

        site = Site(url, clock, recorder, start)
        site.stop = start()
        yield site
        site.stop()


def _serve(app: Any, listener: socket.socket) -> Callable[[], None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()

    return stop


@dataclass
class Visitor:
    """Somebody with a browser.

    Attributes:
        site: the server.
        context: the browser's tabs, with what they share.
        complaints: what pages complained of: errors, and what their policy forbade.
    """

    site: Site
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Open a page of the console in a new tab."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda it: self._note(it.type, it.text))
        page.goto(f"{self.site.url}/console{path}")
        return page

    def sign_in(self, person: str, path: str = "/profile") -> Page:
        """Open a page of the console, and sign in for it."""
        page = self.open(path)
        fill_in(page, person)
        expect(sign_out(page)).to_be_visible()
        expect(page).not_to_have_url(re.compile("/console/sign-in"))
        return page

    def _note(self, kind: str, text: str) -> None:
        # A refusal is in the console anyhow, with its status: that is no fault of the page.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.complaints.append(text)


def fill_in(page: Page, person: str, password: str = PASSWORD) -> None:
    """Sign in by keyboard."""
    page.get_by_label("E-mail").fill(email(person))
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def sign_out(page: Page) -> Locator:
    """Return the button that only those who are signed in see."""
    return page.get_by_role("button", name="Sign out")


def follow(page: Page, link: str) -> None:
    """Follow a link of the navigation to another page, until its code is there."""
    with page.expect_event("framenavigated"):
        page.get_by_role("navigation").get_by_role("link", name=link).click()


def is_at(page: Page, path: str) -> None:
    """Expect a page of the console, however it came there."""
    expect(page).to_have_url(re.compile(rf"/console{re.escape(path)}$"))


class Held:
    """Requests of an operation that wait in the browser, until they are let go."""

    def __init__(self, page: Page, operation: str) -> None:
        self._operation = re.compile(rf"\b{operation}\b")
        self._waiting: list[Route] | None = []
        page.route("**/graphql", self._look)

    def _look(self, route: Route) -> None:
        query = json.loads(route.request.post_data or "{}").get("query", "")
        if self._waiting is not None and self._operation.search(query):
            self._waiting.append(route)
        else:
            route.continue_()

    def let_go(self) -> int:
        """Let them go, and those that come later; return how many there were."""
        waiting, self._waiting = self._waiting or [], None
        for route in waiting:
            route.continue_()
        return len(waiting)


@pytest.fixture(scope="module")
def site(populated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a server on SQLite with people in it."""
    with site_on(populated_sqlite, tmp_path_factory.mktemp("console")) as site:
        yield site


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Return somebody with a browser that has never been there; pages must not complain."""
    context = browser.new_context()
    visitor = Visitor(site, context)
    yield visitor
    context.close()
    assert visitor.complaints == []
