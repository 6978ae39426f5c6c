"""``graph-api users``: accounts, without a permission and with a trace."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.terminal import DEADLINE, SERVE, Terminal

ADA = "ada@example.com"
BOSS = "boss@example.com"
CANARY = "canary in a coal mine"


@pytest.fixture
def terminal_on(terminal: Terminal, database_url: str) -> Terminal:
    """Return a terminal on a migrated database with roles and one user."""
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": database_url}
    terminal.do("migrate")
    create(terminal, ADA, "--name", "Ada Lovelace")
    return terminal


def create(terminal: Terminal, email: str, *options: str) -> None:
    terminal.do("users", "create", email, *options, "--password-stdin", typed=f"{PASSWORD}\n")


def emails(terminal: Terminal, *options: str) -> list[str]:
    return [row["email"] for row in terminal.json("users", "list", *options)]


def actions(terminal: Terminal) -> list[str]:
    return [row["action"] for row in reversed(terminal.json("audit", "list"))]


def test_a_created_account_has_its_roles(terminal_on: Terminal) -> None:
    create(terminal_on, BOSS, "--role", "admin", "--role", "user")
    row = terminal_on.json("users", "list", "--role", "admin")[0]
    assert (row["email"], row["roles"], row["disabledAt"]) == (BOSS, ["admin", "user"], None)


def test_create_prints_the_account_as_json(terminal_on: Terminal) -> None:
    options = ("--password-stdin", "--json")
    printed = terminal_on.do("users", "create", BOSS, *options, typed=f"{PASSWORD}\n")
    assert json.loads(printed)[0]["id"].startswith("usr_")


def test_listing_narrows(terminal_on: Terminal) -> None:
    create(terminal_on, BOSS, "--role", "admin")
    terminal_on.do("users", "disable", ADA)
    assert emails(terminal_on) == [ADA, BOSS]
    assert emails(terminal_on, "--disabled") == [ADA]
    assert emails(terminal_on, "--enabled") == [BOSS]
    assert emails(terminal_on, "--search", "lovelace") == [ADA]
    assert emails(terminal_on, "--limit", "1") == [ADA]
    assert emails(terminal_on, "--search", "nobody") == []
    assert terminal_on.do("users", "list", "--search", "nobody") == "No users.\n"


def test_a_table_cuts_nothing_off_in_a_pipe(terminal_on: Terminal) -> None:
    heading, row = terminal_on.do("users", "list").splitlines()
    assert heading.split()[:4] == ["id", "email", "name", "roles"]
    assert ADA in row
    assert "Ada Lovelace" in row


def test_grant_and_revoke(terminal_on: Terminal) -> None:
    assert terminal_on.json("users", "grant", ADA, "support")[0]["roles"] == ["support"]
    assert terminal_on.json("users", "revoke", ADA, "support")[0]["roles"] == []


def test_disable_and_enable(terminal_on: Terminal) -> None:
    assert terminal_on.do("users", "disable", ADA) == f"{ADA} is disabled.\n"
    assert terminal_on.json("users", "list")[0]["disabledAt"]
    assert terminal_on.do("users", "enable", ADA) == f"{ADA} is enabled.\n"
    assert terminal_on.json("users", "list")[0]["disabledAt"] is None


def test_the_operator_s_acts_are_recorded_without_an_actor(terminal_on: Terminal) -> None:
    terminal_on.do("users", "grant", ADA, "support")
    terminal_on.do("users", "set-password", ADA, "--password-stdin", typed=f"{CANARY}\n")
    terminal_on.do("users", "disable", ADA)
    recorded = [each for each in actions(terminal_on) if not each.startswith("key_")]
    assert recorded == ["user_created", "role_granted", "password_reset", "user_disabled"]
    assert all(row["actorId"] is None for row in terminal_on.json("audit", "list"))


def test_the_last_administrator_stays(terminal_on: Terminal) -> None:
    create(terminal_on, BOSS, "--role", "admin")
    assert "last enabled admin" in terminal_on.refuse("users", "disable", BOSS)
    assert "last enabled admin" in terminal_on.refuse("users", "revoke", BOSS, "admin")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("grant", "nobody@example.com", "user"), "There is no user nobody@example.com."),
        (("grant", ADA, "king"), "no role king: there are admin, auditor, support, user."),
        (("create", ADA, "--password-stdin"), "This e-mail address is taken."),
        (("create", "no address", "--password-stdin"), "no e-mail address"),
    ],
)
def test_what_is_refused_is_one_sentence(
    production: Terminal, arguments: tuple[str, ...], sentence: str
) -> None:
    create(production, ADA)
    assert sentence in production.refuse("users", *arguments, typed=f"{PASSWORD}\n")


def test_a_weak_password_is_refused_and_not_repeated(production: Terminal) -> None:
    sentence = production.refuse("users", "create", ADA, "--password-stdin", typed="canary\n")
    assert "12" in sentence
    assert "canary" not in sentence


def test_a_password_as_an_argument_is_refused(production: Terminal) -> None:
    sentence = production.refuse("users", "create", ADA, "--password", CANARY, code=2)
    assert "No such option" in sentence
    assert CANARY not in sentence


def test_without_a_terminal_a_password_must_be_piped(production: Terminal) -> None:
    sentence = production.refuse("users", "create", ADA, code=2)
    assert "--password-stdin" in sentence


@pytest.mark.parametrize("arguments", [("create", ADA), ("set-password", BOSS)])
def test_a_piped_password_is_nowhere_to_be_seen(
    production: Terminal, arguments: tuple[str, ...]
) -> None:
    result = production.run("users", *arguments, "--password-stdin", "--json", typed=CANARY)
    assert result.exit_code == 0
    assert CANARY not in result.output
    assert CANARY not in production.do("audit", "list", "--json")
    for file in filter(Path.is_file, production.folder.rglob("*")):
        assert CANARY.encode() not in file.read_bytes()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc, as on Linux")
def test_a_prompted_password_is_neither_shown_nor_in_the_list_of_processes(
    production: Terminal,
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "graph_api", "users", "create", ADA],
        cwd=production.folder,
        env=os.environ | production.env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = read_until(ours, b"Password: ")
    os.write(ours, CANARY.encode() + b"\n")
    seen += read_until(ours, b"Repeat for confirmation: ")
    assert CANARY.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    os.write(ours, CANARY.encode() + b"\n")
    seen += read_until(ours, b"created.")
    os.close(ours)
    assert process.wait(DEADLINE) == 0
    assert CANARY.encode() not in seen


def read_until(terminal: int, text: bytes) -> bytes:
    """Read what a terminal shows until a text has come."""
    shown = b""
    while text not in shown:
        shown += os.read(terminal, 1024)
    return shown
