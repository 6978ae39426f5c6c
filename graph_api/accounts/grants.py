"""What follows from the roles: the roles that they include, and the permissions of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import CTE, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.db.tables import RoleIncludeRow, RolePermissionRow, RoleRow, UserRoleRow


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
    granted = select(col(UserRoleRow.role_id)).where(col(UserRoleRow.user_id) == user_id)
    return await _grants(session, granted)


async def grants_of_roles(session: AsyncSession, role_ids: Sequence[str]) -> Grants:
    """Return what somebody with just these roles would hold."""
    return await _grants(session, select(col(RoleRow.id)).where(col(RoleRow.id).in_(role_ids)))


def included_in(role_ids: Select[str]) -> CTE:
    """Return a table ``role_id`` of these roles and all that they include, however far down."""
    reached = role_ids.cte("included", recursive=True, nesting=True)
    step = select(col(RoleIncludeRow.included_id)).join(
        reached, reached.c[0] == col(RoleIncludeRow.role_id)
    )
    return reached.union(step)  # not UNION ALL: it ends, even in a circle


def including(role_ids: Select[str]) -> CTE:
    """Return a table of these roles and all that include them, however far up."""
    reached = role_ids.cte("including", recursive=True, nesting=True)
    step = select(col(RoleIncludeRow.role_id)).join(
        reached, reached.c[0] == col(RoleIncludeRow.included_id)
    )
    return reached.union(step)


def holders_of(role_name: str) -> Select[str]:
    """Return the statement for the ids of users who hold a role, also through another one."""
    roles = including(select(col(RoleRow.id)).where(col(RoleRow.name) == role_name))
    return select(col(UserRoleRow.user_id)).where(col(UserRoleRow.role_id).in_(select(roles.c[0])))


async def _grants(session: AsyncSession, role_ids: Select[str]) -> Grants:
    held = included_in(role_ids)
    statement = (
        select(col(RoleRow.name), col(RolePermissionRow.permission))
        .join(held, held.c[0] == col(RoleRow.id))
        .outerjoin(RolePermissionRow, col(RolePermissionRow.role_id) == col(RoleRow.id))
    )
    rows = (await session.execute(statement)).all()
    return Grants(
        roles=frozenset(name for name, _ in rows),
        permissions=frozenset(permission for _, permission in rows if permission),
    )
