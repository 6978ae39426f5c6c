"""The code of docs/rows.md does what the page says of it."""

# No postponed annotations: Strawberry would look for the page's names in this module.
import enum
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import strawberry
from sqlalchemy import insert, select, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlmodel import col

import graph_api
from graph_api import Context, HasPermission, Principal, Public, Schema
from graph_api.db import Columns, Database, ReadAs
from graph_api.db.ids import new_id
from tests.api import counted
from tests.project.checkout import text

pytestmark = pytest.mark.anyio

EMMA, ZULEIKA = new_id("book"), new_id("book")
BLOCKS = re.findall(r"```python\n(.*?)```", text("docs/rows.md"), re.DOTALL)


class Base(DeclarativeBase):
    pass


class BookRow(Base):
    __tablename__ = "book"
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    price: Mapped[int]
    status: Mapped[str]


class BookStatus(enum.Enum):
    LENT = "lent"
    THERE = "there"


strawberry.enum(BookStatus)


@strawberry.type
class Book:
    id: strawberry.ID = strawberry.field(permission_classes=[Public()])
    title: str = strawberry.field(permission_classes=[Public()])
    status: BookStatus = strawberry.field(permission_classes=[Public()])
    price: int | None = strawberry.field(permission_classes=[HasPermission("price:read")])


PAGE: dict[str, Any] = {
    "__name__": __name__,
    **{name: getattr(graph_api, name) for name in ("Lazy", "Names", "fetch_by_id", "reads")},
    **{each.__name__: each for each in (Book, BookRow, BookStatus, Context, ReadAs, Sequence)},
    "strawberry": strawberry,
    "select": select,
    "col": col,
    "visible_to": lambda _: true(),
}
for block in BLOCKS:
    # The page leaves out who may see a loan's book; a schema doesn't start without.
    ruled = block.replace("@strawberry.field(metadata", "@strawberry.field(**PUBLIC, metadata")
    PAGE["PUBLIC"] = {"permission_classes": [Public()]}
    exec(compile(ruled, "docs/rows.md", "exec", dont_inherit=True), PAGE)
Loan: Any = PAGE["Loan"]
Books: Any = PAGE["Query"]


def lent() -> list[Any]:
    return [Loan(book_id=each) for each in (EMMA, ZULEIKA, new_id("book"), "odd", EMMA)]


@strawberry.type
class Query(Books):  # type: ignore[misc]
    loans: list[Loan] | None = strawberry.field(resolver=lent, permission_classes=[Public()])


SCHEMA = Schema(Query, permissions={"price:read": "Read prices."})


@pytest.fixture
async def library(empty_database_url: str) -> AsyncIterator[Database]:
    async with Database.open(empty_database_url) as database:
        async with database.rebuild() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with database.write() as session:
            for id_, title in ((ZULEIKA, "Zuleika"), (EMMA, "Emma")):
                values = {"id": id_, "title": title, "price": 5, "status": "there"}
                await session.execute(insert(BookRow).values(values))
        yield database


async def ask(library: Database, document: str) -> tuple[Any, list[str]]:
    """Return the data that anybody gets, and the statements that it took."""
    with counted() as statements:
        context = Context(db=library, principal=Principal())
        answer = await SCHEMA.execute(document, context_value=context)
    assert answer.data, answer.errors
    return answer.data, statements


async def test_a_list_is_one_statement_without_what_is_denied(library: Database) -> None:
    data, [statement] = await ask(library, "{ books { title status price } }")
    assert data["books"] == [
        {"title": "Emma", "status": "THERE", "price": None},
        {"title": "Zuleika", "status": "THERE", "price": None},
    ]
    assert "book.status" in statement
    assert "price" not in statement


async def test_one_object_for_each_of_a_list_is_one_statement_for_all(library: Database) -> None:
    data, [statement] = await ask(library, "{ loans { book { title } } }")
    titles = [each["book"] and each["book"]["title"] for each in data["loans"]]
    assert titles == ["Emma", "Zuleika", None, None, "Emma"]
    assert "status" not in statement


def test_every_block_of_the_page_is_run() -> None:
    assert {"BOOKS", "Query", "books", "Loan"} <= PAGE.keys()
    assert len(BLOCKS) == 2
    assert isinstance(PAGE["BOOKS"], Columns)
