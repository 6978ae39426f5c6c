"""The decision over an operation: which of its fields the caller's grants deny, before it runs.

A pass over the document finds each position (a path of response keys) whose field, or an argument,
input field or enum value given to it, is denied statically. A skipped field (``@skip``,
``@include``) is neither denied nor reported. What the client wrote counts as given, the default of
a variable in its document too; a default of the schema does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from weakref import WeakKeyDictionary

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLType,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    TypeNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from graph_api.authorization.principal import READS_SCHEMA, Grants, Principal
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule, denial
from graph_api.authorization.why import why

Path = tuple[str, ...]
Given = Mapping[str, Any]
"""Variables by name: the value that was sent, or else the syntax node of the default."""


@dataclass(frozen=True)
class Denial:
    """One denied position: its path of response keys, and what about it is denied."""

    path: Path
    field: str
    coordinate: str
    rule: Rule
    node: FieldNode

    def error(self, principal: Principal, *, explains: bool = False) -> GraphQLError:
        """Return the error that the client sees; it ``explains`` as :func:`denied` does."""
        return denied(
            self.coordinate, self.rule, principal, self.node, self.path, explains=explains
        )


def denied(
    coordinate: str,
    rule: Rule,
    principal: Principal,
    node: FieldNode | None = None,
    path: Sequence[str | int] | None = None,
    *,
    explains: bool = False,
) -> GraphQLError:
    """Return the GraphQL error of a denial: code, coordinate, rule, and where.

    It says what the caller holds and lacks if it ``explains``, or if the caller sees the schema.
    """
    cause = denial(rule, coordinate, principal)
    extensions = cause.extensions | {"coordinate": coordinate, "rule": rule.rule}
    if rule.stranger and rule.stranger.error_extensions:
        extensions |= rule.stranger.error_extensions
    if explains or READS_SCHEMA in principal.permissions:
        extensions |= why(rule, principal.grants)
    return GraphQLError(cause.message, node, path=path, original_error=cause, extensions=extensions)


@dataclass(frozen=True)
class Decision:
    """What the grants say of an operation.

    Attributes:
        denials: one for each denied position.
        is_rejected: nothing may execute: a mutation with a denial, or each root field denied, or
            a denial by a rule that rejects.
    """

    denials: tuple[Denial, ...] = ()
    is_rejected: bool = False


@dataclass(frozen=True)
class Operation:
    """An operation of a document, with the fragments that it may spread and its variables.

    Attributes:
        node: the operation.
        fragments: by name.
        variables: as the client sent them; they fit their types.
        signatures: of its variables, by the schema that their types are of, if they were asked for.
    """

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    signatures: MutableMapping[GraphQLSchema, Any] = field(
        default_factory=WeakKeyDictionary, repr=False
    )

    @cached_property
    def given(self) -> Given:
        """What each variable holds; one that is neither sent nor has a default is not there."""
        defaults = {
            definition.variable.name.value: definition.default_value
            for definition in self.node.variable_definitions or ()
            if definition.default_value is not None
        }
        return defaults | dict(self.variables)

    @cached_property
    def conditions(self) -> dict[str, object]:
        """What its Boolean variables hold: all that ``@skip`` and ``@include`` may hang on."""
        names = (
            definition.variable.name.value
            for definition in self.node.variable_definitions or ()
            if _type_name(definition.type) == "Boolean"
        )
        return {name: _boolean(self.given.get(name)) for name in names}

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What tells it from others of the document: its name, and what the conditions hold."""
        return self.node.name.value if self.node.name else None, *self.conditions.values()


def _type_name(of_type: TypeNode) -> str | None:
    """Return the name of a type, non-null or not; None for a list."""
    inner = of_type.type if isinstance(of_type, NonNullTypeNode) else of_type
    return inner.name.value if isinstance(inner, NamedTypeNode) else None


def _boolean(value: object) -> object:
    return value.value if isinstance(value, BooleanValueNode) else value


