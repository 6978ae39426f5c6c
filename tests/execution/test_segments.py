"""A cache that a flood of new keys can't empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.execution.segments import HALF_LIFE, MAX_IDLE, Segments


@dataclass
class World:
    now: float = 1_000
    size: int = 10
    cache: Segments[str] = field(init=False)

    def __post_init__(self) -> None:
        self.cache = Segments(self.size, 1_000, lambda: self.now)

    def use(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            if self.cache.get(key) is None:
                self.cache.put(key, key, 10)

    def has(self, *keys: str) -> bool:
        return all(self.cache.get(key) == key for key in keys)


TRUSTED = [f"trusted{number}" for number in range(8)]


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_flood_pushes_out_only_itself(times: int) -> None:
    world = World()
    for key in TRUSTED:
        world.use(key, times=10)
    for number in range(1_000):
        world.use(f"flood{number}", times)
    assert world.has(*TRUSTED)


def test_a_flood_that_runs_while_the_trusted_are_in_use_pushes_out_only_itself() -> None:
    """The order is random, and the flood has 50 requests for each one of the trusted."""
    world, random, missed = World(), Random(1), 0
    for key in TRUSTED:
        world.use(key, times=10)
    for number in range(5_000):
        world.use(f"flood{number}", times=2)
        world.now += 0.01
        if number % 25 == 0:
            missed += not world.has(random.choice(TRUSTED))
    assert missed == 0


def test_what_is_used_more_takes_the_place_of_what_is_used_less() -> None:
    world = World()
    for key in TRUSTED:
        world.use(key, times=3)
    world.use("popular", times=10)
    for number in range(100):
        world.use(f"flood{number}")
    assert world.has("popular")


def test_what_was_popular_once_makes_room() -> None:
    world = World()
    for key in TRUSTED:
        world.use(key, times=30)
    world.now += 5 * HALF_LIFE
    assert world.now < 1_000 + MAX_IDLE
    world.use("new", times=4)
    for number in range(100):
        world.use(f"flood{number}")
    assert world.has("new")


def test_what_is_not_used_is_gone_after_an_hour() -> None:
    world = World()
    world.use("once")
    world.use("often", times=5)
    world.now += MAX_IDLE
    assert world.has("once", "often")
    world.now += MAX_IDLE + 1
    assert not world.has("often")
    world.use("other")
    assert len(world.cache) == 1


def test_what_is_too_large_is_not_kept() -> None:
    cache = Segments[str](10, 100)
    cache.put("large", "large", 21)
    cache.put("small", "small", 20)
    assert cache.get("large") is None
    assert cache.get("small") == "small"


@given(st.randoms(use_true_random=True), st.integers(1, 12), st.integers(5, 200))
def test_it_holds_what_was_put_and_never_more_than_it_may(
    random: Random, entries: int, size: int
) -> None:
    now, sizes = 0.0, {str(key): random.randint(1, 40) for key in range(20)}
    cache = Segments[str](entries, size, lambda: now)
    for _ in range(200):
        key = random.choice(list(sizes))
        now += random.choice([0, 1, HALF_LIFE, MAX_IDLE / 2])
        found = cache.get(key)
        assert found in {None, key}
        if found is None:
            cache.put(key, key, sizes[key])
        assert len(cache) <= entries
        held = cache._new.size + cache._proven.size
        assert held <= size
        assert held == sum(
            entry.size for part in (cache._new, cache._proven) for entry in part.values()
        )
