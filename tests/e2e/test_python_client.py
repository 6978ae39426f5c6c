"""The Python client of docs/clients.md, as it is printed there, with several threads."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gql import gql
from gql.transport.exceptions import TransportQueryError

from tests.accounts.world import PASSWORD
from tests.api import email
from tests.e2e.clients_page import SERVER, files
from tests.e2e.observed import Observed

ME = email("user")
BLOCK = files("python")["api.py"]
QUERY = gql("{ me { email } }")


@pytest.fixture
def api(server: Observed) -> ModuleType:
    """Return the block as a module that asks the server."""
    module = ModuleType("api")
    exec(compile(BLOCK.replace(SERVER, server.url), "docs/clients.md", "exec"), module.__dict__)
    return module


def ask(transport: Any, times: int = 1) -> list[Any]:
    """Ask several times at once who is signed in."""

    def me(_: int) -> Any:
        return transport.execute(QUERY).data["me"]["email"]

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(me, range(times)))


def test_threads_share_one_refresh_and_requests_are_repeated_once(
    api: ModuleType, server: Observed
) -> None:
    transport = api.SignedIn(ME, PASSWORD)
    assert ask(transport) == [ME]
    server.asked.clear()
    server.expire()
    server.holds_next_query = True
    assert ask(transport, 5) == [ME] * 5
    assert (server.count("refresh"), server.count("me")) == (1, 10)
    transport.close()


def test_a_refused_refresh_says_that_the_session_has_ended(
    api: ModuleType, server: Observed
) -> None:
    transport = api.SignedIn(ME, PASSWORD)
    server.asked.clear()
    server.expire_sessions()
    with pytest.raises(TransportQueryError) as refused:
        transport.execute(QUERY)
    assert refused.value.errors
    assert refused.value.errors[0]["extensions"]["code"] == "SESSION_ENDED"
    assert (server.count("refresh"), server.count("me")) == (1, 1)
    transport.close()


@pytest.mark.parametrize(
    ("password", "printed"),
    [(PASSWORD, f"{{'me': {{'email': '{ME}'}}}}\n"), ("wrong", "INVALID_CREDENTIALS\n")],
)
def test_as_a_script_it_says_who_is_signed_in_or_why_not(
    server: Observed, tmp_path: Path, password: str, printed: str
) -> None:
    script = tmp_path / "api.py"
    script.write_text(BLOCK.replace(SERVER, server.url))
    server.asked.clear()
    done = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"EMAIL": ME, "PASSWORD": password},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, printed), done.stderr
    assert server.count("refresh") == 0
