"""What the application's scalars give, where an answer is to be encoded: JSON, and nothing else.

msgspec encodes dataclasses and the like, too, with attributes that nobody meant to show. ``json``,
by which Strawberry answers, fails there, and so does the field that such a value stands in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from contextvars import ContextVar
from inspect import isawaitable
from itertools import chain
from typing import Any, Final

from graphql.execution import Executor

from graph_api.authorization.guards import running
from graph_api.execution.judged import Judged

encodes: Final = ContextVar("encodes", default=False)
"""Whether what runs here is for one who encodes the result."""
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_NESTED: Final = _PLAIN | {dict, list, tuple}
_DEEPEST: Final = 32
"""How many levels are looked at at once; what is deeper is looked at value by value."""


def as_json(column: list[Any]) -> list[Any]:
    """Return a column of leaves; errors stand for those that have no JSON."""
    if _are_plain(column):
        return column
    return [each if isinstance(each, Exception) else _attempt(each) for each in column]


def for_encoding(executor: type[Executor[Any]]) -> type[Executor[Any]]:
    """Return the executor class, made to fail leaves that have no JSON, where they need it."""
    complete = executor.complete_leaf_value

    def complete_leaf_value(return_type: Any, result: Any) -> Any:
        completed, operation = complete(return_type, result), running.get()
        if not (isinstance(operation, Judged) and operation.encodes):
            return completed
        if isawaitable(completed):
            return _awaited(completed)
        require_json(completed)
        return completed

    bound = {"complete_leaf_value": staticmethod(complete_leaf_value)}
    return type(f"Encoding{executor.__name__}", (executor,), bound)


async def _awaited(value: Awaitable[Any]) -> Any:
    found = await value
    require_json(found)
    return found


def _are_plain(values: list[Any]) -> bool:
    """Whether all is surely JSON: a level of all values at a time, in a third of the time."""
    for _ in range(_DEEPEST):
        kinds = set(map(type, values))
        if kinds <= _PLAIN:
            return True
        if not kinds <= _NESTED:
            return False
        # Each once: what stands in itself several times would grow with each level.
        nested = {id(each): each for each in values if type(each) not in _PLAIN}.values()
        dicts = [each for each in nested if type(each) is dict]
        if not set(map(type, chain.from_iterable(dicts))) <= {str}:
            return False
        values = [*chain.from_iterable(each for each in nested if type(each) is not dict)]
        values.extend(chain.from_iterable(map(dict.values, dicts)))
    return False


def _attempt(value: Any) -> Any:
    try:
        require_json(value)
    except (TypeError, RecursionError) as error:
        return error
    return value


def require_json(value: Any) -> None:
    """Fail as ``json`` does.

    Raises:
        TypeError: there is something in it that has no JSON.
        RecursionError: it stands in itself.
    """
    if not _are_plain([value]):
        _require(value)


def _require(value: Any) -> None:
    match value:
        case None | str() | int() | float():
            return
        case dict():
            _require_keys(value)
            _require_each(value.values())
        case list() | tuple():
            _require_each(value)
        case _:
            raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _require_each(values: Iterable[Any]) -> None:
    for each in values:
        _require(each)


def _require_keys(value: dict[Any, Any]) -> None:
    for each in value:
        if isinstance(each, bool) or not isinstance(each, str | int | float):
            raise TypeError(f"keys must be str, int or float, not {type(each).__name__}")
