"""The tables of the accounts; each stands in a migration below ``migrations/``.

Times are instants in UTC. Ids are TypeIDs (see :mod:`graph_api.db.ids`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, Index, Table, Text
from sqlmodel import Field, SQLModel

from graph_api.db.types import UtcDateTime


def _sorted_by(table: str, *columns: str) -> Index:
    """Return an index that pages by keyset walk: it ends in the id, which breaks ties."""
    return Index(f"ix_{table}_{'_'.join(columns)}", *columns, "id")


class UserRow(SQLModel, table=True):
    """An account. ``email`` is stored in lower case; ``is_demo`` marks what ``dev`` made."""

    __tablename__ = "graph_api_user"
    __table_args__ = (
        _sorted_by("graph_api_user", "created_at"),
        _sorted_by("graph_api_user", "name"),
        _sorted_by("graph_api_user", "last_login_at"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    email: str = Field(unique=True, sa_type=Text)
    name: str | None = Field(default=None, sa_type=Text)
    password_hash: str = Field(sa_type=Text, repr=False)
    is_demo: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_login_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RoleRow(SQLModel, table=True):
    """A role. Its permissions and the roles that it includes stand in tables of their own."""

    __tablename__ = "graph_api_role"

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(unique=True, sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class RolePermissionRow(SQLModel, table=True):
    """One permission, ``noun:verb``, that a role holds itself."""

    __tablename__ = "graph_api_role_permission"

    role_id: str = Field(
        primary_key=True, foreign_key="graph_api_role.id", ondelete="CASCADE", sa_type=Text
    )
    permission: str = Field(primary_key=True, sa_type=Text)


class RoleIncludeRow(SQLModel, table=True):
    """``role_id`` holds all that ``included_id`` holds. The inclusions have no circle."""

    __tablename__ = "graph_api_role_include"

    role_id: str = Field(
        primary_key=True, foreign_key="graph_api_role.id", ondelete="CASCADE", sa_type=Text
    )
    included_id: str = Field(
        primary_key=True, foreign_key="graph_api_role.id", ondelete="CASCADE", sa_type=Text
    )


class UserRoleRow(SQLModel, table=True):
    """A role granted to a user."""

    __tablename__ = "graph_api_user_role"

    user_id: str = Field(
        primary_key=True, foreign_key="graph_api_user.id", ondelete="CASCADE", sa_type=Text
    )
    role_id: str = Field(
        primary_key=True,
        foreign_key="graph_api_role.id",
        ondelete="CASCADE",
        index=True,
        sa_type=Text,
    )
    granted_at: datetime = Field(sa_type=UtcDateTime)


SessionMode = Literal["body", "cookie"]


class SessionRow(SQLModel, table=True):
    """A session: one sign-in on one device, renewed by refresh tokens.

    The refresh token is derived from ``id``, ``counter``, ``salt`` and the server's secret key:
    a leak of this table alone makes no token.
    """

    __tablename__ = "graph_api_session"
    __table_args__ = (_sorted_by("graph_api_session", "user_id"),)

    id: str = Field(primary_key=True, sa_type=Text)
    user_id: str = Field(foreign_key="graph_api_user.id", ondelete="CASCADE", sa_type=Text)
    mode: str = Field(default="body", sa_type=Text)
    counter: int = 0
    salt: bytes = Field(repr=False)
    created_at: datetime = Field(sa_type=UtcDateTime)
    rotated_at: datetime = Field(sa_type=UtcDateTime)
    idle_expires_at: datetime = Field(sa_type=UtcDateTime)
    absolute_expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_reason: str | None = Field(default=None, sa_type=Text)
    user_agent: str | None = Field(default=None, sa_type=Text)
    ip_address: str | None = Field(default=None, sa_type=Text)


class AuditEventRow(SQLModel, table=True):
    """What happened: who did what to whom, when, from where, with which outcome.

    A trigger refuses UPDATE and DELETE, so no foreign key may cascade into it: the ids are text.
    """

    __tablename__ = "graph_api_audit_event"
    __table_args__ = (
        _sorted_by("graph_api_audit_event", "at"),
        _sorted_by("graph_api_audit_event", "action", "at"),
        _sorted_by("graph_api_audit_event", "actor_id", "at"),
        _sorted_by("graph_api_audit_event", "target_id", "at"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
    action: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    actor_id: str | None = Field(default=None, sa_type=Text)
    target_id: str | None = Field(default=None, sa_type=Text)
    session_id: str | None = Field(default=None, sa_type=Text)
    ip_address: str | None = Field(default=None, sa_type=Text)
    user_agent: str | None = Field(default=None, sa_type=Text)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class SigningKeyRow(SQLModel, table=True):
    """A key that signs access tokens, encrypted with a key derived from the secret key.

    ``signs_from`` is when it begins to sign, ``retired_at`` when it no longer verifies either.
    """

    __tablename__ = "graph_api_signing_key"

    kid: str = Field(primary_key=True, sa_type=Text)
    algorithm: str = Field(sa_type=Text)
    encrypted_private_key: bytes = Field(repr=False)
    made_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    signs_from: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def table_of(row: type[SQLModel]) -> Table:
    """Return the table of a class of rows: a statement of it runs without the ORM."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


TABLES = tuple(
    table_of(row)
    for row in (
        UserRow,
        RoleRow,
        RolePermissionRow,
        RoleIncludeRow,
        UserRoleRow,
        SessionRow,
        AuditEventRow,
        SigningKeyRow,
    )
)
