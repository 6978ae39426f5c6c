"""The two engines: a plan where there can be one, graphql-core where there can't.

Both give the same answers. What runs on graphql-core does so for a reason that is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, MutableMapping
from functools import partial
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLSchema,
    get_named_type,
)
from graphql.execution import Executor
from graphql.utilities import get_operation_ast

from graph_api.authorization.decision import Operation
from graph_api.authorization.decisions import Key
from graph_api.authorization.principal import Grants
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.shape import Seen
from graph_api.execution.operations import fragments_of
from graph_api.execution.plan import Plan, Refused
from graph_api.execution.run import Run
from graph_api.observability import note

MOST_PLANS = 64
"""Kept for one document; with more, all are forgotten."""

WATCHED = "extensions"
"""Why graphql-core runs all operations of a schema whose extensions resolve its fields."""

Plans = MutableMapping[object, Plan | str]
"""The plans of one document, or why there is none."""


class Engine:
    """Makes plans for one schema.

    Attributes:
        refused: how often graphql-core ran an operation, by reason; one that it runs has the reason
            as ``graphql_core`` in the line of its request, too.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._reasons = dict(_reasons(book))
        self.refused = Counter[str]()

    def plan(self, kept: Plans, key: Key, operation: Operation, grants: Grants) -> Plan | None:
        """Return the plan of an operation for callers with some grants; None if there is none.

        Args:
            kept: the plans of the document.
            key: what the operation and its caller are known by.
            operation: what is asked, valid for the schema, with variables that fit.
            grants: what the caller holds.
        """
        found = kept.get(key)
        if found is None:
            if len(kept) >= MOST_PLANS:
                kept.clear()
            found = kept[key] = self.compile(operation, grants)
        if isinstance(found, Plan):
            return found
        self.leave(found)
        return None

    def leave(self, reason: str) -> None:
        """Count what is left to graphql-core, and say why in the line of the request."""
        self.refused[reason] += 1
        note(graphql_core=reason)

    def compile(self, operation: Operation, grants: Grants) -> Plan | str:
        """Return the plan of an operation, or why graphql-core has to run it."""
        node, schema = operation.node, self._book.schema
        try:
            plan = Plan(
                schema,
                node,
                operation.fragments,
                operation.conditions,
                self._book.relevant(grants),
            )
        except Refused as refused:
            return refused.reason
        of_roots = (self._reasons.get(each.coordinate) for each in plan.root.fields)
        return next(filter(None, of_roots), plan)


def _reasons(book: RuleBook) -> Iterator[tuple[str, str]]:
    """Yield the root fields that graphql-core has to run, with the reason.

    Who is judged changes below an acting field, and a trial is counted by its guard.
    """
    schema, seen = book.schema, Seen(book.schema)
    awkward = {"acting": book.acting, "trial": book.trials}
    for root in filter(None, (schema.query_type, schema.mutation_type)):
        for name, each in root.fields.items():
            reached = {one.name for one in seen.reachable([get_named_type(each.type)])}
            for reason, coordinates in awkward.items():
                of_types = {one.partition(".")[0] for one in coordinates}
                if of_types & reached or f"{root.name}.{name}" in coordinates:
                    yield f"{root.name}.{name}", reason


def execute(  # noqa: PLR0917 -- as graphql-core's
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
    run = Run(plan, lambda: executor, executor.variable_values, context_value, root_value)
    return run.response()
