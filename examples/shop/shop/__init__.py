"""A small shop on graph-api: `graph-api dev --schema shop:schema`."""

from graph_api import Schema

from shop.root import Mutation, Query
from shop.types import UserShop

schema = Schema(
    Query,
    Mutation,
    extend=[UserShop],
    permissions={
        "product:write": "Add products.",
        "order:read": "See everybody's orders.",
        "order:pack": "See notes and addresses, to pack what was ordered.",
    },
    roles={
        "clerk": ["product:write", "order:read"],
        "packer": ["order:read", "order:pack"],
    },
)
