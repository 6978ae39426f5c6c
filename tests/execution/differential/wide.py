"""The same comparison, as wide as one likes: ``just differential --comparisons 1000000``.

Each schema has a number, so a run that was broken off goes on with ``--first``. The first
difference is printed in full and ends the run with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import ceil
from multiprocessing import get_context

import pytest

from tests.execution.differential.comparison import reduced
from tests.execution.differential.test_same_answers import (
    DOCUMENTS,
    SETTINGS,
    Different,
    compare,
    show_errors,
)

CHUNK = 250
"""Schemas for each process: what Strawberry keeps of them is only given back at its end."""
_print = partial(print, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; return the status of the process."""
    asked = _parser().parse_args(arguments)
    count = ceil(asked.comparisons / (DOCUMENTS * SETTINGS))
    stop = asked.first + count
    chunks = [
        range(at, min(at + asked.chunk, stop)) for at in range(asked.first, stop, asked.chunk)
    ]
    total, began = Counter[str](), time.monotonic()
    spawning = get_context("spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=spawning, max_tasks_per_child=1) as pool:
        for numbers, found in zip(chunks, pool.map(compare_all, chunks), strict=True):
            if isinstance(found, str):
                _print(found)
                pool.shutdown(wait=False, cancel_futures=True)
                return 1
            total += found
            done = total["schemas"] / count
            left = (time.monotonic() - began) * (1 - done) / done / 60
            _print(
                f"{total['compared']:,} compared, {done:.0%}, {left:.0f} min left; "
                f"go on with --first {numbers.stop}"
            )
    _print(", ".join(f"{number:,} {name}" for name, number in total.items()))
    # It would prove little if operations had run on graphql-core both times.
    return 1 if total["refused"] else 0


def compare_all(numbers: Sequence[int]) -> Counter[str] | str:
    """Compare the answers for some schemas; return the counts, or the first difference."""
    counts = Counter[str]()
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        asyncio.Runner() as loop,
    ):
        # What stands where nothing is awaited is never awaited; its module is gone by then.
        warnings.simplefilter("ignore")
        patch.setattr(sys, "unraisablehook", lambda _: None)
        show_errors(patch)
        try:
            for number in numbers:
                counts.update(compare(number, loop))
        except Different as different:
            return str(reduced(different.found))
        gc.collect()
    return counts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.execution.differential.wide",
        description="Compare the answers of plans with graphql-core's on made-up schemas.",
    )
    jobs = os.cpu_count() or 1
    parser.add_argument("--comparisons", type=int, default=20_000, help="how many (20,000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first schema (0)")
    parser.add_argument("--jobs", type=int, default=jobs, help=f"processes side by side ({jobs})")
    parser.add_argument(
        "--chunk", type=int, default=CHUNK, help=f"schemas for each process ({CHUNK})"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
