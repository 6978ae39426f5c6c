"""``python -m benchmarks documents``: no document of 10 kB costs many times what others cost."""

import json
from pathlib import Path

from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.documents import MOST_BYTES, worst_documents


def test_the_worst_is_named_and_not_far_from_the_others(tmp_path: Path) -> None:
    """Repeated fields once took fifty times as long as the rest."""
    options = ["documents", "--rounds", "2", "--json", "--results", str(tmp_path)]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["worst"] in worst_documents()
    assert 0 < found["worst_ms"] < 8 * found["median_ms"]


def test_each_is_as_large_as_it_may_be() -> None:
    assert all(len(text) <= MOST_BYTES for text in worst_documents().values())
