"""The accounts' GraphQL inputs. What was not given is ``UNSET`` and changes nothing."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import strawberry
from sqlmodel import col
from strawberry.utils.str_converters import to_camel_case

from graph_api.accounts import audit, users
from graph_api.accounts.graphql.types import AuditOutcome
from graph_api.db.keyset import OrderBy
from graph_api.db.tables import AuditEventRow, UserRow
from graph_api.errors import BadUserInput


def given(**values: Any) -> dict[str, Any]:
    """Return the values that the client gave."""
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}


def _narrowing(where: UserFilter | AuditEventFilter, instants: Sequence[str]) -> dict[str, Any]:
    """Return what of a filter was given, with its instants in UTC.

    Raises:
        BadUserInput: for an instant without a time zone, or one that UTC's calendar has not.
    """
    values = given(**vars(where))
    for name in instants:
        if values.get(name) is not None:
            values[name] = _instant(values[name], f"filter.{to_camel_case(name)}")
    return values


def _instant(value: datetime, path: str) -> datetime:
    try:
        if value.tzinfo is not None:
            return value.astimezone(UTC)
    except OverflowError:
        pass
    raise BadUserInput.at(path, "Give an instant with its offset, such as 2030-01-31T12:00:00Z.")


@strawberry.input(description="What to sign in with.")
class LoginInput:
    """The input of ``login``."""

    email: str = strawberry.field(description="The account's e-mail address.")
    password: str = strawberry.field(description="The account's password.")


@strawberry.input(description="What to refresh with.")
class RefreshInput:
    """The input of ``refresh``."""

    refresh_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The refresh token that came last; none where it is in a cookie.",
    )


@strawberry.input(description="Which session to end.")
class LogoutInput:
    """The input of ``logout``."""

    refresh_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The session's refresh token, if it is not in a cookie.",
    )


@strawberry.input(description="A new account, for oneself.")
class RegisterInput:
    """The input of ``register``."""

    email: str = strawberry.field(description="The address to sign in with.")
    password: str = strawberry.field(description="At least 12 characters, and not a common one.")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What others will see."
    )


@strawberry.input(description="A new password, for oneself.")
class ChangePasswordInput:
    """The input of ``changePassword``."""

    current_password: str = strawberry.field(description="The password as it is now.")
    new_password: str = strawberry.field(
        description="At least 12 characters, and not a common one."
    )


@strawberry.input(description="What to change about oneself.")
class UpdateProfileInput:
    """The input of ``updateProfile``."""

    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What others see; null removes it."
    )


@strawberry.input(description="Which session to end.")
class RevokeSessionInput:
    """The input of ``revokeSession``."""

    session_id: strawberry.ID = strawberry.field(
        description="One's own, or another's with the permission `session:write`."
    )


@strawberry.input(description="A new account, for somebody.")
class CreateUserInput:
    """The input of ``createUser``."""

    email: str = strawberry.field(description="The address to sign in with.")
    password: str = strawberry.field(description="At least 12 characters, and not a common one.")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What others will see."
    )
    role_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="The roles to grant; none that exceeds one's own."
    )


@strawberry.input(description="What to change about somebody.")
class UpdateUserInput:
    """The input of ``updateUser``."""

    user_id: strawberry.ID = strawberry.field(description="Whom to change.")
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="A new address to sign in with."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What others see; null removes it."
    )


@strawberry.input(description="Whom to disable.")
class DisableUserInput:
    """The input of ``disableUser``."""

    user_id: strawberry.ID = strawberry.field(description="Whom to disable.")


@strawberry.input(description="Whom to enable.")
class EnableUserInput:
    """The input of ``enableUser``."""

    user_id: strawberry.ID = strawberry.field(description="Whom to enable.")


@strawberry.input(description="Whom to delete.")
class DeleteUserInput:
    """The input of ``deleteUser``."""

    user_id: strawberry.ID = strawberry.field(description="Whom to delete.")


@strawberry.input(description="Which role to grant to whom.")
class GrantRoleInput:
    """The input of ``grantRole``."""

    user_id: strawberry.ID = strawberry.field(description="To whom.")
    role_id: strawberry.ID = strawberry.field(description="Which role; none above one's own.")


@strawberry.input(description="Which role to take from whom.")
class RevokeRoleInput:
    """The input of ``revokeRole``."""

    user_id: strawberry.ID = strawberry.field(description="From whom.")
    role_id: strawberry.ID = strawberry.field(description="Which role.")


@strawberry.input(description="A new role.")
class CreateRoleInput:
    """The input of ``createRole``."""

    name: str = strawberry.field(
        description="Lower-case letters, digits, `-` and `_`; it never changes."
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is for."
    )
    permissions: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="What it grants, `noun:verb`; none beyond one's own."
    )
    include_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Roles of which it grants all that they grant."
    )


@strawberry.input(description="What to change about a role; what is given replaces what was.")
class UpdateRoleInput:
    """The input of ``updateRole``."""

    role_id: strawberry.ID = strawberry.field(description="Which role.")
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="What it is for; null removes it."
    )
    permissions: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="What it grants, `noun:verb`; null means nothing."
    )
    include_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Roles that it includes; null means none."
    )


@strawberry.input(description="Which role to delete.")
class DeleteRoleInput:
    """The input of ``deleteRole``."""

    role_id: strawberry.ID = strawberry.field(description="Which role.")


@strawberry.enum(description="Up or down.")
class OrderDirection(enum.Enum):
    """A direction to sort in."""

    ASC = strawberry.enum_value("asc", description="The smallest first; nothing comes last.")
    DESC = strawberry.enum_value("desc", description="The largest first; nothing comes first.")


@strawberry.input(description="Which users to list; what is not given does not narrow.")
class UserFilter:
    """Narrows ``users``."""

    search: str | None = strawberry.field(
        default=strawberry.UNSET, description="Stands in the address or the name."
    )
    role: str | None = strawberry.field(
        default=strawberry.UNSET, description="The name of a role held, also through another."
    )
    disabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether they are disabled."
    )
    created_after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Made at this instant or later."
    )
    created_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Made before this instant."
    )

    def narrow(self) -> users.UserFilter:
        """Return what the accounts filter by."""
        return users.UserFilter(**_narrowing(self, instants=("created_after", "created_before")))


@strawberry.enum(description="What users can be sorted by.")
class UserOrderField(enum.Enum):
    """A column of users."""

    CREATED_AT = strawberry.enum_value("created_at", description="When the account was made.")
    EMAIL = strawberry.enum_value("email", description="The address.")
    NAME = strawberry.enum_value("name", description="What others see.")
    LAST_LOGIN_AT = strawberry.enum_value("last_login_at", description="When they signed in last.")


@strawberry.input(description="How to sort users.")
class UserOrder:
    """One column to sort users by."""

    field: UserOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Up or down."
    )


@strawberry.input(description="Which audit events to list; what is not given does not narrow.")
class AuditEventFilter:
    """Narrows ``auditEvents``."""

    actions: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="One of these happened."
    )
    outcome: AuditOutcome | None = strawberry.field(
        default=strawberry.UNSET, description="It ended so."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="This user did it."
    )
    target_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="It was done to this user, role, session or key."
    )
    after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="At this instant or later."
    )
    before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Before this instant."
    )

    def narrow(self) -> audit.AuditEventFilter:
        """Return what the audit trail filters by."""
        values = _narrowing(self, instants=("after", "before"))
        if values.get("outcome") is not None:
            values["outcome"] = values["outcome"].value
        return audit.AuditEventFilter(**values)


@strawberry.enum(description="What audit events can be sorted by.")
class AuditEventOrderField(enum.Enum):
    """A column of audit events."""

    AT = strawberry.enum_value("at", description="When it happened.")


@strawberry.input(description="How to sort audit events.")
class AuditEventOrder:
    """One column to sort audit events by."""

    field: AuditEventOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Up or down."
    )


def order_by(
    table: type[UserRow | AuditEventRow],
    orders: Sequence[UserOrder | AuditEventOrder] | None,
) -> list[OrderBy]:
    """Return how to sort the rows of a table."""
    return [
        OrderBy(
            column=col(getattr(table, each.field.value)),
            name=each.field.value,
            descending=each.direction is OrderDirection.DESC,
        )
        for each in orders or ()
    ]
