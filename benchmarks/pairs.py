"""Two ways to do one thing, measured in alternating pairs."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Ratio:
    """How long one run takes over another: the median of the pairs, and where it surely lies.

    Attributes:
        median: of the pairs' ratios.
        low: lower end of the interval that holds the true median with a confidence of 95 %.
        high: its upper end.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Ratio:
        """Estimate from the ratios of pairs; the interval asks for no distribution."""
        ranked = sorted(ratios)
        outside = _outside(len(ranked))
        return cls(median(ranked), ranked[outside], ranked[-1 - outside])


def _outside(count: int) -> int:
    """How many of the ranked lie beyond either end: a median splits a sample as a coin would.

    (Order statistics: the binomial distribution's tail of 2.5 %.)
    """
    outside, tail = 0, 1
    while (tail := tail + comb(count, outside + 1)) / 2**count <= 0.025:
        outside += 1
    return outside


def ratios(run: Run, base: Run, count: int, clock: Clock = time.thread_time) -> Iterator[float]:
    """Yield how long ``run`` takes over ``base``, pair by pair; which goes first alternates.

    Args:
        run: what is measured.
        base: what it is compared with.
        count: how many pairs.
        clock: by default this thread's time on the processor, so that a busy machine and what
            shows the progress don't count.
    """
    run(), base()
    for number in range(count):
        if number % 2:
            above, below = _seconds(run, clock), _seconds(base, clock)
        else:
            below, above = _seconds(base, clock), _seconds(run, clock)
        yield above / below


def _seconds(run: Run, clock: Clock) -> float:
    gc.collect()  # what the run before has left is not this one's cost
    start = clock()
    run()
    return clock() - start
