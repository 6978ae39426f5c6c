"""Batch functions for ``context.load``: each fetches for all its keys by one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlmodel import SQLModel, col

from graph_api.context import Context
from graph_api.db.ids import prefix_of
from graph_api.db.tables import (
    RoleIncludeRow,
    RolePermissionRow,
    RoleRow,
    UserRoleRow,
    UserRow,
)

RowT = TypeVar("RowT", bound=SQLModel)
Value = TypeVar("Value")


async def rows(context: Context, table: type[RowT], ids: Sequence[str]) -> Sequence[RowT | None]:
    """Return the rows of a table by their ids, None where there is none."""
    key: Any = table.__table__.c.id  # type: ignore[attr-defined]
    wanted = list(filter(prefix_of, ids))  # the others may hold what a database chokes on
    async with context.db.read() as session:
        found = (await session.scalars(select(table).where(key.in_(wanted)))).all()
    by_id = {row.id: row for row in found}  # type: ignore[attr-defined]
    return [by_id.get(each) for each in ids]


async def users(context: Context, ids: Sequence[str]) -> Sequence[UserRow | None]:
    """Return users by their ids."""
    return await rows(context, UserRow, ids)


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


async def roles_included_by(
    context: Context, role_ids: Sequence[str]
) -> Sequence[Sequence[RoleRow]]:
    """Return the roles that each role includes, by name."""
    statement = (
        select(col(RoleIncludeRow.role_id), RoleRow)
        .join(RoleRow, col(RoleRow.id) == col(RoleIncludeRow.included_id))
        .where(col(RoleIncludeRow.role_id).in_(role_ids))
        .order_by(col(RoleRow.name))
    )
    return await _grouped(context, statement, role_ids)


async def roles_of_users(context: Context, user_ids: Sequence[str]) -> Sequence[Sequence[RoleRow]]:
    """Return the roles that were granted to each user, by name."""
    statement = (
        select(col(UserRoleRow.user_id), RoleRow)
        .join(RoleRow, col(RoleRow.id) == col(UserRoleRow.role_id))
        .where(col(UserRoleRow.user_id).in_(user_ids))
        .order_by(col(RoleRow.name))
    )
    return await _grouped(context, statement, user_ids)


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
    async with context.db.read() as session:
        for key, value in await session.execute(statement):
            groups[key].append(value)
    return [groups[key] for key in keys]
