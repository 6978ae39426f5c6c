"""Users: how administrators, and people themselves, change accounts, and how they are listed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from sqlalchemy import Select, bindparam, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts, roles, sessions
from graph_api.accounts.authority import Act, By, acting, administering
from graph_api.accounts.grants import grants_of, grants_of_roles, holders_of
from graph_api.accounts.inputs import optional_text, require_email, require_text
from graph_api.accounts.passwords import check_strength
from graph_api.db.ids import new_id, prefix_of
from graph_api.db.tables import UserRoleRow, UserRow
from graph_api.errors import Conflict, NotFound
from graph_api.origin import Origin


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """An account to be created.

    Attributes:
        email: the address to sign in with; stored in lower case.
        name: how the person is called, or None.
        password: in clear; it is hashed and forgotten.
        role_ids: ids of the roles to grant.
    """

    email: str
    password: str = field(repr=False)
    name: str | None = None
    role_ids: Collection[str] = ()


class UserChanges(TypedDict, total=False):
    """What of an account is to be replaced; what is not given stays."""

    email: str
    name: str | None


@dataclass(frozen=True, kw_only=True)
class UserFilter:
    """Which users to list; what is None does not narrow.

    Attributes:
        search: stands in the address or the name, whatever the case (on SQLite: of A to Z).
        role: the name of a role that they hold, also through another one.
        disabled: whether they are disabled.
        created_after: at this instant or later.
        created_before: before this instant.
    """

    search: str | None = None
    role: str | None = None
    disabled: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


_BY_IDS = select(UserRow).where(col(UserRow.id).in_(bindparam("ids", expanding=True)))
_BY_EMAIL = select(UserRow).where(col(UserRow.email) == bindparam("email"))


async def get(session: AsyncSession, user_id: str) -> UserRow:
    """Return a user.

    Raises:
        NotFound: if there is none.
    """
    row = (await get_many(session, [user_id])).get(user_id)
    if row is None:
        raise NotFound("There is no such user.")
    return row


async def get_many(session: AsyncSession, ids: Sequence[str]) -> dict[str, UserRow]:
    """Return the users with these ids, by id; those that don't exist are left out."""
    wanted = [each for each in ids if prefix_of(each) == "usr"]
    rows = await session.scalars(_BY_IDS, {"ids": wanted})
    return {row.id: row for row in rows}


async def find(session: AsyncSession, email: str | None) -> UserRow | None:
    """Return the user with a normalised address."""
    return await session.scalar(_BY_EMAIL, {"email": email})


def select_users(where: UserFilter) -> Select[UserRow]:
    """Return the statement that lists users, in no order yet.

    Raises:
        BadUserInput: for a search or role with control characters, or too long.
    """
    search = require_text(where.search or "", "filter.search")
    role = require_text(where.role or "", "filter.role")
    statement = select(UserRow)
    if search:
        found = (col(UserRow.email), col(UserRow.name))
        statement = statement.where(
            or_(*(each.icontains(search, autoescape=True) for each in found))
        )
    if where.role is not None:
        statement = statement.where(col(UserRow.id).in_(holders_of(role)))
    if where.disabled is not None:
        statement = statement.where(col(UserRow.disabled_at).is_not(None) == where.disabled)
    if where.created_after is not None:
        statement = statement.where(col(UserRow.created_at) >= where.created_after)
    if where.created_before is not None:
        statement = statement.where(col(UserRow.created_at) < where.created_before)
    return statement


async def insert(session: AsyncSession, row: UserRow) -> None:
    """Store a new user.

    Raises:
        Conflict: if the address is taken.
    """
    session.add(row)
    await _flush_email(session)


async def create(accounts: Accounts, new: NewUser, *, by: By, origin: Origin) -> UserRow:
    """Create an account.

    Raises:
        BadUserInput: for what is no address, or a password that is too weak.
        Conflict: if the address is taken.
        Forbidden: if a role holds what the caller lacks.
        NotFound: if there is no such role.
    """
    email = require_email(new.email, "input.email")
    name = optional_text(new.name, "input.name")
    check_strength(new.password, email=email, path="input.password")
    password_hash = await accounts.passwords.hash(new.password)
    async with administering(accounts, "user:write", by, origin) as act:
        row = new_row(email, name, password_hash, act.at)
        await add(accounts, act, row, new.role_ids)
        return row


async def add(accounts: Accounts, act: Act, row: UserRow, role_ids: Collection[str]) -> None:
    """Store a new user with roles, as part of a larger act.

    Raises:
        Conflict, Forbidden, NotFound: as :func:`create`.
    """
    await insert(act.session, row)
    await act.record("user_created", row.id)
    for role_id in role_ids:
        await _grant(accounts, act, row, role_id)


def new_row(email: str, name: str | None, password_hash: str, now: datetime) -> UserRow:
    """Return the row of a new account."""
    return UserRow(
        id=new_id("usr"), email=email, name=name, password_hash=password_hash, created_at=now
    )


