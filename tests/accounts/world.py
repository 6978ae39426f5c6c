"""What the tests of the accounts stand on: a clock that they set, and people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel, col

from graph_api.accounts import Accounts, roles, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.sign_in import SignedIn
from graph_api.authorization.principal import Principal
from graph_api.clock import Clock
from graph_api.db.engine import Database
from graph_api.db.tables import AuditEventRow, RoleRow, SessionRow, UserRow
from graph_api.origin import NOWHERE, Origin
from graph_api.settings import Settings
from graph_api.testing.client import cheap_passwords

PASSWORD = "correct horse battery"
PHONE = Origin(ip_address="203.0.113.7", user_agent="Phone/1")
SECRET = "the secret key of these tests, 0123456789"


@dataclass
class SettableClock:
    """Stands still until it is set."""

    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def make_settings(data_dir: Path, **changes: Any) -> Settings:
    """Return settings that no environment and no ``.env`` has a say in."""
    given: dict[str, Any] = {
        "mode": "dev",
        "data_dir": data_dir,
        "issuer": "http://localhost:8000",
        "secret_key": SECRET,
        "refresh_token_idle_ttl": 3_600,
        "refresh_token_absolute_ttl": 4 * 3_600,
        "refresh_reuse_interval": 10,
    }
    return Settings(_env_file=None, **given | changes)


async def make_accounts(settings: Settings, database: Database, clock: Clock) -> Accounts:
    """Return the parts of one worker, with the shipped roles stored."""
    accounts = replace(Accounts.build(settings, database, clock=clock), passwords=cheap_passwords())
    await accounts.keystore.load()
    async with database.write() as session:
        await roles.sync_roles(session, roles.SHIPPED_PERMISSIONS, roles.SHIPPED_ROLES, now=clock())
    return accounts


async def role_id(accounts: Accounts, name: str) -> str:
    async with accounts.db.read() as session:
        found = await session.scalar(select(RoleRow).where(col(RoleRow.name) == name))
    assert found is not None
    return found.id


async def make_role(accounts: Accounts, name: str, *permissions: str) -> str:
    """Create a role as the operator does, and return its id."""
    new = roles.NewRole(name=name, permissions=permissions)
    return (await roles.create(accounts, new, by=OPERATOR, origin=NOWHERE)).id


async def make_user(accounts: Accounts, email: str, *role_names: str) -> UserRow:
    """Create a user as the operator does."""
    role_ids = [await role_id(accounts, name) for name in role_names]
    new = users.NewUser(email=email, password=PASSWORD, role_ids=role_ids)
    return await users.create(accounts, new, by=OPERATOR, origin=NOWHERE)


async def log_in(accounts: Accounts, email: str) -> SignedIn:
    return await sign_in.login(accounts, email, PASSWORD, origin=PHONE)


async def make_caller(accounts: Accounts, email: str, *role_names: str) -> Principal:
    """Create a user, sign in, and return the caller that the access token names."""
    await make_user(accounts, email, *role_names)
    return principal(await log_in(accounts, email))


def principal(signed_in: SignedIn) -> Principal:
    return Principal(
        signed_in.subject, signed_in.session_id, signed_in.roles, signed_in.permissions
    )


async def all_rows(accounts: Accounts, table: type[SQLModel]) -> list[Any]:
    async with accounts.db.read() as session:
        return list(await session.scalars(select(table)))


async def session_row(accounts: Accounts, session_id: str) -> SessionRow:
    async with accounts.db.read() as session:
        row = await session.get(SessionRow, session_id)
    assert row is not None
    return row


async def events(accounts: Accounts, *actions: str) -> list[AuditEventRow]:
    """Return the audit events of these actions, in their order."""
    found = [row for row in await all_rows(accounts, AuditEventRow) if row.action in actions]
    return sorted(found, key=lambda row: row.id)
