"""What all servers of one comparison share: people, a database, signing keys and tokens."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col

from benchmarks.peers import books
from graph_api.accounts import Accounts, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.roles import sync_roles
from graph_api.accounts.sign_in import SignedIn
from graph_api.db.engine import Database
from graph_api.db.migrate import upgrade_database
from graph_api.db.tables import RoleRow
from graph_api.origin import NOWHERE
from graph_api.settings import PREFIX, Settings

PEOPLE = 1_000
ROLE = "reader"
"""Who holds it may read every field of a person."""
PASSWORD = "correct horse battery staple"  # noqa: S105 -- of a database that is thrown away
READER, STRANGER = "reader@example.com", "stranger@example.com"
ISSUER = "http://localhost"
OFTEN = "999999999/1s"
"""Nobody is kept from signing in again and again."""


@dataclass(frozen=True)
class World:
    """What the servers are started with.

    Attributes:
        folder: for files that are thrown away.
        environment: what each server reads its settings from.
        reader: the session of somebody who may read every field.
        stranger: the session of somebody who may read the public ones.
    """

    folder: Path
    environment: Mapping[str, str]
    reader: SignedIn
    stranger: SignedIn

    @classmethod
    @contextmanager
    def on(cls, database_url: str | None = None) -> Iterator[World]:
        """Make one on an empty database, by default on SQLite.

        Args:
            database_url: an empty database.
        """
        with TemporaryDirectory(prefix="graph-api-benchmark-") as name:
            folder = Path(name)
            settings = _settings(folder, database_url)
            accounts, reader, stranger = asyncio.run(_fill(settings))
            shared = folder / "world.json"
            shared.write_text(json.dumps(_shared(accounts)), encoding="utf-8")
            yield cls(folder, _environment(settings, shared), reader, stranger)


def people() -> list[dict[str, Any]]:
    """Return the people that servers have in memory."""
    return [
        {
            "id": f"per_{number:06}",
            "name": f"Ada Lovelace the {number}.",
            "city": f"City {number % 50}",
            "email": f"ada.{number}@example.com",
            "phone": f"+44 20 {number:08}",
            "roles": ["reader"],
        }
        for number in range(PEOPLE)
    ]


def _settings(folder: Path, database_url: str | None) -> Settings:
    url = database_url or f"sqlite+aiosqlite:///{folder / 'data' / 'graph-api.sqlite3'}"
    return Settings(
        _env_file=None,
        mode="serve",
        data_dir=folder / "data",
        database_url=SecretStr(url),
        issuer=ISSUER,
        secret_key=SecretStr(secrets.token_urlsafe(48)),
        access_token_ttl=86_400,
        guess_limit=OFTEN,
        guess_limit_account=OFTEN,
        guess_limit_network=OFTEN,
        refresh_limit=OFTEN,
    )


def _environment(settings: Settings, shared: Path) -> dict[str, str]:
    url = settings.database_url.get_secret_value()
    names = ("data_dir", "issuer", "access_token_ttl", "refresh_limit")
    guesses = ("guess_limit", "guess_limit_account", "guess_limit_network")
    return {
        **{f"{PREFIX}{name.upper()}": str(getattr(settings, name)) for name in (*names, *guesses)},
        f"{PREFIX}DATABASE_URL": url,
        f"{PREFIX}SECRET_KEY": settings.secret_key.get_secret_value(),
        "BENCHMARK_DATABASE_URL": url,
        "BENCHMARK_WORLD": str(shared),
    }


async def _fill(settings: Settings) -> tuple[Accounts, SignedIn, SignedIn]:
    async with Database.open(settings.database_url.get_secret_value()) as database:
        await upgrade_database(database)
        await _add_books(database)
        accounts = Accounts.build(settings, database)
        async with database.write() as session:
            await sync_roles(session, {}, {ROLE: ()}, now=accounts.clock())
        await accounts.keystore.load()
        return (
            accounts,
            await _sign_in(accounts, READER, ROLE),
            await _sign_in(accounts, STRANGER),
        )


async def _add_books(database: Database) -> None:
    async with database.rebuild() as connection:
        await connection.run_sync(books.METADATA.create_all)
        for table, rows in books.rows().items():
            await connection.execute(table.insert(), rows)


async def _sign_in(accounts: Accounts, email: str, *roles: str) -> SignedIn:
    async with accounts.db.read() as session:
        ids = select(col(RoleRow.id)).where(col(RoleRow.name).in_(roles))
        role_ids = list(await session.scalars(ids))
    new = users.NewUser(email=email, password=PASSWORD, role_ids=role_ids)
    await users.create(accounts, new, by=OPERATOR, origin=NOWHERE)
    return await sign_in.login(accounts, email, PASSWORD, origin=NOWHERE)


def _shared(accounts: Accounts) -> dict[str, Any]:
    private: Any = accounts.keystore.keys().signing.private
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "people": people(),
        "issuer": accounts.tokens.issuer,
        "audience": accounts.tokens.audience,
        "public_key": pem.decode(),
    }
