"""Articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from graph_api.db.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of articles."""
    op.create_table(
        "article",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["author_id"], ["graph_api_user.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_article_author_id", "article", ["author_id"])
    op.create_index("ix_article_status", "article", ["status"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("article")
