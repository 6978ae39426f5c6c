"""Signing in and out: from a password or a refresh token to a pair of new tokens.

A password is hashed outside of any transaction: it takes longer than all the rest, and on SQLite
nobody else could write meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts, sessions, users
from graph_api.accounts.audit import Action, Event, record
from graph_api.accounts.authority import Caller, acting, held_by
from graph_api.accounts.grants import user_and_grants
from graph_api.accounts.inputs import normalise_email, optional_text, require_email
from graph_api.accounts.passwords import check_strength
from graph_api.accounts.roles import USER
from graph_api.accounts.throttling import is_among
from graph_api.db.tables import RoleRow, SessionMode, SessionRow, UserRoleRow, UserRow, table_of
from graph_api.db.types import UtcDateTime
from graph_api.errors import (
    Forbidden,
    InvalidCredentials,
    RateLimited,
    SessionEnded,
    Unauthenticated,
)
from graph_api.origin import Origin
from graph_api.tokens import refresh as refresh_tokens
from graph_api.tokens.refresh import RefreshToken

ATTEMPTS = 3
"""How often a password is compared again because its account was changed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A pair of new tokens, and whose they are; a caller of its own.

    Attributes:
        access_token: the bearer of the next few minutes.
        expires_in: its lifetime in seconds.
        refresh_token: gives the next pair.
        session_expires_in: seconds in which the refresh token must be used.
        mode: where the refresh token goes: into the body, or into a cookie and nowhere else.
        user: the user who has signed in.
        session_id: the session.
        roles: the roles that the access token names.
        permissions: the permissions that it names.
    """

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(repr=False)
    session_expires_in: int
    mode: SessionMode
    user: UserRow
    session_id: str
    roles: frozenset[str]
    permissions: frozenset[str]

    @property
    def subject(self) -> str:
        """The user's id."""
        return self.user.id


async def login(
    accounts: Accounts, email: str, password: str, *, origin: Origin, mode: SessionMode = "body"
) -> SignedIn:
    """Sign in with a password.

    Raises:
        InvalidCredentials: the same, after about the same time, for an unknown address, a wrong
            password and a disabled account.
        RateLimited: if too many have guessed, or too many passwords wait to be hashed, or the
            account keeps changing.
    """
    async with _guessing(accounts, email, origin):
        for _ in range(ATTEMPTS):
            account = await _require_password(accounts, email, password, origin)
            session = sessions.begin(
                accounts.settings, account.id, mode=mode, origin=origin, now=accounts.clock()
            )
            if signed_in := await _log_in(accounts, account, password, session):
                return signed_in
            # The account has changed since its password was compared: compare again.
        raise RateLimited("The account is being changed. Try again.", retry_after=1)


async def register(
    accounts: Accounts,
    new: users.NewUser,
    *,
    origin: Origin,
    mode: SessionMode = "body",
) -> SignedIn:
    """Make an account for a stranger, with the role ``user``, and sign them in.

    Raises:
        BadUserInput: for what is no address, or a password that is too weak.
        Conflict: if the address is taken; that it is, can't be hidden without a mail.
        Forbidden: if registration is closed.
        RateLimited: if too many come from this network, or wait for their passwords to be hashed.
    """
    if not accounts.settings.registration:
        raise Forbidden("Registration is closed: ask an administrator for an account.")
    email = require_email(new.email, "input.email")
    name = optional_text(new.name, "input.name")
    check_strength(new.password, email=email, path="input.password")
    await accounts.throttle.registration(origin)
    password_hash = await accounts.passwords.hash(new.password)
    now = accounts.clock()
    user = users.new_row(email, name, password_hash, now)
    user.last_login_at = now
    row = sessions.begin(accounts.settings, user.id, mode=mode, origin=origin, now=now)
    async with accounts.db.write() as session:
        await users.insert(session, user)
        await _grant_default(session, user)
        return await _enter(accounts, session, row, "register")


async def refresh(
    accounts: Accounts, refresh_token: str, *, origin: Origin, came_in: SessionMode = "body"
) -> SignedIn:
    """Exchange a refresh token for the next pair; roles are read anew.

    Args:
        accounts: the parts.
        refresh_token: the one that came last.
        origin: where the request comes from.
        came_in: where the token stood. One of a session of the other mode is not genuine there:
            who sends what was in a cookie has taken it out of it.

    Raises:
        RateLimited: if the session refreshes too often, or too many forged tokens come from this
            network.
        SessionEnded: ``refresh_token_invalid``, ``session_ended``, ``session_expired`` or
            ``refresh_token_reused``.
    """
    arrived_at = accounts.clock()
    token = await _counted(accounts, refresh_token, came_in, origin)
    async with accounts.db.write() as session:
        row = await sessions.rotate(accounts, session, token, arrived_at=arrived_at, origin=origin)
        if isinstance(row, SessionRow):
            return await _signed_in(accounts, session, row)
    raise row  # after the commit: reuse has ended the session


