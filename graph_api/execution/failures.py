"""Field errors, and how they null what they are in (GraphQL specification, section 6.4.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from graphql import GraphQLError, located_error

from graph_api.execution.fields import Field
from graph_api.execution.place import Order, Place

Rows = list[Any]


@dataclass(frozen=True)
class Failed:
    """A field error on its way to the nearest place that may be null.

    Attributes:
        error: what is reported there.
        order: where it arose.
    """

    error: GraphQLError
    order: Order

    @classmethod
    def of(cls, of_field: Field, error: Exception, place: Place, row: int) -> Self:
        """Locate what one row of a field's column failed with."""
        path: Any = place.path(row)
        located = located_error(error, of_field.nodes, path.as_list())
        return cls(located, place.order(row))


Failures = dict[int, Failed]
"""What failed of a column, by row."""
NONE: Failures = {}


@dataclass(frozen=True)
class Denied:
    """A column that the grants deny.

    Attributes:
        place: where its rows stand.
        count: how many there are.
        order: the place of the field among those of the selection.
        report: reports the position, once for all rows.
    """

    place: Place
    count: int
    order: int
    report: Callable[[], None]

    def orders(self) -> Iterator[Order]:
        """Yield where a depth-first run comes to it."""
        return ((*self.place.order(row), self.order) for row in range(self.count))


@dataclass(eq=False)
class Reports:
    """What a run reports, beside the data.

    Attributes:
        errors: what was reported, by where it arose.
        nulled: places that are null since something below failed, and where that arose.
        denials: the denied columns that were come to.
    """

    errors: list[tuple[Order, GraphQLError]] = field(default_factory=list)
    nulled: dict[Order, Order] = field(default_factory=dict)
    denials: list[Denied] = field(default_factory=list)

    def absorb(self, rows: Rows, failures: Failures, place: Place) -> Rows:
        """Null what failed at a place that may be null, and report why."""
        for row, failed in failures.items():
            rows[row] = None
            position = place.order(row)
            if len(failed.order) > len(position):
                before = self.nulled.get(position)
                self.nulled[position] = min(failed.order, before) if before else failed.order
            self.errors.append((failed.order, failed.error))
        return rows

    def deny(self) -> None:
        """Report the denied columns to which a depth-first run comes, in its order."""
        reached = ((self._reached(each), each.report) for each in self.denials)
        for _, report in sorted((each for each in reached if each[0]), key=lambda each: each[0]):
            report()

    def _reached(self, denied: Denied) -> Order:
        """Return where a depth-first run first comes to a column; nothing if it never does."""
        return next((each for each in denied.orders() if not self._is_beyond(each)), ())

    def listed(self) -> list[GraphQLError]:
        """List errors as a depth-first run does: it stops below what is nulled."""
        return [
            error
            for order, error in sorted(self.errors, key=lambda each: each[0])
            if not self._is_beyond(order)
        ]

    def _is_beyond(self, order: Order) -> bool:
        """Whether something had failed above before a depth-first run would have come there."""
        if not self.nulled:
            return False
        prefixes = (order[:length] for length in range(len(order)))
        return any(order > self.nulled.get(prefix, order) for prefix in prefixes)
