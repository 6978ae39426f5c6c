"""What every answer tells a browser; a page with needs of its own sets its own policy."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from litestar.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; "
    b"base-uri 'none'; form-action 'none'",
    b"cross-origin-opener-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
_HTTPS_ONLY = {b"strict-transport-security": b"max-age=31536000"}


class SecurityHeaders:
    """ASGI middleware that adds the headers that an answer has not set itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        """Say so to browsers, for a year, if clients know this server by ``https`` (RFC 6797)."""
        self.app = app
        self.headers = _HEADERS | (_HTTPS_ONLY if https else {})
        self.fields = list(self.headers.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on, and add the headers to the answer."""

        def secured(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                message["headers"] = [*given, *self._missing(given)]
            return send(message)

        await self.app(scope, receive, secured)

    def _missing(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        there = [name.lower() for name, _ in given]
        if self.headers.keys().isdisjoint(there):
            return self.fields
        return [field for field in self.fields if field[0] not in there]
