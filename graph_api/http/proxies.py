"""Who is really at the other end: believed from ``TRUSTED_PROXIES`` only.

Everything behind this reads ``scope["client"]``, ``scope["scheme"]`` and ``X-Request-ID`` and need
not ask where they come from: what a stranger says of these is dropped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from litestar.types import Scope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Headers = Iterable[tuple[bytes, bytes]]

_BELIEVED = frozenset({b"forwarded", b"x-request-id"})


class TrustedProxies:
    """Settles the client's address and scheme."""

    def __init__(self, networks: Sequence[Network]) -> None:
        """Believe ``X-Forwarded-*`` and ``X-Request-ID`` from peers in these networks.

        A peer without an address, on a Unix socket, is a proxy if any is trusted.
        """
        self.networks = networks

    def settle(self, scope: Scope) -> None:
        """Rewrite the scope of a connection."""
        given = scope["client"]
        peer, written = _peer(given[0]) if given else (None, "")
        if self.networks and self._is_trusted(peer):
            self._believe(scope, peer)
        else:
            scope["headers"] = [
                field
                for field in scope["headers"]
                if field[0] not in _BELIEVED and not field[0].startswith(b"x-forwarded-")
            ]
            scope["client"] = (written, given[1]) if given else None

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


@lru_cache(maxsize=1_000)
def _peer(host: str) -> tuple[Address | None, str]:
    """Return the address at the other end of a connection, and how it is written."""
    address = _address(host)
    return address, str(address or host)


def _client(address: Address | None, given: tuple[str, int] | None) -> tuple[str, int] | None:
    port = given[1] if given else 0
    return (str(address), port) if address else given
