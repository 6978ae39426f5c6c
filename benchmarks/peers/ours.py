"""What ``graph-api serve`` serves: people from memory, books from the database, the accounts."""

from collections.abc import Sequence
from typing import Any

import strawberry
from sqlalchemy import Row

from benchmarks.peers import books as library
from benchmarks.peers.world import PEOPLE, READER
from graph_api import Context, HasRole, Info, IsAuthenticated, Public, Schema
from graph_api.accounts.graphql import AccountsMutation, AccountsQuery


def _open() -> Any:
    return strawberry.field(permission_classes=[Public()])


def _guarded() -> Any:
    return strawberry.field(permission_classes=[HasRole(READER)])


@strawberry.type
class Person:
    """Somebody; not everybody may read all of them."""

    id: strawberry.ID | None = _open()
    name: str | None = _open()
    city: str | None = _open()
    email: str | None = _guarded()
    phone: str | None = _guarded()
    roles: list[str] | None = _open()


async def _publishers(context: Context, ids: Sequence[int]) -> Sequence[Row[Any]]:
    async with context.db.read() as session:
        found = {row.id: row for row in await session.execute(library.publishers(ids))}
    return [found[each] for each in ids]


async def _books(context: Context, ids: Sequence[int]) -> list[list[dict[str, Any]]]:
    async with context.db.read() as session:
        found = (await session.execute(library.books_by(ids))).mappings().all()
    return library.grouped(found, ids)


@strawberry.type
class Publisher:
    """Who prints a book."""

    name: str | None = _open()


@strawberry.type
class Book:
    """A book."""

    publisher_id: strawberry.Private[int]
    title: str | None = _open()
    isbn: str | None = _guarded()

    @strawberry.field(permission_classes=[Public()])
    async def publisher(self, info: Info) -> Publisher | None:
        row = await info.context.load(_publishers, self.publisher_id)
        return Publisher(name=row.name)


@strawberry.type
class Author:
    """Who wrote a book."""

    key: strawberry.Private[int]
    name: str | None = _open()

    @strawberry.field(permission_classes=[Public()])
    async def books(self, info: Info) -> list[Book] | None:
        rows = await info.context.load(_books, self.key)
        return [Book(**row) for row in rows]


_people = [Person(**each) for each in PEOPLE]


@strawberry.type
class Query(AccountsQuery):
    """What is asked for."""

    @strawberry.field(permission_classes=[IsAuthenticated()])
    def me(self) -> Person | None:
        return _people[0]

    @strawberry.field(permission_classes=[Public()])
    def people(self, first: int) -> list[Person] | None:
        return _people[:first]

    @strawberry.field(permission_classes=[Public()])
    async def authors(self, info: Info) -> list[Author] | None:
        async with info.context.db.read() as session:
            rows = await session.execute(library.all_authors())
        return [Author(key=row.id, name=row.name) for row in rows]


schema = Schema(Query, AccountsMutation, roles={READER: []})
