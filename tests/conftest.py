"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
from typing import Any

import hypothesis
import pytest

from graph_api import Schema

# On a busy machine a deadline for each example is a matter of luck.
hypothesis.settings.register_profile("graph-api", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "graph-api")

pytest_plugins = [
    "graph_api.testing.plugin",
    "tests.databases",
    "tests.redis_server",
    "tests.api",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a whole run be of the other engine."""
    parser.addoption(
        "--engine",
        choices=["plan", "graphql-core"],
        default="plan",
        help="What runs operations where a test doesn't say it: plans, or graphql-core alone.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the engine that schemas have by default."""
    defaults: Any = Schema.__init__.__kwdefaults__
    defaults["compiled"] = config.getoption("--engine") == "plan"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop that the server runs on."""
    return "asyncio"
