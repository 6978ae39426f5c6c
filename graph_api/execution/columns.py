"""Columns: what an operation reads of objects that are still to be fetched.

A resolver may return a source instead of objects. A plan tells it which attributes the response
needs for this caller, so that nothing else is fetched; graphql-core awaits it and gets all of
them, and so the same answer. This module knows no table: ``graph_api.db.Rows`` is such a source.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from graphql import is_object_type
from msgspec import Raw

from graph_api.authorization.rules import Rule
from graph_api.execution.fields import Field, Selection
from graph_api.execution.leaves import is_standard
from graph_api.execution.plan import Plan

T_co = TypeVar("T_co", covariant=True)
READS: Final = "graph_api.reads"
"""In a field's metadata: the attributes that its resolver reads."""

Names = frozenset[str]
"""Attributes by Python name; those of an object behind one are dotted: ``edges.node.name``.

``*`` stands for all of them.
"""
EVERYTHING: Names = frozenset("*")

Leaf = tuple[str, str, str]
"""A column to be written: its response key, its attribute, its GraphQL type such as ``Int!``."""


@runtime_checkable
class ColumnSource(Protocol[T_co]):
    """What fetches the value of a field, once it is known what is wanted of it."""

    async def fetch_columns(self, names: Names) -> T_co:
        """Return the value, or objects of a list, with these attributes at least."""

    async def write_json(self, leaves: Sequence[Leaf]) -> bytes | None:
        """Return a list of objects as JSON, to the byte as it would be encoded; None if it can't.

        Args:
            leaves: all that is selected of each object, in the order of the response.
        """

    def __await__(self) -> Generator[Any, Any, T_co]:
        """Wait for the value with all attributes."""


@dataclass(frozen=True, eq=False)
class Lazy(Generic[T_co]):
    """A value that a function fetches, given the names that are wanted of it."""

    fetch: Callable[[Names], Coroutine[Any, Any, T_co]]

    async def fetch_columns(self, names: Names) -> T_co:  # noqa: D102 -- as ColumnSource
        return await self.fetch(names)

    async def write_json(self, leaves: Sequence[Leaf]) -> bytes | None:  # noqa: D102 -- likewise
        return None

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self.fetch(EVERYTHING).__await__()


@dataclass(frozen=True)
class Written:
    """A list that stands in the response as it is."""

    json: Raw


def reads(*names: str) -> dict[str, Names]:
    """Say which attributes of its object a resolver reads, as the ``metadata`` of its field.

        @strawberry.field(metadata=reads("author_id"))
        def author(self, info: Info) -> …

    The objects that it is called for have these, and what else the operation reads. Without, all
    columns of the object are fetched for it.

    Args:
        names: of the attributes; none if it reads none.
    """
    return {READS: frozenset(names)}


def below(names: Names, attribute: str) -> Names:
    """Return the names that are wanted of the object behind an attribute."""
    if "*" in names:
        return EVERYTHING
    prefix = f"{attribute}."
    return frozenset(each.removeprefix(prefix) for each in names if each.startswith(prefix))


def ask(plan: Plan, of_field: Field, column: list[Any], *, writes: bool) -> None:
    """Let the sources in a column begin to fetch; what gives the values stands in their places.

    Args:
        plan: what runs.
        of_field: the field that the column is of.
        column: its values.
        writes: whether lists may be :class:`Written`.
    """
    kinds: set[Any] = set(map(type, column))
    sources = set(filter(_is_source, kinds))
    if not sources:
        return
    names = _wanted(plan, of_field)
    leaves = _leaves(plan, of_field) if writes else None
    for row, each in enumerate(column):
        if type(each) in sources:
            column[row] = _write(each, leaves, names) if leaves else each.fetch_columns(names)


async def _write(source: ColumnSource[Any], leaves: Sequence[Leaf], names: Names) -> Any:
    written = await source.write_json(leaves)
    return await source.fetch_columns(names) if written is None else Written(Raw(written))


@lru_cache(maxsize=4096)
def _is_source(kind: Any) -> bool:
    return issubclass(kind, ColumnSource)


def _wanted(plan: Plan, of_field: Field) -> Names:
    """Return what is wanted of the objects behind a field, or of the items of its list."""
    selection = _selection(plan, of_field)
    return EVERYTHING if selection is None else frozenset(_names(plan, selection))


def _selection(plan: Plan, of_field: Field) -> Selection | None:
    named = (of_field.value.item or of_field.value).named
    return plan.below(of_field, named) if is_object_type(named) else None


def _names(plan: Plan, selection: Selection) -> Iterator[str]:
    for each in selection.fields:
        if each.definition is None or each.denied:
            continue
        if each.guard is not None:
            yield from _read_by_rule(each.guard.rule)
        if each.read is None:
            yield from _read_by_resolver(each)
            continue
        yield each.read.name
        if each.value.bulk is None and each.value.bulk_items is None:
            for name in _wanted(plan, each):
                yield f"{each.read.name}.{name}"


def _read_by_resolver(of_field: Field) -> Names:
    names = of_field.call.definition.metadata.get(READS) if of_field.call else None
    return EVERYTHING if names is None else names


def _read_by_rule(rule: Rule) -> Names:
    return EVERYTHING if rule.reads is None else rule.reads


def _leaves(plan: Plan, of_field: Field) -> list[Leaf] | None:
    """Return what is selected of the items of a list, if a database may write all of it."""
    selection = _selection(plan, of_field) if of_field.value.item else None
    if selection is None or not all(map(_is_column, selection.fields)):
        return None
    return [
        (each.key, each.read.name, str(each.value.type)) for each in selection.fields if each.read
    ]


def _is_column(of_field: Field) -> bool:
    """Whether a field is a standard leaf that is read without a look at the object."""
    is_read = of_field.read is not None and of_field.one is not None
    return is_read and of_field.value.leaf is not None and is_standard(of_field.value.leaf)
