"""Plans: an operation, merged and decided once, so that running it asks nothing of the document.

A plan is made for one operation of a document, what its Boolean variables hold and the grants that
rules mention; it holds no subject, no other variable and no result. Selections are laid out when a
run first comes to them, since most types behind an interface never answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from msgspec import Struct, defstruct
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from graph_api.authorization.guards import Guard, InputGuard, TrialGuard, ValueField
from graph_api.authorization.principal import Grants
from graph_api.authorization.rules import Rule

PLAIN_RESOLVER = "_get_basic_result"
"""How Strawberry calls the resolver of a field that only reads an attribute."""
PACKED_FROM = 500
"""Objects of one selection, from which on a class is defined for them."""
RESOLVERS = frozenset({"_resolver", "_async_resolver"})
"""How it calls those around a function of the application's."""

Conditions = Mapping[str, object]
"""What the Boolean variables hold, by name."""


@dataclass(frozen=True, eq=False)
class Value:
    """A type that results are completed for.

    Attributes:
        type: the type.
        is_non_null: whether null is an error there.
        item: the type of a list's items; None if it is no list.
        leaf: the scalar or enum; None if it is none.
        named: the object, interface or union.
    """

    type: Any
    is_non_null: bool
    item: Value | None = None
    leaf: Any = None
    named: Any = None

    @classmethod
    def of(cls, of_type: Any) -> Value:
        """Take a type apart."""
        is_non_null = is_non_null_type(of_type)
        nullable = of_type.of_type if is_non_null else of_type
        if is_list_type(nullable):
            return cls(of_type, is_non_null, item=cls.of(nullable.of_type))
        if is_leaf_type(nullable):
            return cls(of_type, is_non_null, leaf=nullable)
        return cls(of_type, is_non_null, named=nullable)


class Call:
    """A call of an application's function, with just what it declares."""

    def __init__(self, definition: StrawberryField, converter: Any) -> None:
        function: Any = definition.base_resolver
        self.definition = definition
        self.function = function.wrapped_func
        self.takes_self = bool(function.self_parameter)
        named = (function.parent_parameter, function.root_parameter)
        self.sources = tuple(each.name for each in named if each)
        self.info = function.info_parameter.name if function.info_parameter else None
        self._converter = converter

    def __call__(self, source: Any, info: Any, arguments: Mapping[str, Any]) -> Any:
        """Call the function.

        Args:
            source: the object that the field is read from.
            info: graphql-core's, if the function or a conversion wants it; else None.
            arguments: as coerced, by GraphQL name.
        """
        given: dict[str, Any] = {}
        about = None if info is None else self._info(info)
        if arguments:
            config, registry = self._converter.config, self._converter.scalar_registry
            given = convert_arguments(
                dict(arguments),
                self.definition.arguments,
                scalar_registry=registry,
                config=config,
                info=about,
            )
        for name in self.sources:
            given[name] = source
        if self.info:
            given[self.info] = about
        return self.function(source, **given) if self.takes_self else self.function(**given)

    def _info(self, info: Any) -> Any:
        return self._converter.config.info_class(_raw_info=info, _field=self.definition)


@dataclass(frozen=True, eq=False)
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
        guard: its rule has to look at the objects.
        denied: the grants deny it.
        takes_ruled: something that is given to it may be denied.
        below: the selections on the objects behind it, by type, as they were laid out.
    """

    key: str
    order: int
    parent: GraphQLObjectType
    definition: GraphQLField | None
    nodes: list[FieldNode]
    value: Value
    resolve: Any = None
    read: attrgetter[Any] | None = None
    call: Call | None = None
    guard: Guard | None = None
    denied: Rule | None = None
    takes_ruled: bool = False
    below: dict[str, Selection] = field(default_factory=dict, repr=False)

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


class Refused(Exception):
    """An operation that graphql-core runs.

    Attributes:
        reason: why, as one word or a few joined by ``_``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_TYPENAME: Final = "__typename"


