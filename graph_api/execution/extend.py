"""Fields added to a shipped type, for one schema only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField


@dataclass(frozen=True)
class Extension:
    """Fields that one schema adds to a type: ``Schema(…, extend=[UserArticles])``."""

    target: type
    fields: tuple[StrawberryField, ...]


def extend(target: type) -> Callable[[type], Extension]:
    """Add the fields of the decorated class to a Strawberry type.

        @extend(User)
        class UserArticles:
            @strawberry.field(permission_classes=[Public()])
            async def articles(self, info: Info) -> list[Article]: …

    Subclassing the type would make a second type of the same name; this leaves it as it is and
    touches no other schema. In the methods ``self`` is an instance of the target.
    """

    def wrap(cls: type) -> Extension:
        definition: Any = strawberry.type(cls)
        return Extension(target, tuple(definition.__strawberry_definition__.fields))

    return wrap
