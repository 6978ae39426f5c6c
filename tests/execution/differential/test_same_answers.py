"""Both engines give the same answers: a plan is compared with graphql-core on made-up schemas.

CI compares 22,000 answers over 315 schemas, 20,000 or more of them of plans; `just differential`
as many more as one likes, over more schemas. A difference is reduced, and printed as a Strawberry
schema, a document, what answers it, and both answers.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil

import pytest
from graphql import GraphQLError
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from graph_api.execution import fields, result
from graph_api.execution.failures import Reports
from graph_api.execution.run import Run
from tests.execution.differential.comparison import Comparison, reduced
from tests.execution.differential.engines import Engines
from tests.execution.differential.schemas import sketch

SHARDS = 10
DOCUMENTS = 5
SETTINGS = 14
"""So many documents for each schema, with so many callers, variables and data for each."""
EXAMPLES = 22_000
SCHEMAS = ceil(EXAMPLES / (DOCUMENTS * SETTINGS))
DOCUMENT = st.binary(min_size=160, max_size=160)
SETTING = st.binary(min_size=40, max_size=40)

pytestmark = [
    # What stands where nothing is awaited is never awaited: by neither engine.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _errors_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    show_errors(monkeypatch)


def show_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare also what a client doesn't see of an error, and rows that are packed from the first.

    A server packs rows only when there were many.
    """

    def shown(error: GraphQLError, _code: str) -> GraphQLError:
        return error

    monkeypatch.setattr(result, "expose", shown)
    monkeypatch.setattr(fields, "PACKED_FROM", 1)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
    gc.collect()  # What was never awaited warns here, and not in whatever test comes next.


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_plan_answers_as_graphql_core_does(
    shard: int, loop: asyncio.Runner, record_property: Callable[[str, object], None]
) -> None:
    counts = Counter[str]()
    try:
        for number in range(shard, SCHEMAS, SHARDS):
            counts += compare(number, loop)
    except Different as different:
        pytest.fail(str(reduced(different.found)), pytrace=False)
    record_property("compared", dict(counts))
    if not counts["schemas"]:
        pytest.skip("there are fewer schemas than shards")
    # It would prove nothing if most operations failed, or ran on graphql-core both times.
    assert counts["compared"] == counts["schemas"] * DOCUMENTS * SETTINGS
    assert counts["with data"] > counts["compared"] / 3
    assert counts["with errors"] > counts["compared"] / 8
    assert counts["with data and denials"] > counts["compared"] / 100
    assert counts["with data and hidden names"] > counts["compared"] / 20
    assert counts["refused"] == 0


def test_most_are_answers_of_plans() -> None:
    by_plan = sum("Renamed" not in sketch(number).extensions for number in range(SCHEMAS))
    assert by_plan * DOCUMENTS * SETTINGS >= EXAMPLES * 10 / 11


class Different(Exception):
    """The engines answered differently."""

    def __init__(self, found: Comparison) -> None:
        super().__init__(f"schema {found.engines.sketch.seed}")
        self.found = found


def compare(number: int, loop: asyncio.Runner) -> Counter[str]:
    """Compare the answers for one schema."""
    engines = Engines.of(sketch(number))
    counts = Counter[str](schemas=1)

    # Our own reduction takes seconds where hypothesis' shrinking of bytes takes minutes.
    @seed(number)
    @settings(
        max_examples=DOCUMENTS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(DOCUMENT, st.tuples(*[SETTING] * SETTINGS))
    def same(document: bytes, asked: tuple[bytes, ...]) -> None:
        for index, setting in enumerate(asked):
            is_sync = engines.sketch.is_sync and index % 2 == 1
            found = Comparison.of(engines, document, setting, None if is_sync else loop)
            if found.differences:
                raise Different(found)
            counts.update(found.counts)
        packed, plain = engines.packed(found.operation.document, found.setting, loop)
        assert packed == plain, found

    same()
    left = engines.candidate.engine.refused
    counts["refused"] += left.total() - left["extensions"]
    return counts


@pytest.mark.parametrize(
    ("part", "name", "broken"),
    [
        (Run, "_require", lambda _run, _field, _column, _failures, _place: None),
        (Run, "_denied_by", lambda _run, _field: None),
        (Run, "hide", lambda *_: None),
        (Run, "_arguments", lambda _run, _field: {}),
        (Reports, "_is_beyond", lambda _reports, _order: False),
        (Reports, "listed", lambda reports: [error for _, error in reports.errors]),
    ],
)
def test_a_broken_engine_is_found_out(
    part: type, name: str, broken: object, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, name, broken)
    with pytest.raises(Different):
        sum((compare(number, loop) for number in range(SCHEMAS)), Counter())