async def update(
    accounts: Accounts, user_id: str, changes: UserChanges, *, by: By, origin: Origin
) -> UserRow:
    """Change an account's address or name.

    Raises:
        BadUserInput: for what is no address.
        Conflict: if the address is taken.
        Forbidden: if the user holds what the caller lacks.
        NotFound: if there is no such user.
    """
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        if "email" in changes:
            row.email = require_email(changes["email"], "input.email")
        if "name" in changes:
            row.name = optional_text(changes["name"], "input.name")
        await _flush_email(act.session)
        await act.record("user_updated", user_id, changed=" ".join(sorted(changes)))
        return row


async def update_profile(
    accounts: Accounts, name: str | None, *, by: By, origin: Origin
) -> UserRow:
    """Change one's own name.

    Raises:
        BadUserInput: for a name that is too long or has control characters.
    """
    async with acting(accounts, by, origin) as act:
        row = await get(act.session, act.require_user())
        row.name = optional_text(name, "input.name")
        await act.record("profile_updated", row.id)
        return row


async def disable(accounts: Accounts, user_id: str, *, by: By, origin: Origin) -> UserRow:
    """Disable an account and end its sessions; nothing happens if it is disabled already.

    Raises:
        Conflict: for the last enabled admin.
        Forbidden: if the user holds what the caller lacks.
        NotFound: if there is no such user.
    """
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        if row.disabled_at is None:
            async with roles.keeps_an_admin(act.session):
                row.disabled_at = act.at
            await sessions.end_all(
                accounts, act.session, user_id, reason="user_disabled", at=act.at
            )
            await act.record("user_disabled", user_id)
        return row


async def enable(accounts: Accounts, user_id: str, *, by: By, origin: Origin) -> UserRow:
    """Enable a disabled account; its sessions stay ended.

    Raises:
        Forbidden: if the user holds what the caller lacks.
        NotFound: if there is no such user.
    """
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        if row.disabled_at is not None:
            row.disabled_at = None
            await act.record("user_enabled", user_id)
        return row


async def remove(accounts: Accounts, user_id: str, *, by: By, origin: Origin) -> UserRow:
    """Delete an account with its sessions; audit events about it stay.

    Returns:
        The user that was.

    Raises:
        Conflict: for the last enabled admin, or if rows of the application still need the user.
        Forbidden: if the user holds what the caller lacks.
        NotFound: if there is no such user.
    """
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        try:
            async with roles.keeps_an_admin(act.session):
                await act.session.execute(delete(UserRow).where(col(UserRow.id) == user_id))
            accounts.revocations.add(user_id)
        except IntegrityError:
            raise Conflict("Other records still belong to this user: disable it.") from None
        await act.record("user_deleted", user_id)
        return row


async def set_password(
    accounts: Accounts, user_id: str, password: str, *, by: By, origin: Origin
) -> UserRow:
    """Give an account a new password and end its sessions.

    Raises:
        BadUserInput: if the password is too weak.
        Forbidden: if the user holds what the caller lacks.
        NotFound: if there is no such user.
    """
    async with accounts.db.read() as session:
        email = (await get(session, user_id)).email
    check_strength(password, email=email, path="input.password")
    password_hash = await accounts.passwords.hash(password)
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        row.password_hash = password_hash
        await act.session.flush()
        await sessions.end_all(accounts, act.session, user_id, reason="password_reset", at=act.at)
        await act.record("password_reset", user_id)
        return row


async def grant_role(
    accounts: Accounts, user_id: str, role_id: str, *, by: By, origin: Origin
) -> UserRow:
    """Grant a role; nothing happens if the user has been granted it already.

    Raises:
        BadUserInput: if the user's access token would exceed 4 kB.
        Forbidden: if the user or the role holds what the caller lacks.
        NotFound: if there is no such user or role.
    """
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        await _grant(accounts, act, row, role_id)
        accounts.revocations.add(user_id)
        return row


async def revoke_role(
    accounts: Accounts, user_id: str, role_id: str, *, by: By, origin: Origin
) -> UserRow:
    """Take a role away; nothing happens if the user was not granted it.

    Raises:
        Conflict: if no enabled admin would be left.
        Forbidden: if the user or the role holds what the caller lacks.
        NotFound: if there is no such user or role.
    """
    async with administering(accounts, "user:write", by, origin) as act:
        row = await _target(act, user_id)
        role = await roles.get(act.session, role_id)
        granted = await act.session.get(UserRoleRow, (user_id, role_id))
        if granted is not None:
            async with roles.keeps_an_admin(act.session):
                await act.session.delete(granted)
            accounts.revocations.add(user_id)
            await act.record("role_revoked", user_id, role=role.name)
        return row


async def _target(act: Act, user_id: str) -> UserRow:
    """Return the user who is acted on, if they hold nothing that the one who acts lacks."""
    row = await get(act.session, user_id)
    act.require_ceiling(await grants_of(act.session, user_id))
    return row


async def _grant(accounts: Accounts, act: Act, user: UserRow, role_id: str) -> None:
    role = await roles.get(act.session, role_id)
    act.require_ceiling(await grants_of_roles(act.session, [role_id]))
    if await act.session.get(UserRoleRow, (user.id, role_id)):
        return
    act.session.add(UserRoleRow(user_id=user.id, role_id=role_id, granted_at=act.at))
    await act.session.flush()
    roles.require_token_fits(accounts.tokens, await grants_of(act.session, user.id))
    await act.record("role_granted", user.id, role=role.name)


async def _flush_email(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict("This e-mail address is taken.") from None
