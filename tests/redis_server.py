"""A Redis to count in, and a road to it that can be cut.

Tests share the server: what they count stands under keys that nobody else has.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.exceptions import RedisError

SERVER = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Return the URL of a Redis; skip where there is none, fail in CI, where there must be one."""
    try:
        with Redis.from_url(SERVER, socket_connect_timeout=5) as client:
            client.ping()
    except (RedisError, OSError) as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Redis at {urlsplit(SERVER).hostname}, see TEST_REDIS_URL: {error}")
    return SERVER


class Road:
    """Leads to Redis until it is cut."""

    def __init__(self) -> None:
        self.port = 0
        self.passable = asyncio.Event()  # cleared, it takes questions and gives no answer
        self.passable.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The URL of this end of the road."""
        return f"redis://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Let everybody pass, at the same port as before."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Refuse new connections and end those that there are."""
        assert self._server
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(SERVER)
        there = await asyncio.open_connection(parts.hostname, parts.port or 6379)
        self._writers |= {writer, there[1]}
        await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await self.passable.wait()
                sink.write(data)
                await sink.drain()
        sink.close()


@pytest.fixture
async def road(redis_url: str) -> AsyncIterator[Road]:
    """Return an open road to Redis."""
    road = Road()
    await road.open()
    yield road
    road.passable.set()
    await road.cut()
