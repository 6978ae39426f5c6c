"""Whether the fields of one response name can be merged, in time linear in the document.

The specification (section 5.3.2) compares pairs, and graphql-core does so: a document of 4 kB that
repeats a field in a field held a core for 1.9 s. Here the fields that answer at one place are
grouped, by response name and then by the object type that they are asked of, and all of a group
must be alike; that is Simon Adameit's algorithm (XING, 2017). A document that passes is not
compared in pairs. One that doesn't goes to graphql-core, which words the error, within a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLOutputType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    StringValueNode,
    ValidationContext,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_object_type,
    type_from_ast,
)
from graphql.validation.validate import ValidationAbortedError
from typing_extensions import override

MOST_VISITS = 10_000
"""Selections that are looked at, fragments expanded: some 10 ms."""
MOST_COMPARISONS = 5_000
"""What graphql-core may spend on finding the pair that conflicts, in its units: some 20 ms."""

_Set = tuple[SelectionSetNode, GraphQLNamedType | None]
"""A selection set, and the type that it selects from; None where there is no such type."""


class _Field(NamedTuple):
    node: FieldNode
    parent: GraphQLNamedType | None
    definition: GraphQLField | None


_Fields = Sequence[_Field]


class FieldsCanBeMerged(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule of that name, asked only where a conflict is known or feared."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.is_settled = _Merging(context).can_be_merged()
        self.rule_context.remaining_complexity_budget = MOST_COMPARISONS

    @override
    def enter_selection_set(
        self, selection_set: SelectionSetNode, _key: Any, parent: Any, *_args: Any
    ) -> None:
        if self.is_settled:
            return
        try:
            super().enter_selection_set(selection_set, _key, parent, *_args)
        except ValidationAbortedError:
            if self.rule_context.remaining_complexity_budget >= 0:  # the most errors are told
                raise
            self.is_settled = True
            self.report_error(
                GraphQLError(
                    "The document repeats fields so often that they can't be compared.",
                    [selection_set],
                )
            )


class _TooManyError(Exception):
    """More was to be looked at than we look at."""


Split = Callable[[_Fields], Iterable[_Fields]]
Alike = Callable[[_Fields], bool]


class _Merging:
    """One document that is looked at."""

    def __init__(self, context: ValidationContext) -> None:
        self._schema = context.schema
        self._fragments: dict[str, FragmentDefinitionNode] = {}
        self._operations: list[OperationDefinitionNode] = []
        for definition in context.document.definitions:
            match definition:
                case FragmentDefinitionNode():
                    self._fragments[definition.name.value] = definition
                case OperationDefinitionNode():
                    self._operations.append(definition)
        self._spread: set[str] = set()
        self._visits = 0

    def can_be_merged(self) -> bool:
        """Whether all fields surely can; False says only that one must look closer."""
        if any(fragment.variable_definitions for fragment in self._fragments.values()):
            return False  # an experiment of graphql-core's
        try:
            return self._agree(_all_at_once, _are_of_one_shape) and self._agree(
                _by_parent, _are_one_call
            )
        except _TooManyError:
            return False

    def _agree(self, split: Split, alike: Alike) -> bool:
        """Whether the fields of each place are alike, if they are split into such groups."""
        seen: set[frozenset[int]] = set()
        self._spread = set()
        for root in self._roots():
            places = [[root]]
            while places:
                place = places.pop()
                key = frozenset(id(selection_set) for selection_set, _ in place)
                if key in seen:  # fragments that are spread in many places, or in themselves
                    continue
                seen.add(key)
                for fields in self._fields(place).values():
                    for group in split(fields):
                        if len(group) > 1 and not alike(group):
                            return False
                        places.append(_below(group))
        return True

    def _roots(self) -> Iterator[_Set]:
        """Yield where fields are asked for by themselves; last, fragments that nothing spreads."""
        for operation in self._operations:
            yield operation.selection_set, self._schema.get_root_type(operation.operation)
        for name, fragment in self._fragments.items():
            if name not in self._spread:
                yield self._of_fragment(fragment)

    def _fields(self, place: Sequence[_Set]) -> dict[str, list[_Field]]:
        """Return the fields of a place by response name, each fragment expanded once."""
        found: dict[str, list[_Field]] = {}
        expanded: set[str] = set()
        waiting = list(place)
        while waiting:
            selection_set, parent = waiting.pop()
            self._visits += len(selection_set.selections)
            if self._visits > MOST_VISITS:
                raise _TooManyError
            for node in selection_set.selections:
                match node:
                    case FieldNode():
                        name = node.alias.value if node.alias else node.name.value
                        found.setdefault(name, []).append(self._field(node, parent))
                    case InlineFragmentNode():
                        waiting.append((node.selection_set, self._narrowed(node, parent)))
                    case FragmentSpreadNode(name=name_node) if name_node.value not in expanded:
                        expanded.add(name_node.value)
                        if fragment := self._fragments.get(name_node.value):
                            waiting.append(self._of_fragment(fragment))
        self._spread |= expanded
        return found

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> _Field:
        if not is_composite_type(parent):
            return _Field(node, parent, None)
        return _Field(node, parent, self._schema.get_field(parent, node.name.value))

    def _narrowed(
        self, node: InlineFragmentNode, parent: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        condition = node.type_condition
        return type_from_ast(self._schema, condition) if condition else parent

    def _of_fragment(self, fragment: FragmentDefinitionNode) -> _Set:
        return fragment.selection_set, type_from_ast(self._schema, fragment.type_condition)


def _below(fields: _Fields) -> list[_Set]:
    return [
        (node.selection_set, get_named_type(definition.type) if definition else None)
        for node, _, definition in fields
        if node.selection_set
    ]


def _all_at_once(fields: _Fields) -> Iterable[_Fields]:
    """Whatever object is there, a place has one shape."""
    return (fields,)


def _by_parent(fields: _Fields) -> Iterable[_Fields]:
    """Group by the object types that fields are asked of: an object is of one of them.

    What is asked of an interface may be asked of an object of any.
    """
    by_parent: dict[GraphQLNamedType, list[_Field]] = {}
    of_any: list[_Field] = []
    for field in fields:
        if is_object_type(field.parent):
            by_parent.setdefault(field.parent, []).append(field)
        else:
            of_any.append(field)
    return [of_any + some for some in by_parent.values()] or (of_any,)


def _are_of_one_shape(fields: _Fields) -> bool:
    if any(_streams(field.node) for field in fields):
        return False  # graphql-core has no two of them merged
    types = {field.definition.type for field in fields if field.definition}
    return len(types) < 2 or len(set(map(_shape, types))) == 1


def _are_one_call(fields: _Fields) -> bool:
    first = fields[0].node
    if any(field.node.name.value != first.name.value for field in fields):
        return False
    if not any(field.node.arguments for field in fields):
        return True
    return len({_arguments(field.node) for field in fields}) == 1


def _streams(node: FieldNode) -> bool:
    return any(directive.name.value == "stream" for directive in node.directives or ())


def _shape(of: GraphQLOutputType) -> tuple[object, ...]:
    """Return a type's lists and non-nulls, and the leaf in them; of objects one looks further."""
    shape: list[object] = []
    inner: Any = of
    while hasattr(inner, "of_type"):
        shape.append(type(inner))
        inner = inner.of_type
    return *shape, inner if is_leaf_type(inner) else None


def _arguments(node: FieldNode) -> object:
    """Return what tells arguments from others; nothing is like those that are given twice."""
    arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
    if len(arguments) < len(node.arguments or ()):
        return object()
    return frozenset((name, _value(value)) for name, value in arguments.items())


def _value(node: ValueNode) -> Hashable:
    match node:
        case VariableNode():
            return "variable", node.name.value
        case ListValueNode():
            return "list", *map(_value, node.values)
        case ObjectValueNode():
            fields = ((field.name.value, _value(field.value)) for field in node.fields)
            return "object", *sorted(fields, key=itemgetter(0))
        case StringValueNode():
            return "string", node.value, node.block
        case _:
            return type(node), getattr(node, "value", None)
