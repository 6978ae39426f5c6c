"""What every answer tells a browser; a page with needs of its own sets its own policy."""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Receive, Scope, Send

from graph_api.http.plain import with_headers

_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_HTTPS_ONLY = {"strict-transport-security": "max-age=31536000"}


class SecurityHeaders:
    """ASGI middleware that adds the headers that an answer has not set itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        """Say so to browsers, for a year, if clients know this server by ``https`` (RFC 6797)."""
        self.app = app
        self.headers = _HEADERS | (_HTTPS_ONLY if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on, and add the headers to the answer."""
        await self.app(scope, receive, with_headers(send, self._add))

    def _add(self, to: MutableScopeHeaders) -> None:
        for name, value in self.headers.items():
            to.setdefault(name, value)
