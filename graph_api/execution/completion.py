"""Completing values (GraphQL specification, section 6.4.3): leaves, lists and objects.

A column is completed at once, the items of all lists in it as one level.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from graphql import GraphQLError, Undefined, is_abstract_type
from graphql.execution import Executor
from graphql.pyutils import is_iterable

from graph_api.execution.abstract_types import TypeResolution
from graph_api.execution.columns import Written
from graph_api.execution.encoding import as_json
from graph_api.execution.failures import NONE, Failed, Failures, Rows
from graph_api.execution.fields import Field, Selection, Value
from graph_api.execution.judged import Judged
from graph_api.execution.place import ItemPlace, Place, SomePlace
from graph_api.execution.waiting import is_plain, may_wait, settle

Found = Rows | Coroutine[Any, Any, tuple[Rows, Failures]]
"""A column, if all of it is there and nothing failed; else what gives it, and what failed."""


async def whole(found: Found) -> tuple[Rows, Failures]:
    """Wait for a column, if it has to be waited for."""
    return (found, NONE) if isinstance(found, list) else await found


class Completion(TypeResolution):
    """One run of a plan, as far as values are completed.

    What is plain is done at once; whatever has null, errors or something to be waited for in it
    takes the way that can wait.
    """

    @abstractmethod
    def select(self, selection: Selection, rows: Rows, place: Place) -> Found:
        """Return what is selected of each row."""

    @abstractmethod
    def level(self, selection: Selection, columns: list[Any], count: int, place: Place) -> Found:
        """Return rows of what was read of so many."""

    def complete(
        self, of_field: Field, value: Value, column: Rows, kinds: set[type], place: Place
    ) -> Found:
        """Complete a column of lists or of objects; ``kinds`` are its classes."""
        if Written not in kinds and all(map(is_plain, kinds)):
            complete = self._lists if value.item is not None else self._objects
            return complete(of_field, value, column, kinds, place)
        return self._those_there(of_field, value, column, place)

    async def _those_there(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete what is there of a column in which nothing is to be waited for any more."""
        failures: Failures = {}
        completed: Rows = [None] * len(column)
        there = []
        for row, each in enumerate(column):
            if isinstance(each, Exception):
                failures[row] = Failed.of(of_field, each, place, row)
            elif isinstance(each, Written):
                completed[row] = each.json
            elif each is not None and each is not Undefined:
                there.append(row)
        rows, at = [column[row] for row in there], SomePlace(place, there)
        complete = self._lists if value.item is not None else self._objects
        found, failed = await whole(complete(of_field, value, rows, set(map(type, rows)), at))
        for row, each in zip(there, found, strict=True):
            completed[row] = each
        failures |= {there[row]: each for row, each in failed.items()}
        if value.is_non_null:
            self._require(of_field, completed, failures, place)
        return completed, failures

    def _require(self, of_field: Field, column: Rows, failures: Failures, place: Place) -> None:
        """Fail each row that is null and must not be."""
        for row, each in enumerate(column):
            if each is None and row not in failures:
                name = f"{of_field.parent}.{of_field.nodes[0].name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {name}.")
                failures[row] = Failed.of(of_field, error, place, row)

    def leaves(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures] | Coroutine[Any, Any, tuple[Rows, Failures]]:
        """Complete a column of leaves one by one; a scalar may give what has to be waited for."""
        if self.running is not None:  # asked for by enum values that are hidden
            self.running.must_be = value.is_non_null
        completed = [_leaf(value.leaf, each) for each in column]
        if any(map(may_wait, set(map(type, completed)))):
            return self._leaves_later(of_field, value, completed, place)
        return self._leaves(of_field, value, completed, place)

    async def _leaves_later(
        self, of_field: Field, value: Value, completed: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        await settle([completed])
        return self._leaves(of_field, value, completed, place)

    def _leaves(
        self, of_field: Field, value: Value, completed: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        failures: Failures = {}
        if isinstance(self.running, Judged) and self.running.encodes:
            completed = as_json(completed)
        for row, each in enumerate(completed):
            if isinstance(each, Exception):
                failures[row] = Failed.of(of_field, each, place, row)
                completed[row] = None
        if value.is_non_null:
            self._require(of_field, completed, failures, place)
        return completed, failures

    def _lists(
        self, of_field: Field, value: Value, column: Rows, kinds: set[type], place: Place
    ) -> Found:
        """Complete lists: their items are one level, whichever list they are in."""
        if not kinds <= {list}:
            return self._iterables(of_field, value, column, place)
        items: Rows = column[0] if len(column) == 1 else [*chain.from_iterable(column)]
        if value.bulk_items is not None:
            found = value.bulk_items([*items])  # the application's list stays its own
            if found is not None:
                return _cut(found, column)
        return self._items(of_field, value, items, ItemPlace(place, column))

    def _items(self, of_field: Field, value: Value, items: Rows, place: ItemPlace) -> Found:
        """Complete the items of lists, which are not all plain leaves."""
        item: Any = value.item
        found: Any = None
        of_objects = of_field.certain_items
        read = None if of_objects is None else of_objects.columns(items)
        if of_objects is not None and read is not None and item.is_of(type(items[0]), items):
            columns = [
                self.column(each, items, place) if column is None else column
                for each, column in zip(of_objects.fields, read, strict=True)
            ]
            found = self.level(of_objects, columns, len(items), place)
        elif value.bulk_items is None:
            kinds = set(map(type, items))
            if not any(map(may_wait, kinds)):
                found = self.complete(of_field, item, items, kinds, place)
        if type(found) is list:
            return _cut(found, place.lists)
        return self._items_of(of_field, value, items, found, place)

    async def _items_of(
        self, of_field: Field, value: Value, items: Rows, found: Any, place: ItemPlace
    ) -> tuple[Rows, Failures]:
        """Return lists, after their items were waited for; a list that fails counts its first."""
        item: Any = value.item
        if found is None:
            items = [*items]
            await settle([items])
            if item.leaf is not None:
                found = self.leaves(of_field, item, items, place)
                completed, failed = found if isinstance(found, tuple) else await found
            else:
                kinds = set(map(type, items))
                completed, failed = await whole(self.complete(of_field, item, items, kinds, place))
        else:
            completed, failed = await found
        failures: Failures = {}
        if failed and item.is_non_null:
            for row in sorted(failed):
                failures.setdefault(place.owner(row), failed[row])
        elif failed:
            completed = self.reports.absorb(completed, failed, place)
        return _cut(completed, place.lists), failures

    async def _iterables(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete whatever can be iterated over, up to where it breaks off."""
        lists: list[Rows] = []
        broken: Failures = {}
        for row, each in enumerate(column):
            items, error = await self._iterated(of_field, each)
            if error is not None:
                # It is raised after what was there before it, which is completed until then.
                failed_at = Failed.of(of_field, error, place, row)
                broken[row] = replace(failed_at, order=(*failed_at.order, len(items)))
            lists.append(items)
        completed, failures = await whole(self._lists(of_field, value, lists, {list}, place))
        return completed, broken | failures

    async def _iterated(self, of_field: Field, value: Any) -> tuple[list[Any], Exception | None]:
        """Return the items of a list, and what broke it off."""
        if type(value) is list:  # one of a class of its own may iterate otherwise
            return value, None
        items: list[Any] = []
        can_wait = self.running is None or self.running.can_wait
        try:
            if can_wait and hasattr(value, "__aiter__"):
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

    def _objects(
        self, of_field: Field, value: Value, column: Rows, kinds: set[type], place: Place
    ) -> Found:
        """Complete objects, those of each type as a level of their own."""
        if not column:
            return []
        if value.is_certain or (len(kinds) == 1 and value.is_of(type(column[0]), column)):
            return self.select(self.plan.below(of_field, value.named), column, place)
        return self._by_type(of_field, value, column, place)

    async def _by_type(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        failures: Failures = {}
        if is_abstract_type(value.named):
            groups = await self.by_type(of_field, value.named, column, place, failures)
            self.hide(of_field, value, groups, place, failures)
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
            selection = self.plan.below(of_field, of_type)
            found, failed = await whole(self.select(selection, rows, at))
            if is_all:
                return found, failed
            for row, each in zip(kept, found, strict=True):
                completed[row] = each
            failures |= {kept[row]: each for row, each in failed.items()}
        return completed, failures


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


def _cut(items: Rows, lists: Sequence[Sequence[Any]]) -> Rows:
    """Cut items into lists as long as those that they come from."""
    if len(lists) == 1:
        return [items]
    rest = iter(items)
    return [list(islice(rest, len(each))) for each in lists]
