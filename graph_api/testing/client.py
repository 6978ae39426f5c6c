"""A client of the whole server, in this process, on a database of its own."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import httpx
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col

from graph_api.accounts import Accounts, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.passwords import Passwords
from graph_api.accounts.sign_in import SignedIn
from graph_api.app import create_app
from graph_api.clock import Clock, utc_now
from graph_api.db.engine import Database
from graph_api.db.migrate import migrate_application, upgrade_database
from graph_api.db.tables import RoleRow
from graph_api.execution.schema import Schema
from graph_api.origin import NOWHERE
from graph_api.settings import Settings

JSON = "application/json"
ISSUER = "http://localhost"
PASSWORD = "correct horse battery staple"  # noqa: S105 -- of people who are there for one test


@dataclass(frozen=True)
class Answer:
    """What the server answered.

    Attributes:
        response: the whole of it.
    """

    response: httpx.Response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def challenge(self) -> str | None:
        """The ``WWW-Authenticate`` header (RFC 6750, section 3)."""
        challenge: str | None = self.response.headers.get("www-authenticate")
        return challenge

    @property
    def set_cookie(self) -> str | None:
        """The one cookie that it sets or removes."""
        cookies = self.response.headers.get_list("set-cookie")
        assert len(cookies) <= 1, cookies  # noqa: S101 -- a test's own expectation
        return cookies[0] if cookies else None

    @property
    def body(self) -> dict[str, Any]:
        """The body, which is JSON."""
        body: dict[str, Any] = self.response.json()
        return body

    @property
    def data(self) -> Any:
        """The data of an answer without errors.

        Raises:
            AssertionError: it has errors.
        """
        assert "errors" not in self.body, self.body  # noqa: S101 -- a test's own expectation
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors, none as an empty list."""
        errors: list[dict[str, Any]] = self.body.get("errors", [])
        return errors

    @property
    def codes(self) -> list[str]:
        """The code of each error."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def code(self) -> str:
        """The code of the one error.

        Raises:
            ValueError: it has none, or several.
        """
        [code] = self.codes
        return code

    @property
    def wrong(self) -> list[str]:
        """The dotted paths of the inputs that the one error calls wrong.

        Raises:
            ValueError: it has no error, or several.
        """
        [error] = self.errors
        return [".".join(each["path"]) for each in error["extensions"]["fields"]]


@dataclass(frozen=True)
class TestClient:
    """Somebody at the other end of HTTP; see :meth:`open`.

    Attributes:
        http: sends requests to the server.
        accounts: the operator's door to the same database.
    """

    __test__: ClassVar = False  # pytest takes it for no test

    http: httpx.AsyncClient
    accounts: Accounts
    _known: set[str] = field(default_factory=set, init=False, repr=False)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        schema: Schema,
        settings: Settings | None = None,
        *,
        migrations: Path | None = None,
        parts: Sequence[object] = (),
        clock: Clock = utc_now,
    ) -> AsyncIterator[Self]:
        """Start a server on a migrated SQLite database that is gone afterwards.

        Args:
            schema: what it serves.
            settings: how it serves it, as ``serve`` does by default. What the test must not share
                with a real server is replaced: database, data folder, Redis, secret key, issuer.
            migrations: the folder of the application's own migrations.
            parts: as for ``create_app``.
            clock: returns the present instant.
        """
        with TemporaryDirectory(prefix="graph-api-") as folder:
            own = _own(settings or Settings(_env_file=None), Path(folder))
            async with Database.open(own.database_url.get_secret_value()) as database:
                await upgrade_database(database)
                if migrations:
                    await migrate_application(database, migrations)
                accounts = Accounts.build(own, database, clock)
                accounts = replace(accounts, passwords=cheap_passwords())
                app: Any = create_app(schema, own, parts=parts, migrations=migrations, clock=clock)
                transport = httpx.ASGITransport(app)
                async with (
                    _alive(app),
                    httpx.AsyncClient(transport=transport, base_url=own.issuer) as http,
                ):
                    await accounts.keystore.load()
                    yield cls(http, accounts)

    async def sign_in(self, *roles: str, name: str | None = None) -> SignedIn:
        """Begin a session of somebody who holds just these roles.

        Args:
            roles: the names of the roles.
            name: tells one holder of the same roles from another; by default it is always the same.

        Raises:
            LookupError: for a role that is not there, with the nearest one that is.
        """
        email = f"{name or '-'.join(roles) or 'nobody'}@example.com"
        if email not in self._known:
            role_ids = await self._role_ids(roles)
            new = users.NewUser(email=email, password=PASSWORD, role_ids=role_ids)
            await users.create(self.accounts, new, by=OPERATOR, origin=NOWHERE)
            self._known.add(email)
        return await sign_in.login(self.accounts, email, PASSWORD, origin=NOWHERE)

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        as_role: str | None = None,
        bearer: str | SignedIn | None = None,
        operation: str | None = None,
        accept: str = JSON,
    ) -> Answer:
        """Post a document; anonymous unless ``as_role`` or ``bearer`` says who asks.

        Args:
            document: the operations.
            variables: their variables.
            as_role: asks as somebody who holds just this role, the same one each time.
            bearer: an access token, or a sign-in.
            operation: which operation.
            accept: the media type to answer in.
        """
        if as_role is not None:
            bearer = await self.sign_in(as_role)
        headers = {"Accept": accept}
        if bearer is not None:
            token = bearer if isinstance(bearer, str) else bearer.access_token
            headers["Authorization"] = f"Bearer {token}"
        body = {"query": document, "variables": variables, "operationName": operation}
        return Answer(await self.http.post("/graphql", json=body, headers=headers))

    async def _role_ids(self, names: Collection[str]) -> list[str]:
        async with self.accounts.db.read() as session:
            found = await session.execute(select(col(RoleRow.name), col(RoleRow.id)))
        ids: dict[str, str] = dict(found.all())
        for name in names:
            if name not in ids:
                near = get_close_matches(name, ids, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise LookupError(f"There is no role {name!r}.{hint}")
        return [ids[name] for name in names]


@asynccontextmanager
async def _alive(app: Any) -> AsyncIterator[None]:
    """Keep a server started; it is not told of a test that fails.

    Litestar's task group would make an ``ExceptionGroup`` of the failure.
    """
    lifespan = app.lifespan()
    await lifespan.__aenter__()
    try:
        yield
    finally:
        await lifespan.__aexit__(None, None, None)


def _own(settings: Settings, folder: Path) -> Settings:
    """Return the settings, on a database and with keys that nobody else has."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "database_url": SecretStr(f"sqlite+aiosqlite:///{folder / 'test.sqlite3'}"),
            "redis_url": None,
            "secret_key": SecretStr(secrets.token_urlsafe(48)),
            "secret_key_fallbacks": (),
            "issuer": ISSUER,
            "audience": ISSUER,
        }
    )


def cheap_passwords() -> Passwords:
    """Return the passwords' part with a hash that costs next to nothing."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Passwords(concurrency=2, queue=2_000, hasher=cheap)
