"""What this worker has changed so lately that there are access tokens from before.

A token says what was so when it was issued, and the database is not asked about it. Here stands of
which users, sessions and roles that may no longer be true. Tokens that name one of them are
compared with the database (:func:`graph_api.accounts.authority.confirm`), for as long as one from
before may live. No time of issue is looked at: a token from the same second as the change is judged
by what it says.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from graph_api.clock import Clock

CAPACITY = 100_000
"""How many names are remembered, in about 20 MB; beyond that every token is compared."""

MARGIN = timedelta(minutes=1)
"""A token may be issued by a transaction that has begun before the change and ends after it."""


class Revocations:
    """Names whose tokens are to be compared with the database.

    Args:
        lifetime: how long a token is taken after it was issued, in seconds.
        clock: returns the present instant.
        capacity: how many names to remember.
    """

    def __init__(self, lifetime: int, clock: Clock, capacity: int = CAPACITY) -> None:
        self._lifetime = timedelta(seconds=lifetime) + MARGIN
        self._clock = clock
        self._capacity = capacity
        self._until: OrderedDict[str, datetime] = OrderedDict()  # the first to end comes first
        self._all_until: datetime | None = None

    def add(self, name: str) -> None:
        """Remember the id of a user or a session, or the name of a role.

        Call it before the change is committed: from then on the database says what is so.
        """
        now = self._clock()
        self._until[name] = now + self._lifetime
        self._until.move_to_end(name)
        while next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)
        if len(self._until) > self._capacity:
            self._until.clear()
            self._all_until = now + self._lifetime

    def concern(self, *names: str) -> bool:
        """Whether something with one of these names was changed since a token may be from."""
        if not self._until and self._all_until is None:
            return False
        now = self._clock()
        if self._all_until is not None and now < self._all_until:
            return True
        return any(now < self._until.get(name, now) for name in names)
