"""Fixtures: the accounts of one worker, on a database of their own, with a clock to set."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_api.accounts import Accounts
from graph_api.db.engine import Database
from graph_api.settings import Settings
from tests.accounts.world import SettableClock, make_accounts, make_settings


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "data")


@pytest.fixture
async def accounts(settings: Settings, database: Database, clock: SettableClock) -> Accounts:
    return await make_accounts(settings, database, clock)
