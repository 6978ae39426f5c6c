"""What a plan is made of: selections of fields, each with the type that its results have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from msgspec import Struct, defstruct

from graph_api.authorization.guards import Guard
from graph_api.authorization.rules import Rule
from graph_api.execution import leaves
from graph_api.execution.arguments import Given
from graph_api.execution.resolvers import Call, Reader, are_cast, own_class_of
from graph_api.execution.waiting import is_plain

PACKED_FROM = 500
"""Objects of one selection, from which on a class is defined for them."""


@dataclass(frozen=True, eq=False)
class Value:
    """A type that results are completed for.

    Attributes:
        type: the type.
        is_non_null: whether null is an error there.
        item: the type of a list's items; None if it is no list.
        leaf: the scalar or enum; None if it is none.
        bulk: completes columns of the leaf; None if it is none.
        bulk_items: completes the items, if they are leaves.
        named: the object, interface or union.
        passes: classes of values that are handed on as they are.
        is_certain: it is an object type that doesn't ask its objects whether they are of it.
        own: it does, but those of this class are, unless they are cast.
    """

    type: Any
    is_non_null: bool
    item: Value | None = None
    leaf: Any = None
    bulk: leaves.Bulk | None = None
    bulk_items: leaves.Bulk | None = None
    named: Any = None
    passes: frozenset[type] = frozenset()
    is_certain: bool = False
    own: type | None = None

    @classmethod
    def of(cls, of_type: Any) -> Value:
        """Take a type apart."""
        is_non_null = is_non_null_type(of_type)
        nullable = of_type.of_type if is_non_null else of_type
        null = frozenset() if is_non_null else frozenset({leaves.NULL})
        if is_list_type(nullable):
            item = cls.of(nullable.of_type)
            return cls(of_type, is_non_null, item=item, bulk_items=item.bulk, passes=null)
        if is_leaf_type(nullable):
            passed = leaves.passed_by(nullable)
            passes = null | {passed} if passed else null
            bulk = leaves.bulk_of(nullable, is_non_null=is_non_null)
            return cls(of_type, is_non_null, leaf=nullable, bulk=bulk, passes=passes)
        asks = nullable.is_type_of if is_object_type(nullable) else None
        return cls(
            of_type,
            is_non_null,
            named=nullable,
            passes=null,
            is_certain=is_object_type(nullable) and asks is None,
            own=own_class_of(asks),
        )

    def is_of(self, kind: type, objects: Sequence[Any]) -> bool:
        """Whether objects, all of one class, are of the object type for certain."""
        return self.is_certain or (kind is self.own and not are_cast(objects))


@dataclass(eq=False)
class Field:
    """A field of a selection.

    Attributes:
        key: the response key.
        order: its place among the fields of the selection.
        parent: the type that it is read from.
        definition: as the schema has it; None for ``__typename``.
        nodes: where the document asks for it, first the one that gives the arguments.
        value: the type of its results.
        resolve: its resolver, without guards that are open.
        read: reads it from an object, if that is all that its resolver does.
        call: calls the application's function, if its resolver does nothing beside that.
        given: what the function is given, if that is plain.
        guard: its rule has to look at the objects.
        denied: the grants deny it.
        takes_ruled: something that is given to it may be denied.
        below: the selections on the objects behind it, by type, as they were laid out.
        certain: the only one of these that there can be, if it is bare.
        certain_items: the same of a list, if some of its fields are.
        one: returns what it holds of one object, where nothing else has to be known.
    """

    key: str
    order: int
    parent: GraphQLObjectType
    definition: GraphQLField | None
    nodes: list[FieldNode]
    value: Value
    resolve: Any = None
    read: Reader | None = None
    call: Call | None = None
    given: Given | None = None
    guard: Guard | None = None
    denied: Rule | None = None
    takes_ruled: bool = False
    below: dict[str, Selection] = field(default_factory=dict, repr=False)

    certain: Selection | None = None
    certain_items: Selection | None = None
    one: Callable[[Any], Any] | None = field(init=False)

    def __post_init__(self) -> None:
        self.one = self._one()

    def _one(self) -> Callable[[Any], Any] | None:
        if self.definition is None:
            name = self.parent.name
            return lambda _: name
        if self.denied or self.guard or self.takes_ruled:
            return None
        if self.read is not None:
            return self.read.one
        if self.call is None or self.given is None or self.given.variables:
            return None
        return self.call.bare(self.given.constants)

    @property
    def coordinate(self) -> str:
        """The schema coordinate."""
        return f"{self.parent.name}.{self.nodes[0].name.value}"


@dataclass(frozen=True, eq=False)
class Selection:
    """What is read of objects of one type, in the order of the response."""

    of_type: GraphQLObjectType
    fields: tuple[Field, ...]
    _packs: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def is_bare(self) -> bool:
        """Whether all of it is read from an object alone, see :class:`Field`."""
        return all(each.one is not None for each in self.fields)

    @cached_property
    def reads(self) -> tuple[tuple[str, Any, frozenset[type], Field], ...]:
        """Key and reader of each field of a bare selection, and what classes are handed on."""
        return tuple((each.key, each.one, each.value.passes, each) for each in self.fields)

    @cached_property
    def readers(self) -> tuple[Reader | None, ...]:
        """What reads the fields that are bare attributes; None for others, () if all are others."""
        readers = tuple(each.read if each.one else None for each in self.fields)
        return readers if any(readers) else ()

    def columns(self, rows: list[Any]) -> list[list[Any] | None] | None:
        """Read bare attributes of rows; None stands for the other fields.

        None for all, if rows are of several classes, or what reads them raises.
        """
        kind: Any = type(rows[0]) if rows else None
        if not (rows and self.readers and is_plain(kind)):
            return None
        first = next(filter(None, self.readers))
        try:
            column = first.of(kind, rows)
            if len(column) < len(rows):
                return None
            return [
                column if each is first else None if each is None else each.all(rows)
                for each in self.readers
            ]
        except Exception:  # noqa: BLE001 -- told row by row by those who ask again
            return None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The response keys."""
        return tuple(each.key for each in self.fields)

    def packed(self, count: int) -> type[Struct] | None:
        """Return a class whose objects are encoded as dictionaries are, filled by position.

        It costs as much to define as hundreds of dictionaries take to fill, so there is none
        before so many were.

        Args:
            count: how many objects are made now.
        """
        packed = self._packs.get("class")
        if packed is None:
            self._packs["count"] = self._packs.get("count", 0) + count
            if self._packs["count"] >= PACKED_FROM:
                packed = self._packs["class"] = _struct(self.keys)
        return packed


def _struct(keys: Sequence[str]) -> type[Struct]:
    names = {f"f{number}": key for number, key in enumerate(keys)}
    return defstruct("Packed", list(names), rename=names, gc=False)
