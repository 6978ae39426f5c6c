"""What can be asked and done: the accounts' root types, and the shop's fields."""

import strawberry
from graph_api import (
    After,
    BadUserInput,
    Connection,
    First,
    HasPermission,
    Info,
    IsAuthenticated,
    Public,
    connect,
    page_args,
)
from graph_api.accounts.graphql import AccountsMutation, AccountsQuery, acting
from graph_api.db.ids import new_id
from sqlmodel import col, select

from shop.tables import CustomerRow, OrderRow, ProductRow
from shop.types import READ, Order, Product


@strawberry.type
class Query(AccountsQuery):
    @strawberry.field(permission_classes=[Public()])
    async def products(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Product] | None:
        return await connect(
            info.context,
            select(ProductRow),
            key=col(ProductRow.id),
            args=page_args(first, after),
            node=Product.of,
        )

    @strawberry.field(permission_classes=[READ])
    async def orders(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Order] | None:
        return await connect(
            info.context,
            select(OrderRow),
            key=col(OrderRow.id),
            args=page_args(first, after),
            node=Order.of,
        )


@strawberry.type
class Mutation(AccountsMutation):
    @strawberry.mutation(permission_classes=[HasPermission("product:write")])
    async def add_product(self, info: Info, name: str, price_cents: int) -> Product | None:
        async with acting(info) as act:
            row = ProductRow(id=new_id("prd"), name=name, price_cents=price_cents)
            act.session.add(row)
        return Product.of(row)

    @strawberry.mutation(permission_classes=[IsAuthenticated()])
    async def place_order(
        self,
        info: Info,
        product_id: strawberry.ID,
        shipping_address: str,
        note: str | None = None,
    ) -> Order | None:
        """Order a product, and remember where the customer lives."""
        async with acting(info) as act:
            if not await act.session.get(ProductRow, product_id):
                raise BadUserInput.at("productId", "There is no such product.")
            user_id = act.require_user()
            order = OrderRow(
                id=new_id("ord"),
                user_id=user_id,
                product_id=product_id,
                note=note,
                ordered_at=act.at,
            )
            act.session.add(order)
            await act.session.merge(CustomerRow(user_id=user_id, shipping_address=shipping_address))
        return Order.of(order)
