"""Who is really at the other end: believed from ``TRUSTED_PROXIES`` only.

Everything behind this reads ``scope["client"]``, ``scope["scheme"]`` and ``X-Request-ID`` and need
not ask where they come from: what a stranger says of these is dropped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from litestar.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Headers = Iterable[tuple[bytes, bytes]]

_BELIEVED = frozenset({b"forwarded", b"x-request-id"})


class TrustedProxies:
    """ASGI middleware that settles the client's address and scheme."""

    def __init__(self, app: ASGIApp, networks: Sequence[Network]) -> None:
        """Believe ``X-Forwarded-*`` and ``X-Request-ID`` from peers in these networks.

        A peer without an address, on a Unix socket, is a proxy if any is trusted.
        """
        self.app = app
        self.networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the scope, then go on."""
        peer = _address(scope["client"][0]) if scope["client"] else None
        if self._is_trusted(peer):
            self._believe(scope, peer)
        else:
            scope["headers"] = [each for each in scope["headers"] if not _is_hearsay(each[0])]
            scope["client"] = _client(peer, scope["client"])
        await self.app(scope, receive, send)

    def _is_trusted(self, peer: Address | None) -> bool:
        if peer is None:
            return bool(self.networks)
        return any(peer in network for network in self.networks)

    def _believe(self, scope: Scope, peer: Address | None) -> None:
        scope["client"] = _client(self._last_hop(peer, scope["headers"]), scope["client"])
        schemes = _values(scope["headers"], b"x-forwarded-proto")
        if schemes and schemes[-1].lower() in {"http", "https"}:
            scope["scheme"] = schemes[-1].lower()

    def _last_hop(self, peer: Address | None, headers: Headers) -> Address | None:
        """Return the rightmost hop that is no trusted proxy: what stands left of it is hearsay."""
        client = peer
        for hop in reversed(_values(headers, b"x-forwarded-for")):
            address = _address(hop)
            if address is None:
                break
            client = address
            if not self._is_trusted(address):
                break
        return client


def _is_hearsay(name: bytes) -> bool:
    return name in _BELIEVED or name.startswith(b"x-forwarded-")


def _values(headers: Headers, name: bytes) -> list[str]:
    """Return the members of a list header, in the order of the hops."""
    values = [value.decode("latin-1") for key, value in headers if key == name]
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _address(text: str) -> Address | None:
    """Read an address, with or without brackets and a port; IPv4 in IPv6 is IPv4."""
    host = text.partition("]")[0].lstrip("[")
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _client(address: Address | None, given: tuple[str, int] | None) -> tuple[str, int] | None:
    port = given[1] if given else 0
    return (str(address), port) if address else given
