"""Waiting: once for all that stands in a level, and not at all where nothing has to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from functools import lru_cache
from inspect import iscoroutine
from typing import Any, TypeVar

from graphql import Undefined
from graphql.pyutils import is_awaitable

T = TypeVar("T")
_ABSENT = frozenset({type(None), type(Undefined)})


class MustWait(Exception):
    """There is no event loop to wait in."""


def start(running: Coroutine[Any, Any, T]) -> Any:
    """Begin a coroutine; return its result, or an awaitable of it if it has to wait."""
    try:
        first = running.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    except MustWait:
        return Rest(_never(), None)
    return Rest(running, first)


async def _never() -> Any:
    raise RuntimeError("There was no event loop to wait in.")


class Rest:
    """What is left of a coroutine that was begun."""

    def __init__(self, running: Coroutine[Any, Any, Any], first: Any) -> None:
        self._running = running
        self._first = first

    def __await__(self) -> Generator[Any, Any, Any]:
        """Go on where it waits."""
        waits_for = self._first
        while True:
            try:
                try:
                    given = yield waits_for
                except BaseException as error:  # noqa: BLE001 -- such as being cancelled
                    waits_for = self._running.throw(error)
                else:
                    waits_for = self._running.send(given)
            except StopIteration as done:
                return done.value


@lru_cache(maxsize=4096)
def is_plain(of_type: Any) -> bool:
    """Whether values of a class are there: neither null, nor an error, nor to be waited for."""
    return not (of_type in _ABSENT or issubclass(of_type, Exception) or may_wait(of_type))


@lru_cache(maxsize=4096)
def may_wait(of_type: Any) -> bool:
    """Whether values of a class may have to be waited for."""
    return hasattr(of_type, "__await__")


async def settle(columns: Sequence[list[Any]]) -> None:
    """Wait, once, for all that is to be waited for; what fails stands in its place as an error.

    Raises:
        MustWait: there is no event loop.
    """
    waiting = [
        (column, row)
        for column in columns
        if any(map(may_wait, set(map(type, column))))
        for row, each in enumerate(column)
        if is_awaitable(each)
    ]
    if not waiting:
        return
    if asyncio._get_running_loop() is None:
        for column, row in waiting:
            if iscoroutine(column[row]):
                column[row].close()
        raise MustWait
    if len(waiting) == 1:
        ((column, row),) = waiting
        try:
            column[row] = await column[row]
        except Exception as error:  # noqa: BLE001 -- stands for the value
            column[row] = error
        return
    settled = await asyncio.gather(
        *(column[row] for column, row in waiting), return_exceptions=True
    )
    for (column, row), value in zip(waiting, settled, strict=True):
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value
        column[row] = value