async def logout(
    accounts: Accounts,
    *,
    refresh_token: str | None = None,
    came_in: SessionMode = "body",
    access_token: str | None = None,
    origin: Origin,
) -> list[str]:
    """End the sessions that genuine tokens name, be they used or expired.

    Returns:
        The ids of the sessions that ended now; none for tokens that say nothing.
    """
    named = {
        await _session_of_refresh_token(accounts, refresh_token, came_in),
        _session_of_access_token(accounts, access_token),
    }
    now = accounts.clock()
    ended = []
    async with accounts.db.write() as session:
        for session_id in sorted(filter(None, named)):
            row = await sessions.end(accounts, session, session_id, reason="signed_out", at=now)
            if row is not None:
                await record(session, _event("sign_out", row, origin), at=now)
                ended.append(row.id)
    return ended


async def logout_everywhere(accounts: Accounts, *, by: Caller, origin: Origin) -> list[str]:
    """End all sessions of the caller, this one too, and return their ids."""
    async with acting(accounts, by, origin) as act:
        user_id = by.subject or ""  # acting() has refused an anonymous caller
        reason: sessions.EndReason = "signed_out_everywhere"
        ended = await sessions.end_all(accounts, act.session, user_id, reason=reason, at=act.at)
        await act.record("sign_out_everywhere", user_id)
    return ended


async def change_password(
    accounts: Accounts, current: str, new: str, *, by: Caller, origin: Origin
) -> SignedIn:
    """Change one's own password and end all other sessions.

    The session goes on with a new pair of tokens, as after a refresh: a copy of the old refresh
    token becomes worthless with the password.

    Raises:
        BadUserInput: if the new password is too weak.
        InvalidCredentials: if the current one is wrong.
        RateLimited: if too many have guessed, or too many passwords wait to be hashed.
        SessionEnded: if the session is over.
    """
    async with accounts.db.read() as session:
        await held_by(session, by)  # whose session has ended does not even guess
        user = await users.get(session, by.subject or "")
    check_strength(new, email=user.email, path="input.newPassword")
    async with _guessing(accounts, user.email, origin):
        await _require_current(accounts, user, current, by, origin)
    new_hash = await accounts.passwords.hash(new)
    async with acting(accounts, by, origin) as act:
        if not await _update_verified(act.session, user, new_hash):
            raise InvalidCredentials("The password was changed meanwhile.")
        await sessions.end_all(
            accounts,
            act.session,
            user.id,
            reason="password_changed",
            at=act.at,
            except_session=act.session_id,
        )
        await act.record("password_changed", user.id)
        row = await sessions.renew(accounts.settings, act)
        return await _signed_in(accounts, act.session, row)


@dataclass(frozen=True)
class _Account:
    """What is looked at of an account, before the password was found to be right.

    Attributes:
        id: the user's id.
        password_hash: what the password is compared with.
        disabled_at: when it was disabled, or None.
    """

    id: str
    password_hash: str = field(repr=False)
    disabled_at: datetime | None


_ACCOUNT = select(col(UserRow.id), col(UserRow.password_hash), col(UserRow.disabled_at)).where(
    col(UserRow.email) == bindparam("email")
)


@asynccontextmanager
async def _guessing(accounts: Accounts, email: str, origin: Origin) -> AsyncIterator[None]:
    """Count a guess at somebody's password, be there such an account or not.

    Raises:
        RateLimited: before anything within has run.
    """
    address = normalise_email(email)
    is_known = is_among(origin, await sessions.addresses_of(accounts.db, address))
    async with accounts.throttle.guess(address or email, origin, is_known=is_known):
        yield


async def _require_password(
    accounts: Accounts, email: str, password: str, origin: Origin
) -> _Account:
    found = await accounts.db.fetch(_ACCOUNT, {"email": normalise_email(email)})
    account = _Account(*found[0]) if found else None
    password_hash = account.password_hash if account else None
    is_right = await accounts.passwords.verify(password_hash, password)
    if account is None or not is_right or account.disabled_at is not None:
        user_id = account.id if account else None
        await _record_failure(accounts, "sign_in_failed", user_id, origin)
        raise InvalidCredentials
    return account


async def _require_current(
    accounts: Accounts, user: UserRow, password: str, by: Caller, origin: Origin
) -> None:
    if not await accounts.passwords.verify(user.password_hash, password):
        await _record_failure(accounts, "password_change_failed", user.id, origin, by.session_id)
        raise InvalidCredentials("The current password is wrong.")


async def _record_failure(
    accounts: Accounts,
    action: Action,
    user_id: str | None,
    origin: Origin,
    session_id: str | None = None,
) -> None:
    """Record a wrong guess. What was typed is left out: people type passwords anywhere."""
    event = Event(
        action=action,
        outcome="failure",
        target_id=user_id,
        session_id=session_id,
        origin=origin,
    )
    async with accounts.db.write() as session:
        await record(session, event, at=accounts.clock())


