"""Access tokens that were verified before: the second time costs a hash and a look at the clock.

Nothing is taken here that :meth:`AccessTokens.verify` would refuse. What hangs on the token alone
(spelling, signature, issuer, audience) is remembered; what may have changed since is looked at each
time: the clock, the keys, and whether somebody has cast doubt on the one who holds it. In any doubt
the verifier is asked anew. Only tokens that it took are remembered, so those who send bad ones,
however many, push out none. A token is known by its SHA-256 and is not kept itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from threading import Lock
from typing import Generic, TypeVar

from graph_api.tokens.access import AccessClaims, AccessTokens
from graph_api.tokens.compact import MAX_TOKEN_BYTES
from graph_api.tokens.keys import KeySet

CAPACITY = 10_000
"""How many tokens are remembered, in about 20 MB."""

Holder = TypeVar("Holder")
_Known = tuple[float, float, Holder]
"""From when on and until when a token is good, in seconds since 1970, and who holds it."""


class VerifiedTokens(Generic[Holder]):
    """The tokens of one issuer that were verified, and who holds them. Threads may share it."""

    def __init__(
        self,
        tokens: AccessTokens,
        holder: Callable[[AccessClaims], Holder],
        is_doubtful: Callable[[Holder], bool],
        capacity: int = CAPACITY,
    ) -> None:
        """Remember nothing yet.

        Args:
            tokens: the verifier. Its settings never change: with others it is another one.
            holder: makes what is remembered out of a token's claims, and out of nothing else.
            is_doubtful: whether a holder's tokens are to be verified anew; asked each time.
            capacity: how many to remember; the least recently used is forgotten first.
        """
        self._tokens = tokens
        self._holder = holder
        self._is_doubtful = is_doubtful
        self._capacity = capacity
        self._keys: KeySet | None = None
        self._kept: OrderedDict[bytes, _Known[Holder]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._kept)

    def verify(self, token: str) -> Holder:
        """Return who holds a token.

        Raises:
            Unauthenticated: exactly when :meth:`AccessTokens.verify` does, for the same reason.
        """
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            return self._holder(self._tokens.verify(token))
        digest = sha256(token.encode()).digest()
        keys = self._tokens.keys()
        known = self._recall(digest, keys)
        if known is not None:
            not_before, expires_at, holder = known
            if self._tokens.is_timely(not_before, expires_at) and not self._is_doubtful(holder):
                return holder
        return self._verify(token, digest, keys)

    def _recall(self, digest: bytes, keys: KeySet) -> _Known[Holder] | None:
        with self._lock:
            if keys is not self._keys:
                self._renew(keys)
            known = self._kept.get(digest)
            if known is not None:
                self._kept.move_to_end(digest)
            return known

    def _renew(self, keys: KeySet) -> None:
        """Forget all, unless the keys are only read anew, as every few seconds."""
        if self._keys is None or keys.verifying != self._keys.verifying:
            self._kept.clear()
        self._keys = keys

    def _verify(self, token: str, digest: bytes, keys: KeySet) -> Holder:
        with self._lock:
            self._kept.pop(digest, None)
        claims = replace(self._tokens, keys=lambda: keys).verify(token)
        holder = self._holder(claims)
        if not self._is_doubtful(holder):
            times = claims.not_before.timestamp(), claims.expires_at.timestamp()
            self._keep(digest, keys, (*times, holder))
        return holder

    def _keep(self, digest: bytes, keys: KeySet, known: _Known[Holder]) -> None:
        with self._lock:
            if keys is not self._keys:  # another thread has seen newer ones
                return
            self._kept[digest] = known
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
