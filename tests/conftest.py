"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os

import hypothesis
import pytest

# On a busy machine a deadline for each example is a matter of luck.
hypothesis.settings.register_profile("graph-api", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "graph-api")

pytest_plugins = [
    "graph_api.testing.plugin",
    "tests.databases",
    "tests.redis_server",
    "tests.api",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop that the server runs on."""
    return "asyncio"
