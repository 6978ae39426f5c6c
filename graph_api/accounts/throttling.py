"""Who may try how often: guesses of passwords, registrations, refreshes.

A guess is counted before the password is compared, whether there is such an account or not, by
account and network together, by network, and by account. The last does not bind networks from
which somebody has signed in to the account before: else whoever guesses at an account could lock
its owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"; NIST SP 800-63B-4,
section 3.2.2). A right guess is taken back, and what account and network had counted together is
forgotten.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address
from itertools import chain

from graph_api.accounts.counters import Counter, Counters, MemoryCounters, SharedCounters
from graph_api.clock import Clock
from graph_api.errors import RateLimited
from graph_api.origin import Origin
from graph_api.settings import Settings
from graph_api.tokens.secrets import SecretKey

SITE = 4
"""How many times what an IPv6 /64 may try its /48 may."""

_LABEL = b"graph-api attempts"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_STEP = re.compile(r"(\d+)/(\d+)([smhd])")


class Throttle:
    """Counts attempts, and refuses those that are too many.

    Args:
        settings: how many there may be.
        secret: keys are hashed with it, so that whoever reads them learns no address.
        clock: returns the present instant.
        counters: where to count; where the settings say, by default.
    """

    def __init__(
        self,
        settings: Settings,
        secret: SecretKey,
        clock: Clock,
        counters: Counters | None = None,
    ) -> None:
        self._settings = settings
        self._key = secret.derive(_LABEL)
        self.counters = counters or _counters(settings, clock)

    @asynccontextmanager
    async def guess(self, account: str, origin: Origin, *, is_known: bool) -> AsyncIterator[None]:
        """Count a guess at the password of an account; whatever is raised within says it failed.

        Args:
            account: the address to sign in with, whether somebody has it or not.
            origin: where the guess comes from.
            is_known: whether its network, or its device, has signed in to the account before.

        Raises:
            RateLimited: before anything within has run.
        """
        limits = self._settings
        network = networks(origin.ip_address)[0]
        together = self._windows(limits.guess_limit, "guess", account, network)
        others = self._by_network(limits.guess_limit_network, "guess", origin)
        if not is_known:
            others += self._windows(limits.guess_limit_account, "guess", account)
        await self._take(together + others)
        yield
        await self.counters.give_back(others)
        await self.counters.forget(together)

    async def registration(self, origin: Origin) -> None:
        """Count a registration.

        Raises:
            RateLimited: if there were too many from its network.
        """
        await self._take(self._by_network(self._settings.registration_limit, "register", origin))

    async def refresh(self, session_id: str) -> None:
        """Count a genuine refresh token.

        Raises:
            RateLimited: if there were too many of its session.
        """
        await self._take(self._windows(self._settings.refresh_limit, "refresh", session_id))

    async def forgery(self, origin: Origin) -> None:
        """Count a refresh token that is not genuine.

        Raises:
            RateLimited: if there were too many from its network.
        """
        await self._take(self._by_network(self._settings.guess_limit_network, "forgery", origin))

    async def _take(self, counters: Sequence[Counter]) -> None:
        if wait := math.ceil(await self.counters.take(counters)):
            raise RateLimited(f"Too many attempts. Try again in {wait} seconds.", retry_after=wait)

    def _by_network(self, limit: str, kind: str, origin: Origin) -> list[Counter]:
        network, *site = networks(origin.ip_address)
        wider = (self._windows(limit, kind, "in", each, times=SITE) for each in site)
        return [*self._windows(limit, kind, "in", network), *chain.from_iterable(wider)]

    def _windows(self, limit: str, *names: str, times: int = 1) -> list[Counter]:
        text = "\0".join(names).encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(text, key=self._key, digest_size=16).hexdigest()
        return [
            Counter(f"{key}:{seconds}", most * times, seconds) for most, seconds in steps(limit)
        ]


def is_among(origin: Origin, addresses: Collection[str]) -> bool:
    """Whether one of these IP addresses is in the network that a request comes from."""
    network = networks(origin.ip_address)[0]
    return any(networks(each)[0] == network for each in addresses)


def steps(limit: str) -> list[tuple[int, int]]:
    """Read a limit: ``10/1m, 20/1h`` is ten attempts in a minute, and twenty in an hour.

    Returns:
        For each step, how many attempts and in how many seconds.
    """
    found = _STEP.findall(limit)
    return [(int(most), int(number) * _SECONDS[unit]) for most, number, unit in found]


def networks(address: str | None) -> tuple[str, ...]:
    """Return the networks that an address is counted by, the narrowest first.

    An IPv4 address is one of its own, also when it is mapped into IPv6. A customer has at least
    an IPv6 /64 to pick addresses from, and a site a /48 (RFC 6177).
    """
    try:
        ip = ip_address(address or "")
    except ValueError:  # a Unix socket
        return (address or "nowhere",)
    if not isinstance(ip, IPv6Address):
        return (str(ip),)
    if ip.ipv4_mapped:
        return (str(ip.ipv4_mapped),)
    return tuple(f"{int(ip) >> 128 - prefix:x}/{prefix}" for prefix in (64, 48))


def _counters(settings: Settings, clock: Clock) -> Counters:
    if settings.redis_url is None:
        return MemoryCounters(clock)
    return SharedCounters.connect(settings.redis_url.get_secret_value(), clock)
