"""Subscriptions: decided before anything is subscribed to, and again for each event.

GraphQL specification, section 6.2.3. A stream may outlive a role, so who listens is asked of the
context object at each event: a host that knows better by then says so there. When the root field is
denied, the stream ends with that error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor
from typing_extensions import override

from graph_api.authorization.decision import Operation
from graph_api.authorization.decisions import Decisions
from graph_api.execution.judged import Judged, Rejection


class Judge(Protocol):
    """What is asked of a schema about a subscription."""

    def misfits(self, operation: Operation, context: Any) -> list[GraphQLError]:
        """Return why variables don't fit their types."""

    def judge(self, operation: Operation, context: Any, decisions: Decisions) -> Judged:
        """Decide an operation for its caller."""


OperationOf = Callable[[DocumentNode, str | None, dict[str, Any]], Operation]


def subscribing(
    executor: type[Executor[Any]], judge: Judge, operation_of: OperationOf
) -> type[Executor[Any]]:
    """Return the executor class, made to decide subscriptions."""
    bound = {"judge": judge, "operation_of": staticmethod(operation_of)}
    return type(f"Subscribing{executor.__name__}", (_SubscribingExecutor, executor), bound)


class _SubscribingExecutor(Executor[Any]):
    judge: Judge
    operation_of: OperationOf
    asked: Operation | None = None
    decisions: Decisions

    @classmethod
    @override
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        *more: Any,
        **options: Any,
    ) -> Any:
        given = root_value, context_value, raw_variable_values, operation_name
        asked = cls.operation_of(document, operation_name, raw_variable_values or {})
        if asked.node.operation is not OperationType.SUBSCRIPTION:
            return super().build(schema, document, *given, *more, **options)
        if misfits := cls.judge.misfits(asked, context_value):
            return misfits
        executor: Any = super().build(schema, document, *given, *more, **options)
        if isinstance(executor, list):
            return executor
        executor.asked, executor.decisions = asked, {}
        judged = executor.judged()
        return Rejection(judged.errors) if judged.is_rejected else executor

    def judged(self) -> Judged:
        """Decide for the caller as the context object tells now."""
        if self.asked is None:
            raise LookupError("This is no subscription.")
        return self.judge.judge(self.asked, self.context_value, self.decisions)

    @override
    def execute_operation(self, serially: bool | None = None) -> Any:
        execute = super().execute_operation
        if self.asked is None:
            return execute(serially)
        judged = self.judged()
        if judged.is_rejected:
            raise judged.errors[0]
        return judged.hold(lambda: execute(serially))
