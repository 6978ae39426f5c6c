"""``graph-api audit list``: what has happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.cli.terminal import Terminal

BOSS = "boss@example.com"


def test_the_newest_comes_first(production: Terminal) -> None:
    production.do("roles", "create", "reader")
    events = production.json("audit", "list")
    assert events[0]["action"] == "role_created"
    assert [each["at"] for each in events] == sorted((each["at"] for each in events), reverse=True)


def test_it_narrows_by_action_target_and_number(production: Terminal) -> None:
    user_id = production.json("users", "list")[0]["id"]
    granted = production.json("audit", "list", "--action", "role_granted", "--target", BOSS)
    assert [(each["targetId"], each["details"]) for each in granted] == [
        (user_id, {"role": "admin"})
    ]
    assert len(production.json("audit", "list", "--target", user_id)) == 2
    assert len(production.json("audit", "list", "--limit", "1")) == 1


def test_it_narrows_by_time(production: Terminal) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert production.json("audit", "list", "--after", soon) == []
    assert production.json("audit", "list", "--before", soon) != []
    assert production.do("audit", "list", "--after", soon) == "No events.\n"


def test_an_unknown_action_is_called_wrongly(production: Terminal) -> None:
    assert "role_granted" in production.refuse("audit", "list", "--action", "sing_in", code=2)


def test_an_unknown_person_is_named(production: Terminal) -> None:
    assert "no user x@example.com" in production.refuse("audit", "list", "--actor", "x@example.com")
