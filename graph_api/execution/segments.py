"""A cache that a flood of new keys can't empty: what is used again is kept apart.

A new value waits in a small segment, where others like it push it out. Used again, it moves to the
large one, if there is room or if it was used more than the one that it would push out there. Who
sends ever new documents, each of them twice, so pushes out their own; a document that many clients
send goes only for one that is sent more often. Uses have a half-life, so that what was popular once
makes room in time. Who asks is not looked at: where strangers may register, anybody signs in.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

HALF_LIFE = 600.0
"""Seconds after which a use counts half."""
MAX_IDLE = 3_600.0
"""Seconds without a use after which a value is gone."""

Value = TypeVar("Value")


@dataclass
class _Entry(Generic[Value]):
    value: Value
    size: int
    used_at: float
    uses: float = 1

    def use(self, now: float) -> None:
        self.uses = self.uses * math.exp2((self.used_at - now) / HALF_LIFE) + 1
        self.used_at = now

    def weight(self, now: float) -> float:
        """How much it was used, the latest uses most."""
        return self.uses * math.exp2((self.used_at - now) / HALF_LIFE)


class _Segment(OrderedDict[str, _Entry[Value]]):
    """Entries in the order of their use, the least recently used first."""

    def __init__(self, max_entries: int, max_size: int) -> None:
        super().__init__()
        self.max_entries = max_entries
        self.max_size = max_size
        self.size = 0

    def add(self, key: str, entry: _Entry[Value]) -> None:
        self[key] = entry
        self.size += entry.size

    def take(self, key: str) -> _Entry[Value]:
        entry = self.pop(key)
        self.size -= entry.size
        return entry

    @property
    def oldest(self) -> str:
        return next(iter(self))

    def has_room(self, size: int = 0, entries: int = 0) -> bool:
        return len(self) + entries <= self.max_entries and self.size + size <= self.max_size

    def forget_idle(self, now: float) -> None:
        while self and now - self[self.oldest].used_at > MAX_IDLE:
            self.take(self.oldest)


class Segments(Generic[Value]):
    """Values by key, bounded in number, size and time. Safe to share between threads."""

    def __init__(
        self, max_entries: int, max_size: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep at most so many values of at most so much size together, a fifth of it for new ones.

        Args:
            max_entries: how many.
            max_size: the sum of the sizes that :meth:`put` was told.
            clock: returns seconds that never go back.
        """
        self._clock = clock
        few, small = max(1, max_entries // 5), max_size // 5
        self._new = _Segment[Value](few, small)
        self._proven = _Segment[Value](max_entries - few, max_size - small)
        self._lock = Lock()

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._new) + len(self._proven)

    def get(self, key: str) -> Value | None:
        """Return a value that is kept, and count the use."""
        with self._lock:
            now = self._clock()
            segment = self._proven
            entry = segment.get(key)
            if entry is None:
                segment = self._new
                entry = segment.get(key)
            if entry is None:
                return None
            if now - entry.used_at > MAX_IDLE:
                segment.take(key)
                return None
            entry.use(now)
            segment.move_to_end(key)
            if segment is self._new:
                self._prove(key, entry, now)
            return entry.value

    def put(self, key: str, value: Value, size: int) -> None:
        """Keep a new value."""
        with self._lock:
            now = self._clock()
            self._new.forget_idle(now)
            self._proven.forget_idle(now)
            if key in self._new or key in self._proven:
                return
            self._new.add(key, _Entry(value, size, now))
            while not self._new.has_room():
                self._new.take(self._new.oldest)

    def _prove(self, key: str, entry: _Entry[Value], now: float) -> None:
        """Move an entry to those that are used again, unless they are used more."""
        proven = self._proven
        while proven and not proven.has_room(entry.size, 1):
            rival = proven.oldest
            if proven[rival].weight(now) >= entry.weight(now):
                proven.move_to_end(rival)  # the next one is compared with another
                return
            proven.take(rival)
        if proven.has_room(entry.size, 1):
            proven.add(key, self._new.take(key))
