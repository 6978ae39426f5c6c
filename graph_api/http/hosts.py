"""Which names we answer to (DNS rebinding: RFC 9110, section 7.4, has 421 for the others)."""

from __future__ import annotations

from collections.abc import Collection

from graph_api.http.head import Head

EXEMPT = "/health/"
"""Probes of an orchestrator come by address."""


class KnownHosts:
    """Tells a ``Host`` that is ours from others."""

    def __init__(self, names: Collection[str]) -> None:
        """Answer to these names, whatever the port; ``*`` stands for any."""
        self.names = frozenset(name.lower().strip("[]") for name in names)

    def include(self, head: Head) -> bool:
        """Whether a request is for one of our names."""
        if "*" in self.names or head.scope["path"].startswith(EXEMPT):
            return True
        given = head.values(b"host")
        return len(given) == 1 and _name(given[0]) in self.names


def _name(host: str) -> str:
    """Return the name without port, brackets and the root's dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()
