"""Pages by keyset, as the GraphQL Cursor Connections Specification wants them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    event,
    insert,
    select,
)
from sqlmodel import col

from graph_api.db import Database
from graph_api.db.keyset import OrderBy, Page, PageArgs, page, pages
from graph_api.db.tables import AuditEventRow, UserRow
from graph_api.db.types import UtcDateTime
from graph_api.errors import BadUserInput

pytestmark = pytest.mark.anyio

item = Table(
    "item",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("size", Integer, nullable=True),
    Column("seen_at", UtcDateTime, nullable=True),
    Column("name", Text, nullable=False),
)
Item = tuple[str, int | None, datetime | None, str]
BY_NAME = [OrderBy(item.c.name, "NAME")]
START = datetime(2026, 1, 1, tzinfo=UTC)
examples = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
async def items(empty_database_url: str) -> AsyncIterator[Database]:
    """Return a database with the empty table of items."""
    async with Database.open(empty_database_url) as database:
        async with database.rebuild() as connection:
            await connection.run_sync(item.metadata.create_all)
        yield database


async def fill(database: Database, rows: Sequence[Item]) -> None:
    async with database.write() as session:
        await session.execute(delete(item))
        if rows:
            await session.execute(insert(item).values([*rows]))


async def fill_letters(database: Database, letters: str) -> None:
    await fill(database, [(letter, None, None, letter) for letter in letters])


async def read(database: Database, order: Sequence[OrderBy] = BY_NAME, **args: Any) -> Page[str]:
    async with database.read() as session:
        return await page(session, select(item.c.id), order, item.c.id, PageArgs(**args))


async def rows_or_wrong_argument(
    database: Database, order: Sequence[OrderBy], after: str
) -> list[str]:
    try:
        return (await read(database, order, after=after)).rows
    except BadUserInput as refused:
        return refused.fields[0]["path"]


class TestSlices:
    async def test_a_page_in_the_middle_has_neighbours_on_both_sides(self, items: Database) -> None:
        await fill_letters(items, "abcdef")
        first = await read(items, first=2)
        middle = await read(items, first=2, after=first.cursors[-1])

        assert "".join(first.rows + middle.rows) == "abcd"
        assert (first.has_previous_page, first.has_next_page) == (False, True)
        assert (middle.has_previous_page, middle.has_next_page) == (True, True)

    async def test_the_last_page_says_that_it_is_the_last(self, items: Database) -> None:
        await fill_letters(items, "abcd")
        first = await read(items, first=2)
        last = await read(items, first=2, after=first.cursors[-1])
        assert ("".join(last.rows), last.has_next_page) == ("cd", False)

    async def test_backwards_the_rows_are_in_order_too(self, items: Database) -> None:
        await fill_letters(items, "abcdef")
        last = await read(items, last=2)
        middle = await read(items, last=2, before=last.cursors[0])
        first = await read(items, last=2, before=middle.cursors[0])

        assert [first.rows, middle.rows, last.rows] == [["a", "b"], ["c", "d"], ["e", "f"]]
        assert (last.has_previous_page, last.has_next_page) == (True, False)
        assert (middle.has_previous_page, middle.has_next_page) == (True, True)
        assert (first.has_previous_page, first.has_next_page) == (False, True)

    async def test_between_two_cursors(self, items: Database) -> None:
        await fill_letters(items, "abcdef")
        everything = await read(items)
        a, f = everything.cursors[0], everything.cursors[-1]
        assert (await read(items, after=a, before=f)).rows == ["b", "c", "d", "e"]
        assert (await read(items, after=a, before=f, last=1)).rows == ["e"]
        assert (await read(items, after=f, before=a)).rows == []

    async def test_fifty_rows_by_default_and_a_hundred_at_most(self, items: Database) -> None:
        await fill(items, [(f"{n:03}", None, None, "same") for n in range(101)])
        assert len((await read(items)).rows) == 50
        assert len((await read(items, first=100)).rows) == 100

    async def test_an_empty_page_may_be_asked_for(self, items: Database) -> None:
        await fill_letters(items, "a")
        assert (await read(items, first=0)).rows == []
        assert (await read(items, last=0)).rows == []
        assert (await read(items, first=0)).has_next_page

    async def test_an_empty_list(self, items: Database) -> None:
        assert await read(items) == Page([], [], has_next_page=False, has_previous_page=False)

    @pytest.mark.parametrize(
        ("args", "argument"),
        [
            ({"first": -1}, "first"),
            ({"first": 101}, "first"),
            ({"last": -1}, "last"),
            ({"last": 101}, "last"),
            ({"first": 1, "last": 1}, "last"),
        ],
    )
    async def test_a_wrong_size_is_refused(
        self, items: Database, args: dict[str, Any], argument: str
    ) -> None:
        with pytest.raises(BadUserInput) as refused:
            await read(items, BY_NAME, **args)
        assert refused.value.fields[0]["path"] == [argument]

    async def test_entities_are_paged_as_well_as_columns(self, database: Database) -> None:
        user = UserRow(id="usr_1", email="a@b.example", password_hash="-", created_at=START)
        async with database.write() as session:
            session.add(user)
        order = [OrderBy(col(UserRow.created_at), "CREATED_AT", descending=True)]
        async with database.read() as session:
            found = await page(session, select(UserRow), order, col(UserRow.id), PageArgs())
        assert found.rows == [user]


class TestOrder:
    async def test_null_is_last_ascending_and_first_descending(self, items: Database) -> None:
        await fill(items, [("none", None, None, "x"), ("one", 1, None, "x"), ("two", 2, None, "x")])
        up, down = OrderBy(item.c.size, "SIZE"), OrderBy(item.c.size, "SIZE", descending=True)
        assert (await read(items, [up])).rows == ["one", "two", "none"]
        assert (await read(items, [down])).rows == ["none", "two", "one"]

    async def test_without_an_order_it_is_by_the_key(self, items: Database) -> None:
        await fill_letters(items, "cab")
        assert (await read(items, [])).rows == ["a", "b", "c"]

    @pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("size", [{"first": 10}, {"last": 10}])
    async def test_a_page_is_one_search_in_an_index(
        self, database: Database, descending: bool, size: dict[str, int]
    ) -> None:
        order = [OrderBy(col(AuditEventRow.at), "AT", descending)]
        rows = [
            AuditEventRow(id=f"evt_{n}", at=START, action="login", outcome="success")
            for n in range(3)
        ]
        async with database.write() as session:
            session.add_all(rows)
        async with database.read() as session:
            start = await page(
                session, select(AuditEventRow), order, col(AuditEventRow.id), PageArgs()
            )
        args = PageArgs(**size, after=start.cursors[0], before=start.cursors[2])

        async with database.read() as session:
            plan = await explain(database, session, order, args)

        assert "USING INDEX ix_graph_api_audit_event_at ((at,id)>(?,?) AND (at,id)<(?,?))" in plan
        assert "B-TREE" not in plan


async def explain(
    database: Database, session: Any, order: Sequence[OrderBy], args: PageArgs
) -> str:
    """Return SQLite's plan for the statement that a page sends."""
    sent: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append((statement, parameters))

    event.listen(database.reader.sync_engine, "before_cursor_execute", note)
    await page(session, select(AuditEventRow), order, col(AuditEventRow.id), args)
    statement, parameters = sent[-1]
    connection = await session.connection()
    rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return "\n".join(row.detail for row in rows)


