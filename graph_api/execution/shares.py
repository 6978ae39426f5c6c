"""What is made of documents, bounded for all of them together.

A document has a plan and a decision for each way in which its conditions and its callers' grants
differ. Their bounds for one document would let a thousand documents hold gigabytes. Of those that
are kept, the one of which most was made loses it first: who sends a document in ever new ways
pushes out its own, not what others send again and again.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar
from weakref import ref

from typing_extensions import override

Value = TypeVar("Value")

_LEFT = 3 / 4
"""How much of a budget is left spent where it was exceeded, so that this is rare."""


class Budget:
    """What all shares may cost together. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._spent = 0
        self._shares: dict[int, ref[Share[Any]]] = {}
        self._lock = Lock()

    def spend(self, share: Share[Any], cost: int) -> None:
        """Count what a share makes, and let others forget if that is too much."""
        with self._lock:
            self._shares[id(share)] = ref(share)
            self._spent += cost
            if self._spent > self._most:
                self._settle()

    def _settle(self) -> None:
        """Count what is still there; if that is too much, take from those that hold most."""
        found = (each() for each in self._shares.values())
        alive = sorted((each for each in found if each), key=lambda share: share.cost)
        self._spent = sum(each.cost for each in alive)
        while alive and self._spent > self._most * _LEFT:
            largest = alive.pop()
            self._spent -= largest.cost
            largest.clear()
        self._shares = {id(each): ref(each) for each in alive}


class Share(dict[object, Value]):
    """What is made of one document."""

    def __init__(self, budget: Budget, each: int) -> None:
        """Hold nothing yet.

        Args:
            budget: what all have.
            each: what each thing costs that is made of this document.
        """
        super().__init__()
        self._budget = budget
        self._each = each

    @property
    def cost(self) -> int:
        """What all of it costs."""
        return len(self) * self._each

    @override
    def __setitem__(self, key: object, value: Value) -> None:
        self._budget.spend(self, self._each)
        super().__setitem__(key, value)
