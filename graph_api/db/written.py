"""Lists that the database writes as JSON itself: not a value of them passes through Python.

The bytes are those that the values would be encoded to. Beside them, the statement says whether
they surely are: SQLite keeps whatever was put into a column, an instant may be infinite, and NULL
may stand where the schema has none. Then the values are fetched, and fail as they should.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    LargeBinary,
    Select,
    SmallInteger,
    String,
    Text,
    literal_column,
    select,
)
from sqlmodel import AutoString

from graph_api.db.types import UtcDateTime

Leaf = tuple[str, str, str]
"""A column to be written: its response key, its attribute, its GraphQL type such as ``Int!``."""

MOST_LEAVES = 50
"""SQLite takes 100 arguments: a key and a value each."""
_TEXTS = frozenset({String, Text, AutoString})
_TYPES: dict[str, frozenset[type]] = {
    "ID": _TEXTS,
    "String": _TEXTS,
    "Int": frozenset({Integer, BigInteger, SmallInteger}),
    "Boolean": frozenset({Boolean}),
    "DateTime": frozenset({UtcDateTime}),
}
"""Types of columns that need no Python; one of the application's own may decrypt."""


def writing(
    rows: Select[Any], leaves: Sequence[Leaf], columns: Sequence[Any], dialect: str
) -> Select[Any] | None:
    """Return the statement for one row: the JSON, and whether it is exact (NULL without rows).

    Args:
        rows: what finds the rows.
        leaves: what is written of each, in this order.
        columns: their columns, None for one that Python has to look at.
        dialect: ``sqlite`` or ``postgresql``.

    Returns:
        The statement; None if the database can't write some of it.
    """
    if len(leaves) > MOST_LEAVES or not all(map(_is_writable, leaves, columns)):
        return None
    labelled = [each.label(f"c{number}") for number, each in enumerate(columns)]
    found = rows.with_only_columns(*labelled, maintain_column_froms=True).subquery("found")
    members = tuple((key, of_type) for key, _, of_type in leaves)
    return select(*_written(dialect, members)).select_from(found)


def _is_writable(leaf: Leaf, column: Any) -> bool:
    kinds = _TYPES.get(leaf[2].rstrip("!"), frozenset())
    return column is not None and type(column.type) in kinds


@lru_cache
def _written(dialect: str, members: tuple[tuple[str, str], ...]) -> tuple[Any, Any]:
    """Return the expressions for the JSON and its exactness; as text, they are made once.

    A row whose condition is NULL counts for nothing: nothing of it was found wrong.

    Nothing of it is a client's, but for the response keys, which are names of GraphQL.
    """
    kinds = [of_type.rstrip("!") for _, of_type in members]
    checks = [f"found.c{at} IS NOT NULL" for at, (_, each) in enumerate(members) if each[-1] == "!"]
    if dialect == "sqlite":
        checks += [_sqlite_exact(f"found.c{at}", kind) for at, kind in enumerate(kinds)]
        pairs = ", ".join(
            f"'{key}', {_sqlite_value(f'found.c{at}', kind)}"
            for at, ((key, _), kind) in enumerate(zip(members, kinds, strict=True))
        )
        text = f"CAST(json_group_array(json_object({pairs})) AS BLOB)"
        exact = f"min({' AND '.join(checks)})"
    else:
        checks += [_postgresql_exact(f"found.c{at}", kind) for at, kind in enumerate(kinds)]
        pairs = " || ',' || ".join(
            f"""'"{key}":' || coalesce({_postgresql_value(f"found.c{at}", kind)}, 'null')"""
            for at, ((key, _), kind) in enumerate(zip(members, kinds, strict=True))
        )
        rows = f"coalesce(string_agg('{{' || {pairs} || '}}', ','), '')"
        text = f"convert_to('[' || {rows} || ']', 'UTF8')"
        exact = f"bool_and({' AND '.join(checks)})"
    return literal_column(text, LargeBinary), literal_column(exact, Integer)


_STORED_INSTANT = "'{0}{0}{0}{0}-{0}{0}-{0}{0} {0}{0}:{0}{0}:{0}{0}.{0}{0}{0}{0}{0}{0}'".format(
    "[0-9]"
)
"""How SQLAlchemy keeps an instant on SQLite."""


def _sqlite_value(column: str, kind: str) -> str:
    if kind == "Boolean":
        return f"json(iif({column}, 'true', iif({column} = 0, 'false', NULL)))"
    if kind == "DateTime":
        return f"replace(replace({column}, ' ', 'T') || '+00:00', '.000000', '')"
    return f"iif({column} < x'', {column}, NULL)"  # JSON can't hold a blob


def _sqlite_exact(column: str, kind: str) -> str:
    """Return a condition; NULL fulfils it. Numbers sort before texts, and these before blobs."""
    if kind == "DateTime":
        return f"{column} GLOB {_STORED_INSTANT}"
    if kind in ("Int", "Boolean"):
        least, most = (-(2**31), 2**31 - 1) if kind == "Int" else (0, 1)
        return f"{column} BETWEEN {least} AND {most} AND typeof({column}) IN ('integer', 'null')"
    return f"{column} >= '' AND {column} < x''"


def _postgresql_value(column: str, kind: str) -> str:
    if kind == "DateTime":
        form = r"""'\"YYYY-MM-DD"T"HH24:MI:SS.US+00:00\"'"""
        return f"replace(to_char({column} AT TIME ZONE 'UTC', {form}), '.000000', '')"
    if kind in ("Int", "Boolean"):
        return f"CAST({column} AS text)"
    return f"CAST(to_json({column}) AS text)"


def _postgresql_exact(column: str, kind: str) -> str:
    if kind == "DateTime":  # the instants that Python knows
        first, last = "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"
        return f"{column} BETWEEN timestamptz '{first}' AND timestamptz '{last}'"
    if kind == "Int":
        return f"{column} BETWEEN {-(2**31)} AND {2**31 - 1}"
    return "true"
