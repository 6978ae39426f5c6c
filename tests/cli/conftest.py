"""A terminal in an empty folder, and one where a server has been set up for production."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import schema
from tests.cli.terminal import SERVE, Terminal

# Imported once: its tables can't be declared twice in one process.
APPLICATION = {
    name: it for name, it in sys.modules.items() if name.split(".")[0] == schema.__name__
}
PASSWORD = "correct horse battery staple"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Return a terminal in an empty folder; nothing of the machine's settings is seen there."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith("GRAPH_API_") or name in {"DATABASE_URL", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    modules, path = dict(sys.modules), list(sys.path)
    for name in [each for each in modules if each.split(".")[0] == "schema"]:
        del sys.modules[name]
    yield Terminal(folder)
    for name in sys.modules.keys() - modules.keys():
        if _is_within(sys.modules[name], tmp_path):
            del sys.modules[name]
    sys.modules.update(modules)
    sys.path[:] = path


@pytest.fixture
def production(terminal: Terminal) -> Terminal:
    """Return a terminal with safe settings, a migrated database and an administrator."""
    terminal.env |= SERVE
    terminal.do("migrate")
    create_admin(terminal)
    return terminal


@pytest.fixture
def ours(terminal: Terminal) -> Terminal:
    """Return a terminal in which the application of this repository is served."""
    sys.modules.update(APPLICATION)
    terminal.env |= {"GRAPH_API_SCHEMA": "schema:schema"}
    return terminal


def create_admin(terminal: Terminal) -> None:
    """Create an administrator."""
    arguments = ("boss@example.com", "--role", "admin", "--password-stdin")
    terminal.do("users", "create", *arguments, typed=f"{PASSWORD}\n")


def _is_within(module: object, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(folder)
