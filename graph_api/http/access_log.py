"""One log line for each request, and the id that all lines of a request share."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from graph_api.http.head import Head
from graph_api.observability import begin_request, could_be_secret, log_request

REQUEST_ID = b"x-request-id"
CLIENT_GONE = 499
"""The status of a line about a request that nobody waits for any more, as nginx has it."""
_WELL_FORMED = re.compile(r"[\w.:-]{8,128}", re.ASCII)


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
        request_id = _request_id(Head(scope))
        begin_request(request_id)
        identity = (REQUEST_ID, request_id.encode())
        status = 0

        def watched(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), identity]
            return send(message)

        # Litestar rewrites the scope's path while it routes.
        path, start = scope["path"], time.perf_counter()
        try:
            await self.app(scope, receive, watched)
            status = status or CLIENT_GONE
        finally:
            duration = round((time.perf_counter() - start) * 1_000, 2)
            level = logging.DEBUG if path.startswith("/health/") else logging.INFO
            log_request(level, method=scope["method"], path=path, status=status or 500, ms=duration)


def _request_id(head: Head) -> str:
    """Keep the id that a trusted proxy gave; those of strangers are gone by now."""
    given = head.text(REQUEST_ID)
    if _WELL_FORMED.fullmatch(given) and not could_be_secret(given):
        return given
    return secrets.token_hex(16)
