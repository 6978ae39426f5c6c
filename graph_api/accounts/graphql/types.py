"""The accounts' GraphQL types, made of rows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, cast

import strawberry
from sqlalchemy import Select, case, select
from sqlmodel import col
from strawberry.scalars import JSON

from graph_api.accounts.graphql import loaders
from graph_api.authorization.rules import Carrier, HasPermission, IsSelf, Public
from graph_api.context import Context
from graph_api.db import Columns, ReadAs
from graph_api.db.keyset import OrderBy, PageArgs
from graph_api.db.tables import AuditEventRow, RoleRow, SessionRow, UserRow
from graph_api.execution.columns import EVERYTHING, Lazy, Names, reads
from graph_api.relay import (
    After,
    Before,
    Connection,
    First,
    Info,
    Last,
    Node,
    caller,
    connect_each,
    fetch_by_id,
    page_args,
)

USER_READ = HasPermission("user:read") | IsSelf()


@strawberry.type(
    description="A role: permissions that are granted together.", directives=[Carrier()]
)
class Role(Node):
    """A role."""

    id_prefix = "rol"

    name: str = strawberry.field(description="What rules call it; it never changes.")
    description: str | None = strawberry.field(description="What it is for.")

    @strawberry.field(
        description="The permissions that it grants itself, `noun:verb`.", metadata=reads("id")
    )
    async def permissions(self, info: Info) -> list[str]:
        """Return the role's own permissions, sorted."""
        return list(await info.context.load(loaders.permissions_of_roles, self.id))

    @strawberry.field(
        description="Roles of which it grants all that they grant.", metadata=reads("id")
    )
    async def includes(self, info: Info) -> list[Role]:
        """Return the roles that it includes, by name."""
        return list(await info.context.load(roles_included_by, self.id))

    @classmethod
    def of(cls, row: RoleRow) -> Self:
        """Return the GraphQL object of a row."""
        return cls(id=strawberry.ID(row.id), name=row.name, description=row.description)

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return roles, for those who may read them."""
        if "role:read" not in context.principal.permissions:
            return [None] * len(ids)
        found = await fetch_by_id(
            context, select(RoleRow), key=col(RoleRow.id), ids=ids, node=ROLES
        )
        return cast("list[Self | None]", found)


ROLES = Columns(Role, RoleRow)


async def roles_included_by(context: Context, role_ids: Sequence[str]) -> Sequence[list[Role]]:
    """Return the roles that each role includes, by name: a batch function."""
    return await _roles_by(context, loaders.roles_included_by(role_ids), role_ids)


async def _roles_of_users(
    context: Context, user_ids: Sequence[str], names: Names
) -> Sequence[list[Role]]:
    return await _roles_by(context, loaders.roles_of_users(user_ids), user_ids, names)


async def _roles_by(
    context: Context, roles: Select[Any], keys: Sequence[str], names: Names = EVERYTHING
) -> list[list[Role]]:
    """Return the roles that belong to each key, which is the column of the statement."""
    wanted = ROLES.names(names)
    found = await context.db.fetch(roles.add_columns(*ROLES.columns(wanted)))
    groups: dict[str, list[Role]] = {each: [] for each in keys}
    for row, role in zip(found, ROLES.objects(wanted, [row[1:] for row in found]), strict=True):
        groups[row[0]].append(role)
    return [groups[each] for each in keys]


@strawberry.type(
    description="A sign-in on one device, renewed by refreshing.", directives=[Carrier()]
)
class Session(Node):
    """A session."""

    id_prefix = "ses"

    created_at: datetime = strawberry.field(description="When its user signed in.")
    last_used_at: datetime = strawberry.field(description="When it was refreshed last.")
    expires_at: datetime = strawberry.field(description="When it ends unless it is used before.")
    ended_at: datetime | None = strawberry.field(description="When it ended, if it has.")
    user_agent: str | None = strawberry.field(
        description="The program that signed in, in its words."
    )
    ip_address: str | None = strawberry.field(description="The address that it signed in from.")

    @strawberry.field(
        description="Whether it is the one that this request belongs to.", metadata=reads("id")
    )
    def current(self, info: Info) -> bool:
        """Compare with the session that the access token names."""
        return caller(info).session_id == self.id

    @classmethod
    def of(cls, row: SessionRow) -> Self:
        """Return the GraphQL object of a row."""
        return cls(
            id=strawberry.ID(row.id),
            created_at=row.created_at,
            last_used_at=row.rotated_at,
            expires_at=min(row.idle_expires_at, row.absolute_expires_at),
            ended_at=row.ended_at,
            user_agent=row.user_agent,
            ip_address=row.ip_address,
        )

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return sessions: one's own, or all for those who may read them."""
        seen = select(SessionRow)
        if "session:read" not in context.principal.permissions:
            seen = seen.where(col(SessionRow.user_id) == context.principal.subject)
        found = await fetch_by_id(context, seen, key=col(SessionRow.id), ids=ids, node=SESSIONS)
        return cast("list[Self | None]", found)


SESSIONS = Columns(
    Session,
    SessionRow,
    last_used_at=SessionRow.rotated_at,
    expires_at=case(
        (
            col(SessionRow.idle_expires_at) < col(SessionRow.absolute_expires_at),
            col(SessionRow.idle_expires_at),
        ),
        else_=col(SessionRow.absolute_expires_at),
    ),
)


