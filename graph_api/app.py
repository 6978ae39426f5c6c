"""The composition root: the one place that wires the parts of the server together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar
from sqlalchemy import text

from graph_api.accounts import Accounts
from graph_api.accounts.authority import confirm, is_doubtful
from graph_api.accounts.roles import ADMIN, SHIPPED_PERMISSIONS, SHIPPED_ROLES, sync_roles
from graph_api.clock import Clock, utc_now
from graph_api.context import Context, SessionCookie, authenticate, principal_from
from graph_api.db.engine import Database
from graph_api.db.migrate import OURS, application_migrations, pending
from graph_api.execution.limits import Limits
from graph_api.execution.schema import Schema
from graph_api.http.bearer import authorization, sent_bearer
from graph_api.http.console import console_route
from graph_api.http.discovery import discovery_routes
from graph_api.http.front import put_in_front
from graph_api.http.graphiql import Page, static_file
from graph_api.http.graphql import graphql_route
from graph_api.http.head import Head
from graph_api.http.health import Check, health_routes
from graph_api.origin import Origin
from graph_api.settings import Settings
from graph_api.tokens.verified import VerifiedTokens


def create_app(
    schema: Schema,
    settings: Settings,
    *,
    parts: Sequence[object] = (),
    migrations: Path | None = None,
    page: Callable[[], Page] | None = None,
    clock: Clock = utc_now,
) -> Litestar:
    """Return the server as an ASGI application.

    Its database must have been migrated before it starts.

    Args:
        schema: what it serves.
        settings: how it serves it.
        parts: what resolvers get by ``info.context.part(Kind)``, beside the accounts.
        migrations: the folder of the application's own migrations; readiness looks at them.
        page: builds the GraphiQL page for browsers; None serves none.
        clock: returns the present instant.

    Raises:
        ConfigurationError: for settings that can't work.
    """
    _configure(schema, settings)
    database = Database.open(settings.database_url.get_secret_value())
    accounts = Accounts.build(settings, database, clock)
    by_type = {type(part): part for part in (accounts, *parts)}
    app = Litestar(
        route_handlers=[
            graphql_route(schema, _context_maker(accounts, by_type), settings, page),
            *([static_file] if page or settings.console else ()),
            *([console_route()] if settings.console else ()),
            *discovery_routes(settings, lambda: accounts.keystore.keys().jwks()),
            *health_routes(_checks(accounts, migrations), _optional_checks(accounts)),
        ],
        lifespan=[_lifespan(accounts, schema)],
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    put_in_front(app, settings)
    return app


def permissions_of(schema: Schema) -> Mapping[str, str]:
    """Return the permissions that there are: those of the schema, and the shipped ones.

    A schema that takes its callers from another host has that host's permissions and roles alone.
    """
    shipped = {} if schema.has_own_callers else SHIPPED_PERMISSIONS
    return {**shipped, **schema.permissions}


def roles_of(schema: Schema) -> Mapping[str, Sequence[str]]:
    """Return the roles as :func:`create_app` stores them: ``admin`` holds every permission."""
    if schema.has_own_callers:
        return schema.roles
    return {**SHIPPED_ROLES, **schema.roles, ADMIN: tuple(permissions_of(schema))}


def _configure(schema: Schema, settings: Settings) -> None:
    schema.configure(
        limits=Limits.of(settings),
        denied_fields=settings.denied_fields,
        denied_names=settings.denied_names,
        introspection=settings.introspection,
        explains=settings.mode == "dev",
    )


def _context_maker(accounts: Accounts, parts: Mapping[type, Any]) -> Any:
    verified = VerifiedTokens(accounts.tokens, principal_from, partial(is_doubtful, accounts))

    async def make_context(token: str | None, cookie: SessionCookie, head: Head) -> Context:
        client = head.scope["client"]
        principal = authenticate(verified, token)
        await confirm(accounts, principal)
        return Context(
            db=accounts.db,
            principal=principal,
            origin=Origin(client[0] if client else None, head.text(b"user-agent") or None),
            bearer=token or sent_bearer(authorization(head)),
            cookie=cookie,
            parts=parts,
        )

    return make_context


def _lifespan(accounts: Accounts, schema: Schema) -> Callable[[Litestar], Any]:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with accounts.db:
            async with accounts.db.write() as session:
                await sync_roles(session, schema.permissions, schema.roles, now=accounts.clock())
            await accounts.keystore.load()
            fresh = asyncio.create_task(accounts.keystore.keep_fresh())
            try:
                yield
            finally:
                fresh.cancel()
                with suppress(asyncio.CancelledError):
                    await fresh
                await accounts.throttle.counters.close()

    return lifespan


def _checks(accounts: Accounts, migrations: Path | None) -> dict[str, Check]:
    histories = [OURS, *([application_migrations(migrations)] if migrations else ())]

    async def database() -> str | None:
        async with accounts.db.read() as session:
            await session.execute(text("SELECT 1"))
        return None

    async def migrated() -> str | None:
        for history in histories:
            if await pending(accounts.db, history):
                return "Migrations are pending: run `graph-api migrate`."
        return None

    async def signing_key() -> str | None:
        accounts.keystore.keys()
        return None

    return {"database": database, "migrations": migrated, "signing_key": signing_key}


def _optional_checks(accounts: Accounts) -> dict[str, Check]:
    """Return the check of Redis, if it is set: without it this worker counts alone."""

    async def redis() -> str | None:
        await accounts.throttle.counters.ping()
        return None

    return {"redis": redis} if accounts.settings.redis_url else {}
