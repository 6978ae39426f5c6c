"""Who acts, and what they may do now: what their token says and the database still says.

An access token may be minutes old. Before an account is changed, the caller's session, account
and roles are read again in the same transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts.audit import Action, Event, record
from graph_api.accounts.grants import Grants, grants_of
from graph_api.accounts.locks import lock_table
from graph_api.db.tables import RoleRow, SessionRow, UserRow
from graph_api.errors import Forbidden, SessionEnded, Unauthenticated
from graph_api.origin import Origin


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
class Act:
    """One transaction in which somebody changes the accounts.

    Attributes:
        session: the transaction.
        user_id: the user who acts, None for the operator.
        session_id: the session that they act in, None for the operator.
        permissions: what they hold; None is everything.
        origin: where the request came from.
        at: when.
    """

    session: AsyncSession
    user_id: str | None
    session_id: str | None
    permissions: frozenset[str] | None
    origin: Origin
    at: datetime

    def require_user(self) -> str:
        """Return the id of the user who acts.

        Raises:
            Unauthenticated: if it is the operator, who has no account.
        """
        if self.user_id is None:
            raise Unauthenticated("Sign in first: the operator has no account.")
        return self.user_id

    def require(self, permission: str) -> None:
        """Raise :class:`Forbidden` unless the permission is held."""
        if self.permissions is not None and permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}.")

    def require_ceiling(self, grants: Grants) -> None:
        """Refuse to act on who or what holds more than the one who acts.

        Raises:
            Forbidden: naming the permissions that they lack.
        """
        lacking = set() if self.permissions is None else grants.permissions - self.permissions
        if lacking:
            raise Forbidden(f"This holds permissions that you lack: {', '.join(sorted(lacking))}.")

    async def record(self, action: Action, target_id: str, **details: str) -> None:
        """Record what is done in this transaction."""
        event = Event(
            action=action,
            actor_id=self.user_id,
            session_id=self.session_id,
            target_id=target_id,
            origin=self.origin,
            details=details,
        )
        await record(self.session, event, at=self.at)


@asynccontextmanager
async def acting(accounts: Accounts, by: By, origin: Origin) -> AsyncIterator[Act]:
    """Open a transaction for one who acts, and read again who they are.

    Raises:
        SessionEnded: if their session is over or their account disabled or gone.
        Unauthenticated: ``token_stale`` if they have lost a role or a permission since the token
            was issued: a refresh gives one that says what they still hold.
    """
    async with accounts.db.write() as session:
        yield await _act(session, by, origin, accounts.clock())


@asynccontextmanager
async def administering(
    accounts: Accounts, permission: str, by: By, origin: Origin
) -> AsyncIterator[Act]:
    """Open a transaction that changes users or roles: one at a time, with the permission.

    Two who take each other's last role away at once would otherwise both succeed.

    Raises:
        Forbidden: without the permission.
        SessionEnded, Unauthenticated: as :func:`acting`.
    """
    async with accounts.db.write() as session:
        await lock_table(session, RoleRow)
        act = await _act(session, by, origin, accounts.clock())
        act.require(permission)
        yield act


def is_doubtful(accounts: Accounts, caller: Caller) -> bool:
    """Whether this worker has changed something that a caller's token names."""
    if caller.subject is None:
        return False
    return accounts.revocations.concern(caller.subject, caller.session_id or "", *caller.roles)


async def confirm(accounts: Accounts, caller: Caller) -> None:
    """Compare a caller's token with the database, if this worker has changed what it names.

    Raises:
        SessionEnded: if their session is over or their account disabled or gone.
        Unauthenticated: ``token_stale`` if they hold more or less than the token says.
    """
    if not is_doubtful(accounts, caller):
        return
    async with accounts.db.read() as session:
        held = await held_by(session, caller)
    if (caller.roles, caller.permissions) != (held.roles, held.permissions):
        raise _stale()


async def held_by(session: AsyncSession, caller: Caller) -> Grants:
    """Return what a caller holds, whatever their token says.

    Raises:
        SessionEnded: if their session is over or their account disabled or gone.
    """
    if caller.subject is None or not await _is_present(session, caller):
        raise SessionEnded
    return await grants_of(session, caller.subject)


async def _act(session: AsyncSession, by: By, origin: Origin, now: datetime) -> Act:
    if isinstance(by, Operator):
        return Act(session, None, None, None, origin, now)
    held = await held_by(session, by)
    if not (by.roles <= held.roles and by.permissions <= held.permissions):
        raise _stale()
    return Act(session, by.subject, by.session_id, by.permissions, origin, now)


def _stale() -> Unauthenticated:
    return Unauthenticated("Your roles have changed. Refresh the token.", reason="token_stale")


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
