"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
from typing import Any

import hypothesis
import pytest
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

from graph_api import Schema

# On a busy machine a deadline for each example is a matter of luck.
hypothesis.settings.register_profile("graph-api", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "graph-api")

SHARING = ("tests/e2e/", "tests/examples/test_shop.py")
"""Files whose tests share a browser, a server or an installation."""

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
    config.addinivalue_line("markers", "plans: about plans themselves, so that there must be some")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about plans where there are none."""
    if config.getoption("--engine") == "plan":
        return
    skip = pytest.mark.skip(reason="is about plans themselves, and graphql-core runs everything")
    for item in items:
        if item.get_closest_marker("plans"):
            item.add_marker(skip)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Spreads tests over processes, but for those of a file that share what is slow to set up."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(SHARING) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Say which tests run in one process."""
    return _Scheduling(config, log)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop that the server runs on."""
    return "asyncio"
