"""``graph-api keys``: what signs access tokens."""

from __future__ import annotations

from tests.cli.terminal import SERVE, Terminal

PRIVATE = ("PRIVATE", "encrypted", "gAAAA")


def test_the_key_that_signs_is_listed_and_no_secret_of_it(production: Terminal) -> None:
    (row,) = production.json("keys", "list")
    assert (row["algorithm"], row["state"], row["madeBy"]) == ("ES256", "signs", "serve")
    assert not any(word in str(row) for word in PRIVATE)
    assert row["kid"] in production.do("keys", "list")


def test_a_rotation_publishes_a_key_that_signs_later(production: Terminal) -> None:
    assert "signs from" in production.do("keys", "rotate")
    new, old = production.json("keys", "list")
    assert (new["state"], old["state"]) == ("published", "verifies")


def test_compromised_keys_are_dropped_at_once(production: Terminal) -> None:
    (rotated,) = production.json("keys", "rotate", "--compromised")
    new, old = production.json("keys", "list")
    assert new["kid"] == rotated["kid"]
    assert (new["state"], old["state"]) == ("signs", "retired")


def test_a_rotation_is_recorded(production: Terminal) -> None:
    (rotated,) = production.json("keys", "rotate")
    (event,) = production.json("audit", "list", "--action", "key_rotated")
    assert event["targetId"] == rotated["kid"]


def test_keys_of_a_lost_secret_can_be_given_up(production: Terminal) -> None:
    production.env["GRAPH_API_SECRET_KEY"] = "another-secret-key-9876543210-zyxwvutsrq"
    assert "keys rotate --compromised" in production.refuse("roles", "create", "reader")
    production.do("keys", "rotate", "--compromised")
    production.do("roles", "create", "reader")


def test_before_the_first_start_there_is_none(terminal: Terminal) -> None:
    terminal.env |= SERVE
    terminal.do("migrate")
    assert terminal.json("keys", "list") == []
    assert "first start makes one" in terminal.do("keys", "list")


def test_keys_of_a_former_algorithm_still_verify(production: Terminal) -> None:
    production.env["GRAPH_API_SIGNING_ALGORITHM"] = "EdDSA"
    production.do("roles", "create", "reader")  # loads the keys, and makes the one that is missing
    states = {row["algorithm"]: row["state"] for row in production.json("keys", "list")}
    assert states == {"EdDSA": "signs", "ES256": "verifies"}
