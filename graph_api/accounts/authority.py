"""Who acts, and what they may do now: what their token says and the database still says.

An access token may be minutes old. Before an account is changed, the caller's session, account
and roles are read again in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts.grants import grants_of
from graph_api.accounts.locks import lock_table
from graph_api.db.tables import RoleRow, SessionRow, UserRow
from graph_api.errors import Forbidden, SessionEnded, Unauthenticated


class Caller(Protocol):
    """The caller as the access token tells; a ``Principal`` is one."""

    @property
    def subject(self) -> str | None:
        """The user's id, None for an anonymous caller."""

    @property
    def session_id(self) -> str | None:
        """The session that the token belongs to."""

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the token names."""

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions that the token names."""


class Operator:
    """Who has the server's own files and commands: no permission is asked of them."""


OPERATOR: Final = Operator()
By = Caller | Operator


@dataclass(frozen=True)
class Authority:
    """What somebody may do in this transaction.

    Attributes:
        user_id: the user who acts, None for the operator.
        session_id: the session that they act in, None for the operator.
        permissions: what they hold; None is everything.
    """

    user_id: str | None
    session_id: str | None
    permissions: frozenset[str] | None

    def require(self, permission: str) -> None:
        """Raise :class:`Forbidden` unless the permission is held."""
        if self.permissions is not None and permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}.")

    def require_ceiling(self, permissions: Collection[str]) -> None:
        """Refuse to act on what holds more than the one who acts.

        Raises:
            Forbidden: naming the permissions that they lack.
        """
        lacking = set() if self.permissions is None else set(permissions) - self.permissions
        if lacking:
            raise Forbidden(f"This holds permissions that you lack: {', '.join(sorted(lacking))}.")


async def authority_of(session: AsyncSession, by: By) -> Authority:
    """Read again who acts.

    Raises:
        SessionEnded: if their session is over or their account disabled or gone.
        Unauthenticated: ``token_stale`` if they have lost a role or a permission since the token
            was issued: a refresh gives one that says what they still hold.
    """
    if isinstance(by, Operator):
        return Authority(user_id=None, session_id=None, permissions=None)
    if by.subject is None or not await _is_present(session, by):
        raise SessionEnded
    held = await grants_of(session, by.subject)
    if not (by.roles <= held.roles and by.permissions <= held.permissions):
        raise Unauthenticated("Your roles have changed. Refresh the token.", reason="token_stale")
    return Authority(by.subject, by.session_id, by.permissions)


async def administer(session: AsyncSession, by: By, permission: str) -> Authority:
    """Begin to change users or roles: one at a time, and only with the permission.

    Two who take each other's last role away at once would otherwise both succeed.

    Raises:
        Forbidden: without the permission.
        SessionEnded, Unauthenticated: as :func:`authority_of`.
    """
    await lock_table(session, RoleRow)
    authority = await authority_of(session, by)
    authority.require(permission)
    return authority


async def _is_present(session: AsyncSession, by: Caller) -> bool:
    present = (
        select(col(SessionRow.id))
        .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
        .where(
            col(SessionRow.id) == by.session_id,
            col(SessionRow.user_id) == by.subject,
            col(SessionRow.ended_at).is_(None),
            col(UserRow.disabled_at).is_(None),
        )
    )
    return await session.scalar(present) is not None
