"""What a type checker accepts of the rules, and what it refuses.

Nothing here runs: mypy in strict mode refuses an `ignore` that it has no use for.
"""

from collections.abc import Sequence
from typing import assert_type

import strawberry
from strawberry.permission import BasePermission

from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import (
    Carrier,
    Conceal,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsSelf,
    Public,
    Reject,
    Rule,
    rule,
)


class InTenant(BasePermission):
    def has_permission(self, source: object, info: object, **kwargs: object) -> bool:
        return True


@rule
async def owns(principal: Principal, objects: Sequence[object]) -> Sequence[bool]:
    return [True for _ in objects]


# Each stands where Strawberry wants a permission class.
assert_type(Public(ignores_bearer=True), type[Rule])
assert_type(owns, type[Rule])
assert_type(Reject(Conceal(HasRole("admin"))), type[Rule])
assert_type(IsAuthenticated() & ~HasRole("guest"), type[Rule])
assert_type(HasPermission("user:read") | IsSelf(by="owner_id") | owns, type[Rule])
assert_type(HasRole("admin") | InTenant, type[Rule])


@strawberry.type(directives=[Carrier()])
class User:
    email: str | None = strawberry.field(
        permission_classes=[HasPermission("user:read") | IsSelf(arg="input.userId")]
    )

    @strawberry.field(permission_classes=[HasRole("admin"), InTenant])
    def name(self) -> str | None:
        return None


# What is no rule does not compose with one, and a rule's parameters have their types.
HasRole("admin") | "editor"  # type: ignore[operator]
HasRole("admin") & 1  # type: ignore[operator]
HasRole(["admin"])  # type: ignore[arg-type]
HasPermission()  # type: ignore[call-arg]
IsSelf("owner_id")  # type: ignore[call-arg]
Public(True)  # type: ignore[call-arg]
strawberry.field(permission_classes=[HasRole])  # type: ignore[list-item]
