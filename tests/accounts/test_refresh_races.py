"""Many who refresh at once: one wins, and all are told the same."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from graph_api.accounts import Accounts, sign_in
from graph_api.db.engine import Database
from graph_api.errors import RateLimited
from graph_api.settings import Settings
from tests.accounts.world import (
    PHONE,
    SettableClock,
    events,
    log_in,
    make_accounts,
    make_settings,
    make_user,
    session_row,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "data", refresh_limit="1000000/1s")


async def refresh_at_once(accounts: Accounts, token: str, times: int) -> list[str]:
    """Refresh with one token many times at once, and return the tokens that came back."""
    return await asyncio.gather(*(refresh(accounts, token) for _ in range(times)))


async def refresh(accounts: Accounts, token: str) -> str:
    """Refresh, and try again where the database is busy, as whoever is told so does."""
    while True:
        try:
            return (await sign_in.refresh(accounts, token, origin=PHONE)).refresh_token
        except RateLimited:
            continue


async def test_of_a_thousand_one_wins_and_all_agree(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")

    answers = await refresh_at_once(accounts, signed_in.refresh_token, 1_000)

    assert len(answers) == 1_000
    assert len(set(answers)) == 1
    assert (await session_row(accounts, signed_in.session_id)).counter == 1
    assert len(await events(accounts, "refresh")) == 1


def work(database_url: str, settings: Settings, token: str) -> list[str]:
    """What one of several workers does: it shares nothing with the others but the database."""

    async def run() -> list[str]:
        async with Database.open(database_url) as database:
            accounts = await make_accounts(settings, database, SettableClock())
            return await refresh_at_once(accounts, token, 50)

    return asyncio.run(run())


async def test_several_workers_agree(
    accounts: Accounts, database_url: str, settings: Settings
) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")
    loop = asyncio.get_running_loop()

    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as workers:
        arguments = (database_url, settings, signed_in.refresh_token)
        answers = await asyncio.gather(
            *(loop.run_in_executor(workers, work, *arguments) for _ in range(2))
        )

    tokens = [token for answer in answers for token in answer]
    assert len(tokens) == 100
    assert len(set(tokens)) == 1
    assert (await session_row(accounts, signed_in.session_id)).counter == 1
    assert len(await events(accounts, "refresh")) == 1