class Plan:
    """An operation laid out for callers with some grants."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        conditions: Conditions,
        grants: Grants = frozenset(),
    ) -> None:
        """Lay out the root of an operation that is valid for the schema.

        Raises:
            Refused: graphql-core must run it.
        """
        root = schema.get_root_type(operation.operation)
        if root is None:
            raise Refused("no_root_type")
        self.schema = schema
        self.operation = operation
        self.fragments = dict(fragments)
        self._conditions = conditions
        self._grants = grants
        self._typename = Value.of(schema.type_map["String"])
        self.root = self._select(root, [operation.selection_set])

    def below(self, of_field: Field, of_type: GraphQLObjectType) -> Selection:
        """Return what is selected on the objects of a type behind a field."""
        selection = of_field.below.get(of_type.name)
        if selection is None:
            sets = [node.selection_set for node in of_field.nodes if node.selection_set]
            selection = of_field.below[of_type.name] = self._select(of_type, sets)
        return selection

    def _select(self, of_type: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Selection:
        merged: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for each in sets:
            for node in self._collect(of_type, each, visited):
                key = node.alias.value if node.alias else node.name.value
                merged.setdefault(key, []).append(node)
        fields = (
            self._field(of_type, key, order, nodes)
            for order, (key, nodes) in enumerate(merged.items())
        )
        return Selection(of_type, tuple(fields))

    def _collect(
        self, of_type: GraphQLObjectType, selections: SelectionSetNode, visited: set[str]
    ) -> Iterator[FieldNode]:
        """Yield the fields of a selection set (GraphQL specification, section 6.3.2)."""
        for selection in selections.selections:
            if not self._is_included(selection):
                continue
            match selection:
                case FieldNode():
                    yield selection
                case InlineFragmentNode():
                    if self._applies(selection, of_type):
                        yield from self._collect(of_type, selection.selection_set, visited)
                case FragmentSpreadNode():
                    name = selection.name.value
                    if name in visited:
                        continue
                    visited.add(name)
                    fragment = self.fragments[name]
                    if self._applies(fragment, of_type):
                        yield from self._collect(of_type, fragment.selection_set, visited)

    def _applies(self, fragment: Any, of_type: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        condition: Any = self.schema.type_map[fragment.type_condition.name.value]
        return condition is of_type or (
            is_abstract_type(condition) and self.schema.is_sub_type(condition, of_type)
        )

    def _is_included(self, selection: Any) -> bool:
        for directive in selection.directives or ():
            name = directive.name.value
            leaves_out = {"skip": True, "include": False}.get(name)
            if leaves_out is not None and leaves_out is self._condition(directive):
                return False
        return True

    def _condition(self, directive: Any) -> object:
        value = directive.arguments[0].value
        if isinstance(value, VariableNode):
            return self._conditions.get(value.name.value)
        return value.value if isinstance(value, BooleanValueNode) else None

    def _field(
        self, of_type: GraphQLObjectType, key: str, order: int, nodes: list[FieldNode]
    ) -> Field:
        name = nodes[0].name.value
        if name == _TYPENAME:
            return Field(key, order, of_type, None, nodes, self._typename)
        definition = None if name.startswith("__") else of_type.fields.get(name)
        if definition is None:
            raise Refused("introspection")
        found = self._unguard(definition.resolve)
        value = Value.of(definition.type)
        return Field(key, order, of_type, definition, nodes, value, **found)

    def _unguard(self, resolve: Any) -> dict[str, Any]:
        """Take the guards off a resolver, as far as the grants open them."""
        found: dict[str, Any] = {}
        while isinstance(resolve, Guard | InputGuard | ValueField):
            if isinstance(resolve, TrialGuard):
                raise Refused("trial")
            if isinstance(resolve, InputGuard):
                found["takes_ruled"] = True
            elif isinstance(resolve, Guard):
                verdict = resolve.rule.static(self._grants)
                if verdict is False:
                    return {"denied": resolve.rule}
                if verdict is None:
                    found["guard"] = resolve
            resolve = resolve.resolve
        return found | {"resolve": resolve, "read": _reader(resolve), "call": _call(resolve)}


def _struct(keys: Sequence[str]) -> type[Struct]:
    names = {f"f{number}": key for number, key in enumerate(keys)}
    return defstruct("Packed", list(names), rename=names, gc=False)


def _reader(resolve: Any) -> attrgetter[Any] | None:
    """Return what reads an attribute, if that is all that a resolver of Strawberry's does."""
    if getattr(resolve, "__name__", "") != PLAIN_RESOLVER:
        return None
    definition = _closed_over(resolve)["field"]
    is_plain = definition.default_resolver is getattr and "." not in definition.python_name
    return attrgetter(definition.python_name) if is_plain else None


def _call(resolve: Any) -> Call | None:
    """Return how to call the function that a resolver of Strawberry's is made around.

    None if the resolver does more: field extensions, handlers of exceptions, a field of another
    class.
    """
    if getattr(resolve, "__name__", "") not in RESOLVERS:
        return None
    around = _closed_over(resolve)
    inner = _closed_over(around["_get_result_with_extensions"])
    definition, converter = inner["field"], inner["self"]
    is_plain = type(definition).get_result is StrawberryField.get_result
    if not is_plain or definition.extensions or around["field_exception_handlers"]:
        return None
    return Call(definition, converter) if definition.base_resolver else None


def _closed_over(function: Any) -> dict[str, Any]:
    """Return what a function of Strawberry's is closed over, by name."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}