async def _log_in(
    accounts: Accounts, account: _Account, password: str, row: SessionRow
) -> SignedIn | None:
    """Begin the session if the account is still as it was when its password was compared."""
    password_hash = account.password_hash
    if accounts.passwords.needs_rehash(password_hash):
        password_hash = await accounts.passwords.hash(password)
    async with accounts.db.write() as session:
        if not await _update_verified(session, account, password_hash, signed_in_at=row.created_at):
            return None
        return await _enter(accounts, session, row, "sign_in")


_USER = table_of(UserRow)
_UPDATE_VERIFIED = (
    update(_USER)
    .where(
        _USER.c.id == bindparam("own"),
        _USER.c.password_hash == bindparam("verified"),
        _USER.c.disabled_at.is_(None),
    )
    .values(
        password_hash=bindparam("present"),
        last_login_at=func.coalesce(
            bindparam("signed_in_at", type_=UtcDateTime()), _USER.c.last_login_at
        ),
    )
    .returning(_USER.c.id)
)


async def _update_verified(
    session: AsyncSession,
    verified: _Account | UserRow,
    password_hash: str,
    *,
    signed_in_at: datetime | None = None,
) -> bool:
    """Change an account unless its password has changed, or it was disabled, meanwhile.

    So nobody signs in with a password that an administrator is just replacing.
    """
    values = {
        "own": verified.id,
        "verified": verified.password_hash,
        "present": password_hash,
        "signed_in_at": signed_in_at,
    }
    return await session.scalar(_UPDATE_VERIFIED, values) is not None


async def _grant_default(session: AsyncSession, user: UserRow) -> None:
    role_id = await session.scalar(select(col(RoleRow.id)).where(col(RoleRow.name) == USER))
    if role_id is not None:
        session.add(UserRoleRow(user_id=user.id, role_id=role_id, granted_at=user.created_at))
        await session.flush()


async def _enter(
    accounts: Accounts, session: AsyncSession, row: SessionRow, action: Action
) -> SignedIn:
    await sessions.insert_new(session, row)
    await record(session, _event(action, row), at=row.created_at)
    return await _signed_in(accounts, session, row)


async def _signed_in(accounts: Accounts, session: AsyncSession, row: SessionRow) -> SignedIn:
    user, grants = await user_and_grants(session, row.user_id)
    access = accounts.tokens.issue(
        subject=user.id,
        session_id=row.id,
        roles=grants.roles,
        permissions=grants.permissions,
        session_expires_at=row.absolute_expires_at,
    )
    token = RefreshToken(row.id, row.counter)
    return SignedIn(
        access_token=access.token,
        expires_in=access.expires_in,
        refresh_token=refresh_tokens.mint(accounts.secret, token, row.salt),
        session_expires_in=math.ceil((row.idle_expires_at - accounts.clock()).total_seconds()),
        mode=cast("SessionMode", row.mode),
        user=user,
        session_id=row.id,
        roles=grants.roles,
        permissions=grants.permissions,
    )


async def _counted(
    accounts: Accounts, refresh_token: str, came_in: SessionMode, origin: Origin
) -> RefreshToken:
    """Count a refresh: a genuine token for its session, a forged one for its network."""
    try:
        token = await _verified(accounts, refresh_token, came_in)
    except SessionEnded:
        await accounts.throttle.forgery(origin)
        raise
    await accounts.throttle.refresh(token.session_id)
    return token


async def _verified(accounts: Accounts, refresh_token: str, came_in: SessionMode) -> RefreshToken:
    """Return a refresh token that is genuine; before that nothing is read that ever changes.

    Raises:
        SessionEnded: ``refresh_token_invalid``.
    """
    unverified = refresh_tokens.read(refresh_token)
    salt, mode = await sessions.salt_and_mode_of(accounts.db, unverified.session_id)
    # Without a session it is as wrong as with another one's salt, and takes as long.
    token = unverified.verify(accounts.secret, salt)
    if mode != came_in:
        raise SessionEnded(
            f"The refresh token of this session is taken from the {mode} only.",
            reason="refresh_token_invalid",
        )
    return token


async def _session_of_refresh_token(
    accounts: Accounts, token: str | None, came_in: SessionMode
) -> str | None:
    try:
        return (await _verified(accounts, token, came_in)).session_id if token else None
    except SessionEnded:
        return None


def _session_of_access_token(accounts: Accounts, token: str | None) -> str | None:
    try:
        return accounts.tokens.verify(token, allow_expired=True).session_id if token else None
    except Unauthenticated:
        return None


def _event(action: Action, row: SessionRow, origin: Origin | None = None) -> Event:
    origin = origin or Origin(row.ip_address, row.user_agent)
    return Event(action=action, actor_id=row.user_id, session_id=row.id, origin=origin)
