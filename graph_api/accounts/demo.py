"""Demo accounts: people to sign in as while developing, and how ``serve`` finds them out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts import Accounts, users
from graph_api.accounts.authority import OPERATOR, administering
from graph_api.db.tables import RoleRow, UserRow
from graph_api.origin import NOWHERE

FILE_NAME = "demo-accounts.json"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody to sign in as.

    Attributes:
        email: the address.
        name: what others see.
        roles: names of the roles; those that nobody declared are left out.
    """

    email: str
    name: str
    roles: tuple[str, ...]


PEOPLE = (
    DemoPerson("admin@demo.test", "Grace Hopper", ("admin",)),
    DemoPerson("editor@demo.test", "Mary Shelley", ("editor", "user")),
    DemoPerson("ada@demo.test", "Ada Lovelace", ("author", "user")),
    DemoPerson("user@demo.test", "Alan Turing", ("user",)),
)


@dataclass(frozen=True)
class DemoSignIn:
    """A demo account with its password, for the developer's own screen."""

    person: DemoPerson
    password: str = field(repr=False)


async def ensure(accounts: Accounts, people: Sequence[DemoPerson] = PEOPLE) -> list[DemoSignIn]:
    """Make the demo accounts that are missing, and return all of them with their passwords.

    The passwords are random for each data folder and kept there, in a file for its owner only
    (mode 0600), so that later starts show them again. An account whose password is another one
    by now gets that of the file back.
    """
    file = accounts.settings.data_dir / FILE_NAME
    kept = json.loads(file.read_text()) if file.exists() else {}
    passwords = {person.email: secrets.token_urlsafe(12) for person in people} | kept
    if passwords != kept:
        _write_private(file, json.dumps(passwords, indent=2))
    sign_ins = [DemoSignIn(person, passwords[person.email]) for person in people]
    for sign_in in sign_ins:
        await _ensure_one(accounts, sign_in)
    return sign_ins


async def ids(session: AsyncSession) -> dict[str, str]:
    """Return the ids of the demo accounts, by address."""
    row = UserRow
    statement = select(col(row.email), col(row.id)).where(col(row.is_demo))
    return dict((await session.execute(statement)).all())


async def has_demo_accounts(session: AsyncSession) -> bool:
    """Whether anybody can sign in with a demo account: ``serve`` refuses to start."""
    row = UserRow
    enabled = select(col(row.id)).where(col(row.is_demo), col(row.disabled_at).is_(None))
    return await session.scalar(enabled.limit(1)) is not None


async def _ensure_one(accounts: Accounts, sign_in: DemoSignIn) -> None:
    async with accounts.db.read() as session:
        user = await users.find(session, sign_in.person.email)
    if user is None:
        await _create(accounts, sign_in)
    elif user.is_demo and not await accounts.passwords.verify(user.password_hash, sign_in.password):
        await users.set_password(accounts, user.id, sign_in.password, by=OPERATOR, origin=NOWHERE)


async def _create(accounts: Accounts, sign_in: DemoSignIn) -> None:
    person = sign_in.person
    password_hash = await accounts.passwords.hash(sign_in.password)
    async with administering(accounts, "user:write", OPERATOR, NOWHERE) as act:
        row = users.new_row(person.email, person.name, password_hash, act.at)
        row.is_demo = True
        declared = select(col(RoleRow.id)).where(col(RoleRow.name).in_(person.roles))
        await users.add(accounts, act, row, list(await act.session.scalars(declared)))


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
