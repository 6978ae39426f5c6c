"""What an operation that was not executed answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from strawberry.types import ExecutionResult


@dataclass
class NotExecuted(ExecutionResult):
    """Errors from before execution: the response has no ``data`` entry (specification, 7.1).

    Attributes:
        phase: what refused it. Coercion of variables is part of ``validation``.
    """

    phase: Literal["parse", "validation", "authorization"] = "validation"
