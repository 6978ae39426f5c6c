"""What must be seen nowhere, sent through whatever can fail (OWASP, 'Logging Cheat Sheet')."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Never

import argon2
import pytest
import structlog
from pydantic import ValidationError
from sqlalchemy import text

from graph_api.db.engine import Database
from graph_api.db.tables import SessionRow
from graph_api.observability import configure
from graph_api.settings import Settings
from graph_api.testing import Answer
from tests.accounts.world import PASSWORD, all_rows
from tests.api import Client
from tests.browser import Browser
from tests.cli.terminal import SERVE, Terminal

CANARY = "canary-in-a-coal-mine-0123456789-abcdefgh"
SECRETS = {
    "GRAPH_API_SECRET_KEY": f"{CANARY}-1",
    "GRAPH_API_SECRET_KEY_FALLBACKS": f"{CANARY}-2,{CANARY}-3",
    "GRAPH_API_HS256_SECRET": f"{CANARY}-4",
    "GRAPH_API_REDIS_URL": f"redis://:{CANARY}@127.0.0.1:1",
    "GRAPH_API_DATABASE_URL": f"postgres://graph:{CANARY}@127.0.0.1:1/graph",
}
BROKEN = {
    "sqlite": "CREATE TRIGGER broken BEFORE {event} ON {table}"
    " BEGIN SELECT RAISE(ABORT, 'broken'); END",
    # Its error shows the row that it refuses.
    "postgresql": "ALTER TABLE {table} ADD CONSTRAINT broken CHECK (id = '') NOT VALID",
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the server writes, at its most talkative."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure("serve", "debug", stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _fail(*arguments: object, **_: object) -> Never:
    raise RuntimeError(f"can't work with {arguments}")


async def _register(browser: Browser, password: str) -> Answer:
    return await browser.ask(
        "mutation($input: RegisterInput!) { register(input: $input) { auth { accessToken } } }",
        {"input": {"email": "new@example.com", "password": password}},
    )


def _is_masked(answer: Answer) -> bool:
    return answer.code == "INTERNAL_SERVER_ERROR" and "errorId" in answer.errors[0]["extensions"]


@pytest.mark.anyio
class TestServer:
    async def test_a_hash_that_fails(
        self, client: Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(argon2.PasswordHasher, "verify", _fail)
        monkeypatch.setattr(argon2.PasswordHasher, "hash", _fail)
        browser = Browser(client)
        for answer in (await browser.log_in(password=CANARY), await _register(browser, CANARY)):
            assert _is_masked(answer)
            assert CANARY not in answer.response.text
        assert log.getvalue().count("RuntimeError: can't work with") >= 2
        assert CANARY not in log.getvalue()
        assert "$argon2" not in log.getvalue()

    @pytest.mark.parametrize(
        ("table", "event"), [("graph_api_user", "UPDATE"), ("graph_api_session", "INSERT")]
    )
    async def test_a_database_that_fails(
        self, client: Client, log: io.StringIO, dialect: str, table: str, event: str
    ) -> None:
        async with client.accounts.db.write() as session:
            await session.execute(text(BROKEN[dialect].format(table=table, event=event)))
        answer = await Browser(client).log_in()
        assert _is_masked(answer)
        assert "broken" not in answer.response.text
        shown = log.getvalue()
        assert "broken" in shown
        # The last one stands in the row: it is no secret, but none of its neighbours may show.
        for secret in (PASSWORD, "$argon2", r"\\x", "python-httpx"):
            assert secret not in shown

    async def test_a_resolver_that_fails_with_all_that_the_caller_sent(
        self, client: Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = Browser(client)
        signed_in = await browser.log_in()
        bearer, cookie = signed_in.data["login"]["accessToken"], str(browser.cookie)
        monkeypatch.setattr("graph_api.accounts.sign_in.sessions.rotate", _fail_with(cookie))
        monkeypatch.setattr("graph_api.accounts.sign_in.sessions.end", _fail_with(bearer))
        for document in (
            "mutation { refresh { expiresIn } }",
            "mutation { logout { __typename } }",
        ):
            answer = await browser.ask(document, Authorization=f"Bearer {bearer}")
            assert _is_masked(answer)
        shown = log.getvalue()
        assert shown.count("failed with") >= 2
        [salt] = {row.salt for row in await all_rows(client.accounts, SessionRow)}
        for secret in (bearer, cookie, PASSWORD, salt.hex(), repr(salt)):
            assert secret not in shown


def _fail_with(secret: str) -> Callable[..., Any]:
    async def fail(*_: object, **__: object) -> Never:
        raise RuntimeError(f"failed with {secret}")

    return fail


class TestSettings:
    def test_no_way_of_showing_them_shows_a_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        settings = Settings(_env_file=None)
        shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
        assert "secret_key" in shown
        assert CANARY not in shown

    @pytest.mark.parametrize("name", ["GRAPH_API_DATABASE_URL", "GRAPH_API_REDIS_URL"])
    def test_nor_does_the_error_of_one_that_can_not_be_read(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(name, f"gopher://{CANARY}")
        with pytest.raises(ValidationError) as error:
            Settings(_env_file=None)
        assert CANARY not in f"{error.value!r} {error.value}"

    @pytest.mark.anyio
    async def test_nor_does_a_database_that_can_not_be_reached(self) -> None:
        with pytest.raises(Exception) as error:  # noqa: PT011 - whatever the driver raises
            async with (
                Database.open(f"postgresql+asyncpg://graph:{CANARY}@127.0.0.1:1/graph") as database,
                database.read() as session,
            ):
                await session.execute(text("SELECT 1"))
        assert CANARY not in f"{error.value!r} {error.value} {database!r}"


class TestOperator:
    @pytest.fixture
    def terminal(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
        monkeypatch.chdir(tmp_path)
        return Terminal(tmp_path, {**SERVE, **SECRETS})

    @pytest.mark.parametrize("arguments", [("doctor",), ("doctor", "--json")])
    def test_doctor_finds_much_and_shows_no_secret(
        self, terminal: Terminal, arguments: tuple[str, ...]
    ) -> None:
        result = terminal.run(*arguments)
        assert result.exit_code == 1
        assert "database" in result.output
        assert CANARY not in result.output

    @pytest.mark.parametrize(
        "arguments",
        [
            ("serve", "--port", "0"),
            ("migrate",),
            ("keys", "list"),
            ("users", "list"),
            ("audit", "list"),
        ],
    )
    def test_a_command_that_can_not_work_shows_no_secret(
        self, terminal: Terminal, arguments: tuple[str, ...]
    ) -> None:
        result = terminal.run(*arguments)
        assert result.exit_code != 0
        assert CANARY not in result.output
