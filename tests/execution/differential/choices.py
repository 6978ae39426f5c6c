"""Choices read from bytes: one draw for hypothesis, which then shrinks them to the simplest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads a choice from each byte. Where the bytes end, the first option is always chosen.

    So the first option of each choice is the simplest one, and what is made of nothing ends.
    """

    def __init__(self, entropy: bytes) -> None:
        self._bytes = iter(entropy)

    def below(self, bound: int) -> int:
        return next(self._bytes, 0) % bound

    def of(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def once_in(self, rarity: int) -> bool:
        return self.below(rarity) == rarity - 1
