"""The shop's tables. Users stand in graph_api's; what the shop knows of them has its own."""

from datetime import datetime

from graph_api.db.types import UtcDateTime
from sqlmodel import Field, SQLModel


class CustomerRow(SQLModel, table=True):
    __tablename__ = "customer"

    user_id: str = Field(primary_key=True, foreign_key="graph_api_user.id", ondelete="CASCADE")
    shipping_address: str


class ProductRow(SQLModel, table=True):
    __tablename__ = "product"

    id: str = Field(primary_key=True)
    name: str
    price_cents: int


class OrderRow(SQLModel, table=True):
    __tablename__ = "order"

    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="graph_api_user.id", ondelete="CASCADE", index=True)
    product_id: str = Field(foreign_key="product.id")
    note: str | None
    ordered_at: datetime = Field(sa_type=UtcDateTime)
