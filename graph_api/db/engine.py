"""The database: readers that can't write, and writers that take their turn.

A read and a write are different things on both databases, so each has an engine of its own.
On PostgreSQL both share a pool and a reader's transaction is ``READ ONLY``. On SQLite a reader's
connection is ``query_only``, and all writers of a process share one connection: they wait in
line for it, instead of polling a locked file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import inf
from time import monotonic
from typing import Any, Literal, Self, cast

from sqlalchemy import URL, Executable, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from graph_api.db import sqlite
from graph_api.errors import ConfigurationError, RateLimited

DialectName = Literal["sqlite", "postgresql"]
PING_AFTER = 1.0
"""Seconds that a PostgreSQL connection is idle before it is tried."""


class Database:
    """A SQLite file or a PostgreSQL database, for one event loop.

    Use it as ``async with Database.open(url) as database``, or call :meth:`dispose` in the end.

    Attributes:
        dialect: ``sqlite`` or ``postgresql``.
        reader: the engine whose transactions only read.
        writer: the engine whose transactions write.
    """

    def __init__(self, *, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.reader = reader
        self.writer = writer
        self._once = reader.execution_options(**{sqlite.ONCE: True})
        self.dialect = cast("DialectName", writer.dialect.name)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the database at ``url``; nothing is connected before it is needed.

        Args:
            url: ``sqlite+aiosqlite:///PATH`` or ``postgresql+asyncpg://…``. A SQLite file that is
                not there is made with mode 0600, its folder with 0700; SQLite gives the same mode
                to the ``-wal`` and ``-shm`` files beside it (its documentation, "WAL-mode File
                Format").

        Raises:
            ConfigurationError: for SQLite without a file: each connection would see another one.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            sqlite.make_private(parsed)
            return cls(reader=sqlite.reader(parsed), writer=sqlite.writer(parsed))
        writer = _postgresql(parsed)
        return cls(reader=writer.execution_options(postgresql_readonly=True), writer=writer)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that reads. It sees one state of a SQLite database throughout.

        Raises:
            RateLimited: ``database_busy``, if no connection gets free in time.
        """
        async with AsyncSession(self.reader, expire_on_commit=False) as session:
            with _busy():
                yield session

    async def fetch(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Any]:
        """Return the rows of one statement that reads, without a session of the ORM around it.

        Args:
            statement: one that reads.
            parameters: what its bound parameters stand for.

        Raises:
            RateLimited: ``database_busy``, if no connection gets free in time.
        """
        with _busy():
            async with self._once.connect() as connection:
                return (await connection.execute(statement, parameters)).all()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a session of one transaction, committed at the end, rolled back on an error.

        It is ``READ COMMITTED`` on PostgreSQL. On SQLite it is ``BEGIN IMMEDIATE``, since a
        transaction that reads first and then writes fails at once with ``SQLITE_BUSY_SNAPSHOT``
        if another has written meanwhile, whatever the timeout.

        Raises:
            RateLimited: ``database_busy``, if no connection gets free in time.
        """
        async with AsyncSession(self.writer, expire_on_commit=False) as session:
            with _busy():
                async with session.begin():
                    yield session

    @asynccontextmanager
    async def rebuild(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection in one transaction that may rebuild tables: for migrations.

        SQLite alters a table by copying it and dropping the old one, and a drop cascades to the
        rows that refer to it. So its foreign keys are off meanwhile and checked before the commit
        (https://sqlite.org/lang_altertable.html#otheralter).

        Raises:
            ConfigurationError: if a row then refers to one that is gone; nothing is kept.
        """
        async with self.writer.connect() as connection:
            if self.dialect == "postgresql":
                async with connection.begin():
                    yield connection
            else:
                async with _foreign_keys_off(connection), connection.begin():
                    yield connection
                    await _check_foreign_keys(connection)

    async def dispose(self) -> None:
        """Close all connections."""
        await self.reader.dispose()
        await self.writer.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.dispose()

    def __repr__(self) -> str:
        return f"Database({self.writer.url.render_as_string(hide_password=True)!r})"


@contextmanager
def _busy() -> Iterator[None]:
    """Turn the pool's timeout into an error that a client understands: nothing was done."""
    try:
        yield
    except PoolTimeoutError:
        raise RateLimited(
            "The database is busy. Try again in a few seconds.",
            retry_after=5,
            reason="database_busy",
        ) from None


@asynccontextmanager
async def _foreign_keys_off(connection: AsyncConnection) -> AsyncIterator[None]:
    # On the driver's connection, since the pragma does nothing within a transaction.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        await driver.execute("PRAGMA foreign_keys = ON")


async def _check_foreign_keys(connection: AsyncConnection) -> None:
    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
    if broken:
        tables = ", ".join(sorted({f"{row.table} -> {row.parent}" for row in broken}))
        raise ConfigurationError(f"Rows refer to rows that are gone: {tables}.")


def _postgresql(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        _without_libpq_options(url),
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={"server_settings": {"application_name": "graph-api"}},
    )
    _ping_idle(engine)
    return engine


def _ping_idle(engine: AsyncEngine) -> None:
    """Try a connection that was idle, before it is used: the server may have closed it.

    ``pool_pre_ping`` tries each, which is a round trip for each query.
    """
    dialect, pool = engine.dialect, engine.sync_engine.pool

    @event.listens_for(pool, "checkin")
    def note(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = monotonic()

    @event.listens_for(pool, "checkout")
    def ping(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        if monotonic() - record.info.get("idle_since", inf) < PING_AFTER:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


def _without_libpq_options(url: URL) -> URL:
    """Translate what hosts write into a URL for libpq: asyncpg calls ``sslmode`` ``ssl``."""
    query = dict(url.query)
    query.pop("channel_binding", None)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(query=query)
