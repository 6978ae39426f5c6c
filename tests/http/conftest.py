"""A client of the small schema."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http.serving import client, serve


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    async with client(serve()) as opened:
        yield opened
