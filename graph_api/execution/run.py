"""Running a plan: breadth first, a level at a time, a column for each field.

The rows of a level are all objects that stand at one place in the document, whichever lists they
are in. Each field is read from all of them, whatever has to be waited for is waited for once, and
then the column is completed. What fails is carried to the nearest place that may be null, row by
row, as the GraphQL specification has it (section 6.4.4); errors are listed in the order of a
depth-first run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import ExecutionResult, OperationType
from typing_extensions import override

from graph_api.execution.columns import ask
from graph_api.execution.completion import Completion, Found, whole
from graph_api.execution.failures import Failures, Rows
from graph_api.execution.fields import Field, Selection
from graph_api.execution.place import Place
from graph_api.execution.straight import Stopped, straight
from graph_api.execution.waiting import may_wait, settle, start

ROOT = Place()


class Run(Completion):
    """One run of a plan."""

    def response(self, begun: Stopped | None = None) -> Any:
        """Run; return the result as graphql-core would, or an awaitable of it.

        Args:
            begun: where the straight way through the root ended, if it was begun.
        """
        if self.plan.operation.operation is OperationType.MUTATION:
            return start(self._in_series())
        if begun is None:
            found = self.select(self.plan.root, [self.root], ROOT)
        else:
            found = self._go_on(begun, ROOT)
        return self._result(found[0]) if isinstance(found, list) else start(self._later(found))

    async def _later(self, found: Found) -> ExecutionResult:
        rows, failures = await whole(found)
        return self._result(self.reports.absorb(rows, failures, ROOT)[0])

    async def _in_series(self) -> ExecutionResult:
        """Run the root fields of a mutation one after the other (section 6.2.2)."""
        root = self.plan.root
        data: dict[str, Any] = {}
        for each in root.fields:
            one = Selection(root.of_type, (each,))
            rows, failures = await whole(self.select(one, [self.root], ROOT))
            if failures:
                return self._result(self.reports.absorb(rows, failures, ROOT)[0])
            data |= rows[0]
        return self._result(data)

    def _result(self, data: Any) -> ExecutionResult:
        reports = self.reports
        if not (reports.denials or reports.errors):
            return ExecutionResult(data)
        reports.deny()
        return ExecutionResult(data, reports.listed() or None)

    @override
    def select(self, selection: Selection, rows: Rows, place: Place) -> Found:
        if len(rows) == 1 and selection.is_bare:
            one = straight(selection, rows[0])
            return self._go_on(one, place) if isinstance(one, Stopped) else [one]
        columns = [self.column(each, rows, place) for each in selection.fields]
        return self.level(selection, columns, len(rows), place)

    @override
    def level(self, selection: Selection, columns: list[Any], count: int, place: Place) -> Found:
        completed: list[Any] = []
        for each, column in zip(selection.fields, columns, strict=True):
            bulk = each.value.bulk
            done = bulk(column) if bulk is not None and type(column) is list else None
            if done is None and (bulk is not None or _may_wait(column)):
                return self._settled(selection, columns, count, place)
            completed.append(done)
        return self._below(selection, columns, completed, count, place)

    def _go_on(self, stopped: Stopped, place: Place) -> Found:
        """Go on where the straight way through a row ended."""
        selection, columns = stopped.selection, [[each] for each in stopped.values.values()]
        if stopped.done is None:
            return self._settled(selection, columns, 1, place)
        completed: list[Any] = [[each] for each in stopped.done.values()]
        for each in stopped.below:
            completed[selection.fields.index(each)] = None
        if stopped.begun is not None:
            first = stopped.below[0]
            begun = self._go_on(stopped.begun, self.place(first, place))
            completed[selection.fields.index(first)] = begun
        return self._below(selection, columns, completed, 1, place)

    async def _settled(
        self, selection: Selection, columns: list[Any], count: int, place: Place
    ) -> tuple[Rows, Failures]:
        """Wait for what has to be waited for, then complete the columns."""
        for number, each in enumerate(columns):
            if type(each) is not list:  # a rule is asked about the rows
                columns[number] = await each
        completed: list[Any] = [
            None if each.value.bulk is None else each.value.bulk(column)
            for each, column in zip(selection.fields, columns, strict=True)
        ]
        for each, column, done in zip(selection.fields, columns, completed, strict=True):
            if done is None:
                ask(self.plan, each, column, writes=self.packs)
        await settle(
            [column for column, done in zip(columns, completed, strict=True) if done is None]
        )
        return await whole(self._below(selection, columns, completed, count, place))

    def _below(
        self,
        selection: Selection,
        columns: Sequence[Rows],
        completed: list[Any],
        count: int,
        place: Place,
    ) -> Found:
        """Complete the columns that are not yet: leaves one by one, objects as a level each."""
        is_done = True
        for number, (each, column) in enumerate(zip(selection.fields, columns, strict=True)):
            found = completed[number]
            if found is None:
                found = completed[number] = self._field(each, column, place)
            is_done = is_done and type(found) is list
        if is_done:
            return self._rows(selection, completed, count, place)
        return self._rest(selection, completed, count, place)

    def _field(self, of_field: Field, column: Rows, place: Place) -> Any:
        value, at = of_field.value, self.place(of_field, place)
        if value.bulk is not None:
            return self.leaves(of_field, value, column, at)
        return self.complete(of_field, value, column, set(map(type, column)), at)

    async def _rest(
        self, selection: Selection, completed: list[Any], count: int, place: Place
    ) -> tuple[Rows, Failures]:
        """Wait for the levels below, and null what failed there or must not be null here."""
        waiting = [
            number for number, found in enumerate(completed) if not isinstance(found, list | tuple)
        ]
        done = await self._concurrently([completed[number] for number in waiting])
        for number, found in zip(waiting, done, strict=True):
            completed[number] = found
        failures: Failures = {}
        for number, each in enumerate(selection.fields):
            if type(completed[number]) is list:
                continue
            column, failed = completed[number]
            if failed and each.value.is_non_null:
                failures = failed | failures  # of one row, what a depth-first run came to first
            elif failed:
                column = self.reports.absorb(column, failed, self.place(each, place))
            completed[number] = column
        return self._rows(selection, completed, count, place), failures

    async def _concurrently(self, levels: list[Any]) -> list[Any]:
        """Run levels side by side, so that their loaders ask together."""
        can_wait = self.running.can_wait if self.running else asyncio._get_running_loop()
        if len(levels) < 2 or not can_wait:
            return [await each for each in levels]
        return list(await asyncio.gather(*levels))

    def _rows(
        self, selection: Selection, columns: Sequence[Rows], count: int, place: Place
    ) -> Rows:
        """Make rows of columns."""
        if not columns:
            return [{} for _ in range(count)]
        if self.packs and count and place.is_within and (pack := selection.packed(count)):
            return list(map(pack, *columns))
        keys = selection.keys
        return [dict(zip(keys, row)) for row in zip(*columns)]  # noqa: B905 -- all are equal


def _may_wait(column: Any) -> bool:
    return type(column) is not list or any(map(may_wait, set(map(type, column))))
