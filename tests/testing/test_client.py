"""The client of the testing kit: the whole server, and people who hold one role."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from graph_api import Settings
from graph_api.accounts.graphql.schema import schema as accounts_alone
from graph_api.testing import TestClient
from schema import schema
from tests.accounts.world import SettableClock

pytestmark = pytest.mark.anyio
MIGRATIONS = Path(__file__).parents[2] / "schema" / "migrations"
WHO = "{ me { roles { name } } }"
DRAFT = 'mutation { createArticle(input: {title: "T", body: "B"}) { article { id } } }'
DRAFTS = "{ articles(includeDrafts: true) { nodes { title } } }"


@pytest.mark.parametrize("role", ["admin", "auditor", "support", "user"])
async def test_it_asks_as_somebody_who_holds_the_role(role: str) -> None:
    async with TestClient.open(accounts_alone) as client:
        answer = await client.ask(WHO, as_role=role)
        assert answer.data == {"me": {"roles": [{"name": role}]}}


async def test_without_a_role_it_is_anonymous() -> None:
    async with TestClient.open(accounts_alone) as client:
        assert (await client.ask("{ me { __typename } }")).data == {"me": None}


async def test_what_a_role_may_not_is_refused_over_http() -> None:
    async with TestClient.open(accounts_alone) as client:
        query = "{ auditEvents { nodes { action } } }"
        assert (await client.ask(query, as_role="auditor")).data
        refused = await client.ask(query, as_role="user")
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        stranger = await client.ask(query)
        assert (stranger.status, stranger.code) == (401, "UNAUTHENTICATED")
        assert stranger.challenge == 'Bearer realm="graph-api"'


async def test_a_role_is_the_same_person_each_time_and_a_name_tells_two_apart() -> None:
    async with TestClient.open(schema, migrations=MIGRATIONS) as client:
        made = await client.ask(DRAFT, as_role="author")
        assert made.data["createArticle"]["article"]["id"]
        own = "{ me { articles { nodes { title } } } }"
        assert (await client.ask(own, as_role="author")).data["me"]["articles"]["nodes"]
        rival = await client.sign_in("author", name="rival")
        assert (await client.ask(own, bearer=rival)).data["me"]["articles"]["nodes"] == []


async def test_somebody_can_hold_several_roles_or_none() -> None:
    async with TestClient.open(accounts_alone) as client:
        both = await client.sign_in("auditor", "support")
        assert both.roles == {"auditor", "support"}
        assert (await client.sign_in()).roles == frozenset()


async def test_an_unknown_role_is_answered_with_the_nearest() -> None:
    async with TestClient.open(accounts_alone) as client:
        with pytest.raises(LookupError, match=r"no role 'amdin'\. Did you mean 'admin'\?"):
            await client.ask(WHO, as_role="amdin")


async def test_a_role_of_the_application_is_there() -> None:
    async with TestClient.open(schema, migrations=MIGRATIONS) as client:
        assert (await client.ask(DRAFTS, as_role="editor")).data["articles"]["nodes"] == []
        assert (await client.ask(DRAFTS, as_role="user")).code == "FORBIDDEN"


async def test_the_settings_of_the_server_can_be_given() -> None:
    query = "{ me { email } auditEvents { nodes { action } } }"
    filtering = Settings(_env_file=None)
    async with TestClient.open(accounts_alone, filtering) as client:
        assert (await client.ask(query, as_role="user")).body["data"]["me"]
    rejecting = Settings(_env_file=None, denied_fields="reject")
    async with TestClient.open(accounts_alone, rejecting) as client:
        assert "data" not in (await client.ask(query, as_role="user")).body


async def test_no_database_of_the_settings_is_touched(tmp_path: Path) -> None:
    theirs = Settings(
        _env_file=None,
        data_dir=tmp_path / "theirs",
        database_url=f"sqlite:///{tmp_path / 'theirs.sqlite3'}",
        redis_url="redis://redis.invalid",
    )
    async with TestClient.open(accounts_alone, theirs) as client:
        assert (await client.ask(WHO, as_role="user")).data
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- once, in a test


async def test_the_clock_is_handed_in() -> None:
    clock = SettableClock()
    async with TestClient.open(accounts_alone, clock=clock) as client:
        signed_in = await client.sign_in("user")
        clock.now += timedelta(seconds=signed_in.expires_in + 60)
        expired = await client.ask(WHO, bearer=signed_in)
        assert (expired.status, expired.errors[0]["extensions"]["reason"]) == (401, "token_expired")


async def test_a_failure_of_the_test_is_raised_as_it_is() -> None:
    with pytest.raises(AssertionError, match=r"^mine$"):
        async with TestClient.open(accounts_alone):
            raise AssertionError("mine")
