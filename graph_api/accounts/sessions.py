"""Sessions: how they begin, go on by refresh tokens, and end.

A session has one row and no stored token. Its ``counter`` says which refresh token is the newest;
presenting it moves the counter on. The one before it is answered again for a few seconds, since
tabs wake together and answers get lost. What can't be seen: a thief who always follows within
that interval.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import ExecutableReturnsRows
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts.audit import Action, Event, record
from graph_api.accounts.authority import Act, By, acting
from graph_api.accounts.grants import grants_of
from graph_api.db.engine import Database
from graph_api.db.ids import new_id, prefix_of
from graph_api.db.tables import SessionMode, SessionRow, UserRow, table_of
from graph_api.db.types import UtcDateTime
from graph_api.errors import NotFound, SessionEnded
from graph_api.origin import Origin
from graph_api.settings import Settings
from graph_api.tokens.refresh import RefreshToken

EndReason = Literal[
    "signed_out",
    "signed_out_everywhere",
    "session_revoked",
    "password_changed",
    "password_reset",
    "user_disabled",
    "refresh_token_reused",
    "refresh_token_ahead",
]
"""Why a session ended. One whose time is over has no reason: it is not written to any more."""

SALT_BYTES = 32
REMEMBERED = 200
"""From how many of a user's sessions their networks are known."""


_SALT_AND_MODE = select(col(SessionRow.salt), col(SessionRow.mode)).where(
    col(SessionRow.id) == bindparam("session_id")
)
_ADDRESSES = (
    select(col(SessionRow.ip_address))
    .join(UserRow, col(UserRow.id) == col(SessionRow.user_id))
    .where(col(UserRow.email) == bindparam("email"), col(SessionRow.ip_address).is_not(None))
    .order_by(col(SessionRow.id).desc())
    .limit(REMEMBERED)
)
_INSERT = insert(table_of(SessionRow))


def begin(
    settings: Settings, user_id: str, *, mode: SessionMode, origin: Origin, now: datetime
) -> SessionRow:
    """Return a new session's row, to be added to a transaction."""
    absolute_end = now + timedelta(seconds=settings.refresh_token_absolute_ttl)
    return SessionRow(
        id=new_id("ses"),
        user_id=user_id,
        mode=mode,
        counter=0,
        salt=secrets.token_bytes(SALT_BYTES),
        created_at=now,
        rotated_at=now,
        idle_expires_at=min(_idle_end(settings, now), absolute_end),
        absolute_expires_at=absolute_end,
        user_agent=origin.user_agent,
        ip_address=origin.ip_address,
    )


async def insert_new(session: AsyncSession, row: SessionRow) -> None:
    """Store a session that has begun."""
    await session.execute(_INSERT, row.model_dump())


async def salt_and_mode_of(database: Database, session_id: str) -> tuple[bytes, str]:
    """Return what a session's refresh tokens are made with, and where they are kept.

    Both never change. Without such a session they are empty.
    """
    for salt, mode in await database.fetch(_SALT_AND_MODE, {"session_id": session_id}):
        return salt, mode
    return b"", ""


async def addresses_of(database: Database, email: str | None) -> set[str]:
    """Return the IP addresses that the last 200 sessions of an account began from.

    For an address that nobody has, the database does the same and finds none.
    """
    return {address for (address,) in await database.fetch(_ADDRESSES, {"email": email})}


async def rotate(
    accounts: Accounts,
    session: AsyncSession,
    token: RefreshToken,
    *,
    arrived_at: datetime,
    origin: Origin,
) -> SessionRow | SessionEnded:
    """Answer a verified refresh token: with the session whose counter says the next one.

    One conditional statement moves the counter on, so of many who come at once one wins. The
    others find the counter moved.

    Args:
        accounts: the parts.
        session: a transaction. Commit it before the error that is returned is raised: reuse ends
            the session.
        token: whose MAC has been verified.
        arrived_at: when the request came; waiting for the database is not the client's fault.
        origin: where the request came from.
    """
    now = accounts.clock()
    values = {"own": token.session_id, "presented": token.counter}
    row: SessionRow | None = await session.scalar(_ROTATION, values | _from(accounts.settings, now))
    if row is None:
        return await _second_look(accounts, session, token, arrived_at=arrived_at, origin=origin)
    await _record(session, "refresh", row, origin, now)
    return row


