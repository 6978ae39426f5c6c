"""Results: with a code for each error, and what was not executed told from what was."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from graphql import GraphQLError
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from graph_api.errors import (
    BadUserInput,
    GraphApiError,
    OperationTooExpensive,
    ParseFailed,
    ValidationFailed,
    expose,
)
from graph_api.execution.judged import Rejection

Phase = Literal["parse", "validation", "authorization"]


@dataclass
class NotExecuted(PreExecutionError):
    """A refusal: nothing was executed, so a response has no ``data`` entry (GraphQL section 7.1).

    Attributes:
        phase: what refused it: parsing (with the limits), validation (with the coercion of
            variables), or authorization.
    """

    phase: Phase = "validation"


class Unreadable(GraphQLError):
    """The refusal of a document that is not GraphQL, or too expensive."""


def located(error: GraphApiError) -> Unreadable:
    """Return the refusal of a document, with the place in it that the parser told."""
    at = error.__cause__ if isinstance(error.__cause__, GraphQLError) else GraphQLError("")
    return Unreadable(
        error.message, source=at.source, positions=at.positions, extensions=error.extensions
    )


def conclude(result: ExecutionResult) -> ExecutionResult:
    """Give each error its code, and tell what was not executed from what was."""
    phase = _refused_in(result)
    code = ValidationFailed.code if phase else BadUserInput.code
    result.errors = [expose(error, code) for error in result.errors or ()] or None
    return NotExecuted(None, result.errors, result.extensions, phase) if phase else result


async def conclude_each(results: StreamResult) -> StreamResult:
    """Do so with each result of a subscription."""
    async with aclosing(results):
        try:
            async for result in results:
                yield conclude(result) if isinstance(result, ExecutionResult) else result
        except Unreadable as refusal:
            yield conclude(PreExecutionError(None, [refusal]))


def _refused_in(result: ExecutionResult) -> Phase | None:
    """Return what refused the operation; None if it ran."""
    errors = result.errors or []
    if isinstance(errors, Rejection):
        return "authorization"
    # graphql-core gives a path to each error from execution.
    if result.data is not None or not errors or any(error.path for error in errors):
        return None
    codes = {(error.extensions or {}).get("code") for error in errors}
    return "parse" if codes & {ParseFailed.code, OperationTooExpensive.code} else "validation"
