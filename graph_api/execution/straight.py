"""The straight way through a single row: values that are there, plain, and what their types expect.

Most of what is asked for hangs on nothing but the row. Nothing is noted down here; where something
is to be waited for, fails, or is anything else than plain, this stops, and a run goes on from there
with what was read so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph_api.execution.fields import Selection
from graph_api.execution.waiting import is_plain, may_wait


@dataclass(eq=False, slots=True)
class Stopped:
    """Where the straight way ended.

    Attributes:
        selection: what was being selected.
        values: what its fields hold.
        done: the same, completed as far as it was; None if a leaf wasn't.
        below: the fields, by number, that are still to be completed, the first perhaps begun.
        begun: where it ended below the first of them.
    """

    selection: Selection
    values: list[Any]
    done: list[Any] | None = None
    below: Sequence[int] = ()
    begun: Stopped | None = None


def straight(selection: Selection, row: Any) -> dict[str, Any] | Stopped:
    """Return what is selected of a row, or where that ended.

    Args:
        selection: a bare one, see :class:`graph_api.execution.fields.Selection`.
        row: the object that it is read from.
    """
    values: list[Any] = []
    rest: list[int] = []
    for read, passes in selection.reads:
        try:
            value = read(row)
        except Exception as error:  # noqa: BLE001 -- stands for the value
            value = error
        if type(value) not in passes:
            rest.append(len(values))
        values.append(value)
    if not rest:
        return dict(zip(selection.keys, values))  # noqa: B905 -- both are equal
    done = [*values]
    below = _complete_leaves(selection, done, rest)
    if below is None:
        return Stopped(selection, values)
    for position, number in enumerate(below):
        kind: Any = type(values[number])
        of_objects, found = selection.fields[number].certain, None
        if of_objects is not None and is_plain(kind):
            found = straight(of_objects, values[number])
        if found is None or isinstance(found, Stopped):
            return Stopped(selection, values, done, below[position:], found)
        done[number] = found
    return dict(zip(selection.keys, done))  # noqa: B905 -- both are equal


def _complete_leaves(selection: Selection, done: list[Any], rest: list[int]) -> list[int] | None:
    """Complete leaves, and lists of them; return what else there is, None if all has to wait."""
    below: list[int] = []
    for number in rest:
        value, of = done[number], selection.fields[number].value
        if of.bulk is not None:
            column = of.bulk([value])
            if column is None:
                return None
            (done[number],) = column
            continue
        kind: Any = type(value)
        items = of.bulk_items([*value]) if of.bulk_items is not None and kind is list else None
        if items is not None:
            done[number] = items
        elif may_wait(kind):
            return None
        else:
            below.append(number)
    return below
