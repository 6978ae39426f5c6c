"""``graph-api roles``: what each role grants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import rich_click as click
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts import roles as service
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.grants import grants_of_roles
from graph_api.cli.database import open_accounts
from graph_api.cli.output import Row, examples, json_option, show
from graph_api.db.tables import RoleIncludeRow, RolePermissionRow, RoleRow
from graph_api.errors import NotFound
from graph_api.origin import NOWHERE

description_option = click.option("--description", help="What it is for, in one line.")
permission_option = click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="NOUN:VERB",
    help="One that it grants itself. May be given often.",
)
include_option = click.option(
    "--include",
    "includes",
    multiple=True,
    metavar="ROLE",
    help="A role of which it grants all that it grants. May be given often.",
)


@click.group()
def roles() -> None:
    """Roles: permissions that are granted together."""


@roles.command("list", epilog=examples("graph-api roles list", "graph-api roles list --json"))
@json_option
def list_roles(*, as_json: bool) -> None:
    """List the roles by name."""
    show(asyncio.run(_list()), as_json=as_json, none="No roles: `graph-api migrate` stores them.")


@roles.command("show", epilog=examples("graph-api roles show editor"))
@click.argument("name")
@json_option
def show_role(*, name: str, as_json: bool) -> None:
    """Show a role, with all permissions that follow from it."""
    show(asyncio.run(_show(name)), as_json=as_json)


@roles.command(
    epilog=examples(
        "graph-api roles create reader --permission user:read --permission role:read",
        "graph-api roles create lead --include editor --include support",
    )
)
@click.argument("name")
@description_option
@permission_option
@include_option
@json_option
def create(
    *,
    name: str,
    description: str | None,
    permissions: tuple[str, ...],
    includes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Create a role."""
    rows = asyncio.run(_create(name, description, permissions, includes))
    _tell(rows, "created", as_json=as_json)


@roles.command(
    epilog=examples(
        "graph-api roles update reader --permission user:read  # this one and no other",
        "graph-api roles update reader --no-permissions --include support",
    )
)
@click.argument("name")
@description_option
@permission_option
@click.option("--no-permissions", is_flag=True, help="It grants none itself.")
@include_option
@click.option("--no-includes", is_flag=True, help="It includes no role.")
@json_option
def update(
    *,
    name: str,
    description: str | None,
    permissions: tuple[str, ...],
    no_permissions: bool,
    includes: tuple[str, ...],
    no_includes: bool,
    as_json: bool,
) -> None:
    """Replace what a role grants; what is not given stays."""
    changes = service.RoleChanges()
    if description is not None:
        changes["description"] = description
    if permissions or no_permissions:
        changes["permissions"] = permissions
    replaced = includes if includes or no_includes else None
    _tell(asyncio.run(_update(name, changes, replaced)), "changed", as_json=as_json)


@roles.command(epilog=examples("graph-api roles delete reader"))
@click.argument("name")
@json_option
def delete(*, name: str, as_json: bool) -> None:
    """Delete a role; whoever held it holds it no more."""
    _tell(asyncio.run(_delete(name)), "deleted", as_json=as_json)


async def find_role(accounts: Accounts, name: str) -> RoleRow:
    """Return the role of a name.

    Raises:
        NotFound: naming those that there are.
    """
    async with accounts.db.read() as session:
        found = {row.name: row for row in await session.scalars(_by_name())}
    if name not in found:
        raise NotFound(f"There is no role {name}: there are {', '.join(found) or 'none'}.")
    return found[name]


def _by_name() -> Select[RoleRow]:
    return select(RoleRow).order_by(col(RoleRow.name))


def _tell(rows: Sequence[Row], what: str, *, as_json: bool) -> None:
    if as_json:
        show(rows, as_json=True)
    else:
        click.echo("\n".join(f"Role {row['name']} {what}." for row in rows))


async def _list() -> Sequence[Row]:
    async with open_accounts(keys=False) as accounts, accounts.db.read() as session:
        return [await _row(session, row) for row in (await session.scalars(_by_name())).all()]


async def _show(name: str) -> Sequence[Row]:
    async with open_accounts(keys=False) as accounts:
        role = await find_role(accounts, name)
        async with accounts.db.read() as session:
            grants = await grants_of_roles(session, [role.id])
            return [await _row(session, role) | {"all": sorted(grants.permissions)}]


async def _create(
    name: str, description: str | None, permissions: tuple[str, ...], includes: tuple[str, ...]
) -> Sequence[Row]:
    async with open_accounts() as accounts:
        new = service.NewRole(
            name=name,
            description=description,
            permissions=permissions,
            include_ids=[(await find_role(accounts, each)).id for each in includes],
        )
        role = await service.create(accounts, new, by=OPERATOR, origin=NOWHERE)
        return await _rows(accounts, role)


async def _update(
    name: str, changes: service.RoleChanges, includes: tuple[str, ...] | None
) -> Sequence[Row]:
    async with open_accounts() as accounts:
        role_id = (await find_role(accounts, name)).id
        if includes is not None:
            changes["include_ids"] = [(await find_role(accounts, each)).id for each in includes]
        role = await service.update(accounts, role_id, changes, by=OPERATOR, origin=NOWHERE)
        return await _rows(accounts, role)


async def _delete(name: str) -> Sequence[Row]:
    async with open_accounts() as accounts:
        role = await find_role(accounts, name)
        rows = await _rows(accounts, role)
        await service.remove(accounts, role.id, by=OPERATOR, origin=NOWHERE)
        return rows


async def _rows(accounts: Accounts, role: RoleRow) -> Sequence[Row]:
    async with accounts.db.read() as session:
        return [await _row(session, role)]


async def _row(session: AsyncSession, role: RoleRow) -> dict[str, object]:
    held, included = RolePermissionRow, RoleIncludeRow
    permissions = select(col(held.permission)).where(col(held.role_id) == role.id)
    includes = (
        select(col(RoleRow.name))
        .join(included, col(included.included_id) == col(RoleRow.id))
        .where(col(included.role_id) == role.id)
    )
    return {
        "id": role.id,
        "name": role.name,
        "description": role.description,
        "permissions": sorted(await session.scalars(permissions)),
        "includes": sorted(await session.scalars(includes)),
    }
