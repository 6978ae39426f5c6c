"""CORS, with credentials, for exactly the origins that are listed (Fetch, section 3.3).

Litestar's own replaces the answer's ``Vary`` and reads ``*`` in an origin as a pattern.
"""

from __future__ import annotations

from collections.abc import Collection

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Receive, Send

from graph_api.http.csrf import origin_of
from graph_api.http.head import Head
from graph_api.http.plain import answer_plainly, with_headers

_EXPOSED = "Retry-After, WWW-Authenticate, X-Request-ID"
_PREFLIGHT_SECONDS = "600"


class Cors:
    """Lets pages of listed origins read answers."""

    def __init__(self, origins: Collection[str]) -> None:
        self.origins = frozenset(map(origin_of, origins))

    async def answer(self, app: ASGIApp, head: Head, receive: Receive, send: Send) -> None:
        """Answer a preflight, or add the headers to what the application answers."""
        origin = head.text(b"origin")
        if not origin:
            await app(head.scope, receive, send)
        elif head.scope["method"] == "OPTIONS" and b"access-control-request-method" in head:
            await self._preflight(origin, head, send)
        else:
            dressed = with_headers(send, lambda to: self._allow(origin, to))
            await app(head.scope, receive, dressed)

    def _allow(self, origin: str, to: MutableScopeHeaders) -> None:
        if "origin" not in to.get("vary", "").lower():
            to.extend_header_value("vary", "Origin")
        if origin in self.origins:
            to["access-control-allow-origin"] = origin
            to["access-control-allow-credentials"] = "true"
            to["access-control-expose-headers"] = _EXPOSED

    async def _preflight(self, origin: str, head: Head, send: Send) -> None:
        if origin not in self.origins:
            await answer_plainly(send, 403, "GRAPH_API_ALLOWED_ORIGINS does not list this origin.")
            return

        def permit(to: MutableScopeHeaders) -> None:
            self._allow(origin, to)
            to["access-control-allow-methods"] = "GET, POST"
            to["access-control-allow-headers"] = head.text(b"access-control-request-headers")
            to["access-control-max-age"] = _PREFLIGHT_SECONDS
            to.extend_header_value("vary", "Access-Control-Request-Headers")

        await answer_plainly(with_headers(send, permit), 204)
