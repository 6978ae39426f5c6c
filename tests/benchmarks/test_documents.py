"""``python -m benchmarks documents``: no document of 10 kB costs many times what others cost."""

import json
from pathlib import Path
from statistics import median

from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.documents import MOST_BYTES, measure, worst_documents


def test_the_worst_is_named(tmp_path: Path) -> None:
    options = ["documents", "--rounds", "2", "--json", "--results", str(tmp_path)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    worst = json.loads(result.stdout.splitlines()[-1])
    assert worst["worst"] in worst_documents()
    assert worst["worst_ms"] > 0


def test_the_worst_is_not_far_from_the_others() -> None:
    """Repeated fields once took fifty times as long as the rest."""
    sums = [sum(cost) for _, cost in measure(2, lambda _name, _total: None)]
    assert max(sums) < 8 * median(sums)


def test_each_is_as_large_as_it_may_be() -> None:
    assert all(len(text) <= MOST_BYTES for text in worst_documents().values())
