"""A client of the whole server, in this process, on a database with people in it.

Take ``client``: it runs on SQLite and on PostgreSQL, at a time that the test sets.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event, select
from sqlmodel import col

from graph_api.accounts import Accounts, roles, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.sign_in import SignedIn
from graph_api.app import create_app
from graph_api.db.engine import Database
from graph_api.db.migrate import migrate_application
from graph_api.db.tables import AuditEventRow, RoleRow, UserRow
from graph_api.origin import NOWHERE
from graph_api.testing import Answer, TestClient
from schema import schema
from tests.accounts.world import (
    PASSWORD,
    PHONE,
    SettableClock,
    events,
    make_accounts,
    make_settings,
    make_user,
)
from tests.databases import create_postgresql, drop_postgresql, postgresql_url_of, run

PEOPLE: Mapping[str, str] = {
    "admin": "admin",
    "auditor": "auditor",
    "support": "support",
    "user": "user",
    "author": "author",
    "rival": "author",
    "editor": "editor",
}
"""Who is there, and the one role of each."""

MIGRATIONS = Path(__file__).parents[1] / "schema" / "migrations"
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


@dataclass
class Client:
    """Somebody at the other end of HTTP.

    Attributes:
        http: sends requests to the application.
        accounts: the operator's door to the same database, with cheap passwords.
        clock: what the application and the operator take for the time.
        people: users' ids by name, see ``PEOPLE``.
        role_ids: roles' ids by name.
    """

    http: httpx.AsyncClient
    accounts: Accounts
    clock: SettableClock
    people: Mapping[str, str]
    role_ids: Mapping[str, str]

    async def sign_in(self, person: str) -> SignedIn:
        """Begin a session, in less time than an honest hash takes."""
        return await sign_in.login(self.accounts, email(person), PASSWORD, origin=PHONE)

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        as_: str | SignedIn | None = None,
        accept: str = JSON,
        operation: str | None = None,
    ) -> Answer:
        """Post a document.

        Args:
            document: the operations.
            variables: their variables.
            as_: who asks: the name of a person, whom this signs in; a sign-in; or a bearer.
            accept: the media type to answer in.
            operation: which operation.
        """
        bearer = None if as_ is None else await self._bearer(as_)
        kit = TestClient(self.http, self.accounts)
        return await kit.ask(document, variables, bearer=bearer, accept=accept, operation=operation)

    async def grant(self, person: str, role_id: str) -> None:
        """Grant a role, as the operator does."""
        user_id = self.people[person]
        await users.grant_role(self.accounts, user_id, role_id, by=OPERATOR, origin=NOWHERE)

    async def events(self, *actions: str) -> list[AuditEventRow]:
        """Return the audit events of these actions, in their order."""
        return await events(self.accounts, *actions)

    async def _bearer(self, as_: str | SignedIn) -> str:
        if isinstance(as_, str) and as_ not in self.people:
            return as_
        signed_in = await self.sign_in(as_) if isinstance(as_, str) else as_
        return signed_in.access_token


def email(person: str) -> str:
    return f"{person}@example.com"


SIGNING_KEYS = "FROM graph_api_signing_key"


@contextmanager
def counted() -> Iterator[list[str]]:
    """Yield the list of the SQL statements that are executed meanwhile, by whomever.

    Signing keys are read every few seconds, whatever is asked.
    """
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")) and SIGNING_KEYS not in statement:
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def server_settings() -> dict[str, Any]:
    """What the server's settings differ in; a test parametrizes it by name."""
    return {}


@pytest.fixture
async def client(
    populated_url: str, tmp_path: Path, server_settings: dict[str, Any]
) -> AsyncIterator[Client]:
    """Return a client of the server on a database with people in it."""
    clock = SettableClock()
    settings = make_settings(tmp_path / "data", database_url=populated_url, **server_settings)
    app: Any = create_app(schema, settings, migrations=MIGRATIONS, clock=clock)
    transport = httpx.ASGITransport(app, client=("203.0.113.9", 50_000))
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url=settings.issuer) as http,
        Database.open(populated_url) as database,
    ):
        accounts = await make_accounts(settings, database, clock)
        async with database.read() as session:
            people = await session.execute(select(col(UserRow.email), col(UserRow.id)))
            role_ids = await session.execute(select(col(RoleRow.name), col(RoleRow.id)))
        yield Client(
            http,
            accounts,
            clock,
            {address.partition("@")[0]: user_id for address, user_id in people},
            dict(role_ids.all()),
        )


@pytest.fixture
def populated_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated database with people in it."""
    return str(request.getfixturevalue(f"populated_{dialect}_url"))


@pytest.fixture
def populated_sqlite_url(tmp_path: Path, populated_sqlite: Path) -> str:
    path = tmp_path / "data" / "populated.sqlite3"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(populated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def populated_postgresql_url(make_postgresql: Callable[..., str], populated_postgresql: str) -> str:
    return make_postgresql(template=populated_postgresql)


@pytest.fixture(scope="session")
def populated_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("populated") / "populated.sqlite3"
    shutil.copy(migrated_sqlite, path)
    run(_populate(f"sqlite+aiosqlite:///{path}", path.parent))
    return path


@pytest.fixture(scope="session")
def populated_postgresql(
    migrated_postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    name = run(create_postgresql(migrated_postgresql))
    run(_populate(postgresql_url_of(name), tmp_path_factory.mktemp("populated")))
    yield name
    run(drop_postgresql(name))


async def _populate(url: str, data_dir: Path) -> None:
    """Add the application's tables, a signing key, the declared roles, and the people."""
    async with Database.open(url) as database:
        await migrate_application(database, MIGRATIONS)
        accounts = await make_accounts(make_settings(data_dir), database, SettableClock())
        async with database.write() as session:
            now = accounts.clock()
            await roles.sync_roles(session, schema.permissions, schema.roles, now=now)
        for person, role in PEOPLE.items():
            await make_user(accounts, email(person), role)