async def renew(settings: Settings, act: Act) -> SessionRow:
    """Move the caller's own session on, as a refresh would.

    Raises:
        SessionEnded: if it is over.
    """
    values = {"own": act.session_id} | _from(settings, act.at)
    row: SessionRow | None = await act.session.scalar(_RENEWAL, values)
    if row is None:
        raise SessionEnded
    return row


async def end(
    accounts: Accounts, session: AsyncSession, session_id: str, *, reason: EndReason, at: datetime
) -> SessionRow | None:
    """End a session; None if there is none or it had ended."""
    ended = await _end(accounts, session, col(SessionRow.id) == session_id, reason, at)
    return ended[0] if ended else None


async def end_all(
    accounts: Accounts,
    session: AsyncSession,
    user_id: str,
    *,
    reason: EndReason,
    at: datetime,
    except_session: str | None = None,
) -> list[str]:
    """End all sessions of a user but one, and return the ids of those that ended."""
    # First the account, then its sessions, as everybody else: two never wait for each other.
    await session.execute(
        select(col(UserRow.id)).where(col(UserRow.id) == user_id).with_for_update()
    )
    condition = col(SessionRow.user_id) == user_id
    if except_session is not None:
        condition &= col(SessionRow.id) != except_session
    return [row.id for row in await _end(accounts, session, condition, reason, at)]


async def revoke(accounts: Accounts, session_id: str, *, by: By, origin: Origin) -> SessionRow:
    """End a session: one's own, or with ``session:write`` that of somebody with less power.

    Raises:
        NotFound: if there is none, or the caller may not know of it.
        Forbidden: if its user holds permissions that the caller lacks.
    """
    async with acting(accounts, by, origin) as act:
        row = await _revocable(act, session_id)
        if await end(accounts, act.session, session_id, reason="session_revoked", at=act.at):
            await act.record("session_revoked", session_id, user=row.user_id)
        await act.session.refresh(row)
        return row


async def get_many(session: AsyncSession, ids: Sequence[str]) -> dict[str, SessionRow]:
    """Return the sessions with these ids, by id; those that don't exist are left out."""
    wanted = [each for each in ids if prefix_of(each) == "ses"]
    rows = await session.scalars(select(SessionRow).where(col(SessionRow.id).in_(wanted)))
    return {row.id: row for row in rows}


def select_sessions(user_id: str | None = None) -> Select[SessionRow]:
    """Return the statement that lists sessions, of one user or of all, in no order yet."""
    statement = select(SessionRow)
    if user_id is None:
        return statement
    return statement.where(col(SessionRow.user_id) == user_id)


_SESSION, _USER = table_of(SessionRow), table_of(UserRow)
_OWN = _SESSION.c.id == bindparam("own")


def _moved_on(*which: ColumnElement[bool]) -> ExecutableReturnsRows:
    # Of the tables: an update of classes is prepared by the ORM anew each time.
    own = _SESSION.c
    now = bindparam("now", type_=UtcDateTime())
    idle_end = bindparam("idle_end", type_=UtcDateTime())
    absolute_end = own.absolute_expires_at
    moved = (
        update(_SESSION)
        .where(*which, own.ended_at.is_(None), own.idle_expires_at > now)
        .values(
            counter=own.counter + 1,
            rotated_at=now,
            idle_expires_at=case((idle_end < absolute_end, idle_end), else_=absolute_end),
        )
        .returning(*own)
    )
    return select(SessionRow).from_statement(moved)


def _from(settings: Settings, now: datetime) -> dict[str, Any]:
    """Return when a session is moved on, and when it then expires unless it is used."""
    return {"now": now, "idle_end": _idle_end(settings, now)}


