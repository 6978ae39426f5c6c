"""Fixtures: servers, in a process of their own or observed in a thread, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.cli.terminal import SERVE, Terminal
from tests.e2e import node
from tests.e2e.clients_page import SERVER, files
from tests.e2e.observed import PAGE, Observed, observed
from tests.e2e.serving import CHECKOUT, EMAIL, PASSWORD, listening, serving

# The sandbox needs a user that containers seldom have; the rest keeps Chromium itself quiet.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names of hosts that are no loopback to the browser, and yet reach this machine.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    # Only Chromium keeps pages from the internet off this machine; others have to be withstood.
    "--disable-features=LocalNetworkAccessChecks",
]

expect.set_options(timeout=20_000)  # Milliseconds; a machine that does much else is slow.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing = "no Chromium found: `apt install chromium` brings it"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def site(tmp_path: Path, empty_database_url: str) -> Terminal:
    """Return a terminal where all is ready to serve this repository's schema."""
    folder = tmp_path / "site"
    folder.mkdir()
    terminal = Terminal(folder)
    terminal.env |= SERVE | {
        "GRAPH_API_DATABASE_URL": empty_database_url,
        "GRAPH_API_DATA_DIR": str(folder / ".graph-api"),
        "GRAPH_API_ACCESS_TOKEN_TTL": "10",
        "GRAPH_API_TOKEN_LEEWAY": "0",
        "GRAPH_API_REFRESH_LIMIT": "1000/1m",
    }
    prepared = terminal.paste(
        f"graph-api migrate --app-dir {CHECKOUT} && echo '{PASSWORD}' | "
        f"graph-api users create {EMAIL} --role user --password-stdin"
    )
    assert prepared.returncode == 0, prepared.stderr
    return terminal


@pytest.fixture
def issuer(site: Terminal) -> Iterator[str]:
    """Serve the site, and return its URL."""
    with listening() as (listener, address), serving(site, listener, address):
        yield address


@pytest.fixture(scope="session")
def server(populated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Serve the people of ``tests.api``, also to pages of one other origin, until the tests end."""
    database = tmp_path_factory.mktemp("server") / "server.sqlite3"
    shutil.copy(populated_sqlite, database)
    changes = {"allowed_origins": (PAGE,), "refresh_limit": "1000/1m"}
    with observed(database, **changes) as running:
        yield running


@pytest.fixture(scope="session")
def clients_program(server: Observed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the clients of docs/clients.md and what drives them, at this server."""
    folder = node.install("clients", tmp_path_factory.mktemp("clients"))
    for name, block in files("ts").items():
        (folder / name).write_text(block.replace(SERVER, server.url))
    return folder
