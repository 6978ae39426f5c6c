"""The shop's tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from graph_api.db.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "customer",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("shipping_address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["graph_api_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "order",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["graph_api_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_user_id", "order", ["user_id"])


def downgrade() -> None:
    op.drop_table("order")
    op.drop_table("customer")
    op.drop_table("product")
