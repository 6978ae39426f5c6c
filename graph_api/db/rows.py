"""Rows that are fetched column by column, as far as an operation wants them.

No object of the ORM is made, so what a table has beside the mapped columns (a password's hash) is
never read. ``Rows`` is a column source of :mod:`graph_api.execution.columns`, by its methods.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Table, literal_column

from graph_api.db.engine import Database
from graph_api.db.written import Leaf, writing

T = TypeVar("T")
EVERYTHING = frozenset("*")


@dataclass(frozen=True)
class ReadAs:
    """A column whose values become something else in Python, where they are not NULL.

    Attributes:
        column: the column.
        convert: what makes of a value what the attribute holds, such as an enum.
    """

    column: Any
    convert: Callable[[Any], Any]


class Columns(Generic[T]):
    """Which column each attribute of a GraphQL type is read from.

        PEOPLE = Columns(Person, PersonRow, status=ReadAs(PersonRow.state, PersonStatus))

    Attributes:
        of_type: the type.
    """

    def __init__(self, of_type: type[T], table: Any, **others: Any) -> None:
        """Map the attributes that the type's constructor takes.

        Args:
            of_type: a Strawberry type, or another dataclass.
            table: a model or a table, with a column of the same name for each attribute.
            others: other columns, expressions, or ``ReadAs``, by attribute.
        """
        of_table = table.c if isinstance(table, Table) else table
        attributes = [each.name for each in fields(cast("Any", of_type)) if each.init]
        found = {
            name: others[name] if name in others else getattr(of_table, name) for name in attributes
        }
        self.of_type = of_type
        self._columns = {
            name: each.column if isinstance(each, ReadAs) else each for name, each in found.items()
        }
        self._converted = {
            name: each.convert for name, each in found.items() if isinstance(each, ReadAs)
        }

    def names(self, wanted: frozenset[str]) -> tuple[str, ...]:
        """Return the attributes that are wanted, ``*`` being all, in their order."""
        return tuple(name for name in self._columns if name in wanted or "*" in wanted)

    def columns(self, names: Iterable[str]) -> list[ColumnElement[Any]]:
        """Return what is to be selected for attributes."""
        return [self._columns[name] for name in names]

    def plain(self, name: str) -> ColumnElement[Any] | None:
        """Return the column of an attribute; None if its values are converted."""
        return None if name in self._converted else self._columns.get(name)

    def objects(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[T]:
        """Return an object for each row; it has just these attributes.

        Args:
            names: the attributes.
            rows: their values, in the same order.
        """
        converts = [(at, self._converted.get(name)) for at, name in enumerate(names)]
        converted = [(at, convert) for at, convert in converts if convert]
        made = []
        for row in rows:
            values = [*row]
            for at, convert in converted:
                values[at] = None if values[at] is None else convert(values[at])
            one: Any = object.__new__(self.of_type)
            one.__dict__.update(zip(names, values))  # noqa: B905 -- of no names there is a constant
            made.append(one)
        return made


class Rows(Generic[T]):
    """The objects of a SELECT. A resolver that is a plain ``def`` may return it for a list.

    @strawberry.field(graphql_type=list[Person])
    def people(self, info: Info) -> Rows[Person]:
        return Rows(select(PersonRow).order_by(PersonRow.id), PEOPLE, info.context.db)
    """

    def __init__(self, select: Select[Any], columns: Columns[T], database: Database) -> None:
        """Fetch nothing yet.

        Args:
            select: what finds the rows, and only those that the caller may see.
            columns: which columns the objects are made of.
            database: where to ask.
        """
        self._select = select
        self._columns = columns
        self._database = database

    async def fetch_columns(self, names: frozenset[str]) -> list[T]:
        """Return the objects with these attributes, ``*`` being all, by one statement."""
        wanted = self._columns.names(names)
        statement = narrowed(self._select, self._columns.columns(wanted))
        return self._columns.objects(wanted, await self._database.fetch(statement))

    async def write_json(self, leaves: Sequence[Leaf]) -> bytes | None:
        """Return the objects as the database writes them; None if it can't vouch for the bytes.

        Args:
            leaves: response key, attribute and GraphQL type of what is selected of each.
        """
        columns = [self._columns.plain(attribute) for _, attribute, _ in leaves]
        statement = writing(self._select, leaves, columns, self._database.dialect)
        if statement is None:
            return None
        [(written, is_exact)] = await self._database.fetch(statement)
        return bytes(written) if is_exact is None or is_exact else None

    def __await__(self) -> Generator[Any, Any, list[T]]:
        """Wait for the whole objects, as graphql-core does."""
        return self.fetch_columns(EVERYTHING).__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield the whole objects: a list of GraphQL may be an async iterable."""
        for each in await self:
            yield each


def narrowed(select: Select[Any], columns: Sequence[Any]) -> Select[Any]:
    """Return a SELECT of the same rows, but of these columns only; of a constant if of none."""
    return select.with_only_columns(*(columns or [literal_column("1")]), maintain_column_froms=True)
