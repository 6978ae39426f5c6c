"""Completing values (GraphQL specification, section 6.4.3): leaves, lists and objects.

A column is completed at once, the items of all lists in it as one level.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from graphql import GraphQLError, Undefined, is_abstract_type
from graphql.execution import Executor
from graphql.pyutils import is_iterable

from graph_api.execution import leaves
from graph_api.execution.abstract_types import TypeResolution
from graph_api.execution.failures import NONE, Failed, Failures, Rows
from graph_api.execution.fields import Field, Selection, Value
from graph_api.execution.place import ItemPlace, Place, SomePlace
from graph_api.execution.waiting import settle

_ABSENT = frozenset({type(None), type(Undefined)})


class Completion(TypeResolution):
    """One run of a plan, as far as values are completed."""

    @abstractmethod
    async def select(self, selection: Selection, rows: Rows, place: Place) -> tuple[Rows, Failures]:
        """Return what is selected of each row."""

    async def complete(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete a column of lists or of objects."""
        if value.leaf is not None:
            return self.leaves(of_field, value, column, place, None)
        complete = self._lists if value.item is not None else self._objects
        if all(map(_is_present, set(map(type, column)))):
            return await complete(of_field, value, column, place) if column else (column, NONE)
        failures: Failures = {}
        there = []
        for row, each in enumerate(column):
            if isinstance(each, Exception):
                failures[row] = Failed.of(of_field, each, place, row)
            elif each is not None and each is not Undefined:
                there.append(row)
        rows, at = [column[row] for row in there], SomePlace(place, there)
        found, failed = await complete(of_field, value, rows, at) if rows else ([], NONE)
        whole: Rows = [None] * len(column)
        for row, each in zip(there, found, strict=True):
            whole[row] = each
        failures |= {there[row]: each for row, each in failed.items()}
        if value.is_non_null:
            self._require(of_field, whole, failures, place)
        return whole, failures

    def _require(self, of_field: Field, column: Rows, failures: Failures, place: Place) -> None:
        """Fail each row that is null and must not be."""
        for row, each in enumerate(column):
            if each is None and row not in failures:
                name = f"{of_field.parent}.{of_field.nodes[0].name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {name}.")
                failures[row] = Failed.of(of_field, error, place, row)

    def leaves(
        self, of_field: Field, value: Value, column: Rows, place: Place, done: Rows | None
    ) -> tuple[Rows, Failures]:
        """Complete a column of leaves, of which is ``done`` what could be at once."""
        completed = leaves.complete(value.leaf, column) if done is None else done
        failures: Failures = {}
        if completed is None:
            completed = [_leaf(value.leaf, each) for each in column]
            for row, each in enumerate(completed):
                if isinstance(each, Exception):
                    failures[row] = Failed.of(of_field, each, place, row)
                    completed[row] = None
        if value.is_non_null and None in completed:
            self._require(of_field, completed, failures, place)
        return completed, failures

    async def _lists(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete lists: their items are one level, whichever list they are in."""
        item: Any = value.item
        failures: Failures = {}
        lists: list[list[Any]] = []
        broken: Failures = {}
        for row, each in enumerate(column):
            items, error = await self._items(of_field, each)
            if error is not None:
                # It is raised after what was there before it, which is completed until then.
                failed_at = Failed.of(of_field, error, place, row)
                broken[row] = replace(failed_at, order=(*failed_at.order, len(items)))
            lists.append(items)
        if len(lists) == 1:
            flat = [*lists[0]]
            at = ItemPlace(place, [0] * len(flat), range(len(flat)))
        else:
            flat = [each for items in lists for each in items]
            owners = [row for row, items in enumerate(lists) for _ in items]
            at = ItemPlace(place, owners, [each for items in lists for each in range(len(items))])
        await settle([flat])
        completed, failed = await self.complete(of_field, item, flat, at)
        if failed and item.is_non_null:
            for row in sorted(failed):
                failures.setdefault(at.owners[row], failed[row])
        elif failed:
            completed = self.reports.absorb(completed, failed, at)
        failures = broken | failures
        if len(lists) == 1:
            return [completed], failures
        ends = _ends(lists)
        cut = [completed[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return cut, failures

    async def _items(self, of_field: Field, value: Any) -> tuple[list[Any], Exception | None]:
        """Return the items of a list, and what broke it off."""
        if isinstance(value, list):
            return value, None
        items: list[Any] = []
        try:
            if hasattr(value, "__aiter__"):
                async for each in value:
                    items.append(each)  # noqa: PERF401 -- those before an error are kept
            elif is_iterable(value):
                items.extend(value)
            else:
                name = f"{of_field.parent}.{of_field.nodes[0].name.value}"
                message = f"Expected Iterable, but did not find one for field '{name}'."
                return items, GraphQLError(message)
        except Exception as error:  # noqa: BLE001 -- whatever an iterator raises
            return items, error
        return items, None

    async def _objects(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete objects, those of each type as a level of their own."""
        failures: Failures = {}
        if is_abstract_type(value.named):
            groups = await self.by_type(of_field, value.named, column, place, failures)
        else:
            groups = {value.named: list(range(len(column)))}
        completed: Rows = [None] * len(column)
        for of_type, members in groups.items():
            others, kept = await self.of_type(of_field, of_type, column, members, place)
            failures |= others
            if not kept:
                continue
            is_all = len(kept) == len(column)
            rows, at = (
                (column, place)
                if is_all
                else ([column[row] for row in kept], SomePlace(place, kept))
            )
            found, failed = await self.select(self.plan.below(of_field, of_type), rows, at)
            if is_all:
                return found, failed
            for row, each in zip(kept, found, strict=True):
                completed[row] = each
            failures |= {kept[row]: each for row, each in failed.items()}
        return completed, failures


def _is_present(of_type: type) -> bool:
    """Whether values of a type are neither null nor errors."""
    return not (of_type in _ABSENT or issubclass(of_type, Exception))


def _leaf(leaf: Any, value: Any) -> Any:
    """Coerce one value; what fails stands for it."""
    if value is None or value is Undefined:
        return None
    if isinstance(value, Exception):
        return value
    try:
        return Executor.complete_leaf_value(leaf, value)
    except Exception as error:  # noqa: BLE001 -- whatever a scalar raises
        return error


def _ends(lists: Iterable[Sequence[Any]]) -> list[int]:
    ends, end = [], 0
    for each in lists:
        end += len(each)
        ends.append(end)
    return ends
