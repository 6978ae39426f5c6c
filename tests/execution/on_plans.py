"""A pytest plugin: what graphql-core's own tests execute runs by a plan, where one can be made."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult
from graphql.execution.execute import (
    assume_not_async_iterable,
    assume_not_awaitable,
    experimental_execute_incrementally,
)

from graph_api.execution import completion, waiting
from graph_api.execution.engine import execute
from graph_api.execution.plan import Refused

COUNTS = "GRAPH_API_COUNTS"
"""Names the variable with the file that the counts are written into, as JSON."""
TIMING = "says what happens first; a plan waits for a level, and lists errors in document order"
CANCELS = "cancels what a sibling's error made useless; a plan waits for it"
DRAINS = "counts how far a broken list is read; a plan reads lists before it completes them"
SYNC = "takes awaitables for values, by check_sync=False, which the server never does"
DEEP = "is deeper than Limits lets a document be"
DIFFERENCES = {
    "with_experimental_disable_error_propagation_returns_null": "an experiment of graphql-core",
    "handles_sync_errors_combined_with_async_ones": CANCELS,
    "handles_sync_errors_combined_with_async_ones_in_async_context": CANCELS,
    "stops_late_sibling_object_completion_after_non_null_bubbling": CANCELS,
    "cancel_selection_sets": CANCELS,
    "cancel_lists": CANCELS,
    "cancel_async_iterators": CANCELS,
    "drains_the_iterator_when_next_throws": DRAINS,
    "handles_iterator_errors_with_later_pending_awaitables": DRAINS,
    "handles_sync_errors_with_later_pending_awaitables": DRAINS,
    "calls_aclose_when_non_null_list_item_errors": DRAINS,
    "handles_mixture_of_sync_and_async_errors_in_async_iterables": TIMING,
    "nullable_and_non_nullable_root_fields_throw_nested_errors": TIMING,
    "slower_nullable_after_non_nullable_root_field": TIMING,
    "nullable_and_non_nullable_nested_fields_throw_nested_errors": TIMING,
    "slower_nullable_after_non_nullable_nested_field": TIMING,
    "describe_nulls_a_complex_tree_of_nullable_fields_each::throws": TIMING,
    "throws_if_encountering_async_operation_without_check_sync": SYNC,
    "iterates_sync_and_async_iterables_synchronously_without_check_sync": SYNC,
    "reports_async_iterables_as_errors_without_check_sync": SYNC,
    "selections_at_the_root::execute_returns_a_result_with_the_error": DEEP,
    "selections_at_the_root::execute_sync_returns_a_result_with_the_error": DEEP,
    "selections_at_the_root::does_not_keep_the_frames_of_the_recursion_alive": DEEP,
}
"""The tests that fail on plans, by the end of their id, and why that may be."""
_PARAMETERS = list(inspect.signature(experimental_execute_incrementally).parameters)
_OF_ALL = {*_PARAMETERS[:6], "max_coercion_errors", "hide_suggestions"}
"""What a plan can be given; the rest are options that the server does not have."""
_NOTHING = (None, False, assume_not_awaitable, assume_not_async_iterable)
_core: Any = sys.modules["graphql.execution.execute"]
_counts = Counter[str]()
_waited: list[object] = []


def _execute(*arguments: Any, **options: Any) -> Any:
    given = dict(zip(_PARAMETERS, arguments, strict=False)) | options
    given = {name: each for name, each in given.items() if not any(each is no for no in _NOTHING)}
    if more := sorted(given.keys() - _OF_ALL):
        _counts[" and ".join(more)] += 1
        return experimental_execute_incrementally(*arguments, **options)
    _waited.clear()
    try:
        result = execute(**given)
    except Refused as refused:
        _counts[refused.reason] += 1
        return experimental_execute_incrementally(*arguments, **options)
    _counts["plan"] += 1
    # What is there already need not be waited for; graphql-core has it waited for all the same.
    return _later(result) if isinstance(result, ExecutionResult) and _waited else result


async def _later(result: ExecutionResult) -> ExecutionResult:
    return result


def _watch_waiting() -> None:
    watching: Any = waiting
    is_awaitable, iterated = watching.is_awaitable, completion.Completion._iterated

    def watched(value: object) -> bool:
        if found := is_awaitable(value):
            _waited.append(value)
        return bool(found)

    async def watched_list(self: Any, of_field: Any, value: Any) -> Any:
        if hasattr(value, "__aiter__"):
            _waited.append(value)
        return await iterated(self, of_field, value)

    watching.is_awaitable = watched
    completion.Completion._iterated = watched_list  # type: ignore[method-assign]


def pytest_configure() -> None:
    """Put plans below ``execute``, ``execute_sync``, ``graphql`` and ``graphql_sync``."""
    _watch_waiting()
    _core.experimental_execute_incrementally = _execute


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect of the tests that differ that they fail, but for those that would wait for ever."""
    for item in items:
        for end, reason in DIFFERENCES.items():
            if item.nodeid.endswith(end):
                item.add_marker(
                    pytest.mark.xfail(reason=reason, strict=True, run=reason != CANCELS)
                )


def pytest_sessionfinish() -> None:
    """Write what ran on which engine."""
    Path(os.environ[COUNTS]).write_text(json.dumps(_counts), encoding="utf-8")
