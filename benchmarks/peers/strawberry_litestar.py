"""Strawberry on Litestar, as its documentation has it."""

from typing import Any

from litestar import Litestar, Request
from strawberry.litestar import make_graphql_controller

from benchmarks.peers.stock import context, schema


async def _context(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return context(request.headers.get("authorization"))


app = Litestar(
    [make_graphql_controller(schema, path="/graphql", context_getter=_context, graphql_ide=None)],
    openapi_config=None,
    logging_config=None,
)
