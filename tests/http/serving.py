"""A small schema behind the real endpoint: who the caller is, is the bearer's own text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import strawberry
from litestar import Litestar
from strawberry.types import Info

from graph_api.authorization.principal import ANONYMOUS, Principal
from graph_api.authorization.rules import HasPermission, IsAuthenticated, Public
from graph_api.context import SessionCookie
from graph_api.errors import RateLimited, Unauthenticated
from graph_api.execution.limits import Limits
from graph_api.execution.schema import Schema
from graph_api.http.front import put_in_front
from graph_api.http.graphiql import Page
from graph_api.http.graphql import graphql_route
from graph_api.http.head import Head
from graph_api.settings import Settings

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
ISSUER = "https://api.example.com"
CANARY = "canary-Pa55word-in-no-log"
PERMISSION = "secret:read"


@dataclass(frozen=True)
class Context:
    principal: Principal


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[Public()])
    def hello(self, name: str = "world", times: int = 1) -> str:
        return f"hello {name}" * times

    @strawberry.field(permission_classes=[Public()])
    def caller(self, info: Info) -> str | None:
        return str(info.context.principal.subject)

    @strawberry.field(permission_classes=[IsAuthenticated()])
    def mine(self) -> str | None:
        return "mine"

    @strawberry.field(permission_classes=[HasPermission(PERMISSION)])
    def secret(self) -> str | None:
        return "secret"

    @strawberry.field(permission_classes=[Public()])
    def limited(self, seconds: int) -> str | None:
        raise RateLimited("Too many.", retry_after=seconds)

    @strawberry.field(permission_classes=[Public()])
    def broken(self, password: str) -> str | None:
        raise RuntimeError(f"can't work with {password}")


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[Public(ignores_bearer=True)])
    def login(self, info: Info, password: str = "") -> str | None:
        return str(info.context.principal.subject)

    @strawberry.mutation(permission_classes=[Public(ignores_bearer=True)])
    def refresh(self, info: Info) -> str | None:
        return str(info.context.principal.subject)

    @strawberry.mutation(permission_classes=[Public()])
    def delete_user(self, info: Info) -> str | None:
        return str(info.context.principal.subject)

    @strawberry.mutation(permission_classes=[HasPermission(PERMISSION)])
    def administer(self) -> str | None:
        return "done"


async def make_context(bearer: str | None, cookie: SessionCookie, head: Head) -> Context:
    """``Bearer ada`` is Ada, ``Bearer root`` may do all, and whatever else does not verify."""
    del cookie, head
    match bearer:
        case None:
            return Context(ANONYMOUS)
        case "ada":
            return Context(Principal("ada"))
        case "root":
            return Context(Principal("root", permissions=frozenset({PERMISSION})))
        case "crash":
            raise RuntimeError("no context: internal detail")
        case _:
            raise Unauthenticated("The token is not genuine.", reason="token_invalid")


def serve(page: Callable[[], Page] | None = None, **options: Any) -> Litestar:
    """Return an application with these settings."""
    settings = Settings(_env_file=None, issuer=ISSUER, **options)
    schema = Schema(Query, Mutation, permissions={PERMISSION: "Read"}, limits=Limits.of(settings))
    app = Litestar(
        [graphql_route(schema, make_context, settings, page)],
        openapi_config=None,
        logging_config=None,
    )
    put_in_front(app, settings)
    return app


def client(app: Litestar, *, peer: str = "203.0.113.9") -> httpx.AsyncClient:
    """Return a client of an application that is seen to come from an address."""
    asgi: Any = app  # Litestar's own ASGI types are narrower than httpx's
    transport = httpx.ASGITransport(asgi, client=(peer, 50_000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ISSUER)
