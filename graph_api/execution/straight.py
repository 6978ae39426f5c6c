"""The straight way through a single row: values that are there, plain, and what their types expect.

Most of what is asked for hangs on nothing but the row. Nothing is noted down here; where something
is to be waited for, fails, or is anything else than plain, this stops, and a run goes on from there
with what was read so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph_api.execution.fields import Field, Selection
from graph_api.execution.waiting import is_plain, may_wait


@dataclass(eq=False, slots=True)
class Stopped:
    """Where the straight way ended.

    Attributes:
        selection: what was being selected.
        values: what its fields hold, by response key.
        done: the same, completed as far as it was; None if a leaf wasn't.
        below: the fields that are still to be completed, the first perhaps begun.
        begun: where it ended below the first of them.
    """

    selection: Selection
    values: dict[str, Any]
    done: dict[str, Any] | None = None
    below: Sequence[Field] = ()
    begun: Stopped | None = None


def straight(selection: Selection, row: Any) -> dict[str, Any] | Stopped:
    """Return what is selected of a row, or where that ended.

    Args:
        selection: a bare one, see :class:`graph_api.execution.fields.Selection`.
        row: the object that it is read from.
    """
    values: dict[str, Any] = {}
    rest: list[Field] = []
    for key, read, passes, of_field in selection.reads:
        try:
            value = values[key] = read(row)
        except Exception as error:  # noqa: BLE001 -- stands for the value
            value = values[key] = error
        if type(value) not in passes:
            rest.append(of_field)
    return _complete(selection, values, rest) if rest else values


def _complete(
    selection: Selection, values: dict[str, Any], rest: list[Field]
) -> dict[str, Any] | Stopped:
    """Complete what is not handed on as it is: all leaves before anything below the row."""
    done, below = {**values}, []
    for each in rest:
        value, of = values[each.key], each.value
        kind: Any = type(value)
        if of.bulk is not None:
            column = of.bulk([value])
            if column is None:
                return Stopped(selection, values)
            (done[each.key],) = column
        elif kind is list and of.bulk_items and (items := of.bulk_items([*value])) is not None:
            done[each.key] = items
        elif may_wait(kind):
            return Stopped(selection, values)
        else:
            below.append(each)
    while below:
        first, found = below[0], None
        value, of_objects = values[first.key], first.certain
        kind = type(value)
        if of_objects is not None and is_plain(kind) and first.value.is_of(kind, (value,)):
            found = straight(of_objects, value)
        if found is None or isinstance(found, Stopped):
            return Stopped(selection, values, done, below, found)
        done[below.pop(0).key] = found
    return done
