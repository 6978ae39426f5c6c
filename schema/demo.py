"""What ``graph-api dev`` puts into an empty database, so that there is something to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from graph_api.clock import utc_now
from graph_api.db import Database
from graph_api.db.ids import new_id
from schema.tables import ArticleRow

TEXTS = (
    ("published", "On the engine", "It weaves algebraical patterns.", None),
    ("published", "Notes on the notes", "Seven of them, lettered A to G.", "Check note G again."),
    ("draft", "Poetical science", "Imagination is the discovering faculty.", "Needs an ending."),
)


async def demo_data(database: Database, users: Mapping[str, str]) -> None:
    """Add the articles of a demo account, unless there are articles.

    Args:
        database: a migrated one.
        users: ids of the demo accounts, by e-mail address.
    """
    now = utc_now()
    async with database.write() as session:
        if await session.scalar(select(ArticleRow).limit(1)) is not None:
            return
        session.add_all(
            ArticleRow(
                id=new_id("art"),
                author_id=users["ada@demo.test"],
                title=title,
                body=body,
                notes=notes,
                status=status,
                created_at=now - timedelta(days=1),
                published_at=now if status == "published" else None,
            )
            for status, title, body, notes in TEXTS
        )
