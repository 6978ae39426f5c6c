"""The tables of the articles; each stands in a migration below ``migrations/versions/``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from graph_api.db.types import UtcDateTime


class ArticleRow(SQLModel, table=True):
    """An article. ``status`` is ``draft``, ``published`` or ``withdrawn``."""

    __tablename__ = "article"

    id: str = Field(primary_key=True, sa_type=Text)
    author_id: str = Field(
        foreign_key="graph_api_user.id", ondelete="CASCADE", index=True, sa_type=Text
    )
    title: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    notes: str | None = Field(default=None, sa_type=Text)
    status: str = Field(default="draft", index=True, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
