"""Which names we answer to (DNS rebinding: RFC 9110, section 7.4, has 421 for the others)."""

from __future__ import annotations

from collections.abc import Collection

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from graph_api.http.plain import answer_plainly

EXEMPT = "/health/"
"""Probes of an orchestrator come by address."""


class KnownHosts:
    """ASGI middleware that answers 421 to a ``Host`` that is not ours."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        """Answer to these names, whatever the port; ``*`` stands for any."""
        self.app = app
        self.names = frozenset(name.lower().strip("[]") for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or go on."""
        if (
            scope["type"] != ScopeType.HTTP
            or scope["path"].startswith(EXEMPT)
            or self._is_ours(scope)
        ):
            await self.app(scope, receive, send)
        else:
            await answer_plainly(send, 421, "This host name is not served here.")

    def _is_ours(self, scope: Scope) -> bool:
        if "*" in self.names:
            return True
        given = [value for name, value in scope["headers"] if name == b"host"]
        return len(given) == 1 and _name(given[0].decode("latin-1")) in self.names


def _name(host: str) -> str:
    """Return the name without port, brackets and the root's dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()
