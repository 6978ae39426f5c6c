"""The verdict on a field, as clients see it."""

from __future__ import annotations

import enum

import strawberry

from graph_api.authorization.access import Verdict
from graph_api.authorization.rules import Carrier


@strawberry.enum(description="What a caller may do with a field.")
class Access(enum.Enum):
    """The verdict on a field, as far as it is known before the operation."""

    ALLOWED = strawberry.enum_value(Verdict.ALLOWED, description="It may be used.")
    DENIED = strawberry.enum_value(
        Verdict.DENIED, description="It may not be used, or it does not exist."
    )
    DEPENDS_ON_OBJECT = strawberry.enum_value(
        Verdict.DEPENDS_ON_OBJECT, description="It depends on whose it is."
    )


@strawberry.type(description="What the caller may do with a field.", directives=[Carrier()])
class FieldAccess:
    """A field and the verdict on it."""

    coordinate: str = strawberry.field(description="The field, such as `User.email`.")
    access: Access = strawberry.field(description="What the caller may do with it.")
