"""Authors, their books and the publishers of those: three levels in a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Select, Table, Text, select

METADATA = MetaData()
AUTHOR = Table(
    "benchmark_author", METADATA, Column("id", Integer, primary_key=True), Column("name", Text)
)
PUBLISHER = Table(
    "benchmark_publisher", METADATA, Column("id", Integer, primary_key=True), Column("name", Text)
)
BOOK = Table(
    "benchmark_book",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("author_id", ForeignKey(AUTHOR.c.id), index=True),
    Column("publisher_id", ForeignKey(PUBLISHER.c.id)),
    Column("title", Text),
    Column("isbn", Text),
)
AUTHORS, BOOKS_OF_EACH, PUBLISHERS = 50, 4, 10
T = TypeVar("T")


def rows() -> dict[Table, list[dict[str, Any]]]:
    """Return what the tables are filled with."""
    return {
        AUTHOR: [{"id": each, "name": f"Author {each}"} for each in range(AUTHORS)],
        PUBLISHER: [{"id": each, "name": f"Publisher {each}"} for each in range(PUBLISHERS)],
        BOOK: [
            {
                "id": each,
                "author_id": each % AUTHORS,
                "publisher_id": each % PUBLISHERS,
                "title": f"Book {each}",
                "isbn": f"978-{each:09}",
            }
            for each in range(AUTHORS * BOOKS_OF_EACH)
        ],
    }


def all_authors() -> Select[Any]:
    """Select id and name."""
    return select(AUTHOR.c.id, AUTHOR.c.name).order_by(AUTHOR.c.id)


def books_by(author_ids: Sequence[int]) -> Select[Any]:
    """Select author_id, publisher_id, title and isbn of the books of some authors."""
    columns = (BOOK.c.author_id, BOOK.c.publisher_id, BOOK.c.title, BOOK.c.isbn)
    return select(*columns).where(BOOK.c.author_id.in_(author_ids)).order_by(BOOK.c.id)


def publishers(ids: Sequence[int]) -> Select[Any]:
    """Select id and name of some publishers."""
    return select(PUBLISHER.c.id, PUBLISHER.c.name).where(PUBLISHER.c.id.in_(ids))


def grouped(
    found: Sequence[Mapping[Any, Any]], author_ids: Sequence[int]
) -> list[list[dict[str, Any]]]:
    """Return the books of each author, without the author's id."""
    by_id: dict[int, list[dict[str, Any]]] = {each: [] for each in author_ids}
    for row in found:
        book = dict(row)
        by_id[book.pop("author_id")].append(book)
    return [by_id[each] for each in author_ids]
