"""Which articles a caller sees, and how they are fetched."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, literal, or_, select
from sqlmodel import col

from graph_api import Context, Principal
from graph_api.db.ids import prefix_of
from schema.tables import ArticleRow

REVIEW = "article:review"


def visible_to(caller: Principal) -> ColumnElement[bool]:
    """Return the condition on articles that a caller sees: published, own, or all of them."""
    return or_(
        col(ArticleRow.status) == "published",
        col(ArticleRow.author_id) == (caller.subject or ""),
        literal(REVIEW in caller.permissions),
    )


async def articles(context: Context, ids: Sequence[str]) -> Sequence[ArticleRow | None]:
    """Return articles by their ids, None for those that the caller doesn't see."""
    wanted = [each for each in ids if prefix_of(each) == "art"]
    seen = visible_to(context.principal)
    statement = select(ArticleRow).where(col(ArticleRow.id).in_(wanted), seen)
    async with context.db.read() as session:
        rows = {row.id: row for row in await session.scalars(statement)}
    return [rows.get(each) for each in ids]