@strawberry.type(description="Somebody with an account.")
class User(Node):
    """A user."""

    id_prefix = "usr"

    name: str | None = strawberry.field(
        description="What others see.", permission_classes=[Public()]
    )
    email: str | None = strawberry.field(
        description="What they sign in with, in lower case.", permission_classes=[USER_READ]
    )
    created_at: datetime | None = strawberry.field(
        description="When the account was made.", permission_classes=[USER_READ]
    )
    last_login_at: datetime | None = strawberry.field(
        description="When they signed in last.", permission_classes=[USER_READ]
    )
    disabled_at: datetime | None = strawberry.field(
        description="Since when they may not sign in.", permission_classes=[USER_READ]
    )

    @strawberry.field(
        description="The roles that were granted to them.",
        permission_classes=[USER_READ],
        metadata=reads("id"),
        graphql_type=list[Role] | None,
    )
    def roles(self, info: Info) -> Lazy[list[Role]]:
        """Return the granted roles, by name, without those that they include."""
        return info.context.fetch(_roles_of_users, self.id)

    @strawberry.field(
        description="All permissions that follow from their roles.",
        permission_classes=[USER_READ],
        metadata=reads("id"),
    )
    async def permissions(self, info: Info) -> list[str] | None:
        """Return the permissions of the roles and all that they include, sorted."""
        return list(await info.context.load(loaders.permissions_of_users, self.id))

    @strawberry.field(
        description="Their sessions, the newest first.",
        permission_classes=[HasPermission("session:read") | IsSelf()],
        metadata=reads("id"),
        graphql_type=Connection[Session] | None,
    )
    def sessions(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Lazy[Connection[Session]]:
        """Return a page of sessions."""
        return sessions_of(info.context, self.id, page_args(first, after, last, before))

    @classmethod
    def of(cls, row: UserRow) -> Self:
        """Return the GraphQL object of a row."""
        return cls(
            id=strawberry.ID(row.id),
            name=row.name,
            email=row.email,
            created_at=row.created_at,
            last_login_at=row.last_login_at,
            disabled_at=row.disabled_at,
        )

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return users: oneself, or all for those who may read them."""
        caller = context.principal
        seen = [each for each in ids if "user:read" in caller.permissions or each == caller.subject]
        found = dict(zip(seen, await users(context, seen), strict=True))
        return cast("list[Self | None]", list(map(found.get, ids)))


USERS = Columns(User, UserRow)


async def users(
    context: Context, ids: Sequence[str], names: Names = EVERYTHING
) -> Sequence[User | None]:
    """Return users by their ids, whoever asks: a batch function for ``context.fetch``."""
    rows = select(UserRow)
    return await fetch_by_id(context, rows, key=col(UserRow.id), ids=ids, node=USERS, names=names)


def sessions_of(context: Context, user_id: str, args: PageArgs) -> Lazy[Connection[Session]]:
    """Return a page of a user's sessions, the newest first; of many users by one statement."""
    return context.fetch(_SessionsOf(args), user_id)


@dataclass(frozen=True)
class _SessionsOf:
    """A batch function: the same page of each user's sessions."""

    args: PageArgs

    async def __call__(
        self, context: Context, user_ids: Sequence[str], names: Names
    ) -> Sequence[Connection[Session]]:
        return await connect_each(
            context,
            select(SessionRow),
            owner=col(SessionRow.user_id),
            owners=user_ids,
            order=[OrderBy(col(SessionRow.id), "id", descending=True)],
            key=col(SessionRow.id),
            args=self.args,
            node=SESSIONS,
            names=names,
        )


@strawberry.enum(description="How it ended.")
class AuditOutcome(enum.Enum):
    """The outcome of what an audit event records."""

    SUCCESS = strawberry.enum_value("success", description="It was done.")
    FAILURE = strawberry.enum_value("failure", description="It was refused.")


@strawberry.type(
    description="What happened: who did what to whom, when, from where.",
    directives=[HasPermission("audit:read")],
)
class AuditEvent(Node):
    """An audit event."""

    id_prefix = "aud"

    at: datetime = strawberry.field(description="When it happened.")
    action: str = strawberry.field(description="What happened, such as `sign_in`.")
    outcome: AuditOutcome = strawberry.field(description="How it ended.")
    actor_id: strawberry.ID | None = strawberry.field(
        description="The id of the user who did it; null for strangers and for the operator."
    )
    target_id: strawberry.ID | None = strawberry.field(
        description="The id of the user, role, session or key it was done to."
    )
    session_id: strawberry.ID | None = strawberry.field(
        description="The id of the session that it was done in."
    )
    ip_address: str | None = strawberry.field(description="The address that the request came from.")
    user_agent: str | None = strawberry.field(description="The program that sent the request.")
    details: JSON = strawberry.field(description="What else is known; never a secret.")

    @strawberry.field(
        description="The user who did it, if they are still there.",
        metadata=reads("actor_id"),
        graphql_type=User | None,
    )
    def actor(self, info: Info) -> Lazy[User | None] | None:
        """Return the user of ``actorId``."""
        return info.context.fetch(users, str(self.actor_id)) if self.actor_id else None

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return audit events, for those who may read them."""
        if "audit:read" not in context.principal.permissions:
            return [None] * len(ids)
        rows = select(AuditEventRow)
        found = await fetch_by_id(context, rows, key=col(AuditEventRow.id), ids=ids, node=EVENTS)
        return cast("list[Self | None]", found)


EVENTS = Columns(
    AuditEvent, AuditEventRow, outcome=ReadAs(col(AuditEventRow.outcome), AuditOutcome)
)
