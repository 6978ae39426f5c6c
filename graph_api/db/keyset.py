"""Pages by keyset: Relay's cursor connections over a SELECT.

A cursor holds the sort values of a row, not its number, so what is inserted or deleted between
two pages is neither skipped nor repeated, in either direction, and no page costs more than the
first (GraphQL Cursor Connections Specification, https://relay.dev/graphql/connections.htm).

NULL sorts as the largest value on both databases: last ascending, first descending.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Generic, TypeVar, cast

from msgspec import Meta, convert, json
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    UnaryExpression,
    and_,
    false,
    func,
    literal,
    or_,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from graph_api.errors import BadUserInput

DEFAULT_FIRST = 50
LARGEST_PAGE = 100

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class PageArgs:
    """A connection's arguments as the client gave them; without a size it is the first 50."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@dataclass(frozen=True)
class OrderBy:
    """One sort column. ``name`` is what cursors know it by: keep it when the column changes."""

    column: SQLColumnExpression[Any]
    name: str
    descending: bool = False


@dataclass(frozen=True)
class Page(Generic[RowT]):
    """Rows in order, a cursor for each, and whether there are more on either side.

    Only the side that is paged to is looked at. Of the other, ``has_previous_page`` says that
    ``after`` was given and ``has_next_page`` that ``before`` was: the row that the cursor names
    stands there, unless it has been deleted since. The specification leaves that side to what is
    known cheaply.
    """

    rows: list[RowT]
    cursors: list[str]
    has_next_page: bool
    has_previous_page: bool


async def page(
    session: AsyncSession,
    select: Select[RowT],
    order: Sequence[OrderBy],
    key: SQLColumnExpression[Any],
    args: PageArgs,
    *,
    columns: Sequence[Any] | None = None,
) -> Page[Any]:
    """Return one page of the rows that ``select`` finds, by one statement.

    Args:
        session: what the statement runs in.
        select: of one entity or column, without an order or a limit of its own.
        order: how to sort; if empty, by the key.
        key: the unique column that breaks ties, in the direction of the last of ``order``.
        args: which page.
        columns: what to read of each row; then rows are tuples of these.

    Raises:
        BadUserInput: for a size below 0 or above 100, for ``first`` with ``last``, and for a
            cursor that is malformed or of another ordering; it names the argument.
    """
    ordering = _ordering(order, key)
    terms = _walked(ordering, args)
    statement = _of_columns(_between(select, ordering, args), columns)
    statement = statement.order_by(*(term.direction() for term in terms)).limit(_size(args) + 1)
    found = await session.execute(statement.add_columns(*(term.column for term in ordering)))
    return _page(found.all(), ordering, args, columns)


async def pages(
    session: AsyncSession,
    select: Select[RowT],
    order: Sequence[OrderBy],
    key: SQLColumnExpression[Any],
    args: PageArgs,
    *,
    owner: SQLColumnExpression[str],
    owners: Collection[str],
    columns: Sequence[Any] | None = None,
) -> dict[str, Page[Any]]:
    """Return the same page of the rows of each owner, by one statement for all of them.

    Args:
        session: what the statement runs in.
        select: as for :func:`page`.
        order: as for :func:`page`.
        key: as for :func:`page`.
        args: which page.
        owner: the column that says whose a row is.
        owners: whose pages to return.
        columns: as for :func:`page`.

    Raises:
        BadUserInput: as :func:`page`.
    """
    ordering = _ordering(order, key)
    directions = [term.direction() for term in _walked(ordering, args)]
    place = func.row_number().over(partition_by=owner, order_by=directions).label("place")
    placed = _between(select.where(owner.in_(owners)), ordering, args)
    places = placed.with_only_columns(_element(key).label("key"), place).subquery()
    statement = (
        _of_columns(select, columns)
        .join(places, places.c.key == key)
        .where(places.c.place <= _size(args) + 1)
        .order_by(places.c.place)
        .add_columns(*(term.column for term in ordering), owner)
    )
    found: dict[str, list[Any]] = {each: [] for each in owners}
    for row in await session.execute(statement):
        found[row[-1]].append(row[:-1])
    return {each: _page(rows, ordering, args, columns) for each, rows in found.items()}


def require_page(
    select: Select[Any],
    order: Sequence[OrderBy],
    key: SQLColumnExpression[Any],
    args: PageArgs,
) -> None:
    """Refuse what :func:`page` would refuse, where nothing is wanted of the page itself.

    Raises:
        BadUserInput: as :func:`page`.
    """
    _between(select, _ordering(order, key), args)
    _size(args)


def _of_columns(select: Select[Any], columns: Sequence[Any] | None) -> Select[Any]:
    """Return the SELECT of these columns instead of its own; the sort values follow."""
    if columns is None:
        return select
    return select.with_only_columns(*columns, maintain_column_froms=True)


def _walked(ordering: _Ordering, args: PageArgs) -> _Ordering:
    """Return the ordering in the direction in which rows are fetched."""
    return ordering if args.last is None else _reversed(ordering)


def _between(select: Select[RowT], ordering: _Ordering, args: PageArgs) -> Select[RowT]:
    if args.after is not None:
        select = select.where(_beyond(ordering, _read_cursor(args.after, "after", ordering)))
    if args.before is not None:
        values = _read_cursor(args.before, "before", ordering)
        select = select.where(_beyond(_reversed(ordering), values))
    return select


