"""Health: alive whatever is missing; ready only if nothing is, and saying what."""

from __future__ import annotations

from collections.abc import Mapping

import anyio
import httpx
import pytest
from litestar import Litestar

from graph_api.http.health import Check, health_routes
from tests.http.serving import CANARY, client

pytestmark = pytest.mark.anyio


async def _fine() -> str | None:
    return None


async def _unmigrated() -> str | None:
    return "The database is 2 migrations behind: run `graph-api migrate`."


async def _failing() -> str | None:
    raise OSError(f"can't reach postgres://app:{CANARY}@db")


async def _silent() -> str | None:
    await anyio.sleep_forever()
    return None


async def _get(
    path: str, checks: Mapping[str, Check], optional: Mapping[str, Check] | None = None
) -> httpx.Response:
    routes = health_routes(checks, optional or {}, seconds=0.05)
    async with client(Litestar(routes, openapi_config=None, logging_config=None)) as api:
        return await api.get(path)


async def test_a_server_that_can_do_nothing_is_alive() -> None:
    response = await _get("/health/live", {"database": _failing})
    assert response.status_code == 200
    assert response.json() == {"status": "live"}


async def test_a_server_with_all_that_it_needs_is_ready() -> None:
    response = await _get("/health/ready", {"database": _fine, "migrations": _fine})
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "checked": ["database", "migrations"]}


async def test_one_that_lacks_something_is_not_and_names_it() -> None:
    checks = {"database": _fine, "migrations": _unmigrated, "redis": _silent}
    response = await _get("/health/ready", checks)
    assert response.status_code == 503
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "status": "not ready",
        "missing": {
            "migrations": "The database is 2 migrations behind: run `graph-api migrate`.",
            "redis": "No answer within 0.05 seconds.",
        },
    }


async def test_one_that_lacks_what_it_can_do_without_is_ready_and_names_it() -> None:
    whole = await _get("/health/ready", {"database": _fine}, {"redis": _fine})
    assert whole.json() == {"status": "ready", "checked": ["database", "redis"]}
    degraded = await _get("/health/ready", {"database": _fine}, {"redis": _silent})
    assert degraded.status_code == 200
    assert degraded.json() == whole.json() | {
        "degraded": {"redis": "No answer within 0.05 seconds."}
    }
    missing = await _get("/health/ready", {"database": _failing}, {"redis": _silent})
    assert (missing.status_code, list(missing.json()["missing"])) == (503, ["database"])


async def test_what_a_check_raises_is_not_shown() -> None:
    response = await _get("/health/ready", {"database": _failing})
    assert response.status_code == 503
    assert "OSError" in response.json()["missing"]["database"]
    assert CANARY not in response.text
