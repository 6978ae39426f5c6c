"""Roles: what is shipped, what an application declares, and how administrators change them.

A role grants permissions and may include other roles. The role ``admin`` holds every permission
that is declared. Nobody gives more than they hold, and one enabled admin always stays.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts.authority import Act, By, administering
from graph_api.accounts.grants import Grants, grants_of_roles, holders_of, included_in, including
from graph_api.accounts.inputs import optional_text
from graph_api.accounts.locks import lock_table
from graph_api.db.ids import new_id, prefix_of
from graph_api.db.tables import RoleIncludeRow, RolePermissionRow, RoleRow, UserRoleRow, UserRow
from graph_api.errors import BadUserInput, ConfigurationError, Conflict, NotFound
from graph_api.origin import Origin
from graph_api.tokens.access import AccessTokens, TokenTooLarge

ADMIN = "admin"
USER = "user"

SHIPPED_PERMISSIONS: Mapping[str, str] = {
    "user:read": "See all users, their roles and permissions.",
    "user:write": "Create, change, disable and delete users, grant roles, set passwords.",
    "role:read": "See all roles and what they grant.",
    "role:write": "Create, change and delete roles.",
    "session:read": "See the sessions of all users.",
    "session:write": "End the sessions of other users.",
    "audit:read": "Read the audit events.",
    "schema:read": "See the whole schema, with what one's roles can't use, and why one is denied.",
}
"""What our own fields ask for, with what each allows."""

SHIPPED_ROLES: Mapping[str, Sequence[str]] = {
    ADMIN: tuple(SHIPPED_PERMISSIONS),
    "auditor": ("user:read", "role:read", "session:read", "audit:read"),
    "support": ("user:read", "role:read", "session:read", "session:write"),
    USER: (),
}
"""The roles that are there from the start, with their permissions; ``user`` is who registers."""

_ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PERMISSION = re.compile(r"[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class NewRole:
    """A role to be created.

    Attributes:
        name: ``[a-z][a-z0-9_-]*``, at most 64 characters; it never changes, since rules name it.
        description: one line, or None.
        permissions: the permissions that it holds itself.
        include_ids: ids of the roles of which it holds all that they hold.
    """

    name: str
    description: str | None = None
    permissions: Collection[str] = ()
    include_ids: Collection[str] = ()


class RoleChanges(TypedDict, total=False):
    """What of a role is to be replaced; what is not given stays."""

    description: str | None
    permissions: Collection[str]
    include_ids: Collection[str]


async def sync_roles(
    session: AsyncSession,
    permissions: Collection[str],
    roles: Mapping[str, Sequence[str]],
    *,
    now: datetime,
) -> None:
    """Store the shipped and declared roles that are missing; give ``admin`` every permission.

    A role that is there already keeps what administrators have made of it. Several workers may
    do this at once.

    Args:
        session: a session that writes.
        permissions: those that the application declares.
        roles: those that the application declares: name and permissions.
        now: the present instant.

    Raises:
        ConfigurationError: for a malformed name, or a role with an undeclared permission.
    """
    permissions, roles = {*SHIPPED_PERMISSIONS, *permissions}, {**SHIPPED_ROLES, **roles}
    _require_declarable(permissions, roles)
    await lock_table(session, RoleRow)
    stored = await _ids_by_name(session)
    missing = {name: _insert(session, name, None, now) for name in roles.keys() - stored.keys()}
    await session.flush()
    for name, role_id in missing.items():
        _give(session, role_id, roles[name])
    await session.flush()
    admin_id = (stored | missing)[ADMIN]
    _give(session, admin_id, permissions - await _own_permissions(session, admin_id))


async def get(session: AsyncSession, role_id: str) -> RoleRow:
    """Return a role.

    Raises:
        NotFound: if there is none.
    """
    row = await session.get(RoleRow, role_id) if prefix_of(role_id) == "rol" else None
    if row is None:
        raise NotFound("There is no such role.")
    return row


async def create(accounts: Accounts, new: NewRole, *, by: By, origin: Origin) -> RoleRow:
    """Create a role.

    Raises:
        BadUserInput: for a malformed name or an unknown permission or role.
        Conflict: if the name is taken.
        Forbidden: if it would hold what the caller lacks.
    """
    if not _ROLE_NAME.fullmatch(new.name):
        raise BadUserInput.at("input.name", "A role's name is like `content-editor`.")
    description = optional_text(new.description, "input.description")
    async with administering(accounts, "role:write", by, origin) as act:
        if new.name in await _ids_by_name(act.session):
            raise Conflict(f"There is a role {new.name} already.")
        role_id = _insert(act.session, new.name, description, act.at)
        await act.session.flush()
        await _replace_permissions(act.session, role_id, new.permissions)
        await _replace_includes(act.session, role_id, new.include_ids)
        await _require_sound(accounts, act, role_id)
        await act.record("role_created", role_id)
        return await get(act.session, role_id)


async def update(
    accounts: Accounts, role_id: str, changes: RoleChanges, *, by: By, origin: Origin
) -> RoleRow:
    """Change what a role grants.

    Raises:
        BadUserInput: for an unknown permission or role, or if somebody's access token would then
            exceed 4 kB.
        Conflict: for ``admin``, for a role that would include itself, or if no enabled admin
            would be left.
        Forbidden: if it holds, before or after, what the caller lacks.
        NotFound: if there is no such role.
    """
    async with administering(accounts, "role:write", by, origin) as act:
        row = await _changeable(act, role_id)
        async with keeps_an_admin(act.session):
            if "description" in changes:
                row.description = optional_text(changes["description"], "input.description")
            if "permissions" in changes:
                await _replace_permissions(act.session, role_id, changes["permissions"])
            if "include_ids" in changes:
                await _replace_includes(act.session, role_id, changes["include_ids"])
        await _require_sound(accounts, act, role_id)
        accounts.revocations.add(row.name)
        await act.record("role_updated", role_id)
        return row


async def remove(accounts: Accounts, role_id: str, *, by: By, origin: Origin) -> RoleRow:
    """Delete a role; whoever held it holds it no more.

    Returns:
        The role that was.

    Raises:
        Conflict: for ``admin``, or if no enabled admin would be left.
        Forbidden: if it holds what the caller lacks.
        NotFound: if there is no such role.
    """
    async with administering(accounts, "role:write", by, origin) as act:
        row = await _changeable(act, role_id)
        async with keeps_an_admin(act.session):
            await act.session.execute(delete(RoleRow).where(col(RoleRow.id) == role_id))
        accounts.revocations.add(row.name)
        await act.record("role_deleted", role_id, role=row.name)
        return row


@asynccontextmanager
async def keeps_an_admin(session: AsyncSession) -> AsyncIterator[None]:
    """Refuse what is done within if it takes the last enabled admin away.

    Raises:
        Conflict: if there was one before and is none after.
    """
    before = await _count_enabled_admins(session)
    yield
    await session.flush()
    if before and not await _count_enabled_admins(session):
        raise Conflict("This is the last enabled admin: make another one first.")


def require_token_fits(tokens: AccessTokens, grants: Grants) -> None:
    """Refuse what makes an access token too large for the headers that proxies allow.

    Raises:
        TokenTooLarge: for more than 4096 bytes.
    """
    tokens.issue(
        subject=new_id("usr"),
        session_id=new_id("ses"),
        roles=grants.roles,
        permissions=grants.permissions,
        session_expires_at=tokens.clock() + timedelta(hours=1),
    )


def _require_declarable(permissions: Collection[str], roles: Mapping[str, Sequence[str]]) -> None:
    for name in roles:
        if not _ROLE_NAME.fullmatch(name):
            raise ConfigurationError(f"Role {name!r}: a name is like `content-editor`.")
    for permission in permissions:
        if not _PERMISSION.fullmatch(permission):
            raise ConfigurationError(f"Permission {permission!r}: a name is like `article:edit`.")
    for name, held in roles.items():
        if undeclared := set(held) - set(permissions):
            names = ", ".join(sorted(undeclared))
            raise ConfigurationError(f"Role {name} holds what nobody declared: {names}.")


async def _ids_by_name(session: AsyncSession) -> dict[str, str]:
    rows = await session.execute(select(col(RoleRow.name), col(RoleRow.id)))
    return dict(rows.all())


async def _own_permissions(session: AsyncSession, role_id: str) -> set[str]:
    row = RolePermissionRow
    return set(
        await session.scalars(select(col(row.permission)).where(col(row.role_id) == role_id))
    )


def _insert(session: AsyncSession, name: str, description: str | None, now: datetime) -> str:
    role_id = new_id("rol")
    session.add(RoleRow(id=role_id, name=name, description=description, created_at=now))
    return role_id


def _give(session: AsyncSession, role_id: str, permissions: Collection[str]) -> None:
    session.add_all(RolePermissionRow(role_id=role_id, permission=name) for name in permissions)


async def _replace_permissions(
    session: AsyncSession, role_id: str, permissions: Collection[str]
) -> None:
    declared = await _own_permissions(session, (await _ids_by_name(session))[ADMIN])
    if unknown := set(permissions) - declared:
        raise BadUserInput.at("input.permissions", f"There is no {', '.join(sorted(unknown))}.")
    row = RolePermissionRow
    await session.execute(delete(row).where(col(row.role_id) == role_id))
    _give(session, role_id, set(permissions))
    await session.flush()


async def _replace_includes(
    session: AsyncSession, role_id: str, include_ids: Collection[str]
) -> None:
    if set(include_ids) - set((await _ids_by_name(session)).values()):
        raise BadUserInput.at("input.includeIds", "There is no such role.")
    row = RoleIncludeRow
    await session.execute(delete(row).where(col(row.role_id) == role_id))
    session.add_all(row(role_id=role_id, included_id=each) for each in set(include_ids))
    await session.flush()
    await _refuse_circle(session, role_id)


async def _refuse_circle(session: AsyncSession, role_id: str) -> None:
    row = RoleIncludeRow
    below = included_in(select(col(row.included_id)).where(col(row.role_id) == role_id))
    if await session.scalar(select(below.c.role_id).where(below.c.role_id == role_id)):
        raise Conflict("The role would include itself.")


async def _changeable(act: Act, role_id: str) -> RoleRow:
    row = await get(act.session, role_id)
    if row.name == ADMIN:
        raise Conflict("The role admin always holds every permission: it can't be changed.")
    act.require_ceiling(await grants_of_roles(act.session, [role_id]))
    return row


async def _require_sound(accounts: Accounts, act: Act, role_id: str) -> None:
    act.require_ceiling(await grants_of_roles(act.session, [role_id]))
    await _require_tokens_fit(accounts.tokens, act.session, role_id)


async def _require_tokens_fit(tokens: AccessTokens, session: AsyncSession, role_id: str) -> None:
    """Refuse a role with which somebody's token is too large; a token with all may fit."""
    every_role = tuple((await _ids_by_name(session)).values())
    try:
        require_token_fits(tokens, await grants_of_roles(session, every_role))
    except TokenTooLarge:
        for role_ids in await _combinations_with(session, role_id):
            require_token_fits(tokens, await grants_of_roles(session, tuple(role_ids)))


async def _combinations_with(session: AsyncSession, role_id: str) -> set[frozenset[str]]:
    """Return the combinations of roles, with this one among them, that somebody was granted.

    The role itself is one, since it may be granted next.
    """
    row = UserRoleRow
    affected = including(select(col(RoleRow.id)).where(col(RoleRow.id) == role_id))
    holders = select(col(row.user_id)).where(col(row.role_id).in_(select(affected.c.role_id)))
    granted: dict[str, set[str]] = {"": {role_id}}
    statement = select(col(row.user_id), col(row.role_id)).where(col(row.user_id).in_(holders))
    for user_id, granted_id in await session.execute(statement):
        granted.setdefault(user_id, set()).add(granted_id)
    return set(map(frozenset, granted.values()))


async def _count_enabled_admins(session: AsyncSession) -> int:
    admins = (
        select(func.count())
        .select_from(UserRow)
        .where(col(UserRow.disabled_at).is_(None), col(UserRow.id).in_(holders_of(ADMIN)))
    )
    return await session.scalar(admins) or 0
