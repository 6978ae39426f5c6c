"""Where the rows of a run stand in the response: paths are made only when one is asked for.

A run completes whole columns, so nothing is kept of a row but its number. A place tells what the
number means: its response path, and its position in the order of a depth-first run, by which
errors are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from graphql.pyutils import Path

Order = tuple[int, ...]
"""A position: the number of the field in each selection, the index in each list."""


class Place:
    """The root of the response, of which there is one row.

    Attributes:
        is_within: whether it is below the root.
    """

    is_within: ClassVar[bool] = False

    def path(self, row: int) -> Path | None:
        """Return the response path of a row, None for the root."""
        return None

    def order(self, row: int) -> Order:
        """Return the position of a row."""
        return ()


@dataclass(frozen=True)
class FieldPlace(Place):
    """A field of the rows of another place."""

    is_within: ClassVar[bool] = True
    of: Place
    key: str
    number: int
    type_name: str

    def path(self, row: int) -> Path:  # noqa: D102 -- as above
        return Path(self.of.path(row), self.key, self.type_name)

    def order(self, row: int) -> Order:  # noqa: D102 -- as above
        return (*self.of.order(row), self.number)


@dataclass(frozen=True)
class ItemPlace(Place):
    """The items of the lists that the rows of another place are."""

    is_within: ClassVar[bool] = True
    of: Place
    owners: Sequence[int]
    indices: Sequence[int]

    def path(self, row: int) -> Path:  # noqa: D102 -- as above
        return Path(self.of.path(self.owners[row]), self.indices[row], None)

    def order(self, row: int) -> Order:  # noqa: D102 -- as above
        return (*self.of.order(self.owners[row]), self.indices[row])


@dataclass(frozen=True)
class SomePlace(Place):
    """Some rows of another place."""

    is_within: ClassVar[bool] = True
    of: Place
    rows: Sequence[int]

    def path(self, row: int) -> Path | None:  # noqa: D102 -- as above
        return self.of.path(self.rows[row])

    def order(self, row: int) -> Order:  # noqa: D102 -- as above
        return self.of.order(self.rows[row])
