"""A PostgreSQL database that is dropped afterwards."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

SERVER = "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
"""Where to make it, unless ``TEST_POSTGRESQL_URL`` says so."""


@contextmanager
def temporary_database() -> Iterator[str | None]:
    """Make an empty database and yield its URL; None where there is no server."""
    server = os.environ.get("TEST_POSTGRESQL_URL", SERVER)
    name = f"graph_api_benchmark_{uuid4().hex}"
    try:
        asyncio.run(_administer(server, f'CREATE DATABASE "{name}"'))
    except (OSError, DBAPIError):
        yield None
        return
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


async def _administer(server: str, statement: str) -> None:
    engine: Any = create_async_engine(server, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