def decide(
    book: RuleBook, operation: Operation, grants: Grants, *, reject: bool = False
) -> Decision:
    """Decide an operation that is valid for the schema.

    Args:
        book: the rules of the schema.
        operation: what is asked.
        grants: what the caller holds.
        reject: whether one denial rejects a query too.
    """
    return Walk(book, operation, grants).decide(reject=reject)


def denied_input(
    book: RuleBook, field: str, node: FieldNode, given: Given, grants: Grants
) -> tuple[str, Rule] | None:
    """Return what is given to a field and denied: an argument, input field or enum value.

    Args:
        book: the rules of the schema.
        field: the field's coordinate.
        node: where the document asks for it.
        given: the operation's variables.
        grants: what the caller holds.

    Returns:
        The coordinate and rule of the first that is denied, or None.
    """
    for coordinate in _given_to(book.field(field), field, node, given):
        rule = book.inputs.get(coordinate)
        if rule is not None and rule.static(grants) is not True:
            return coordinate, rule
    return None


def _given_to(definition: GraphQLField, field: str, node: FieldNode, given: Given) -> Iterator[str]:
    for argument in node.arguments or ():
        if _is_given(argument.value, given):
            name = argument.name.value
            yield f"{field}({name}:)"
            yield from _given(argument.value, definition.args[name].type, given)


Place = tuple[str, FieldNode]
"""A field, by coordinate, where a document asks for it."""

Collected = tuple[str, list[tuple[GraphQLNamedType, FieldNode]]]


