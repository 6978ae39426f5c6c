"""One at a time: what must be looked at and changed without another doing so meanwhile."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel


async def lock_table(session: AsyncSession, table: type[SQLModel]) -> None:
    """Let no other transaction write to a table, or lock it, until this one ends.

    Readers, and rows elsewhere that refer to it, don't wait (PostgreSQL, "Explicit Locking"). On
    SQLite a transaction that writes is alone already.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))
