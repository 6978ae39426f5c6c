"""A server in a thread of this process: the test sets its clock, and reads what it was asked."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn

from graph_api.app import create_app
from schema import schema
from tests.accounts.world import PASSWORD, SettableClock, make_settings
from tests.api import MIGRATIONS, email
from tests.cli.terminal import eventually
from tests.e2e.serving import listening

PAGE = "http://localhost:4200"
"""The other origin whose pages may use the fixture ``server``."""

ROOT_FIELD = re.compile(r"\{\s*(?:\w+:\s*)?(\w+)")
LOGIN = "mutation ($input: LoginInput!) { login(input: $input) { accessToken } }"


@dataclass(frozen=True)
class Asked:
    """A request that the server got.

    Attributes:
        what: the first root field of an operation; the path of anything else.
        bearer: the access token that came along.
    """

    what: str
    bearer: str | None


@dataclass
class Observed:
    """A running server.

    Attributes:
        url: its issuer, where it listens.
        clock: what it takes for the time.
        asked: what it was asked, in the order in which requests came.
        holds_next_query: whether the next query is answered only after a refresh was.
    """

    url: str
    clock: SettableClock = field(default_factory=SettableClock)
    asked: list[Asked] = field(default_factory=list)
    holds_next_query: bool = False
    _refreshed: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, what: str) -> int:
        return [each.what for each in self.asked].count(what)

    def expire(self) -> None:
        """Let access tokens expire."""
        self.clock.go(400)

    def expire_sessions(self) -> None:
        """Let sessions end that nobody refreshed."""
        self.clock.go(7_200)

    def log_in(self) -> str:
        """Sign the user in from elsewhere, and return the access token."""
        variables = {"input": {"email": email("user"), "password": PASSWORD}}
        return str(self.post(LOGIN, variables)["data"]["login"]["accessToken"])

    def post(self, query: str, variables: Any = None, bearer: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        body = {"query": query, "variables": variables}
        return httpx.post(f"{self.url}/graphql", json=body, headers=headers).json()

    async def observe(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Note a request, and pass it on."""
        if scope["type"] != "http" or scope["method"] == "OPTIONS":
            await app(scope, receive, send)
            return
        body = await _read(receive)
        asked = Asked(_what(scope["path"], body), _bearer(scope))
        self.asked.append(asked)
        whole = iter([{"type": "http.request", "body": body, "more_body": False}])
        held = self.holds_next_query and asked.what == "me"
        if held:
            self.holds_next_query = False
            self._refreshed.clear()

        async def replay() -> Any:
            return next(whole, None) or await receive()

        async def answer(message: Any) -> None:
            if held:
                await self._refreshed.wait()
            await send(message)

        await app(scope, replay, answer)
        if asked.what == "refresh":
            self._refreshed.set()


async def _read(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _what(path: str, body: bytes) -> str:
    if path != "/graphql" or not body:
        return str(path)
    found = ROOT_FIELD.search(msgspec.json.decode(body)["query"])
    assert found
    return found[1]


def _bearer(scope: Any) -> str | None:
    header = dict(scope["headers"]).get(b"authorization", b"").decode()
    return header.removeprefix("Bearer ") or None


@contextmanager
def observed(database: Path, **changes: Any) -> Iterator[Observed]:
    """Serve a database of ``tests.api`` until the block ends."""
    with listening() as (listener, url):
        site = Observed(url)
        given = {"database_url": f"sqlite+aiosqlite:///{database}", "issuer": url, **changes}
        settings = make_settings(database.parent, **given)
        app: Any = create_app(schema, settings, migrations=MIGRATIONS, clock=site.clock)

        async def observing(scope: Any, receive: Any, send: Any) -> None:
            await site.observe(app, scope, receive, send)

        server = uvicorn.Server(uvicorn.Config(observing, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            eventually(lambda: server.started or not thread.is_alive())
            yield site
        finally:
            server.should_exit = True
            thread.join()
