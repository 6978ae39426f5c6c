"""What every answer tells a browser; a page with needs of its own sets its own policy."""

from __future__ import annotations

from collections.abc import Iterable

Fields = list[tuple[bytes, bytes]]

_HEADERS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; "
    b"base-uri 'none'; form-action 'none'",
    b"cross-origin-opener-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
_HTTPS_ONLY = {b"strict-transport-security": b"max-age=31536000"}


class SecurityHeaders:
    """The headers that an answer gets if it has not set them itself."""

    def __init__(self, *, https: bool) -> None:
        """Say so to browsers, for a year, if clients know this server by ``https`` (RFC 6797)."""
        self._by_name = _HEADERS | (_HTTPS_ONLY if https else {})
        self._all = list(self._by_name.items())

    def missing(self, given: Iterable[tuple[bytes, bytes]]) -> Fields:
        """Return those that an answer with these headers lacks."""
        there = [name for name, _ in given]
        if self._by_name.keys().isdisjoint(there):
            return self._all
        return [field for field in self._all if field[0] not in there]