times = st.datetimes(
    START.replace(tzinfo=None),
    START.replace(tzinfo=None) + timedelta(seconds=2),
    timezones=st.just(UTC),
)
values = st.tuples(
    st.none() | st.integers(0, 2), st.none() | times, st.text("abc", min_size=1, max_size=2)
)
keys = st.integers(0, 999).map("{:03}".format)
tables = st.dictionaries(keys, values, max_size=12)
orders = st.lists(
    st.tuples(st.sampled_from(["size", "seen_at", "name"]), st.booleans()),
    max_size=3,
    unique_by=lambda by: by[0],
)


@dataclass
class Change:
    """What happens between two pages: some rows come, some go."""

    inserted: dict[str, tuple[Any, ...]]
    deleted: set[str]

    async def apply(self, database: Database, present: dict[str, tuple[Any, ...]]) -> None:
        new = {key: row for key, row in self.inserted.items() if key not in present}
        async with database.write() as session:
            if new:
                await session.execute(insert(item).values([(k, *row) for k, row in new.items()]))
            await session.execute(delete(item).where(item.c.id.in_(self.deleted)))
        present |= new
        for key in self.deleted:
            present.pop(key, None)


changes = st.lists(
    st.builds(Change, st.dictionaries(keys, values, max_size=2), st.sets(keys, max_size=3)),
    max_size=8,
)


