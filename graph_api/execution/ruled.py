"""Fields whose ``permission_classes`` are taken over from Strawberry."""

from __future__ import annotations

import copy
from typing import Any

from strawberry.extensions import FieldExtension
from strawberry.permission import PermissionExtension
from strawberry.types.field import StrawberryField

from graph_api.authorization.rules import Rule, Tried


def ruled(field: StrawberryField) -> StrawberryField:
    """Return a copy whose rules are printed, and held by our guards.

    The field itself stays as it is: a stock schema of the same types still checks it.
    """
    if not field.permission_classes:
        return field
    taken = copy.copy(field)
    taken.extensions = list(field.extensions)
    taken.extensions.remove(_of_classes(field))
    entries = [each for each in field.permission_classes if not isinstance(each, Tried)]
    taken.directives = [*field.directives, *map(Rule.of, entries)]
    return taken


def _of_classes(field: StrawberryField) -> FieldExtension:
    """Return the extension that Strawberry made of the field's ``permission_classes``.

    It is the last: others of the same permissions, perhaps with other parameters, stay.
    """
    classes: list[Any] = field.permission_classes
    return next(
        each
        for each in reversed(field.extensions)
        if isinstance(each, PermissionExtension)
        and [one if isinstance(one, Rule | Tried) else type(one) for one in each.permissions]
        == classes
    )
