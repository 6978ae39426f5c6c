"""The two engines: a plan where there can be one, graphql-core where there can't.

Both give the same answers. What runs on graphql-core does so for a reason that is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
)
from graphql.execution import Executor
from graphql.utilities import get_operation_ast

from graph_api.execution.plan import Plan
from graph_api.execution.run import MustWait, Run

T = TypeVar("T")
refusals = Counter[str]()
"""How often graphql-core ran an operation of this process, by reason."""


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    *more: Any,
    executor_class: type[Executor[Any]] | None = None,
    **options: Any,
) -> Any:
    """Execute a query or mutation as ``graphql.execute`` does, by a plan; the schema has no rules.

    Returns:
        The result, or an awaitable of it.

    Raises:
        Refused: for what only graphql-core runs.
    """
    build = partial(
        (executor_class or Executor).build,
        schema,
        document,
        root_value,
        context_value,
        variable_values,
        operation_name,
        *more,
        **options,
    )
    executor: Any = build()
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    operation: Any = get_operation_ast(document, operation_name)
    conditions = executor.variable_values.coerced
    plan = Plan(schema, operation, fragments_of(document), conditions)
    run = Run(plan, lambda: executor, root_value)
    return start(run.response())


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    definitions = document.definitions
    return {
        each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)
    }


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
