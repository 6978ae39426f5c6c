"""What can be wrong with a server here: ``doctor`` lists it, ``serve`` refuses to start with it.

Each check yields what it finds, and a command to paste that mends it. No text holds a secret.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts.demo import has_demo_accounts
from graph_api.accounts.grants import holders_of
from graph_api.accounts.keystore import has_dev_keys
from graph_api.accounts.roles import ADMIN
from graph_api.cli.configuration import Application
from graph_api.cli.database import Unavailable, open_database
from graph_api.cli.migrate import pending_of
from graph_api.clock import Clock, utc_now
from graph_api.db.engine import DialectName
from graph_api.db.tables import RolePermissionRow, RoleRow, UserRow
from graph_api.errors import ConfigurationError
from graph_api.settings import PREFIX, Mode, Settings, unsafe

NEW_SECRET = "$(python3 -c 'import secrets; print(secrets.token_urlsafe(48))')"  # noqa: S105
NEW_ADMIN = (
    "python3 -c 'import secrets; print(secrets.token_urlsafe(15))' | tee /dev/stderr | "
    "graph-api users create admin@example.com --role admin --password-stdin"
)
"""Shows the new administrator's password to the operator, and to nobody else."""
ROTATE = "graph-api keys rotate --compromised"


@dataclass(frozen=True)
class Finding:
    """Something wrong: one sentence without its full stop, and what mends it."""

    problem: str
    cure: str

    def __str__(self) -> str:
        return f"{self.problem}: run `{self.cure}`"


@dataclass(frozen=True)
class Site:
    """What is looked at."""

    settings: Settings
    application: Application
    clock: Clock = utc_now


Find = Callable[[Site], AsyncIterator[Finding]]


@dataclass(frozen=True)
class Check:
    """One kind of thing that can be wrong.

    Attributes:
        name: what ``doctor`` calls it.
        find: yields what is wrong.
        needs: names of the checks without which this one can't be made.
        only_for_serve: whether it does not concern ``dev``.
    """

    name: str
    find: Find
    needs: tuple[str, ...] = ()
    only_for_serve: bool = False


async def settings(site: Site) -> AsyncIterator[Finding]:
    """Find the settings that are not safe to serve with."""
    values = {
        f"{PREFIX}SECRET_KEY": NEW_SECRET,
        f"{PREFIX}HS256_SECRET": NEW_SECRET,
        f"{PREFIX}ISSUER": "https://api.example.com",
        f"{PREFIX}REFRESH_TOKEN_IDLE_TTL": str(site.settings.refresh_token_absolute_ttl),
    }
    concerning = [
        each for each in unsafe(site.settings) if _concerns(each.setting, site.settings.mode)
    ]
    for problem in concerning:
        cure = assignment(problem.setting, values.get(problem.setting, ""))
        yield Finding(f"{problem.setting} {problem.problem}", cure)


async def data_folder(site: Site) -> AsyncIterator[Finding]:
    """Find what others on this machine may read: keys and passwords stand there."""
    folder = site.settings.data_dir
    if os.name == "posix" and folder.exists():
        exposed = next(filter(_others_may_read, (folder, *folder.rglob("*"))), None)
        if exposed:
            yield Finding(
                f"Others may read {exposed}", f"chmod -R go-rwx {shlex.quote(str(folder))}"
            )


async def database(site: Site) -> AsyncIterator[Finding]:
    """Find whether the database answers."""
    try:
        async with open_database(site.settings):
            pass
    except Unavailable as error:
        yield Finding(error.problem, error.cure)


async def migrations(site: Site) -> AsyncIterator[Finding]:
    """Find migrations, ours and the application's, that are not applied."""
    async with open_database(site.settings) as opened:
        pending = await pending_of(opened, site.application)
    if pending:
        yield Finding(
            f"Migrations are pending ({', '.join(pending)})",
            f"graph-api migrate{site.application.options}",
        )


async def roles(site: Site) -> AsyncIterator[Finding]:
    """Find declared roles and permissions that are not stored."""
    async with open_database(site.settings) as opened, opened.read() as session:
        stored = set(await session.scalars(select(col(RoleRow.name))))
        held = set(await session.scalars(_held_by_admin()))
    declared = site.application
    missing = sorted(
        (declared.declared_roles.keys() - stored) | (declared.permissions.keys() - held)
    )
    if missing:
        yield Finding(
            f"Declared but not stored: {', '.join(missing)}",
            f"graph-api migrate{site.application.options}",
        )


async def keys(site: Site) -> AsyncIterator[Finding]:
    """Find signing keys that another secret key encrypted, or that ``dev`` made."""
    async with open_database(site.settings) as opened:
        accounts = Accounts.build(site.settings, opened, site.clock)
        rows = await accounts.keystore.list_keys()
        algorithm = site.settings.signing_algorithm
        try:  # without a key of the algorithm, loading would make one
            if any(row.algorithm == algorithm and row.retired_at is None for row in rows):
                await accounts.keystore.load()
        except ConfigurationError as error:
            yield Finding(str(error).partition(":")[0], ROTATE)
            return
        if site.settings.mode == "serve":
            async with opened.read() as session:
                if await has_dev_keys(session, now=site.clock()):
                    yield Finding("A signing key was made by `graph-api dev`", ROTATE)


