"""Leaf values in bulk: a column is completed at once where all of it is what its type passes on.

msgspec looks at a whole column in a few microseconds. Whatever else stands in one is left to
graphql-core's own coercion, value by value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from math import isfinite
from typing import Annotated, Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from msgspec import Meta, Struct, ValidationError, convert, defstruct, json
from strawberry.schema.types.base_scalars import isoformat

Column = list[Any]
Bulk = Callable[[Column], Column | None]
"""Completes a column; None if some of it has to be looked at value by value."""

NULL = type(None)
_MISFITS = (ValidationError, UnicodeEncodeError)
"""What msgspec raises of a column: also of texts that no UTF-8 can hold, wherever they stand."""
_Int = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


def bulk_of(leaf: GraphQLLeafType, *, is_non_null: bool) -> Bulk:
    """Return what completes columns of a leaf.

    Args:
        leaf: the scalar or enum.
        is_non_null: whether None has to be looked at, too.
    """
    if _prints_isoformat(leaf):
        return partial(_instants, _column_of(datetime, is_non_null=is_non_null))
    if leaf is GraphQLFloat:
        return partial(_floats, {float} if is_non_null else {float, NULL})
    kind = _PASSED_WITHIN.get(leaf) or _PASSED.get(leaf)
    if kind is None:
        return _none
    complete = _texts if kind is str else _integers if leaf is GraphQLInt else _those
    return partial(complete, _column_of(kind, is_non_null=is_non_null))


def is_standard(leaf: GraphQLLeafType) -> bool:
    """Whether a leaf is one of the specification's scalars, or Strawberry's ``DateTime``."""
    return leaf in _PASSED or leaf in _PASSED_WITHIN or _prints_isoformat(leaf)


def _prints_isoformat(leaf: GraphQLLeafType) -> bool:
    return leaf.name == "DateTime" and leaf.coerce_output_value is isoformat  # Strawberry's own


def passed_by(leaf: GraphQLLeafType) -> type | None:
    """Return the class whose values a leaf hands on as they are; None if it looks at each."""
    return _PASSED.get(leaf)


def _column_of(kind: Any, *, is_non_null: bool) -> type[Struct]:
    """Return what msgspec knows a column by: it keeps what it learns about a class."""
    of_type: Any = list[kind] if is_non_null else list[kind | None]
    return _defined(of_type)


@lru_cache
def _defined(of_type: Any) -> type[Struct]:
    return defstruct("Column", [("values", of_type)], array_like=True)


def _none(_: Column) -> None:
    return None


def _those(fitting: type[Struct], column: Column) -> Column | None:
    try:
        convert((column,), fitting)
    except _MISFITS:
        return None
    return column


def _integers(fitting: type[Struct], column: Column) -> Column | None:
    """Hand on integers as such, also those of a class of their own."""
    try:
        converted: Any = convert((column,), fitting)
    except _MISFITS:
        return None
    integers: Column = converted.values
    return integers


def _texts(fitting: type[Struct], column: Column) -> Column | None:
    try:
        "".join(column)  # takes half of the time
    except TypeError:
        return _those(fitting, column)
    return column


def _floats(kinds: set[type], column: Column) -> Column | None:
    if not set(map(type, column)) <= kinds:
        return None
    return column if all(isfinite(each) for each in column if each is not None) else None


def _instants(fitting: type[Struct], column: Column) -> Column | None:
    """Print instants in UTC as ``isoformat`` does, in a fraction of its time; others are left."""
    try:
        convert((column,), fitting, builtin_types=(datetime,))  # texts are none
        texts = json.encode(column)
    except Exception:  # noqa: BLE001 -- whatever a time zone raises, told value by value
        return None
    printed = texts.replace(b"Z", b"+00:00")  # it ends those in UTC, and stands nowhere else
    in_utc = (len(printed) - len(texts)) // len("00:00")
    if in_utc < len(column) and in_utc < len(column) - texts.count(b"null"):
        return None
    found: Column = json.decode(printed)
    return found


_PASSED: Mapping[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
_PASSED_WITHIN: Mapping[Any, Any] = {GraphQLInt: _Int}
