"""What follows from the roles: the roles that they include, and the permissions of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import CTE, BindParameter, ColumnElement, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.db.tables import RoleIncludeRow, RolePermissionRow, RoleRow, UserRoleRow, UserRow
from graph_api.errors import NotFound


@dataclass(frozen=True)
class Grants:
    """What somebody holds.

    Attributes:
        roles: names of the roles, those included by others among them.
        permissions: all permissions, ``noun:verb``, that follow.
    """

    roles: frozenset[str]
    permissions: frozenset[str]


async def grants_of(session: AsyncSession, user_id: str) -> Grants:
    """Return what a user holds, in one statement."""
    return (await grants_of_users(session, [user_id]))[user_id]


async def user_and_grants(session: AsyncSession, user_id: str) -> tuple[UserRow, Grants]:
    """Return a user and what they hold, in one statement.

    Raises:
        NotFound: if there is no such user.
    """
    rows = (await session.execute(_USER_WITH_GRANTS, {"user_ids": [user_id]})).all()
    if not rows:
        raise NotFound("There is no such user.")
    return rows[0][0], _grants((role, permission) for _, role, permission in rows)


async def grants_of_users(session: AsyncSession, user_ids: Sequence[str]) -> dict[str, Grants]:
    """Return what each of these users holds, in one statement."""
    rows = (await session.execute(_OF_USERS, {"user_ids": user_ids})).all()
    return {
        user_id: _grants((role, name) for holder, role, name in rows if holder == user_id)
        for user_id in user_ids
    }


async def grants_of_roles(session: AsyncSession, role_ids: Sequence[str]) -> Grants:
    """Return what somebody with just these roles would hold."""
    held = included_in(select(col(RoleRow.id)).where(col(RoleRow.id).in_(role_ids)))
    rows = (await session.execute(_names(held, held.c.role_id))).all()
    return _grants((role, permission) for _, role, permission in rows)


def included_in(role_ids: Select[str]) -> CTE:
    """Return a table ``role_id`` of these roles and all that they include, however far down."""
    reached = _role_id(role_ids).cte("included", recursive=True)
    step = select(col(RoleIncludeRow.included_id)).join(
        reached, reached.c.role_id == col(RoleIncludeRow.role_id)
    )
    return reached.union(step)  # not UNION ALL: it ends, even in a circle


def including(role_ids: Select[str]) -> CTE:
    """Return a table ``role_id`` of these roles and all that include them, however far up."""
    reached = _role_id(role_ids).cte("including", recursive=True)
    step = select(col(RoleIncludeRow.role_id)).join(
        reached, reached.c.role_id == col(RoleIncludeRow.included_id)
    )
    return reached.union(step)


def holders_of(role_name: str) -> Select[str]:
    """Return the statement for the ids of users who hold a role, also through another one."""
    roles = including(select(col(RoleRow.id)).where(col(RoleRow.name) == role_name))
    return select(col(UserRoleRow.user_id)).where(
        col(UserRoleRow.role_id).in_(select(roles.c.role_id))
    )


def _role_id(role_ids: Select[str]) -> Select[str]:
    return select(role_ids.subquery().c[0].label("role_id"))


def _held_by_users() -> CTE:
    row = UserRoleRow
    granted = select(col(row.user_id), col(row.role_id)).where(col(row.user_id).in_(_USER_IDS))
    held = granted.cte("held", recursive=True)
    step = select(held.c.user_id, col(RoleIncludeRow.included_id)).join(
        held, held.c.role_id == col(RoleIncludeRow.role_id)
    )
    return held.union(step)


def _names(held: CTE, holder: ColumnElement[str]) -> Select[str, str, str | None]:
    """Return the statement for holder, role name and permission of all that is held."""
    permission = RolePermissionRow
    return (
        select(holder, col(RoleRow.name), col(permission.permission))
        .join(held, held.c.role_id == col(RoleRow.id))
        .outerjoin(permission, col(permission.role_id) == col(RoleRow.id))
    )


def _grants(names: Iterable[tuple[str | None, str | None]]) -> Grants:
    pairs = list(names)
    return Grants(
        roles=frozenset(role for role, _ in pairs if role),
        permissions=frozenset(permission for _, permission in pairs if permission),
    )


_USER_IDS: BindParameter[str] = bindparam("user_ids", expanding=True)
_HELD = _held_by_users()
_OF_USERS = _names(_HELD, _HELD.c.user_id)
"""Put together once: that takes SQLAlchemy longer than it takes the database to answer."""
_USER_WITH_GRANTS = (
    select(UserRow, col(RoleRow.name), col(RolePermissionRow.permission))
    .outerjoin(_HELD, _HELD.c.user_id == col(UserRow.id))
    .outerjoin(RoleRow, col(RoleRow.id) == _HELD.c.role_id)
    .outerjoin(RolePermissionRow, col(RolePermissionRow.role_id) == col(RoleRow.id))
    .where(col(UserRow.id).in_(_USER_IDS))
)
