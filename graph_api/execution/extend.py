"""Fields added to a shipped type, for one schema only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import strawberry
from strawberry.types.field import StrawberryField

Class = TypeVar("Class", bound=type)
_TARGET = "__graph_api_extends__"


def extend(target: type) -> Callable[[Class], Class]:
    """Add the fields of the decorated class to a Strawberry type: ``Schema(…, extend=[Class])``.

        @extend(User)
        class UserArticles:
            @strawberry.field(permission_classes=[Public()])
            async def articles(self: User, info: Info) -> list[Article] | None: …

    Subclassing the type would make a second type of the same name; this leaves it as it is and
    touches no other schema. In the methods ``self`` is an instance of the target.
    """

    def wrap(cls: Class) -> Class:
        setattr(cls, _TARGET, target)
        return strawberry.type(cls)

    return wrap


def added_fields(extensions: Iterable[Any]) -> dict[type, list[StrawberryField]]:
    """Return the fields that extensions add, by the type that they extend."""
    fields: dict[type, list[StrawberryField]] = {}
    for extension in extensions:
        own = extension.__strawberry_definition__.fields
        fields.setdefault(getattr(extension, _TARGET), []).extend(own)
    return fields
