"""Fixtures: a server for production in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import SERVE, Terminal
from tests.e2e.serving import CHECKOUT, EMAIL, PASSWORD, listening, serving


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
