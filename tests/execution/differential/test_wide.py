"""The wide run: it counts what it compared, and tells the first difference in full."""

from __future__ import annotations

import pytest

from graph_api.execution.run import Run
from tests.execution.differential.test_same_answers import DOCUMENTS, SETTINGS
from tests.execution.differential.wide import compare_all


def test_it_counts_what_it_compared() -> None:
    counts = compare_all(range(2))
    assert not isinstance(counts, str), counts
    assert (counts["schemas"], counts["compared"]) == (2, 2 * DOCUMENTS * SETTINGS)


def test_it_tells_the_first_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "_require", lambda _run, _field, _column, _failures, _place: None)
    told = compare_all(range(10))
    assert isinstance(told, str)
    for part in ("errors differ:\nschema ", "document:\n", "--- graphql-core\n", "--- ours\n"):
        assert part in told
