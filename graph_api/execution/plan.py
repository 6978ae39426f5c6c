"""Plans: an operation, merged and decided once, so that running it asks nothing of the document.

A plan is made for one operation of a document, what its Boolean variables hold and the grants that
rules mention; it holds no subject, no other variable and no result. Selections are laid out when a
run first comes to them, since most types behind an interface never answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    is_abstract_type,
    visit,
)

from graph_api.authorization.guards import Guard, InputGuard, TrialGuard, ValueField
from graph_api.authorization.principal import Grants
from graph_api.execution.arguments import given_of
from graph_api.execution.fields import Field, Selection, Value
from graph_api.execution.resolvers import call_of, reader_of, types_by_class

Conditions = Mapping[str, object]
"""What the Boolean variables hold, by name."""
_TYPENAME: Final = "__typename"
_INCREMENTAL: Final = frozenset({"defer", "stream"})
"""Directives of graphql-core's incremental delivery."""


class Refused(Exception):
    """An operation that graphql-core runs.

    Attributes:
        reason: why, as one word or a few joined by ``_``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Plan:
    """An operation laid out for callers with some grants.

    Attributes:
        root: what is selected of the root type.
        is_straight: it may go the straight way, see :mod:`graph_api.execution.straight`.
    """

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
        if _has_null_condition(operation, fragments, conditions):
            raise Refused("null_condition")
        self.schema = schema
        self.operation = operation
        self.fragments = dict(fragments)
        self._conditions = conditions
        self._grants = grants
        self._by_class: dict[Any, Mapping[type, GraphQLObjectType]] = {}
        self._typename = Value.of(schema.type_map["String"])
        self.root = self._select(root, [operation.selection_set])
        is_mutation = operation.operation is OperationType.MUTATION
        self.is_straight = self.root.is_bare and not is_mutation

    def below(self, of_field: Field, of_type: GraphQLObjectType) -> Selection:
        """Return what is selected on the objects of a type behind a field."""
        selection = of_field.below.get(of_type.name)
        if selection is None:
            sets = [node.selection_set for node in of_field.nodes if node.selection_set]
            selection = of_field.below[of_type.name] = self._select(of_type, sets)
            value = of_field.value
            if selection.is_bare and (value.is_certain or value.own):
                of_field.certain = selection
            elif selection.readers and (item := value.item) and (item.is_certain or item.own):
                of_field.certain_items = selection
        return selection

    def by_class(self, abstract: Any) -> Mapping[type, GraphQLObjectType]:
        """Return the types of an interface or union by the classes that tell them."""
        found = self._by_class.get(abstract)
        if found is None:
            found = self._by_class[abstract] = types_by_class(self.schema, abstract)
        return found

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
                    if selection.arguments or fragment.variable_definitions:
                        raise Refused("fragment_arguments")
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
            if name in _INCREMENTAL:
                raise Refused("incremental")
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
        if call := found.get("call"):
            found["given"] = given_of(call, definition, nodes[0])
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
        return found | {"resolve": resolve, "read": reader_of(resolve), "call": call_of(resolve)}


def _has_null_condition(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    conditions: Conditions,
) -> bool:
    """Whether null stands in a condition, which fails the fields that it is a condition of.

    Only where a variable has a default may null be given for it, and it stand there all the same.
    """
    nulls = {
        each.variable.name.value
        for each in operation.variable_definitions or ()
        if each.default_value and conditions.get(each.variable.name.value, True) is None
    }
    return bool(nulls) and any(
        not nulls.isdisjoint(_variables_in_conditions(each))
        for each in (operation, *fragments.values())
    )


def _variables_in_conditions(definition: Node) -> set[str]:
    found = _InConditions()
    visit(definition, found)
    return found.names


class _InConditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value in {"skip", "include"}:
            values = (each.value for each in node.arguments or ())
            self.names |= {each.name.value for each in values if isinstance(each, VariableNode)}
