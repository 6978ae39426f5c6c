"""The accounts' GraphQL types, made of rows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy import select
from sqlmodel import col
from strawberry.scalars import JSON

from graph_api.accounts.graphql import loaders
from graph_api.authorization.rules import Carrier, HasPermission, IsSelf, Public
from graph_api.context import Context
from graph_api.db.keyset import OrderBy, PageArgs
from graph_api.db.tables import AuditEventRow, RoleRow, SessionRow, UserRow
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

    @strawberry.field(description="The permissions that it grants itself, `noun:verb`.")
    async def permissions(self, info: Info) -> list[str]:
        """Return the role's own permissions, sorted."""
        return list(await info.context.load(loaders.permissions_of_roles, self.id))

    @strawberry.field(description="Roles of which it grants all that they grant.")
    async def includes(self, info: Info) -> list[Role]:
        """Return the roles that it includes, by name."""
        return list(map(Role.of, await info.context.load(loaders.roles_included_by, self.id)))

    @classmethod
    def of(cls, row: RoleRow) -> Self:
        """Return the GraphQL object of a row."""
        return cls(id=strawberry.ID(row.id), name=row.name, description=row.description)

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return roles, for those who may read them."""
        if "role:read" not in context.principal.permissions:
            return [None] * len(ids)
        return [cls.of(row) if row else None for row in await loaders.rows(context, RoleRow, ids)]


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

    @strawberry.field(description="Whether it is the one that this request belongs to.")
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
        caller = context.principal
        may_read_all = "session:read" in caller.permissions
        return [
            cls.of(row) if row and (may_read_all or row.user_id == caller.subject) else None
            for row in await loaders.rows(context, SessionRow, ids)
        ]


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
        description="The roles that were granted to them.", permission_classes=[USER_READ]
    )
    async def roles(self, info: Info) -> list[Role] | None:
        """Return the granted roles, by name, without those that they include."""
        return list(map(Role.of, await info.context.load(loaders.roles_of_users, self.id)))

    @strawberry.field(
        description="All permissions that follow from their roles.", permission_classes=[USER_READ]
    )
    async def permissions(self, info: Info) -> list[str] | None:
        """Return the permissions of the roles and all that they include, sorted."""
        return list(await info.context.load(loaders.permissions_of_users, self.id))

    @strawberry.field(
        description="Their sessions, the newest first.",
        permission_classes=[HasPermission("session:read") | IsSelf()],
    )
    async def sessions(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Session] | None:
        """Return a page of sessions."""
        return await sessions_of(info.context, self.id, page_args(first, after, last, before))

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
        found = dict(zip(seen, await loaders.rows(context, UserRow, seen), strict=True))
        return [cls.of(row) if row else None for row in map(found.get, ids)]


async def sessions_of(context: Context, user_id: str, args: PageArgs) -> Connection[Session]:
    """Return a page of a user's sessions, the newest first; of many users by one statement."""
    return await context.load(_SessionsOf(args), user_id)


@dataclass(frozen=True)
class _SessionsOf:
    """A batch function: the same page of each user's sessions."""

    args: PageArgs

    async def __call__(
        self, context: Context, user_ids: Sequence[str]
    ) -> Sequence[Connection[Session]]:
        return await connect_each(
            context,
            select(SessionRow),
            owner=col(SessionRow.user_id),
            owners=user_ids,
            order=[OrderBy(col(SessionRow.id), "id", descending=True)],
            key=col(SessionRow.id),
            args=self.args,
            node=Session.of,
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

    @strawberry.field(description="The user who did it, if they are still there.")
    async def actor(self, info: Info) -> User | None:
        """Return the user of ``actorId``."""
        if self.actor_id is None:
            return None
        row = await info.context.load(loaders.users, self.actor_id)
        return User.of(row) if row else None

    @classmethod
    def of(cls, row: AuditEventRow) -> Self:
        """Return the GraphQL object of a row."""
        return cls(
            id=strawberry.ID(row.id),
            at=row.at,
            action=row.action,
            outcome=AuditOutcome(row.outcome),
            actor_id=_id(row.actor_id),
            target_id=_id(row.target_id),
            session_id=_id(row.session_id),
            ip_address=row.ip_address,
            user_agent=row.user_agent,
            details=JSON(row.details),
        )

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return audit events, for those who may read them."""
        if "audit:read" not in context.principal.permissions:
            return [None] * len(ids)
        return [
            cls.of(row) if row else None for row in await loaders.rows(context, AuditEventRow, ids)
        ]


def _id(value: str | None) -> strawberry.ID | None:
    return None if value is None else strawberry.ID(value)
