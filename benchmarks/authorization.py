"""What rules cost: one query over 1,000 rows of 5 fields, with rules of each kind on them."""

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.permission import BasePermission

from benchmarks.pairs import Ratio, Run, ratios
from benchmarks.report import Line, Report, Step, figures_of, sheet_of
from graph_api import HasPermission, Principal, Public, Schema, rule

ROWS = 1_000
QUERY = "{ rows { a b c d e } }"
CASES = {
    "static_rules": "a static rule on every field",
    "object_rule": "an object rule on one field",
    "strawberry_permission_classes": "Strawberry's permission classes on every field",
}
GOALS = {"static_rules": 1.02, "object_rule": 1.1}


@dataclass(frozen=True)
class Context:
    """What Strawberry hands on: who asks."""

    principal: Principal


CALLER = Context(Principal("usr_1", "ses_1", frozenset(), frozenset({"row:read"})))


@rule
async def owns(who: Principal, rows: Sequence[Any]) -> Sequence[bool]:
    """Whoever the row belongs to."""
    return [row.owner == who.subject for row in rows]


class MayRead(BasePermission):
    """What the static rule says, Strawberry's own way."""

    def has_permission(self, source: Any, info: strawberry.Info, **_: Any) -> bool:  # noqa: D102
        return "row:read" in info.context.principal.permissions


def query_of(*permissions: Any) -> type:
    """Return a root type whose rows have these permissions on their five fields."""

    def guarded(number: int) -> Any:
        return strawberry.field(permission_classes=[permissions[number]])

    @strawberry.type
    class Row:
        owner: strawberry.Private[str]
        a: int | None = guarded(0)
        b: str | None = guarded(1)
        c: int | None = guarded(2)
        d: str | None = guarded(3)
        e: int | None = guarded(4)

    rows = [Row(owner="usr_1", a=n, b="b", c=n, d="d", e=n) for n in range(ROWS)]

    @strawberry.type
    class Query:
        @strawberry.field(permission_classes=[Public()])
        def rows(self) -> list[Row]:
            return rows

    return Query


def schemas() -> tuple[strawberry.Schema, Mapping[str, strawberry.Schema]]:
    """Return the schema whose fields are all public, and those that are compared with it."""
    declared = {"row:read": "Read rows."}
    public, may_read = Public(), HasPermission("row:read")
    return Schema(query_of(*[public] * 5)), {
        "static_rules": Schema(query_of(*[may_read] * 5), permissions=declared),
        "object_rule": Schema(query_of(owns, *[public] * 4)),
        "strawberry_permission_classes": strawberry.Schema(query_of(*[MayRead] * 5)),
    }


def measure(pairs: int, step: Step) -> Iterator[tuple[str, Ratio]]:
    """Yield the cost of each case as a ratio to the same query with every field public.

    Args:
        pairs: how many to measure of each.
        step: is called after each pair.
    """
    public, cases = schemas()
    gc.collect()
    gc.freeze()
    with asyncio.Runner() as runner:
        base = _asking(runner, public)
        for name, schema in cases.items():
            measured = []
            for each in ratios(_asking(runner, schema), base, pairs):
                measured.append(each)
                step(name, pairs)
            yield name, Ratio.of(measured)
    gc.unfreeze()


def report(pairs: int, step: Step) -> Report:
    """Measure all, and say how."""
    measured = measure(pairs, step)
    lines = [Line(name, CASES[name], ratio, GOALS.get(name)) for name, ratio in measured]
    about = (
        "1,000 rows of 5 fields, over the same query with every field public; medians of "
        f"{pairs} alternating pairs, processor time."
    )
    return Report("authorization", about, [sheet_of("What rules cost", lines)], figures_of(lines))


def _asking(runner: asyncio.Runner, schema: strawberry.Schema) -> Run:
    async def ask() -> None:
        result = await schema.execute(QUERY, context_value=CALLER)
        if result.errors or result.data is None or len(result.data["rows"]) != ROWS:
            raise AssertionError(result.errors)

    return lambda: runner.run(ask())
