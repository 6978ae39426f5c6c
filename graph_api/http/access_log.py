"""One log line for each request, and the id that all lines of a request share."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from graph_api.http.plain import with_headers

REQUEST_ID = "x-request-id"
_WELL_FORMED = re.compile(r"[\w.:-]{8,128}", re.ASCII)

log = structlog.stdlib.get_logger("graph_api.access")


class AccessLog:
    """ASGI middleware that writes method, path, status and duration, and nothing of the query.

    The handler adds operation, its type and the subject with :func:`graph_api.observability.note`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on, and write the line when the answer is out or has failed."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers.from_scope(scope))
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        def identify(to: MutableScopeHeaders) -> None:
            to[REQUEST_ID] = request_id

        # Litestar rewrites the scope's path while it routes.
        path, start = scope["path"], time.perf_counter()
        try:
            await self.app(scope, receive, with_headers(watched, identify))
        finally:
            write = log.debug if path.startswith("/health/") else log.info
            duration = round((time.perf_counter() - start) * 1_000, 2)
            write("request", method=scope["method"], path=path, status=status, ms=duration)


def _request_id(headers: Headers) -> str:
    """Keep the id that a trusted proxy gave; those of strangers are gone by now."""
    given = headers.get(REQUEST_ID, "")
    return given if _WELL_FORMED.fullmatch(given) else uuid4().hex
