"""``python -m benchmarks authorization``: it says three numbers; how large they are is no test."""

import json
from pathlib import Path
from statistics import median

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import COMMANDS, main
from benchmarks.pairs import Ratio, ratios

CASES = ["static_rules", "object_rule", "strawberry_permission_classes"]


def test_the_last_line_is_one_object_of_the_three_ratios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.authorization.ROWS", 20)
    options = ["authorization", "--rounds", "1", "--json", "--results", str(tmp_path)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    measured = json.loads(result.stdout.splitlines()[-1])
    assert list(measured) == CASES
    assert all(ratio > 0 for ratio in measured.values())


def test_quick_measures_at_least_thirty_pairs() -> None:
    [command] = [each for each in COMMANDS if each.name == "authorization"]
    assert min(command.quick, command.thorough) >= 30


def test_which_of_a_pair_goes_first_alternates() -> None:
    order: list[str] = []
    taken = list(ratios(lambda: order.append("run"), lambda: order.append("base"), 3))
    assert order == ["run", "base", "base", "run", "run", "base", "base", "run"]
    assert len(taken) == 3


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=80))
def test_the_median_lies_in_its_interval(pairs: list[float]) -> None:
    ratio = Ratio.of(pairs)
    assert ratio.low <= ratio.median == median(pairs) <= ratio.high


def test_the_interval_is_that_of_the_binomial_distribution() -> None:
    """For 30 values the 10th and the 21st, as tables of order statistics have it."""
    ratio = Ratio.of([float(number) for number in range(1, 31)])
    assert (ratio.low, ratio.high) == (10, 21)
