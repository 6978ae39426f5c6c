"""Fixtures: a database of its own for each test, on SQLite and on PostgreSQL.

A migrated database is made once and copied for each test. Take ``database`` for an open one,
``database_url`` to start something on it, ``empty_database_url`` for one without tables. A test
for one of the two says ``@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import make_url

from graph_api.db.engine import Database
from graph_api.db.migrate import upgrade_database

SERVER = os.environ.get(
    "TEST_POSTGRESQL_URL", "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
)
T = TypeVar("T")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on."""
    return str(request.param)


@pytest.fixture
def empty_database_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a database without tables."""
    return str(request.getfixturevalue(f"empty_{dialect}_url"))


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated database."""
    return str(request.getfixturevalue(f"{dialect}_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Return a migrated database."""
    async with Database.open(database_url) as opened:
        yield opened


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'data' / 'empty.sqlite3'}"


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    path = tmp_path / "data" / "test.sqlite3"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(migrated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "migrated.sqlite3"
    run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def empty_postgresql_url(make_postgresql: Callable[..., str]) -> str:
    return make_postgresql()


@pytest.fixture
def postgresql_url(make_postgresql: Callable[..., str], migrated_postgresql: str) -> str:
    return make_postgresql(template=migrated_postgresql)


@pytest.fixture
def make_postgresql(postgresql_server: None) -> Iterator[Callable[..., str]]:
    """Return a function that makes a database, and drop what it made."""
    made = []

    def make(template: str = "template1") -> str:
        made.append(run(create_postgresql(template)))
        return postgresql_url_of(made[-1])

    yield make
    for name in made:
        run(drop_postgresql(name))


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: None) -> Iterator[str]:
    name = run(create_postgresql("template1"))
    run(_migrate(postgresql_url_of(name)))
    yield name
    run(drop_postgresql(name))


@pytest.fixture(scope="session")
def postgresql_server() -> None:
    """Skip where there is no server; fail in CI, where there must be one."""
    try:
        run(_administer("SELECT 1"))
    except OSError as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no PostgreSQL at {make_url(SERVER).host}, see TEST_POSTGRESQL_URL: {error}")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread: a fixture may stand inside and outside of an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def _migrate(url: str) -> None:
    async with Database.open(url) as database:
        await upgrade_database(database)


async def create_postgresql(template: str) -> str:
    name = f"graph_api_test_{uuid4().hex}"
    await _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


async def drop_postgresql(name: str) -> None:
    await _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _administer(statement: str) -> None:
    connection = await asyncpg.connect(SERVER.replace("+asyncpg", ""), timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def postgresql_url_of(database: str) -> str:
    return make_url(SERVER).set(database=database).render_as_string(hide_password=False)
