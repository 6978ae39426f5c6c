"""``graph-api users``: accounts, administered by whoever has the server's files.

A password comes from a prompt or from stdin: an argument would stand in the shell's history and
in everybody's list of processes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

import rich_click as click
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts import users as service
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.inputs import normalise_email
from graph_api.cli.database import open_accounts
from graph_api.cli.output import Row, examples, json_option, show
from graph_api.cli.roles import find_role
from graph_api.db.tables import RoleRow, UserRoleRow, UserRow
from graph_api.errors import NotFound
from graph_api.origin import NOWHERE

Change = Callable[..., Awaitable[UserRow]]

password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin instead of a prompt."
)


@click.group()
def users() -> None:
    """User accounts."""


@users.command(
    "list",
    epilog=examples(
        "graph-api users list",
        "graph-api users list --role admin --enabled",
        "graph-api users list --search example.com --json",
    ),
)
@click.option("--search", metavar="TEXT", help="Stands in the address or the name.")
@click.option("--role", metavar="NAME", help="Who hold this role, also through another one.")
@click.option("--disabled/--enabled", default=None, help="Only those who are.")
@click.option("--limit", type=click.IntRange(1), default=1_000, show_default=True)
@json_option
def list_users(
    *, search: str | None, role: str | None, disabled: bool | None, limit: int, as_json: bool
) -> None:
    """List users, the oldest account first."""
    where = service.UserFilter(search=search, role=role, disabled=disabled)
    show(asyncio.run(_list(where, limit)), as_json=as_json, none="No users.")


@users.command(
    epilog=examples(
        "graph-api users create ada@example.com --role admin",
        "pass show ada | graph-api users create ada@example.com --password-stdin",
    )
)
@click.argument("email")
@click.option("--name", help="How the person is called.")
@click.option("--role", "roles", multiple=True, metavar="NAME", help="May be given often.")
@password_option
@json_option
def create(
    *, email: str, name: str | None, roles: tuple[str, ...], password_stdin: bool, as_json: bool
) -> None:
    """Create an account."""
    password = _read_password(from_stdin=password_stdin)
    _tell(asyncio.run(_create(email, name, roles, password)), "created", as_json=as_json)


@users.command(epilog=examples("graph-api users grant ada@example.com editor"))
@click.argument("email")
@click.argument("role")
@json_option
def grant(*, email: str, role: str, as_json: bool) -> None:
    """Grant a role to a user, who has it after the next refresh."""
    rows = asyncio.run(_change_role(email, role, service.grant_role))
    _tell(rows, f"has the role {role}", as_json=as_json)


@users.command(epilog=examples("graph-api users revoke ada@example.com editor"))
@click.argument("email")
@click.argument("role")
@json_option
def revoke(*, email: str, role: str, as_json: bool) -> None:
    """Take a role away from a user."""
    rows = asyncio.run(_change_role(email, role, service.revoke_role))
    _tell(rows, f"has not been granted {role} any more", as_json=as_json)


@users.command(epilog=examples("graph-api users disable ada@example.com"))
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
@json_option
def disable(*, emails: tuple[str, ...], as_json: bool) -> None:
    """Disable accounts and end their sessions."""
    _tell(asyncio.run(_change_each(emails, service.disable)), "is disabled", as_json=as_json)


@users.command(epilog=examples("graph-api users enable ada@example.com"))
@click.argument("emails", nargs=-1, required=True, metavar="EMAIL...")
@json_option
def enable(*, emails: tuple[str, ...], as_json: bool) -> None:
    """Enable disabled accounts."""
    _tell(asyncio.run(_change_each(emails, service.enable)), "is enabled", as_json=as_json)


@users.command(
    epilog=examples(
        "graph-api users set-password ada@example.com",
        "pass show ada | graph-api users set-password ada@example.com --password-stdin",
    )
)
@click.argument("email")
@password_option
@json_option
def set_password(*, email: str, password_stdin: bool, as_json: bool) -> None:
    """Give an account a new password and end its sessions."""
    password = _read_password(from_stdin=password_stdin)
    _tell(asyncio.run(_set_password(email, password)), "has a new password", as_json=as_json)


async def find_user(accounts: Accounts, email: str) -> UserRow:
    """Return the user with an address.

    Raises:
        NotFound: naming the address.
    """
    async with accounts.db.read() as session:
        row = await service.find(session, normalise_email(email))
    if row is None:
        raise NotFound(f"There is no user {email}.")
    return row


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask at: pipe it in, --password-stdin.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _tell(rows: Sequence[Row], what: str, *, as_json: bool) -> None:
    if as_json:
        show(rows, as_json=True)
    else:
        click.echo("\n".join(f"{row['email']} {what}." for row in rows))


async def _list(where: service.UserFilter, limit: int) -> Sequence[Row]:
    statement = service.select_users(where).order_by(col(UserRow.created_at), col(UserRow.id))
    async with open_accounts(keys=False) as accounts:
        async with accounts.db.read() as session:
            found = (await session.scalars(statement.limit(limit))).all()
        return await _rows(accounts, found)


async def _create(
    email: str, name: str | None, roles: tuple[str, ...], password: str
) -> Sequence[Row]:
    async with open_accounts() as accounts:
        role_ids = [(await find_role(accounts, role)).id for role in roles]
        new = service.NewUser(email=email, name=name, password=password, role_ids=role_ids)
        row = await service.create(accounts, new, by=OPERATOR, origin=NOWHERE)
        return await _rows(accounts, [row])


async def _change_role(email: str, role: str, change: Change) -> Sequence[Row]:
    async with open_accounts() as accounts:
        user_id = (await find_user(accounts, email)).id
        role_id = (await find_role(accounts, role)).id
        row = await change(accounts, user_id, role_id, by=OPERATOR, origin=NOWHERE)
        return await _rows(accounts, [row])


async def _change_each(emails: Sequence[str], change: Change) -> Sequence[Row]:
    async with open_accounts(keys=False) as accounts:
        user_ids = [(await find_user(accounts, email)).id for email in emails]
        changed = [
            await change(accounts, user_id, by=OPERATOR, origin=NOWHERE) for user_id in user_ids
        ]
        return await _rows(accounts, changed)


async def _set_password(email: str, password: str) -> Sequence[Row]:
    async with open_accounts(keys=False) as accounts:
        user_id = (await find_user(accounts, email)).id
        row = await service.set_password(accounts, user_id, password, by=OPERATOR, origin=NOWHERE)
        return await _rows(accounts, [row])


async def _rows(accounts: Accounts, users: Sequence[UserRow]) -> Sequence[Row]:
    async with accounts.db.read() as session:
        roles = await _granted(session)
    return [
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "roles": roles.get(user.id, []),
            "createdAt": user.created_at,
            "lastLoginAt": user.last_login_at,
            "disabledAt": user.disabled_at,
        }
        for user in users
    ]


async def _granted(session: AsyncSession) -> dict[str, list[str]]:
    """Return the names of the roles that each user was granted, by user."""
    statement = (
        select(col(UserRoleRow.user_id), col(RoleRow.name))
        .join(RoleRow, col(RoleRow.id) == col(UserRoleRow.role_id))
        .order_by(col(RoleRow.name))
    )
    granted: dict[str, list[str]] = {}
    for user_id, role in (await session.execute(statement)).all():
        granted.setdefault(user_id, []).append(role)
    return granted
