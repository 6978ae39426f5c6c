"""The same schema on Strawberry alone, for its hosts: permission classes, caches on."""

import logging
import os
from collections.abc import Sequence
from typing import Any

import strawberry
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import create_async_engine
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.permission import BasePermission

from benchmarks.peers import books as library
from benchmarks.peers.world import PEOPLE, READER, Callers

# A traceback for each refusal would be most of what a denied operation costs.
logging.getLogger("strawberry.execution").disabled = True
Info = strawberry.Info[dict[str, Any], None]
_callers = Callers()
_engine = create_async_engine(os.environ["BENCHMARK_DATABASE_URL"])


def context(authorization: str | None) -> dict[str, Any]:
    """Return what resolvers get: the caller, and loaders of their own for each request."""
    return {
        "caller": _callers.of(authorization),
        "books": DataLoader(load_fn=_books),
        "publishers": DataLoader(load_fn=_publishers),
    }


class IsAuthenticated(BasePermission):
    """Whoever has signed in."""

    message = "Sign in."

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:
        return info.context["caller"].subject is not None


class IsReader(BasePermission):
    """Whoever holds the role."""

    message = "You may not use this field."

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:
        return READER in info.context["caller"].roles


@strawberry.type
class Person:
    """Somebody; not everybody may read all of them."""

    id: strawberry.ID | None
    name: str | None
    city: str | None
    email: str | None = strawberry.field(permission_classes=[IsReader])
    phone: str | None = strawberry.field(permission_classes=[IsReader])
    roles: list[str] | None


async def _publishers(ids: Sequence[int]) -> Sequence[Row[Any]]:
    async with _engine.connect() as connection:
        found = {row.id: row for row in await connection.execute(library.publishers(ids))}
    return [found[each] for each in ids]


async def _books(ids: Sequence[int]) -> list[list[dict[str, Any]]]:
    async with _engine.connect() as connection:
        found = (await connection.execute(library.books_by(ids))).mappings().all()
    return library.grouped(found, ids)


@strawberry.type
class Publisher:
    """Who prints a book."""

    name: str | None


@strawberry.type
class Book:
    """A book."""

    publisher_id: strawberry.Private[int]
    title: str | None
    isbn: str | None = strawberry.field(permission_classes=[IsReader])

    @strawberry.field
    async def publisher(self, info: Info) -> Publisher | None:
        row = await info.context["publishers"].load(self.publisher_id)
        return Publisher(name=row.name)


@strawberry.type
class Author:
    """Who wrote a book."""

    key: strawberry.Private[int]
    name: str | None

    @strawberry.field
    async def books(self, info: Info) -> list[Book] | None:
        rows = await info.context["books"].load(self.key)
        return [Book(**row) for row in rows]


_people = [Person(**each) for each in PEOPLE]


@strawberry.type
class Query:
    """What is asked for."""

    @strawberry.field(permission_classes=[IsAuthenticated])
    def me(self) -> Person | None:
        return _people[0]

    @strawberry.field
    def people(self, first: int) -> list[Person] | None:
        return _people[:first]

    @strawberry.field
    async def authors(self, info: Info) -> list[Author] | None:
        async with _engine.connect() as connection:
            rows = await connection.execute(library.all_authors())
        return [Author(key=row.id, name=row.name) for row in rows]


schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
