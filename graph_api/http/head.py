"""The head of a request, read from where the ASGI server has put it."""

from __future__ import annotations

from typing import cast

from litestar.types import HTTPScope, Scope


class Head:
    """The fields of a request's head, by name in lower-case bytes, as ASGI has them.

    Attributes:
        scope: what else the server and the middleware say of the request.
    """

    __slots__ = ("_given", "_is_unique", "_last", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = cast("HTTPScope", scope)
        self._given = cast("list[tuple[bytes, bytes]]", scope["headers"])
        self._last = dict(self._given)
        self._is_unique = len(self._last) == len(self._given)

    def __contains__(self, name: bytes) -> bool:
        """Whether there is such a field."""
        return name in self._last

    def values(self, name: bytes) -> list[str]:
        """Return the values of the fields of this name, in their order."""
        if name not in self._last:
            return []
        if self._is_unique:
            return [self._last[name].decode("latin-1")]
        return [value.decode("latin-1") for each, value in self._given if each == name]

    def text(self, name: bytes) -> str:
        """Return the value of a field; those of several are one list (RFC 9110, section 5.3)."""
        if self._is_unique:
            return self._last.get(name, b"").decode("latin-1")
        return ", ".join(self.values(name))
