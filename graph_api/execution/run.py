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

from graph_api.execution.completion import Completion, Found, whole
from graph_api.execution.failures import Failures, Rows
from graph_api.execution.fields import Selection
from graph_api.execution.place import FieldPlace, Place
from graph_api.execution.waiting import may_wait, settle, start

ROOT = Place()


class Run(Completion):
    """One run of a plan."""

    def response(self) -> Any:
        """Run; return the result as graphql-core would, or an awaitable of it."""
        if self.plan.operation.operation is OperationType.MUTATION:
            return start(self._in_series())
        found = self.select(self.plan.root, [self.root], ROOT)
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
            return self._one(selection, rows[0], place)
        columns = [self.column(each, rows, place) for each in selection.fields]
        completed: list[Any] = []
        for each, column in zip(selection.fields, columns, strict=True):
            bulk = each.value.bulk
            done = bulk(column) if bulk is not None and type(column) is list else None
            if done is None and (bulk is not None or _may_wait(column)):
                return self._settled(selection, columns, len(rows), place)
            completed.append(done)
        return self._below(selection, columns, completed, len(rows), place)

    def _one(self, selection: Selection, row: Any, place: Place) -> Found:
        """Return what is selected of a single row, value by value."""
        values: Rows = []
        rest: list[int] = []
        for read, passes in selection.reads:
            try:
                value = read(row)
            except Exception as error:  # noqa: BLE001 -- stands for the value
                value = error
            if type(value) not in passes:
                rest.append(len(values))
            values.append(value)
        if not rest:
            return [dict(zip(selection.keys, values))]  # noqa: B905 -- both are equal
        return self._of_one(selection, values, rest, place)

    def _of_one(self, selection: Selection, values: Rows, rest: list[int], place: Place) -> Found:
        """Complete what is not handed on of a single row: leaves first, then what is below it."""
        below: list[int] = []
        done = [*values]
        for number in rest:
            value, bulk = values[number], selection.fields[number].value.bulk
            found: Any = None if bulk is None else bulk([value])
            if found is not None:
                (done[number],) = found
            elif bulk is None and not may_wait(type(value)):
                below.append(number)
            else:
                return self._settled(selection, [[each] for each in values], 1, place)
        is_done = True
        for number in below:
            each, value = selection.fields[number], values[number]
            at = FieldPlace(place, each)
            found = self.complete(each, each.value, [value], {type(value)}, at)
            is_done = is_done and type(found) is list
            done[number] = found
        if is_done:
            for number in below:
                (done[number],) = done[number]
            return [dict(zip(selection.keys, done))]  # noqa: B905 -- both are equal
        completed = [each if number in below else [each] for number, each in enumerate(done)]
        return self._rest(selection, completed, 1, place)

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
            if completed[number] is not None:
                continue
            at, value = self.place(each, place), each.value
            if value.leaf is not None:
                found: Any = self.leaves(each, value, column, at)
            else:
                found = self.complete(each, value, column, set(map(type, column)), at)
            is_done = is_done and type(found) is list
            completed[number] = found
        if is_done:
            return self._rows(selection, completed, count, place)
        return self._rest(selection, completed, count, place)

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
        if len(levels) < 2 or not (self.running is None or self.running.can_wait):
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