def sort_key(order: Sequence[tuple[str, bool]], key: str, row: tuple[Any, ...]) -> list[Any]:
    """Return what Python sorts by as the databases must: NULL is the largest."""
    named = dict(zip(("size", "seen_at", "name"), row, strict=True))
    terms = [(named[name], descending) for name, descending in order]
    terms.append((key, bool(order) and order[-1][1]))
    return [_Ranked(value is None, value, descending) for value, descending in terms]


@dataclass(frozen=True)
class _Ranked:
    is_null: bool
    value: Any
    descending: bool

    def __lt__(self, other: _Ranked) -> bool:
        one, two = (other, self) if self.descending else (self, other)
        if one.is_null or two.is_null:
            return one.is_null < two.is_null
        return bool(one.value < two.value)


@examples
@given(tables, orders, changes, st.tuples(st.integers(1, 4), st.booleans()))
async def test_what_comes_or_goes_between_pages_is_neither_skipped_nor_repeated(
    items: Database,
    table: dict[str, tuple[Any, ...]],
    order: list[tuple[str, bool]],
    changes: list[Change],
    walk: tuple[int, bool],
) -> None:
    """A row that stays is seen once, in order; one that comes or goes is seen at most once."""
    await fill(items, [(key, *row) for key, row in table.items()])
    order_by = [OrderBy(item.c[name], name, descending) for name, descending in order]
    size, backwards = walk
    present, ever, stays = dict(table), dict(table), set(table)
    walked: list[str] = []
    cursor, more, upcoming = None, True, iter(changes)

    while more:
        if backwards:
            found = await read(items, order_by, last=size, before=cursor)
            walked, more = found.rows + walked, found.has_previous_page
        else:
            found = await read(items, order_by, first=size, after=cursor)
            walked, more = walked + found.rows, found.has_next_page
        assert len(walked) == len(set(walked))
        if found.cursors:
            cursor = found.cursors[0 if backwards else -1]
        if change := next(upcoming, None):
            await change.apply(items, present)
            stays &= set(present) - set(change.inserted)
            ever |= {key: row for key, row in present.items() if key not in ever}

    assert stays <= set(walked) <= set(ever)
    ranks = [sort_key(order, key, ever[key]) for key in walked if key in stays]
    assert all(one < two for one, two in pairwise(ranks))


