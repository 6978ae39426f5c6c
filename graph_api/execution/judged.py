"""An operation that is decided: what was found before it runs, and how it runs under the guards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError

from graph_api.authorization.decisions import Key
from graph_api.authorization.guards import AlreadyReportedError, Running, running


class Rejection(list[GraphQLError]):
    """The errors of an operation that was decided not to run: Strawberry hands on just these."""


@dataclass(kw_only=True)
class Judged(Running):
    """An operation that is decided, before and while it runs.

    Attributes:
        errors: what is denied of it by the grants.
        key: what it and its caller are known by, in its document.
        encodes: whether the result is for one who encodes it.
    """

    errors: list[GraphQLError]
    key: Key
    encodes: bool = False

    @property
    def is_rejected(self) -> bool:
        """Whether nothing of it may run."""
        return self.decision.is_rejected

    def hold(self, execute: Callable[[], Any]) -> Any:
        """Execute under the guards; return the result, denials first, or an awaitable of it."""
        token = running.set(self)
        try:
            result = execute()
        finally:
            running.reset(token)
        if isinstance(result, ExecutionResult):
            is_clean = not (self.errors or result.errors or self.denials)
            return result if is_clean else self._with_denials(result)
        return self._finish(result) if isawaitable(result) else result

    async def _finish(self, result: Any) -> Any:
        with set_running(self):
            finished = await result
        return self._with_denials(finished)

    def _with_denials(self, result: Any) -> Any:
        """Put the denials before the errors of execution, which has nulled them without a word."""
        if not isinstance(result, ExecutionResult):
            return result
        denials = [*self.errors, *self.denials]
        others = [error for error in result.errors or () if not _is_reported(error)]
        return ExecutionResult(result.data, [*denials, *others] or None)


@contextmanager
def set_running(operation: Running) -> Iterator[None]:
    """Let guards find the operation meanwhile."""
    token = running.set(operation)
    try:
        yield
    finally:
        running.reset(token)


def _is_reported(error: GraphQLError) -> bool:
    return isinstance(error.original_error, AlreadyReportedError)
