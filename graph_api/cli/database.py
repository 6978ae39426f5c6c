"""The database, as commands open it: what is wrong with it is one sentence and its cure."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError

from graph_api.accounts import Accounts
from graph_api.cli.configuration import operator_settings
from graph_api.db.engine import Database
from graph_api.db.migrate import pending
from graph_api.errors import ConfigurationError
from graph_api.settings import LOOPBACK_HOSTS, Settings


class Unavailable(ConfigurationError):
    """The database can't be used.

    Attributes:
        problem: what is wrong, without the password.
        cure: a command that mends it.
    """

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(f"{problem}: run `{cure}`.")
        self.problem = problem
        self.cure = cure


@asynccontextmanager
async def open_database(settings: Settings, *, create: bool = False) -> AsyncIterator[Database]:
    """Open the database of the settings and see that it answers.

    Args:
        settings: where it is.
        create: make a SQLite file that is not there.

    Raises:
        Unavailable: it is not there, or does not answer.
    """
    url = make_url(settings.database_url.get_secret_value())
    if _is_missing_file(url) and not create:
        raise Unavailable(f"There is no database at {url.database} yet", "graph-api migrate")
    if _is_other_file(url):
        raise _refused(url, "file is not a database")
    async with Database.open(url.render_as_string(hide_password=False)) as database:
        try:
            async with database.reader.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except OSError as error:
            raise Unavailable(f"{_named(url)} can't be reached: {error}", _wake(url)) from None
        except DBAPIError as error:
            raise _refused(url, str(error.orig)) from None
        yield database


@asynccontextmanager
async def open_accounts(*, keys: bool = True) -> AsyncIterator[Accounts]:
    """Open the accounts for the operator.

    Args:
        keys: load the signing keys; what changes roles measures tokens that they sign.

    Raises:
        Unavailable: the database is not there, does not answer or is not migrated.
        ConfigurationError: there is no secret key, or it does not decrypt the signing keys.
    """
    settings = operator_settings()
    async with open_database(settings) as database:
        if await pending(database):
            raise Unavailable("Migrations are pending", "graph-api migrate")
        accounts = Accounts.build(settings, database)
        if keys:
            await accounts.keystore.load()
        yield accounts


def _is_missing_file(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _is_other_file(url: URL) -> bool:
    """Whether there is something else at the path (SQLite, "Database File Format", 1.3)."""
    if url.get_backend_name() != "sqlite" or _is_missing_file(url):
        return False
    with Path(url.database or "").open("rb") as file:
        return file.read(16) not in {b"", b"SQLite format 3\0"}


def _named(url: URL) -> str:
    """Return the URL as it may be shown: without the password, also if it is a parameter."""
    shown = url.set(query={}, drivername=url.get_backend_name())
    return f"The database {shown.render_as_string(hide_password=True)}"


def _refused(url: URL, reason: str) -> Unavailable:
    if url.get_backend_name() == "sqlite":
        path = shlex.quote(str(url.database))
        cure = f"mv {path} {path}.broken && graph-api migrate"
    elif "database" in reason and "does not exist" in reason:
        cure = f"createdb {_connection_options(url)} {shlex.quote(str(url.database))}"
    else:
        cure = f"psql {_connection_options(url)} {shlex.quote(str(url.database))}"
    return Unavailable(f"{_named(url)} refuses: {reason}", cure)


def _wake(url: URL) -> str:
    """Return the command that starts a database here, or looks for one elsewhere."""
    if url.host in LOOPBACK_HOSTS:
        return "sudo systemctl start postgresql"
    return f"pg_isready {_connection_options(url)}"


def _connection_options(url: URL) -> str:
    given = {"-h": url.host, "-p": url.port, "-U": url.username}
    return " ".join(f"{flag} {shlex.quote(str(each))}" for flag, each in given.items() if each)
