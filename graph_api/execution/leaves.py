"""Leaf values in bulk: a column is completed at once where all of it is what its type passes on.

Whatever else stands in a column is left to graphql-core's own coercion, value by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from msgspec import json
from strawberry.schema.types.base_scalars import isoformat

LARGEST_INT = 2**31 - 1
NONE = type(None)

_PASSES: dict[Any, type] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
    GraphQLInt: int,
    GraphQLFloat: float,
}
"""What each scalar hands on as it is."""


def complete(leaf: GraphQLLeafType, column: list[Any]) -> list[Any] | None:
    """Complete the values of a leaf; None if some have to be looked at one by one.

    Args:
        leaf: the scalar or enum.
        column: the values, None among them.
    """
    passes = _PASSES.get(leaf)
    if passes is str and _are_texts(column):
        return column
    types = set(map(type, column))
    has_null = NONE in types
    types.discard(NONE)
    if not types:
        return column
    if len(types) > 1:
        return None
    (of_type,) = types
    if passes is not None:
        return column if passes is of_type and _is_in_range(leaf, column) else None
    if of_type is datetime and _prints_isoformat(leaf):
        return _isoformat(column, has_null=has_null)
    return None


def _are_texts(column: list[Any]) -> bool:
    """Whether all are texts: joining them tells sooner than asking each for its type."""
    try:
        "".join(column)
    except TypeError:
        return False
    return True


def _is_in_range(leaf: GraphQLLeafType, column: Sequence[Any]) -> bool:
    if leaf is GraphQLInt:
        numbers: list[int] = [each for each in column if each is not None]
        return min(numbers) >= -LARGEST_INT - 1 and max(numbers) <= LARGEST_INT
    return leaf is not GraphQLFloat or all(isfinite(each) for each in column if each is not None)


def _prints_isoformat(leaf: GraphQLLeafType) -> bool:
    """Whether a scalar is Strawberry's own ``DateTime``, which prints ``isoformat``."""
    return leaf.name == "DateTime" and leaf.coerce_output_value is isoformat


def _isoformat(column: list[datetime | None], *, has_null: bool) -> list[str | None] | None:
    """Print instants in UTC as ``isoformat`` does, in a fraction of its time; others are left."""
    instants = [each for each in column if each is not None] if has_null else column
    texts = json.encode(instants)[2:-2].decode()
    if texts.count("Z") != len(instants):  # it ends each that is in UTC, and stands nowhere else
        return None
    printed: list[str | None] = [*texts.replace("Z", "+00:00").split('","')]
    if not has_null:
        return printed
    rest = iter(printed)
    return [None if each is None else next(rest) for each in column]
