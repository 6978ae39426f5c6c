"""Products, orders, and what the shop adds to a user."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry
from graph_api import (
    After,
    Carrier,
    Connection,
    Context,
    First,
    HasPermission,
    Info,
    IsSelf,
    Node,
    Principal,
    Public,
    connect,
    extend,
    page_args,
    rule,
)
from graph_api.accounts.graphql import User, users
from sqlmodel import col, select

from shop.tables import CustomerRow, OrderRow, ProductRow

READ = HasPermission("order:read")
PACK = HasPermission("order:pack")


@rule
def ordered(principal: Principal, orders: Sequence["Order"]) -> list[bool]:
    """Whose order it is: asked once for a whole page."""
    return [order.user_id == principal.subject for order in orders]


@strawberry.type(directives=[Public()])
class Product(Node):
    id_prefix = "prd"

    name: str
    price_cents: int

    @classmethod
    def of(cls, row: ProductRow) -> Self:
        return cls(id=strawberry.ID(row.id), name=row.name, price_cents=row.price_cents)

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> list[Self | None]:
        async with context.db.read() as session:
            rows = await session.scalars(select(ProductRow).where(col(ProductRow.id).in_(ids)))
        found = {row.id: cls.of(row) for row in rows}
        return [found.get(each) for each in ids]


@strawberry.type(directives=[Carrier()])
class Order(Node):
    id_prefix = "ord"

    user_id: strawberry.Private[str]
    product_id: strawberry.Private[str]
    ordered_at: datetime
    note: str | None = strawberry.field(permission_classes=[PACK | ordered])

    @strawberry.field
    async def product(self, info: Info) -> Product | None:
        return await info.context.load(Product.find, self.product_id)

    @strawberry.field
    async def customer(self, info: Info) -> User | None:
        return await info.context.fetch(users, self.user_id)

    @classmethod
    def of(cls, row: OrderRow) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            user_id=row.user_id,
            product_id=row.product_id,
            ordered_at=row.ordered_at,
            note=row.note,
        )

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> list[Self | None]:
        """Whoever reaches an order may read it, so `node` finds only those of the caller."""
        orders = select(OrderRow).where(col(OrderRow.id).in_(ids))
        if "order:read" not in context.principal.permissions:
            orders = orders.where(col(OrderRow.user_id) == context.principal.subject)
        async with context.db.read() as session:
            found = {row.id: cls.of(row) for row in await session.scalars(orders)}
        return [found.get(each) for each in ids]


@extend(User)
class UserShop:
    @strawberry.field(permission_classes=[IsSelf() | PACK])
    async def shipping_address(self: User, info: Info) -> str | None:
        async with info.context.db.read() as session:
            customer = await session.get(CustomerRow, self.id)
        return customer.shipping_address if customer else None

    @strawberry.field(permission_classes=[IsSelf() | READ])
    async def orders(
        self: User, info: Info, first: First = None, after: After = None
    ) -> Connection[Order] | None:
        return await connect(
            info.context,
            select(OrderRow).where(OrderRow.user_id == self.id),
            key=col(OrderRow.id),
            args=page_args(first, after),
            node=Order.of,
        )