async def demo_accounts(site: Site) -> AsyncIterator[Finding]:
    """Find demo accounts that somebody could sign in with, and who could disable them."""
    async with open_database(site.settings) as opened, opened.read() as session:
        if await has_demo_accounts(session):
            demo = await session.scalars(_enabled().where(col(UserRow.is_demo)))
            emails = " ".join(shlex.quote(each.email) for each in demo)
            cure = f"graph-api users disable {emails}"
            if not await _has_admin(session):
                cure = f"{NEW_ADMIN} && {cure}"
            yield Finding("Demo accounts of `graph-api dev` are enabled", cure)


async def administrator(site: Site) -> AsyncIterator[Finding]:
    """Find whether anybody but demo accounts may administer."""
    async with open_database(site.settings) as opened, opened.read() as session:
        if not await _has_admin(session) and not await has_demo_accounts(session):
            yield Finding("No enabled user holds the role admin", NEW_ADMIN)


async def clock(site: Site) -> AsyncIterator[Finding]:
    """Find whether our clock and the database's differ by more than the tokens' leeway."""
    async with open_database(site.settings) as opened, opened.read() as session:
        theirs = await _now(session, opened.dialect)
    seconds = abs((site.clock() - theirs).total_seconds())
    if seconds > max(site.settings.token_leeway, 1):
        yield Finding(
            f"This machine's clock and the database's differ by {seconds:.0f} s",
            "sudo timedatectl set-ntp true",
        )


async def redis(site: Site) -> AsyncIterator[Finding]:
    """Find whether Redis answers, if it is set."""
    url = site.settings.redis_url
    if url is None:
        return
    try:
        async with Redis.from_url(url.get_secret_value()) as connection:
            await connection.ping()
    except (RedisError, OSError, ValueError):
        cure = assignment(f"{PREFIX}REDIS_URL", "")
        yield Finding("Redis does not answer: start it, or do without it on one worker", cure)


CHECKS: Final = (
    Check("settings", settings),
    Check("data folder", data_folder),
    Check("database", database),
    Check("migrations", migrations, needs=("database",)),
    Check("roles", roles, needs=("migrations",)),
    Check("signing keys", keys, needs=("settings", "migrations")),
    Check("demo accounts", demo_accounts, needs=("migrations",), only_for_serve=True),
    Check("administrator", administrator, needs=("roles",), only_for_serve=True),
    Check("clock", clock, needs=("database",)),
    Check("redis", redis),
)

ADVICE: Final = ("roles", "administrator", "clock", "redis")
"""Checks that do not keep ``serve`` from starting."""


async def examine(site: Site) -> dict[str, list[Finding] | None]:
    """Make the checks that concern the mode.

    Returns:
        What each check found, by its name; None for one that could not be made.
    """
    found: dict[str, list[Finding] | None] = {}
    for check in CHECKS:
        if check.only_for_serve and site.settings.mode == "dev":
            continue
        can_be_made = all(found.get(need, []) == [] for need in check.needs)
        found[check.name] = [each async for each in check.find(site)] if can_be_made else None
    return found


def assignment(name: str, value: str) -> str:
    """Return the command that sets a variable where it is set now; empty is its default.

    The environment wins over a file that is named there, and that one over ``.env``.
    """
    if name in os.environ:
        return f'export {name}="{value}"'
    if f"{name}_FILE" in os.environ:
        return f'echo "{value}" > "${name}_FILE"'
    return f'(umask 077 && echo "{name}={value}" >> .env)'


def _concerns(setting: str, mode: Mode) -> bool:
    return mode == "serve" or setting == f"{PREFIX}HS256_SECRET"


def _others_may_read(path: Path) -> bool:
    return not path.is_symlink() and bool(path.stat().st_mode & 0o077)


def _enabled() -> Select[UserRow]:
    return select(UserRow).where(col(UserRow.disabled_at).is_(None))


async def _has_admin(session: AsyncSession) -> bool:
    """Whether somebody who is no demo account may administer."""
    admins = _enabled().where(~col(UserRow.is_demo), col(UserRow.id).in_(holders_of(ADMIN)))
    return await session.scalar(admins.limit(1)) is not None


def _held_by_admin() -> Select[str]:
    return (
        select(col(RolePermissionRow.permission))
        .join(RoleRow, col(RoleRow.id) == col(RolePermissionRow.role_id))
        .where(col(RoleRow.name) == ADMIN)
    )


async def _now(session: AsyncSession, dialect: DialectName) -> datetime:
    if dialect == "postgresql":
        return cast("datetime", await session.scalar(text("SELECT clock_timestamp()")))
    now = await session.scalar(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"))
    return datetime.fromisoformat(str(now)).replace(tzinfo=UTC)
