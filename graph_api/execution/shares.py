"""What is made of documents, bounded for all of them together: the oldest is forgotten first.

A document has a plan and a decision for each way in which its conditions and its callers' grants
differ. Their bounds for one document would let a thousand documents hold gigabytes.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any, TypeVar
from weakref import ref

from typing_extensions import override

Value = TypeVar("Value")


class Budget:
    """What all shares may cost together. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._spent = 0
        self._made: deque[tuple[ref[Share[Any]], object, int]] = deque()
        self._lock = Lock()

    def spend(self, share: Share[Any], key: object, cost: int) -> None:
        """Count what a share has made, and forget what was made before if it is too much."""
        with self._lock:
            self._made.append((ref(share), key, cost))
            self._spent += cost
            while self._spent > self._most:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        of, key, cost = self._made.popleft()
        self._spent -= cost
        share = of()
        if share is not None:  # its document is still kept
            share.pop(key, None)


class Share(dict[object, Value]):
    """What is made of one document."""

    def __init__(self, budget: Budget, cost: int) -> None:
        """Hold nothing yet.

        Args:
            budget: what all have.
            cost: of each thing that is made of this document.
        """
        super().__init__()
        self._budget = budget
        self._cost = cost

    @override
    def __setitem__(self, key: object, value: Value) -> None:
        super().__setitem__(key, value)
        self._budget.spend(self, key, self._cost)
