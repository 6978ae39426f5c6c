"""What an operation costs in process, from its text to the bytes of the answer."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec
import strawberry

from benchmarks.pairs import Ratio, Run, ratios
from benchmarks.people import READER, STRANGER, Context, columns, ours, stock
from benchmarks.report import Line, Report, Step, figures_of, number, sheet_of
from graph_api import HasPermission, Public, Schema

try:
    import orjson

    ENCODER = "orjson"
    encode: Callable[[object], bytes] = orjson.dumps
except ImportError:  # the comparison is to be there with every installation
    ENCODER = "msgspec (orjson is not installed)"
    encode = msgspec.json.encode

MANY, FEW = 1_000, 100
LIST = "{ people { id name email age createdAt } }"
ME = "{ me { id name roles } }"
READER_CONTEXT, STRANGER_CONTEXT = Context(READER), Context(STRANGER)
DOCUMENTS = 100
"""So many are run once to learn how much memory one takes."""

Ask = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True)
class Case:
    """Two ways to the same answer.

    Attributes:
        name: what ``--json`` calls their ratio.
        says: what is divided by what.
        run: what is measured.
        base: what it is compared with.
        repeat: how often each runs within one measurement.
        goal: the target: at most this.
        same: whether both give the same answer.
    """

    name: str
    says: str
    run: Ask
    base: Ask
    repeat: int
    goal: float | None = None
    same: bool = True


def cases() -> list[Case]:
    """Return all cases; each schema is built once."""
    guard = HasPermission("person:read")
    many, few, stock_many, stock_few = ours(guard, MANY), ours(guard, FEW), stock(MANY), stock(FEW)
    public = ours(Public(), MANY)
    listed, listed_few = _asking(many, LIST), _asking(few, LIST)
    by_hand, by_hand_few = _by_hand(MANY), _by_hand(FEW)
    stock_listed, stock_listed_few = _asking(stock_many, LIST), _asking(stock_few, LIST)
    return [
        Case(
            "list_vs_strawberry",
            "1,000 × 5 guarded fields : Strawberry, permission classes",
            listed,
            stock_listed,
            1,
            1 / 15,
        ),
        Case(
            "list_vs_hand_written",
            f"1,000 × 5 guarded fields : dictionaries + {ENCODER}",
            listed,
            by_hand,
            3,
            1.1,
        ),
        Case(
            "short_list_vs_strawberry",
            "100 × 5 guarded fields : Strawberry, permission classes",
            listed_few,
            stock_listed_few,
            5,
        ),
        Case(
            "short_list_vs_hand_written",
            f"100 × 5 guarded fields : dictionaries + {ENCODER}",
            listed_few,
            by_hand_few,
            20,
        ),
        Case(
            "me_vs_strawberry",
            "me : Strawberry",
            _asking(few, ME),
            _asking(stock_few, ME),
            50,
            1 / 30,
        ),
        Case(
            "compiled_vs_graphql_core",
            "1,000 × 5 guarded fields by a plan : by graphql-core",
            listed,
            _asking(ours(guard, MANY, compiled=False), LIST),
            1,
        ),
        Case(
            "static_rules_vs_public",
            "1,000 × 5 fields with a static rule : with Public",
            listed,
            _asking(public, LIST),
            3,
            1.02,
        ),
        Case(
            "denied_vs_allowed",
            "1,000 × 5 fields denied : allowed",
            _asking(many, LIST, STRANGER_CONTEXT),
            listed,
            3,
            1.0,
            same=False,
        ),
        Case(
            "cold_vs_strawberry",
            "a document never seen, 1 × 5 fields : Strawberry",
            _asking_anew(ours(guard, 1)),
            _asking_anew(stock(1)),
            10,
        ),
    ]


def _asking(schema: strawberry.Schema, document: str, context: Any = READER_CONTEXT) -> Ask:
    async def ask() -> bytes:
        return written(await answer(schema, document, context))

    return ask


def _asking_anew(schema: strawberry.Schema) -> Ask:
    """Ask by a document that no cache knows."""
    numbers = count()

    async def ask() -> bytes:
        document = f"query Q{next(numbers)} {LIST}"
        return written(await answer(schema, document, READER_CONTEXT))

    return ask


async def answer(schema: strawberry.Schema, document: str, context: Any) -> Any:
    """Return a result that is only encoded: ours as our endpoint gets it."""
    if isinstance(schema, Schema):
        return await schema.respond(schema.documents.parse(document), context=context)
    return await schema.execute(document, context_value=context)


def written(result: Any) -> bytes:
    """Return the bytes of an answer."""
    members = {"data": result.data}
    if result.errors:
        members["errors"] = [error.formatted for error in result.errors]
    return msgspec.json.encode(members)


def _by_hand(rows: int) -> Ask:
    """What one would write without GraphQL."""

    @dataclass
    class Person:
        id: str
        name: str
        email: str
        age: int
        created_at: Any

    people = [Person(**columns(row)) for row in range(rows)]

    async def ask() -> bytes:
        listed = [
            {
                "id": each.id,
                "name": each.name,
                "email": each.email,
                "age": each.age,
                "createdAt": each.created_at,
            }
            for each in people
        ]
        return encode({"data": {"people": listed}})

    return ask


def measure(pairs: int, step: Step) -> Iterator[Line]:
    """Yield what each case takes, time over time.

    Args:
        pairs: how many to measure of each.
        step: is called after each pair.

    Raises:
        AssertionError: two ways gave two answers.
    """
    listed = cases()
    gc.collect()
    gc.freeze()
    with asyncio.Runner() as runner:
        for case in listed:
            run, base = _repeated(runner, case.run, case), _repeated(runner, case.base, case)
            if case.same:
                _require_same(runner, case)
            measured = []
            for each in ratios(run, base, pairs):
                measured.append(each)
                step(case.name, pairs)
            yield Line(case.name, case.says, Ratio.of(measured), case.goal)
    gc.unfreeze()


def _repeated(runner: asyncio.Runner, ask: Ask, case: Case) -> Run:
    async def again() -> None:
        for _ in range(case.repeat):
            await ask()

    return lambda: runner.run(again())


def _require_same(runner: asyncio.Runner, case: Case) -> None:
    one, other = (
        json.loads(runner.run(_answer(ask)).replace(b'Z"', b'+00:00"'))
        for ask in (case.run, case.base)
    )
    if one != other:
        raise AssertionError(f"{case.name}: two answers: {str(one)[:200]} and {str(other)[:200]}")


async def _answer(ask: Ask) -> bytes:
    return await ask()


def memory() -> dict[str, float]:
    """Return how many bytes each operation that is remembered takes, here and at Strawberry's."""
    return {
        "bytes_for_each_cached_operation": _kept(ours(HasPermission("person:read"), 1)),
        "bytes_for_each_cached_operation_of_strawberry": _kept(stock(1, max_documents=1_000)),
    }


def _kept(schema: strawberry.Schema) -> float:
    ask = _asking_anew(schema)
    with asyncio.Runner() as runner:
        runner.run(_answer(ask))
        gc.collect()
        tracemalloc.start()
        for _ in range(DOCUMENTS):
            runner.run(_answer(ask))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return round(kept / DOCUMENTS)


def report(pairs: int, step: Step) -> Report:
    """Measure all, and say how."""
    lines = list(measure(pairs, step))
    kept = memory()
    sizes = ", ".join(f"{number(size / 1_000)} kB" for size in kept.values())
    return Report(
        "execution",
        "In process, from the text of a document seen before to the bytes of the answer; medians "
        f"of {pairs} alternating pairs, processor time. One cached operation of 5 fields takes, "
        f"here and at Strawberry's: {sizes}.",
        [sheet_of("Execution in process", lines)],
        {**figures_of(lines), **kept},
    )
