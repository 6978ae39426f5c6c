"""The result of an operation that was not executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from strawberry.types.execution import PreExecutionError

Phase = Literal["parse", "validation", "authorization"]


@dataclass
class NotExecuted(PreExecutionError):
    """A refusal: nothing was executed, so a response has no ``data`` entry (GraphQL section 7.1).

    Attributes:
        phase: what refused it: parsing (with the limits), validation (with the coercion of
            variables), or authorization.
    """

    phase: Phase = "validation"
