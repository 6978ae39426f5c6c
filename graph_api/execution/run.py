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

from graph_api.execution import leaves
from graph_api.execution.completion import Completion
from graph_api.execution.failures import NONE, Failures, Rows
from graph_api.execution.fields import Selection
from graph_api.execution.place import Place
from graph_api.execution.waiting import settle


class Run(Completion):
    """One run of a plan."""

    async def response(self) -> ExecutionResult:
        """Run, and return the result as graphql-core would."""
        root = self.plan.root
        if self.plan.operation.operation is OperationType.MUTATION:
            data = await self._in_series(root)
        else:
            rows, failures = await self.select(root, [self.root], Place())
            data = self.reports.absorb(rows, failures, Place())[0]
        self.reports.deny()
        return ExecutionResult(data, self.reports.listed() or None)

    async def _in_series(self, root: Selection) -> Any:
        """Run the root fields of a mutation one after the other (section 6.2.2)."""
        whole: dict[str, Any] = {}
        for each in root.fields:
            one = Selection(root.of_type, (each,))
            rows, failures = await self.select(one, [self.root], Place())
            if failures:
                return self.reports.absorb(rows, failures, Place())[0]
            whole |= rows[0]
        return whole

    @override
    async def select(self, selection: Selection, rows: Rows, place: Place) -> tuple[Rows, Failures]:
        """Return what is selected of each row."""
        columns = [self.column(each, rows, place) for each in selection.fields]
        for number, each in enumerate(columns):
            if type(each) is not list:  # a rule is asked about the rows
                columns[number] = await each
        ready = [
            None if each.value.leaf is None else leaves.complete(each.value.leaf, column)
            for each, column in zip(selection.fields, columns, strict=True)
        ]
        await settle([column for column, done in zip(columns, ready, strict=True) if done is None])
        return await self._assemble(selection, columns, ready, place, len(rows))

    async def _assemble(
        self,
        selection: Selection,
        columns: Sequence[Rows],
        ready: Sequence[Rows | None],
        place: Place,
        count: int,
    ) -> tuple[Rows, Failures]:
        """Complete the columns and make rows of them."""
        failures: Failures = {}
        completed = await self._complete_all(selection, columns, ready, place)
        whole: list[Rows] = []
        for each, (column, failed) in zip(selection.fields, completed, strict=True):
            if failed and not each.value.is_non_null:
                column = self.reports.absorb(column, failed, self.place(each, place))  # noqa: PLW2901
            elif failed:
                failures = failed | failures  # of one row, what a depth-first run came to first
            whole.append(column)
        if not whole:
            return [{} for _ in range(count)], NONE
        if self.packs and count and place.is_within and (pack := selection.packed(count)):
            return list(map(pack, *whole)), failures
        keys = selection.keys
        return [dict(zip(keys, row)) for row in zip(*whole)], failures  # noqa: B905 -- all are equal

    async def _complete_all(
        self,
        selection: Selection,
        columns: Sequence[Rows],
        ready: Sequence[Rows | None],
        place: Place,
    ) -> list[tuple[Rows, Failures]]:
        """Complete the columns: leaves at once, objects each as a level of its own."""
        completed: list[Any] = []
        waiting: list[int] = []
        for each, column, done in zip(selection.fields, columns, ready, strict=True):
            if done is not None and not each.value.is_non_null:
                completed.append((done, NONE))
                continue
            at = self.place(each, place)
            if each.value.leaf is not None:
                completed.append(self.leaves(each, each.value, column, at, done))
            else:
                waiting.append(len(completed))
                completed.append(self.complete(each, each.value, column, at))
        if len(waiting) == 1:
            completed[waiting[0]] = await completed[waiting[0]]
        elif waiting:
            done = await self._concurrently([completed[each] for each in waiting])
            for number, each in zip(waiting, done, strict=True):
                completed[number] = each
        return completed

    async def _concurrently(self, levels: list[Any]) -> list[Any]:
        """Run levels side by side, so that their loaders ask together."""
        if self.running is not None and not self.running.can_wait:
            return [await each for each in levels]
        return list(await asyncio.gather(*levels))
