"""Batch functions for ``context.load``: each fetches for all its keys by one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from graph_api.context import Context
from graph_api.db.tables import (
    RoleIncludeRow,
    RolePermissionRow,
    RoleRow,
    UserRoleRow,
)


async def permissions_of_roles(
    context: Context, role_ids: Sequence[str]
) -> Sequence[Sequence[str]]:
    """Return the permissions that each role grants itself, sorted."""
    statement = (
        select(col(RolePermissionRow.role_id), col(RolePermissionRow.permission))
        .where(col(RolePermissionRow.role_id).in_(role_ids))
        .order_by(col(RolePermissionRow.permission))
    )
    return await _grouped(context, statement, role_ids)


def roles_included_by(role_ids: Sequence[str]) -> Select[Any]:
    """Return the statement for the roles that each role includes, by name; it has the role's id."""
    return (
        select(col(RoleIncludeRow.role_id))
        .join(RoleRow, col(RoleRow.id) == col(RoleIncludeRow.included_id))
        .where(col(RoleIncludeRow.role_id).in_(role_ids))
        .order_by(col(RoleRow.name))
    )


def roles_of_users(user_ids: Sequence[str]) -> Select[Any]:
    """Return the statement for the roles granted to each user, by name; it has the user's id."""
    return (
        select(col(UserRoleRow.user_id))
        .join(RoleRow, col(RoleRow.id) == col(UserRoleRow.role_id))
        .where(col(UserRoleRow.user_id).in_(user_ids))
        .order_by(col(RoleRow.name))
    )


async def permissions_of_users(
    context: Context, user_ids: Sequence[str]
) -> Sequence[Sequence[str]]:
    """Return all permissions that follow from each user's roles, sorted."""
    held = (
        select(col(UserRoleRow.user_id), col(UserRoleRow.role_id))
        .where(col(UserRoleRow.user_id).in_(user_ids))
        .cte("held", recursive=True)
    )
    included = select(held.c.user_id, col(RoleIncludeRow.included_id)).join(
        RoleIncludeRow, col(RoleIncludeRow.role_id) == held.c.role_id
    )
    held = held.union(included)
    statement = (
        select(held.c.user_id, col(RolePermissionRow.permission))
        .join(RolePermissionRow, col(RolePermissionRow.role_id) == held.c.role_id)
        .distinct()
        .order_by(col(RolePermissionRow.permission))
    )
    return await _grouped(context, statement, user_ids)


async def _grouped(
    context: Context, statement: Select[Any, Any], keys: Iterable[Hashable]
) -> Sequence[Sequence[Any]]:
    """Return, for each key, the second columns of the rows whose first column it is."""
    groups: dict[Hashable, list[Any]] = defaultdict(list)
    for key, value in await context.db.fetch(statement):
        groups[key].append(value)
    return [groups[key] for key in keys]