def _page(
    found: Sequence[Any], ordering: _Ordering, args: PageArgs, columns: Sequence[Any] | None
) -> Page[Any]:
    """Return the page of rows with their sort values; one too many says that there is more."""
    size, backwards = _size(args), args.last is not None
    shown = found[:size][::-1] if backwards else found[:size]
    more = len(found) > size
    width = 1 if columns is None else len(columns)
    return Page(
        rows=[row[0] if columns is None else row[:width] for row in shown],
        cursors=[_write_cursor(row[width:], ordering) for row in shown],
        has_next_page=args.before is not None if backwards else more,
        has_previous_page=more if backwards else args.after is not None,
    )


def _size(args: PageArgs) -> int:
    if args.first is not None and args.last is not None:
        raise BadUserInput.at("last", "Give first or last, not both.")
    name = "first" if args.last is None else "last"
    size = args.last if args.first is None else args.first
    if size is None:
        return DEFAULT_FIRST
    if not 0 <= size <= LARGEST_PAGE:
        raise BadUserInput.at(name, f"{name} must be from 0 to {LARGEST_PAGE}.")
    return size


@dataclass(frozen=True)
class _Term:
    """One column of the whole ordering, the key included."""

    name: str
    column: ColumnElement[Any]
    descending: bool

    @property
    def nullable(self) -> bool:
        return bool(getattr(self.column, "nullable", True))

    def direction(self) -> UnaryExpression[Any]:
        """Return what stands in ORDER BY; no NULLS where there are none, to fit an index."""
        if not self.nullable:
            return self.column.desc() if self.descending else self.column.asc()
        if self.descending:
            return self.column.desc().nulls_first()
        return self.column.asc().nulls_last()

    def bound(self, value: Any) -> ColumnElement[Any]:
        # As a bigint on PostgreSQL, so that a forged number is compared instead of failing.
        is_integer = isinstance(self.column.type, Integer)
        return literal(value, BigInteger() if is_integer else self.column.type)

    def is_beyond(self, value: Any) -> ColumnElement[bool]:
        """Whether a row comes after ``value``, NULL being the largest."""
        if value is None:
            return self.column.is_not(None) if self.descending else false()
        if self.descending:
            return self.column < self.bound(value)
        greater = self.column > self.bound(value)
        return or_(greater, self.column.is_(None)) if self.nullable else greater

    def is_at_or_beyond(self, value: Any) -> ColumnElement[bool]:
        if value is None:
            return true() if self.descending else self.column.is_(None)
        if self.descending:
            return self.column <= self.bound(value)
        at_least = self.column >= self.bound(value)
        return or_(at_least, self.column.is_(None)) if self.nullable else at_least


_Ordering = Sequence[_Term]


def _ordering(order: Sequence[OrderBy], key: SQLColumnExpression[Any]) -> _Ordering:
    key_descending = bool(order) and order[-1].descending
    terms = [_Term(by.name, _element(by.column), by.descending) for by in order]
    return [*terms, _Term(str(_element(key)), _element(key), key_descending)]


def _element(column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """Return the column behind a model's attribute, whose type and nullability are known."""
    element: ColumnElement[Any] = cast("Any", column).expression
    return element


def _reversed(ordering: _Ordering) -> _Ordering:
    return [_Term(term.name, term.column, not term.descending) for term in ordering]


def _beyond(ordering: _Ordering, values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition for a row to come after the one that has these values."""
    if len({term.descending for term in ordering}) == 1 and not any(t.nullable for t in ordering):
        return _row_beyond(ordering, values)
    condition = ordering[-1].is_beyond(values[-1])
    for term, value in zip(ordering[-2::-1], values[-2::-1], strict=True):
        condition = and_(term.is_at_or_beyond(value), or_(term.is_beyond(value), condition))
    return condition


def _row_beyond(ordering: _Ordering, values: Sequence[Any]) -> ColumnElement[bool]:
    """Compare row values: both databases look that up in one index over the columns."""
    row = tuple_(*(term.column for term in ordering))
    other = tuple_(*(term.bound(value) for term, value in zip(ordering, values, strict=True)))
    return row < other if ordering[0].descending else row > other


def _write_cursor(values: Sequence[Any], ordering: _Ordering) -> str:
    return urlsafe_b64encode(json.encode([_digest(ordering), *values])).rstrip(b"=").decode()


def _read_cursor(cursor: str, argument: str, ordering: _Ordering) -> list[Any]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        digest, *values = json.decode(b64decode(padded, b"-_", validate=True), type=_Payload)
        if digest != _digest(ordering):
            raise BadUserInput.at(
                argument, f"{argument} is a cursor of another list or of another ordering."
            )
        pairs = zip(values, ordering, strict=True)
        return [_in_range(convert(value, _type_of(term))) for value, term in pairs]
    except (ValueError, OverflowError) as error:
        raise BadUserInput.at(argument, f"{argument} is not a cursor of this list.") from error


_Payload = Annotated[list[str | int | float | bool | None], Meta(min_length=1)]


def _type_of(term: _Term) -> Any:
    """Return what a cursor may hold for a column: nothing that a database would choke on."""
    sql_type: Any = term.column.type
    type_: Any = getattr(sql_type, "impl_instance", sql_type).python_type
    if type_ is str:
        type_ = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z")]
    elif type_ is int:
        type_ = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    elif type_ is datetime:
        type_ = Annotated[datetime, Meta(tz=sql_type.timezone)]
    return type_ | None if term.nullable else type_


def _in_range(value: Any) -> Any:
    """Return the value; a time at the end of the calendar may have no counterpart in UTC.

    Raises:
        OverflowError: for such a time.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


def _digest(ordering: _Ordering) -> str:
    names = (f"{term.name} {'desc' if term.descending else 'asc'}" for term in ordering)
    return blake2b("\n".join(names).encode(), digest_size=6).hexdigest()
