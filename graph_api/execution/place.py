"""Where the rows of a run stand in the response: paths are made only when one is asked for.

A run completes whole columns, so nothing is kept of a row but its number. A place tells what the
number means: its response path, and its position in the order of a depth-first run, by which
errors are listed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar

from graphql.pyutils import Path

from graph_api.execution.fields import Field

Order = tuple[int, ...]
"""A position: the number of the field in each selection, the index in each list."""


class Place:
    """The root of the response, of which there is one row.

    Attributes:
        is_within: whether it is below the root.
    """

    __slots__ = ()
    is_within: ClassVar[bool] = False

    def path(self, row: int) -> Path | None:
        """Return the response path of a row, None for the root."""
        return None

    def order(self, row: int) -> Order:
        """Return the position of a row."""
        return ()


@dataclass(eq=False, slots=True)
class FieldPlace(Place):
    """A field of the rows of another place."""

    is_within: ClassVar[bool] = True
    of: Place
    field: Field

    def path(self, row: int) -> Path:  # noqa: D102 -- as above
        return Path(self.of.path(row), self.field.key, self.field.parent.name)

    def order(self, row: int) -> Order:  # noqa: D102 -- as above
        return (*self.of.order(row), self.field.order)


@dataclass(eq=False)
class ItemPlace(Place):
    """The items of the lists that the rows of another place are, one list after the other."""

    is_within: ClassVar[bool] = True
    of: Place
    lists: Sequence[Sequence[Any]]

    @cached_property
    def _starts(self) -> list[int]:
        return [*accumulate(map(len, self.lists), initial=0)]

    def owner(self, row: int) -> int:
        """Return which of the lists an item is in."""
        return bisect_right(self._starts, row) - 1

    def index(self, row: int) -> int:
        """Return which of its list it is."""
        return row - self._starts[self.owner(row)]

    def path(self, row: int) -> Path:  # noqa: D102 -- as above
        return Path(self.of.path(self.owner(row)), self.index(row), None)

    def order(self, row: int) -> Order:  # noqa: D102 -- as above
        return (*self.of.order(self.owner(row)), self.index(row))


@dataclass(eq=False, slots=True)
class SomePlace(Place):
    """Some rows of another place."""

    is_within: ClassVar[bool] = True
    of: Place
    rows: Sequence[int]

    def path(self, row: int) -> Path | None:  # noqa: D102 -- as above
        return self.of.path(self.rows[row])

    def order(self, row: int) -> Order:  # noqa: D102 -- as above
        return self.of.order(self.rows[row])
