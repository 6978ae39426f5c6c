"""SQLite: readers that can't write, one writer, and a statement for each trip to its thread.

SQLite blocks, so aiosqlite gives each connection a thread. To make a cursor, to execute, to fetch
and to close it are four trips there for one statement, of some 0.1 ms each: more than the
statement takes. Here the first trip brings the rows back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self

import aiosqlite
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from graph_api.errors import ConfigurationError

ONCE = "graph_api_once"
"""Option of a connection that runs one statement, which reads."""
BUSY_TIMEOUT = 30
"""Seconds that a connection waits for another process, and a writer for its turn."""
_AGAIN_AFTER = 0.01
"""Seconds."""
AT_ONCE = 1_024
"""Rows that come back with the statement that finds them; more are another trip."""


def make_private(url: URL) -> None:
    """Make the file with mode 0600, and its folder with 0700, if they are not there.

    Raises:
        ConfigurationError: for SQLite without a file: each connection would see another one.
    """
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("SQLite in memory is not supported: name a file in DATABASE_URL.")
    path = Path(url.database)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def reader(url: URL) -> AsyncEngine:
    """Return the engine whose connections are ``query_only``."""
    return _engine(url, begin="BEGIN", pragmas=("query_only = ON",))


def writer(url: URL) -> AsyncEngine:
    """Return the engine of the one connection that all writers of a process wait in line for."""
    turn = {"pool_size": 1, "max_overflow": 0, "pool_timeout": BUSY_TIMEOUT}
    return _engine(url, begin="BEGIN IMMEDIATE", pragmas=("foreign_keys = ON",), **turn)


def _engine(url: URL, *, begin: str, pragmas: tuple[str, ...], **pool: Any) -> AsyncEngine:
    async def connect() -> aiosqlite.Connection:
        (path,), options = dialect.create_connect_args(url)
        return await _Connection(partial(_connect, path, options, pragmas))

    engine = create_async_engine(url, async_creator=connect, hide_parameters=True, **pool)
    dialect: Any = engine.dialect
    dialect.do_terminate = _stop

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        # One statement sees one state by itself; to begin costs as much as a small query.
        if not connection.get_execution_options().get(ONCE):
            connection.exec_driver_sql(begin)

    return engine


def _connect(path: str, options: dict[str, Any], pragmas: tuple[str, ...]) -> sqlite3.Connection:
    """Connect, within the thread of the connection."""
    # With isolation_level None the driver begins nothing itself: we say how to begin.
    options |= {"isolation_level": None, "timeout": BUSY_TIMEOUT}
    connection: sqlite3.Connection = sqlite3.connect(path, **options)
    try:
        _write_ahead(connection)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have a file written ahead (WAL).

    Where two do so at once, SQLite refuses one at once, whatever its timeout: both read, and each
    would wait for the other. So that one comes again.
    """
    patience = monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > patience:
                raise
            sleep(_AGAIN_AFTER)
        else:
            return


def _stop(connection: Any) -> None:
    """End a connection whose statement was cancelled: its thread closes it after the statement.

    SQLAlchemy's own way waits for the close. When the wait is cancelled as well (anyio cancels
    at every await) a task is left that never ends, and the event loop can't be closed.
    """
    connection.driver_connection.stop()


class _Connection(aiosqlite.Connection):
    """A connection whose cursors need one trip to its thread for a statement."""

    def __init__(self, connector: Any) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True  # as SQLAlchemy has it where it connects itself
        self.may_be_open = False

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy enters either
        return _Cursor(self, self._conn.cursor())

    async def commit(self) -> None:
        await super().commit()
        self.may_be_open = self.in_transaction

    async def rollback(self) -> None:
        """Roll back the transaction, if there may be one: a trip less after most others."""
        if self.may_be_open or self.in_transaction:
            await super().rollback()
            self.may_be_open = self.in_transaction


class _Cursor(aiosqlite.Cursor):
    def __init__(self, connection: _Connection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._connection = connection
        self._found: list[Any] = []
        self._is_open = True

    async def execute(self, sql: str, parameters: Any = ()) -> Self:
        # Who is cancelled while it waits doesn't know what the thread still does.
        self._is_open = self._connection.may_be_open = True
        self._is_open = await self._execute(self._run, sql, parameters)  # type: ignore[no-untyped-call]
        self._connection.may_be_open = self._connection.in_transaction
        return self

    def _run(self, sql: str, parameters: Any) -> bool:
        """Execute, within the thread, and return whether there is more to fetch."""
        self._cursor.execute(sql, parameters)
        self._found = self._cursor.fetchmany(AT_ONCE)
        return len(self._found) == AT_ONCE

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        self._connection.may_be_open = True
        await super().executemany(sql, parameters)
        return self

    async def fetchone(self) -> Any | None:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        size = size or self.arraysize
        if not self._found and self._is_open:
            return [*await super().fetchmany(size)]
        rows, self._found = self._found[:size], self._found[size:]
        return rows

    async def fetchall(self) -> list[Any]:
        found, self._found = self._found, []
        return [*found, *await super().fetchall()] if self._is_open else found

    async def close(self) -> None:
        if self._is_open:
            await super().close()