@dataclass(frozen=True)
class Walk:
    """A way through the selections of an operation, for a caller with some grants.

    Attributes:
        book: the rules of the schema.
        operation: what is asked.
        grants: what the caller holds.
        open: where variables bring what might be denied, and is not.
        closed: where they bring what is.
    """

    book: RuleBook
    operation: Operation
    grants: Grants
    open: list[Place] = field(default_factory=list)
    closed: list[Place] = field(default_factory=list)

    def decide(self, *, reject: bool) -> Decision:
        """Decide the operation, see :func:`decide`."""
        operation = self.operation.node
        root = self.book.schema.get_root_type(operation.operation)
        if root is None:
            return Decision()
        root_fields = list(self.collect([(root, operation.selection_set)]))
        denials = tuple(self.denials(root_fields, ()))
        is_mutation = operation.operation is OperationType.MUTATION
        all_denied = {(key,) for key, _ in root_fields} == {each.path for each in denials}
        strict = is_mutation or reject or all_denied or any(each.rule.rejects for each in denials)
        return Decision(denials, is_rejected=bool(denials) and strict)

    def denials(self, collected: Sequence[Collected], path: Path) -> Iterator[Denial]:
        """Yield what is denied of the fields at a path, and below those that are not."""
        for key, places in collected:
            here = (*path, key)
            yield from self._of_position(places, here)

    def _of_position(
        self, places: Sequence[tuple[GraphQLNamedType, FieldNode]], path: Path
    ) -> Iterator[Denial]:
        below: list[tuple[GraphQLNamedType, SelectionSetNode]] = []
        reported: set[str] = set()
        for parent, node in places:
            name = node.name.value
            field = f"{parent.name}.{name}"
            found = self.denied(parent, node, field)
            if found is not None:
                if field not in reported:
                    reported.add(field)
                    yield Denial(path, field, *found, node)
            elif node.selection_set and field not in self.book.acting:
                of_type = get_named_type(self.definition(parent, node).type)
                below.append((of_type, node.selection_set))
        if below:
            yield from self.denials(list(self.collect(below)), path)

    def denied(
        self, parent: GraphQLNamedType, node: FieldNode, field: str
    ) -> tuple[str, Rule] | None:
        """Return what denies a field, by coordinate and rule: itself, or what is given to it."""
        rule = self.book.asked(field)
        if rule is not None and rule.static(self.grants) is False:
            return field, rule
        if field not in self.book.takes_ruled:
            return None
        found = denied_input(self.book, field, node, self.operation.given, self.grants)
        if any(_names_variable(argument.value) for argument in node.arguments or ()):
            (self.closed if found else self.open).append((field, node))
        return found

    def definition(self, parent: GraphQLNamedType, node: FieldNode) -> GraphQLField:
        """Return the field that a document asks for."""
        definition = self.book.schema.get_field(cast("Any", parent), node.name.value)
        if definition is None:  # the document was validated before
            raise LookupError(f"{parent.name}.{node.name.value}")
        return definition

    def collect(
        self, selections: Sequence[tuple[GraphQLNamedType, SelectionSetNode]]
    ) -> Iterator[Collected]:
        """Merge the fields of selection sets by response key, fragments expanded once each."""
        merged: dict[str, list[tuple[GraphQLNamedType, FieldNode]]] = {}
        visited: set[tuple[str, str]] = set()
        for parent, selection_set in selections:
            for each in self._fields(parent, selection_set, visited):
                key = each[1].alias.value if each[1].alias else each[1].name.value
                merged.setdefault(key, []).append(each)
        yield from merged.items()

    def _fields(
        self,
        parent: GraphQLNamedType,
        selection_set: SelectionSetNode,
        visited: set[tuple[str, str]],
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
        for selection in selection_set.selections:
            if not self._is_included(selection):
                continue
            if isinstance(selection, FieldNode):
                yield parent, selection
                continue
            fragment: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                visit = (parent.name, selection.name.value)
                if visit in visited:
                    continue
                visited.add(visit)
                fragment = self.operation.fragments[selection.name.value]
            yield from self._fields(self._narrow(parent, fragment), fragment.selection_set, visited)

    def _narrow(self, parent: GraphQLNamedType, fragment: Any) -> GraphQLNamedType:
        """The type whose fields a fragment reads: its condition, unless the parent is narrower."""
        condition = fragment.type_condition
        if condition is None:
            return parent
        named = self.book.schema.type_map[condition.name.value]
        is_wider = named is not parent and self.book.schema.is_sub_type(
            cast("Any", named), cast("Any", parent)
        )
        return parent if is_wider else named

    def _is_included(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            if directive.name.value in {"skip", "include"}:
                condition = self._condition((directive.arguments or ())[0].value)
                if condition is (directive.name.value == "skip"):
                    return False
        return True

    def _condition(self, value: Any) -> Any:
        if isinstance(value, VariableNode):
            value = self.operation.given.get(value.name.value)
        return _boolean(value)


def _names_variable(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode(values=values):
            return any(map(_names_variable, values))
        case ObjectValueNode(fields=fields):
            return any(_names_variable(each.value) for each in fields)
    return False


def _is_given(value: ValueNode, given: Given) -> bool:
    return not isinstance(value, VariableNode) or value.name.value in given


def _given(node: Any, of_type: GraphQLType, given: Given) -> Iterator[str]:
    """Yield the coordinates of the input fields and enum values that a value gives."""
    named = get_named_type(of_type)
    if isinstance(node, VariableNode):
        yield from _given(given.get(node.name.value), named, given)
    elif not isinstance(node, ValueNode):
        yield from _given_json(node, named)
    elif isinstance(node, ListValueNode):
        for item in node.values:
            yield from _given(item, named, given)
    elif isinstance(node, EnumValueNode) and isinstance(named, GraphQLEnumType):
        yield f"{named.name}.{node.value}"
    elif isinstance(node, ObjectValueNode) and isinstance(named, GraphQLInputObjectType):
        for field in node.fields:
            name = field.name.value
            if _is_given(field.value, given):
                yield f"{named.name}.{name}"
                yield from _given(field.value, named.fields[name].type, given)


def _given_json(value: Any, named: GraphQLNamedType) -> Iterator[str]:
    """The same for the value of a variable, which fits its type."""
    if isinstance(value, str):
        if isinstance(named, GraphQLEnumType):
            yield f"{named.name}.{value}"
    elif isinstance(value, Mapping):
        if isinstance(named, GraphQLInputObjectType):
            for name, item in value.items():
                yield f"{named.name}.{name}"
                yield from _given_json(item, get_named_type(named.fields[name].type))
    elif isinstance(value, Iterable):
        for item in value:
            yield from _given_json(item, named)
