"""``graph-api roles``: what each role grants."""

from __future__ import annotations

import pytest

from tests.cli.terminal import SERVE, Terminal


@pytest.fixture
def terminal_on(terminal: Terminal, database_url: str) -> Terminal:
    terminal.env |= SERVE | {"GRAPH_API_DATABASE_URL": database_url}
    terminal.do("migrate")
    return terminal


def test_a_created_role_grants_what_it_was_given(terminal_on: Terminal) -> None:
    options = ("--description", "Reads.", "--permission", "user:read", "--include", "auditor")
    terminal_on.do("roles", "create", "reader", *options)
    (row,) = terminal_on.json("roles", "show", "reader")
    assert row["description"] == "Reads."
    assert row["permissions"] == ["user:read"]
    assert row["includes"] == ["auditor"]
    assert row["all"] == ["audit:read", "role:read", "session:read", "user:read"]


def test_what_is_not_given_stays(terminal_on: Terminal) -> None:
    terminal_on.do("roles", "create", "reader", "--permission", "user:read")
    row = terminal_on.json("roles", "update", "reader", "--include", "support")[0]
    assert (row["permissions"], row["includes"]) == (["user:read"], ["support"])
    row = terminal_on.json("roles", "update", "reader", "--no-permissions")[0]
    assert (row["permissions"], row["includes"]) == ([], ["support"])
    row = terminal_on.json("roles", "update", "reader", "--no-includes", "--description", "x")[0]
    assert (row["description"], row["includes"]) == ("x", [])


def test_a_deleted_role_is_gone(terminal_on: Terminal) -> None:
    assert terminal_on.do("roles", "delete", "support") == "Role support deleted.\n"
    assert "no role support" in terminal_on.refuse("roles", "show", "support")


def test_the_acts_are_recorded(terminal_on: Terminal) -> None:
    terminal_on.do("roles", "create", "reader")
    terminal_on.do("roles", "update", "reader", "--permission", "user:read")
    terminal_on.do("roles", "delete", "reader")
    events = terminal_on.json("audit", "list", "--action", "role_created", "--limit", "5")
    events += terminal_on.json("audit", "list", "--action", "role_updated")
    events += terminal_on.json("audit", "list", "--action", "role_deleted")
    assert len(events) == 3
    assert len({event["targetId"] for event in events}) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("update", "admin", "--no-permissions"), "can't be changed"),
        (("create", "Reader"), "content-editor"),
        (("create", "reader", "--permission", "no:such"), "There is no no:such."),
        (("create", "reader", "--include", "nobody"), "There is no role nobody"),
        (("create", "support"), "a role support already"),
        (("delete", "nobody"), "There is no role nobody"),
    ],
)
def test_what_is_refused_is_one_sentence(
    production: Terminal, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in production.refuse("roles", *arguments)


def test_a_table_lists_permissions(production: Terminal) -> None:
    assert "role:read, session:read, session:write, user:read" in production.do("roles", "list")
