"""Health: whether the process lives, and whether it can do its work."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import anyio
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

Check = Callable[[], Awaitable[str | None]]
"""Returns a sentence that says what is missing, or None; whatever it raises is a failure too."""

Content = TypeVar("Content")

_SECONDS = 3.0

log = logging.getLogger("graph_api.health")


def health_routes(
    checks: Mapping[str, Check],
    optional: Mapping[str, Check] = MappingProxyType({}),
    *,
    seconds: float = _SECONDS,
) -> list[HTTPRouteHandler]:
    """Return the handlers of ``/health/live`` and ``/health/ready``.

    Args:
        checks: what this server needs, by name, such as ``database``.
        optional: what it does its work without, if less well: it is ready, and says so.
        seconds: how long a check may take.
    """

    @get("/health/live", include_in_schema=False, sync_to_thread=False)
    def live() -> Response[dict[str, str]]:
        return _answer(200, {"status": "live"})

    @get("/health/ready", include_in_schema=False)
    async def ready() -> Response[dict[str, object]]:
        found = await _missing({**checks, **optional}, seconds)
        missing = {name: found[name] for name in found if name in checks}
        if missing:
            return _answer(503, {"status": "not ready", "missing": missing})
        degraded = {"degraded": found} if found else {}
        checked = sorted([*checks, *optional])
        return _answer(200, {"status": "ready", "checked": checked, **degraded})

    return [live, ready]


def _answer(status: int, content: Content) -> Response[Content]:
    return Response(content, status_code=status, headers={"Cache-Control": "no-store"})


async def _missing(checks: Mapping[str, Check], seconds: float) -> dict[str, str]:
    """Ask all at once, and return what is missing, by name."""
    missing: dict[str, str] = {}

    async def ask(name: str, check: Check) -> None:
        if sentence := await _ask(name, check, seconds):
            missing[name] = sentence

    async with anyio.create_task_group() as group:
        for name, check in checks.items():
            group.start_soon(ask, name, check)
    return missing


async def _ask(name: str, check: Check, seconds: float) -> str | None:
    try:
        with anyio.fail_after(seconds):
            return await check()
    except TimeoutError:
        return f"No answer within {seconds:g} seconds."
    except Exception as error:
        # Strangers read this: no message, which may hold an address.
        log.warning("check failed", extra={"check": name}, exc_info=error)
        return f"It failed with {type(error).__name__}; the log says more."
