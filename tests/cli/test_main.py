"""The command as a whole: help, version, exit codes, errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version

import click
import pytest

from graph_api.cli import main
from graph_api.db.engine import Database
from tests.cli.terminal import PACKAGE_FOLDER, SERVE, Terminal


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_the_help_of_every_command_has_examples(terminal: Terminal, path: tuple[str, ...]) -> None:
    text = terminal.do(*path, "--help")
    assert f"graph-api {' '.join(path)}" in text.partition("Examples:")[2]


def test_every_listing_takes_json(terminal: Terminal) -> None:
    listings = [path for path in commands(main) if path[-1] in {"list", "show", "doctor"}]
    assert len(listings) == 6
    for path in listings:
        assert "--json" in terminal.do(*path, "--help")


def test_no_command_takes_a_password_as_an_argument(terminal: Terminal) -> None:
    for path in commands(main):
        assert "--password " not in terminal.do(*path, "--help")


def test_the_version(terminal: Terminal) -> None:
    assert terminal.do("--version").strip() == f"graph-api, version {version('graph-api')}"


def test_called_wrongly_is_exit_code_2_and_says_where_help_is(terminal: Terminal) -> None:
    assert "Try `graph-api --help`" in terminal.refuse("nothing", code=2)
    assert "Try `graph-api migrate --help`" in terminal.refuse("migrate", "--wrong", code=2)


def test_python_runs_the_package() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "graph_api", "--version"],
        env={"PYTHONPATH": PACKAGE_FOLDER},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("graph-api, version ")


@pytest.mark.parametrize(
    "url",
    ["postgres://root:canary@127.0.0.1:1/app", "postgres://root@127.0.0.1:1/app?password=canary"],
)
def test_a_database_that_cannot_be_reached_is_one_sentence_without_the_password(
    terminal: Terminal, url: str
) -> None:
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": url}
    sentence = terminal.refuse("users", "list")
    assert "can't be reached" in sentence
    assert "127.0.0.1:1" in sentence
    assert "canary" not in sentence


def test_a_database_that_is_not_there_is_not_made_by_looking(terminal: Terminal) -> None:
    terminal.env |= SERVE
    assert "run `graph-api migrate`" in terminal.refuse("users", "list")
    assert list(terminal.folder.iterdir()) == []


def test_a_database_that_is_not_migrated_says_so(
    terminal: Terminal, empty_database_url: str
) -> None:
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": empty_database_url}
    Database.open(empty_database_url)  # makes the file on SQLite
    assert "Migrations are pending: run `graph-api migrate`" in terminal.refuse("roles", "list")
