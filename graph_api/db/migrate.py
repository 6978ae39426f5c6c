"""Migrations of our own tables, and of an application's."""

from __future__ import annotations

from sqlalchemy import Connection

from graph_api.db.engine import Database
from graph_api.db.tables import TABLES


async def upgrade_database(database: Database) -> None:
    """Bring our tables up to date; several workers may do so at once."""
    async with database.rebuild() as connection:
        await connection.run_sync(upgrade)


def upgrade(connection: Connection) -> None:
    """Bring our tables up to date, for a host that migrates by itself."""
    TABLES[0].metadata.create_all(connection, tables=list(TABLES))
