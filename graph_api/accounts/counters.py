"""Counting attempts: so many within a time, in the memory of this worker or in Redis for all.

A counter's time begins with its first attempt. Several are taken together, in one step: either
none of them is full and each counts one more, or nothing is counted. So of a thousand attempts
that come at once, as many pass as may.
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from graph_api.clock import Clock

CAPACITY = 50_000
"""How many counters a worker remembers, in about 12 MB."""

SECONDS = 0.5
"""How long Redis may take for one answer."""

AGAIN_AFTER = timedelta(seconds=5)
"""How long Redis is left alone when it has not answered."""

_log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Counter:
    """How often something may happen within a time.

    Attributes:
        key: what is counted.
        most: how many attempts may be made.
        seconds: within which time, which begins with the first of them.
    """

    key: str
    most: int
    seconds: int


class Counters(Protocol):
    """Where attempts are counted."""

    async def take(self, counters: Sequence[Counter]) -> float:
        """Count an attempt in each of them, or in none if one is full.

        Returns:
            The seconds until none of them is full any more; 0 if the attempt was counted.
        """

    async def give_back(self, counters: Sequence[Counter]) -> None:
        """Count one attempt less in each of them."""

    async def forget(self, counters: Sequence[Counter]) -> None:
        """Let each of them begin anew."""

    async def ping(self) -> None:
        """Raise unless they can be counted where they should be."""

    async def close(self) -> None:
        """Let go of connections."""


class MemoryCounters:
    """Counters of this worker alone; they are gone when it ends."""

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._counted: dict[str, tuple[int, float]] = {}  # how many, and until when they count

    async def take(self, counters: Sequence[Counter]) -> float:
        """Count, see :class:`Counters`; nothing is awaited, so nobody comes in between."""
        now = self._clock().timestamp()
        wait = max((self._wait(each, now) for each in counters), default=0.0)
        if not wait:
            for each in counters:
                self._count(each, now)
        return wait

    async def give_back(self, counters: Sequence[Counter]) -> None:
        """Count one attempt less in each of them."""
        for each in counters:
            count, end = self._counted.pop(each.key, (0, 0.0))
            if count > 1:
                self._counted[each.key] = (count - 1, end)

    async def forget(self, counters: Sequence[Counter]) -> None:
        """Let each of them begin anew."""
        for each in counters:
            self._counted.pop(each.key, None)

    async def ping(self) -> None:
        """Do nothing: memory is always there."""

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    def _wait(self, counter: Counter, now: float) -> float:
        count, end = self._counted.get(counter.key, (0, 0.0))
        return max(end - now, 0.0) if count >= counter.most else 0.0

    def _count(self, counter: Counter, now: float) -> None:
        count, end = self._counted.get(counter.key, (0, 0.0))
        if end <= now:
            count, end = 0, now + counter.seconds
        self._counted[counter.key] = (count + 1, end)
        if len(self._counted) > self._capacity:
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Forget what is over, then a tenth: what has counted least.

        Who floods us with new keys to have an old one forgotten pushes out the new ones.
        """
        going_on = [(key, it) for key, it in self._counted.items() if it[1] > now]
        self._counted = dict(
            heapq.nlargest(self._capacity * 9 // 10, going_on, key=lambda it: it[1])
        )


_TAKE = """
local now, wait = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
  local count, ends = unpack(redis.call('HMGET', key, 'count', 'ends'))
  if ends and tonumber(ends) <= now then
    redis.call('DEL', key)
  elseif ends and tonumber(count) >= tonumber(ARGV[2 * i]) then
    wait = math.max(wait, tonumber(ends) - now)
  end
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    if redis.call('HINCRBY', key, 'count', 1) == 1 then
      local milliseconds = tonumber(ARGV[2 * i + 1])
      redis.call('HSET', key, 'ends', now + milliseconds)
      redis.call('PEXPIRE', key, milliseconds)
    end
  end
end
return wait
"""
_GIVE_BACK = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('HGET', key, 'count') or 0) > 1 then
    redis.call('HINCRBY', key, 'count', -1)
  else
    redis.call('DEL', key)
  end
end
"""


class RedisCounters:
    """Counters that all workers share. A script in Redis, or Valkey, runs alone.

    Workers tell the time, not Redis: what they share is then the same as what one has in memory.
    """

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._take = client.register_script(_TAKE)
        self._give_back = client.register_script(_GIVE_BACK)

    async def take(self, counters: Sequence[Counter]) -> float:
        """Count, see :class:`Counters`."""
        arguments = [int(self._clock().timestamp() * 1_000)]
        for each in counters:
            arguments += (each.most, each.seconds * 1_000)
        return int(await self._take(_keys(counters), arguments)) / 1_000

    async def give_back(self, counters: Sequence[Counter]) -> None:
        """Count one attempt less in each of them."""
        await self._give_back(_keys(counters))

    async def forget(self, counters: Sequence[Counter]) -> None:
        """Let each of them begin anew."""
        await self._client.delete(*_keys(counters))

    async def ping(self) -> None:
        """Raise unless Redis answers."""
        await self._client.ping()

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


class SharedCounters:
    """Counters in Redis; while it does not answer, those of this worker count instead."""

    def __init__(self, shared: RedisCounters, own: MemoryCounters, clock: Clock) -> None:
        self._shared = shared
        self._own = own
        self._clock = clock
        self._down_until = clock() - AGAIN_AFTER

    @classmethod
    def connect(cls, url: str, clock: Clock) -> SharedCounters:
        """Return counters in the Redis at a URL; the first use connects."""
        client = Redis.from_url(
            url,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 1),  # a pooled connection may be dead while Redis is not
        )
        return cls(RedisCounters(client, clock), MemoryCounters(clock), clock)

    async def take(self, counters: Sequence[Counter]) -> float:
        """Count, see :class:`Counters`."""
        return await self._ask(lambda it: it.take(counters))

    async def give_back(self, counters: Sequence[Counter]) -> None:
        """Count one attempt less in each of them."""
        await self._ask(lambda it: it.give_back(counters))

    async def forget(self, counters: Sequence[Counter]) -> None:
        """Let each of them begin anew."""
        await self._ask(lambda it: it.forget(counters))

    async def ping(self) -> None:
        """Raise unless Redis answers."""
        await self._shared.ping()

    async def close(self) -> None:
        """Let go of connections."""
        await self._shared.close()

    async def _ask(self, question: Callable[[Counters], Awaitable[T]]) -> T:
        if self._down_until <= self._clock():
            try:
                return await question(self._shared)
            except (RedisError, OSError) as error:
                self._down_until = self._clock() + AGAIN_AFTER
                # Its message may hold an address; its class says enough.
                _log.warning("redis does not answer: counting alone", error=type(error).__name__)
        return await question(self._own)


def _keys(counters: Sequence[Counter]) -> list[str]:
    # In braces stands what Redis Cluster places keys by: those of one script must be together.
    return [f"graph-api:{{attempts}}:{each.key}" for each in counters]