@examples
@given(tables, orders, st.tuples(st.integers(0, 3), st.booleans()), st.booleans())
async def test_a_page_of_each_owner_is_the_page_that_the_owner_has_alone(
    items: Database,
    table: dict[str, tuple[Any, ...]],
    order: list[tuple[str, bool]],
    walk: tuple[int, bool],
    further: bool,
) -> None:
    await fill(items, [(key, *row) for key, row in table.items()])
    order_by = [OrderBy(item.c[name], name, descending) for name, descending in order]
    size, backwards = walk
    args = PageArgs(last=size) if backwards else PageArgs(first=size)
    cursors = (await read(items, order_by)).cursors
    if further and cursors:
        middle = cursors[len(cursors) // 2]
        args = replace(args, before=middle) if backwards else replace(args, after=middle)
    owners = {row[2] for row in table.values()} | {"nobody"}
    rows = select(item.c.id)

    async with items.read() as session:
        at_once = await pages(
            session, rows, order_by, item.c.id, args, owner=item.c.name, owners=owners
        )
        alone = {
            owner: await page(session, rows.where(item.c.name == owner), order_by, item.c.id, args)
            for owner in owners
        }
    assert at_once == alone


class TestCursors:
    async def test_a_cursor_is_short_and_fits_in_a_url(self, items: Database) -> None:
        await fill_letters(items, "a")
        cursor = (await read(items)).cursors[0]
        assert cursor.replace("-", "").replace("_", "").isalnum()
        assert len(cursor) < 40

    async def test_it_holds_when_its_row_is_gone(self, items: Database) -> None:
        await fill_letters(items, "abc")
        cursor = (await read(items, first=2)).cursors[-1]
        await fill_letters(items, "ac")
        assert (await read(items, after=cursor)).rows == ["c"]

    @pytest.mark.parametrize("argument", ["after", "before"])
    @pytest.mark.parametrize(
        "other",
        [
            [],
            [OrderBy(item.c.name, "NAME", descending=True)],
            [OrderBy(item.c.name, "OTHER_NAME")],
            [*BY_NAME, OrderBy(item.c.size, "SIZE")],
        ],
    )
    async def test_a_cursor_of_another_ordering_is_refused(
        self, items: Database, argument: str, other: list[OrderBy]
    ) -> None:
        await fill_letters(items, "a")
        cursor = (await read(items, other)).cursors[0]
        with pytest.raises(BadUserInput, match="of another ordering") as refused:
            await read(items, BY_NAME, **{argument: cursor})
        assert refused.value.fields[0]["path"] == [argument]

    async def test_a_cursor_of_another_list_is_refused(self, database: Database) -> None:
        user = UserRow(id="usr_1", email="a@b.example", password_hash="-", created_at=START)
        async with database.write() as session:
            session.add(user)
        async with database.read() as session:
            users = await page(session, select(UserRow), [], col(UserRow.id), PageArgs())
            args = PageArgs(after=users.cursors[0])
            with pytest.raises(BadUserInput, match="of another list"):
                await page(session, select(AuditEventRow), [], col(AuditEventRow.id), args)

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "é",
            "\x00",
            "e30",
            "W10",
            "bnVsbA",
            "W" * 10_000,
            "_" * 7,
            "W1tbW1tbW1tb" * 9_000,
        ],
    )
    @pytest.mark.parametrize("argument", ["after", "before"])
    async def test_what_is_no_cursor_is_refused(
        self, items: Database, cursor: str, argument: str
    ) -> None:
        with pytest.raises(BadUserInput, match="is not a cursor") as refused:
            await read(items, BY_NAME, **{argument: cursor})
        assert refused.value.fields[0]["path"] == [argument]

    @examples
    @given(cursor=st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
    async def test_no_text_at_all_is_more_than_refused(self, items: Database, cursor: str) -> None:
        with pytest.raises(BadUserInput):
            await read(items, after=cursor)

    @examples
    @given(
        forged=st.tuples(
            st.integers() | st.none() | st.text(),
            st.none() | st.datetimes(timezones=st.timezones()).map(str) | st.text(),
            st.text() | st.just("a\x00"),
            st.text(),
        )
    )
    async def test_a_forged_cursor_is_compared_or_refused(
        self, items: Database, forged: tuple[Any, ...]
    ) -> None:
        """Whoever knows the format can write any value: none makes the statement fail."""
        await fill(items, [("a", 1, START, "a")])
        order = [OrderBy(item.c[name], name) for name in ("size", "seen_at", "name")]
        genuine = (await read(items, order)).cursors[0]
        digest = json.decode(urlsafe_b64decode(genuine + "=="))[0]
        cursor = urlsafe_b64encode(json.encode([digest, *forged])).decode().rstrip("=")
        assert await rows_or_wrong_argument(items, order, cursor) in ([], ["a"], ["after"])

    @pytest.mark.parametrize(
        "time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00"]
    )
    async def test_a_time_that_is_no_instant_is_refused(self, items: Database, time: str) -> None:
        await fill(items, [("a", 1, START, "a")])
        order = [OrderBy(item.c.seen_at, "SEEN_AT")]
        digest = json.decode(urlsafe_b64decode((await read(items, order)).cursors[0] + "=="))[0]
        with pytest.raises(BadUserInput):
            await read(
                items, order, after=urlsafe_b64encode(json.encode([digest, time, "a"])).decode()
            )