_RENEWAL = _moved_on(_OWN)
_ROTATION = _moved_on(
    _OWN,
    _SESSION.c.counter == bindparam("presented"),
    exists().where(_USER.c.id == _SESSION.c.user_id, _USER.c.disabled_at.is_(None)),
)
"""The one statement: it wins if the token is the newest, or it changes nothing."""


async def _second_look(
    accounts: Accounts,
    session: AsyncSession,
    token: RefreshToken,
    *,
    arrived_at: datetime,
    origin: Origin,
) -> SessionRow | SessionEnded:
    """Say why the statement changed nothing, and end the session if somebody else has the token."""
    now = accounts.clock()
    found = select(SessionRow, col(UserRow.disabled_at)).join(
        UserRow, col(UserRow.id) == col(SessionRow.user_id)
    )
    pair = (
        await session.execute(found.where(col(SessionRow.id) == token.session_id))
    ).one_or_none()
    if pair is None:
        return SessionEnded()
    row, disabled_at = pair
    if row.ended_at is not None or disabled_at is not None:
        return _ended(row)
    if row.idle_expires_at <= now:
        return SessionEnded("The session has expired. Sign in again.", reason="session_expired")
    interval = timedelta(seconds=accounts.settings.refresh_reuse_interval)
    if token.counter + 1 == row.counter and arrived_at - row.rotated_at <= interval:
        return row
    return await _end_misused(accounts, session, row, token, origin=origin, now=now)


async def _end_misused(
    accounts: Accounts,
    session: AsyncSession,
    row: SessionRow,
    token: RefreshToken,
    *,
    origin: Origin,
    now: datetime,
) -> SessionEnded:
    """End a session of which two parties hold tokens; one event, however many come at once.

    A lower counter is a token that was used before. A higher one under a good MAC was issued by
    a database that has since been restored from an older copy.
    """
    reason: Literal["refresh_token_reused", "refresh_token_ahead"] = (
        "refresh_token_reused" if token.counter < row.counter else "refresh_token_ahead"
    )
    if await end(accounts, session, row.id, reason=reason, at=now):
        await _record(session, reason, row, origin, now)
    return _ended_for(reason)


def _ended(row: SessionRow) -> SessionEnded:
    return _ended_for(row.end_reason)


def _ended_for(end_reason: str | None) -> SessionEnded:
    if end_reason == "refresh_token_reused":
        return SessionEnded(
            "A refresh token was used twice, so the session has ended. Sign in again.",
            reason="refresh_token_reused",
        )
    return SessionEnded()


async def _end(
    accounts: Accounts,
    session: AsyncSession,
    which: ColumnElement[bool],
    reason: EndReason,
    at: datetime,
) -> list[SessionRow]:
    row = SessionRow
    statement = (
        update(row)
        .where(which, col(row.ended_at).is_(None))
        .values(ended_at=at, end_reason=reason)
        .returning(row)
    )
    options = {"synchronize_session": False}
    ended = list(await session.scalars(statement, execution_options=options))
    for each in ended:
        accounts.revocations.add(each.id)
    return ended


async def _revocable(act: Act, session_id: str) -> SessionRow:
    row = (await get_many(act.session, [session_id])).get(session_id)
    foreign = row is not None and act.user_id is not None and row.user_id != act.user_id
    may = act.permissions is None or "session:write" in act.permissions
    if row is None or (foreign and not may):
        raise NotFound("There is no such session.")
    if foreign:
        act.require_ceiling(await grants_of(act.session, row.user_id))
    return row


def _idle_end(settings: Settings, now: datetime) -> datetime:
    return now + timedelta(seconds=settings.refresh_token_idle_ttl)


async def _record(
    session: AsyncSession, action: Action, row: SessionRow, origin: Origin, now: datetime
) -> None:
    event = Event(action=action, actor_id=row.user_id, session_id=row.id, origin=origin)
    await record(session, event, at=now)
