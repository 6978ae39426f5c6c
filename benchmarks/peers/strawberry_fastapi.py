"""Strawberry on FastAPI, as its documentation has it."""

from typing import Any

from fastapi import FastAPI, Request
from strawberry.fastapi import GraphQLRouter

from benchmarks.peers.stock import context, schema


async def _context(request: Request) -> dict[str, Any]:
    return context(request.headers.get("authorization"))


_router: GraphQLRouter[Any, None] = GraphQLRouter(schema, context_getter=_context, graphql_ide=None)
app = FastAPI(openapi_url=None)
app.include_router(_router, prefix="/graphql")
