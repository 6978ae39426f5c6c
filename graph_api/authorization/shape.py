"""The schema as one caller sees it: whatever they could never use is cut away.

A field is there if the caller's grants allow it or leave it open; so are arguments, input fields
and enum values. What then has no fields, members or values vanishes, and what refers to it, until
nothing changes any more; so does what can't be reached. The rest is a valid schema, in which no
text and no default names what is cut.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from graphql import (
    DEFAULT_DEPRECATION_REASON,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
)
from graphql.pyutils import Undefined

from graph_api.authorization.principal import AUTHENTICATED, Grants
from graph_api.authorization.rulebook import DEFINITION, RuleBook
from graph_api.authorization.rules import Rule

Element = TypeVar("Element")
FieldsType = GraphQLObjectType | GraphQLInterfaceType

_MOST_SHAPES = 64


class Shapes:
    """The shaped schemas, by the grants that the rules mention; the least used goes first."""

    def __init__(
        self,
        book: RuleBook,
        hides: Callable[[Rule], bool] = lambda _: True,
        *,
        validates: bool = False,
    ) -> None:
        """Shape as :func:`shape` does."""
        self._shape = partial(shape, book, hides=hides, validates=validates)
        self._mentioned = book.mentioned
        self._kept: OrderedDict[Grants, GraphQLSchema] = OrderedDict()
        self._lock = Lock()

    def of(self, grants: Grants) -> GraphQLSchema:
        """Return the schema that a caller with these grants sees."""
        mentioned = grants & self._mentioned
        with self._lock:
            if mentioned in self._kept:
                self._kept.move_to_end(mentioned)
                return self._kept[mentioned]
        shaped = self._shape(mentioned)
        with self._lock:
            shaped = self._kept.setdefault(mentioned, shaped)
            while len(self._kept) > _MOST_SHAPES:
                self._kept.popitem(last=False)
        return shaped


def shape(
    book: RuleBook,
    grants: Grants,
    hides: Callable[[Rule], bool] = lambda _: True,
    *,
    validates: bool = False,
) -> GraphQLSchema:
    """Return the schema that a caller with these grants sees; it resolves nothing.

    Below an acting field (``AuthPayload.user``) the one who has just signed in is judged, so what
    is open to any signed-in user stays visible there, to anonymous callers too.

    Args:
        book: the rules of the whole schema.
        grants: what the caller holds.
        hides: whether a rule hides what it denies.
        validates: it is for validation and not to be shown: hidden defaults are kept, so that what
            has one needs not be given.
    """
    seen = Seen(book.schema, _hidden(book, grants, hides))
    while seen.prune():
        pass
    return _Copy(seen, keeps_defaults=validates).schema()


def whole(book: RuleBook) -> GraphQLSchema:
    """Return a copy of the whole schema, as :func:`shape` makes them."""
    return _Copy(Seen(book.schema)).schema()


def _hidden(book: RuleBook, grants: Grants, hides: Callable[[Rule], bool]) -> set[str]:
    """Return the coordinates that the grants deny, by a rule that hides."""
    unshaped = Seen(book.schema)
    acting = [get_named_type(book.field(each).type) for each in book.acting]
    below_acting = {each.name for each in unshaped.reachable(acting)}
    signed_in = grants | {AUTHENTICATED}
    return {
        coordinate
        for coordinate, rule in {**book.fields, **book.of_interfaces, **book.inputs}.items()
        if rule.static(grants) is False
        and hides(rule)
        and not (
            coordinate.partition(".")[0] in below_acting and rule.static(signed_in) is not False
        )
    }


@dataclass
class Seen:
    """What is seen of a schema.

    Attributes:
        schema: the whole of it.
        hidden: names of the types, and coordinates of the fields, arguments, input fields and enum
            values, that are not.
    """

    schema: GraphQLSchema
    hidden: set[str] = field(default_factory=set)

    def prune(self) -> bool:
        """Hide what can't stand without what is hidden; return whether anything went."""
        before = len(self.hidden)
        for of_type in self.schema.type_map.values():
            if not is_introspection_type(of_type) and of_type.name not in self.hidden:
                self._prune(of_type)
        return len(self.hidden) > before

    def _prune(self, of_type: GraphQLNamedType) -> None:
        rest: Any = True
        match of_type:
            case GraphQLObjectType() | GraphQLInterfaceType():
                self._prune_fields(of_type)
                rest = self.fields(of_type) or of_type is self.schema.query_type
            case GraphQLInputObjectType():
                rest = self._prune_input(of_type)
            case GraphQLEnumType():
                rest = self.values(of_type)
            case GraphQLUnionType():
                rest = self.members(of_type)
        if not rest:
            self.hidden.add(of_type.name)

    def _prune_fields(self, of_type: FieldsType) -> None:
        for name, each in self.fields(of_type).items():
            coordinate = f"{of_type.name}.{name}"
            self.hidden |= {
                f"{coordinate}({arg}:)"
                for arg, argument in each.args.items()
                if not self.knows_type(argument)
            }
            lost = each.args.keys() - self.arguments(coordinate, each).keys()
            if not self.knows_type(each) or any(is_required_argument(each.args[a]) for a in lost):
                self.hidden.add(coordinate)

    def _prune_input(self, of_type: GraphQLInputObjectType) -> bool:
        """Return whether the input can still be given: no field that it requires is hidden."""
        self.hidden |= {
            f"{of_type.name}.{name}"
            for name, each in of_type.fields.items()
            if not self.knows_type(each)
        }
        rest = self.input_fields(of_type)
        lost = of_type.fields.keys() - rest.keys()
        return bool(rest) and not any(is_required_input_field(of_type.fields[n]) for n in lost)

    def knows_type(self, element: Any) -> bool:
        """Whether the type of a field, argument or input field is seen."""
        return get_named_type(element.type).name not in self.hidden

    def fields(self, of_type: FieldsType) -> dict[str, GraphQLField]:
        """Return the fields that are seen of an object or interface."""
        return self._kept(of_type.fields, f"{of_type.name}.", "")

    def arguments(self, coordinate: str, of_field: GraphQLField) -> dict[str, GraphQLArgument]:
        """Return the arguments that are seen of a field."""
        return self._kept(of_field.args, f"{coordinate}(", ":)")

    def input_fields(self, of_type: GraphQLInputObjectType) -> dict[str, GraphQLInputField]:
        """Return the fields that are seen of an input."""
        return self._kept(of_type.fields, f"{of_type.name}.", "")

    def values(self, of_type: GraphQLEnumType) -> dict[str, Any]:
        """Return the values that are seen of an enum."""
        return self._kept(of_type.values, f"{of_type.name}.", "")

    def members(self, of_type: GraphQLUnionType) -> list[GraphQLObjectType]:
        """Return the members that are seen of a union."""
        return [each for each in of_type.types if each.name not in self.hidden]

    def interfaces(self, of_type: FieldsType) -> list[GraphQLInterfaceType]:
        """Return the interfaces that a type is still seen to implement."""
        return [each for each in of_type.interfaces if self._implements(of_type, each)]

    def _implements(self, of_type: FieldsType, interface: GraphQLInterfaceType) -> bool:
        """Whether the type shows all that the interface, and each wider one, shows."""
        own = self.fields(of_type)
        return (
            interface.name not in self.hidden
            and all(
                name in own and self._takes_as_much(of_type, own[name], interface, each, name)
                for name, each in self.fields(interface).items()
            )
            and all(
                wider.name in self.hidden or self._implements(of_type, wider)
                for wider in interface.interfaces
            )
        )

    def _takes_as_much(
        self, of_type: FieldsType, own: GraphQLField, interface: Any, its: GraphQLField, name: str
    ) -> bool:
        asked = self.arguments(f"{interface.name}.{name}", its).keys()
        return asked <= self.arguments(f"{of_type.name}.{name}", own).keys()

    def _kept(self, elements: Mapping[str, Element], before: str, after: str) -> dict[str, Element]:
        return {
            name: each
            for name, each in elements.items()
            if f"{before}{name}{after}" not in self.hidden
        }

    def reachable(self, roots: Iterable[GraphQLNamedType]) -> set[GraphQLNamedType]:
        """Return the types that a client can come to, or must name, beginning with some."""
        reached: set[GraphQLNamedType] = set()
        queue = list(roots)
        while queue:
            of_type = queue.pop()
            if of_type not in reached and of_type.name not in self.hidden:
                reached.add(of_type)
                queue.extend(self._neighbours(of_type))
        return reached

    def _neighbours(self, of_type: GraphQLNamedType) -> Iterator[GraphQLNamedType]:
        match of_type:
            case GraphQLObjectType() | GraphQLInterfaceType():
                yield from self.interfaces(of_type)
                for name, each in self.fields(of_type).items():
                    yield get_named_type(each.type)
                    arguments = self.arguments(f"{of_type.name}.{name}", each).values()
                    yield from (get_named_type(argument.type) for argument in arguments)
            case GraphQLInputObjectType():
                yield from (
                    get_named_type(each.type) for each in self.input_fields(of_type).values()
                )
            case GraphQLUnionType():
                yield from self.members(of_type)
        if isinstance(of_type, GraphQLInterfaceType):
            known = self.schema.get_implementations(of_type)
            implementations: list[FieldsType] = [*known.objects, *known.interfaces]
            yield from (each for each in implementations if of_type in self.interfaces(each))


_CODE = re.compile(r"`[^`]*`|\w*[a-z0-9]_?[A-Z]\w*|[A-Z][A-Z0-9_]+|\w+_\w+|\w+(?:\.\w+)+")
"""What in a description may be a name: whatever is in backticks, or looks like no English word."""
_NAME = re.compile(r"\w+")


class _Copy:
    """Copies what is seen, and can be reached, into a schema of its own."""

    def __init__(self, seen: Seen, *, keeps_defaults: bool = False) -> None:
        self.seen = seen
        self.keeps_defaults = keeps_defaults
        self.copies: dict[str, Any] = {}
        whole = seen.schema
        roots = [whole.query_type, whole.mutation_type, whole.subscription_type]
        self.roots = [each if each and each.name not in seen.hidden else None for each in roots]
        self.reached = seen.reachable(each for each in self.roots if each)
        all_names = _names(Seen(whole), whole.type_map.values()) if seen.hidden else set[str]()
        self.unseen = all_names - _names(seen, self.reached)

    def description(self, of: Any) -> str | None:
        """Return a description; none if it names what is hidden."""
        said: str | None = of.description
        return None if said and self._tells(said) else said

    def deprecation(self, of: Any) -> str | None:
        """Return why something is deprecated; not so exactly if that names what is hidden."""
        said: str | None = of.deprecation_reason
        return DEFAULT_DEPRECATION_REASON if said and self._tells(said) else said

    def _tells(self, text: str) -> bool:
        """Whether a text names what is hidden."""
        if not self.unseen:
            return False
        named = {name for code in _CODE.findall(text) for name in _NAME.findall(code)}
        return bool(named & self.unseen)

    def schema(self) -> GraphQLSchema:
        """Return the copy."""
        whole = self.seen.schema
        reached = sorted(self.reached, key=lambda each: each.name)
        query, mutation, subscription = (each and self.named(each) for each in self.roots)
        return GraphQLSchema(
            query,
            mutation,
            subscription,
            types=[self.named(each) for each in reached],
            directives=[self._directive(each) for each in whole.directives],
            description=self.description(whole),
        )

    def named(self, of_type: Any) -> Any:
        """Return the copy of a named type; the specification's scalars stand for themselves."""
        if of_type.name not in self.copies:
            self.copies[of_type.name] = self._copy(of_type)
        return self.copies[of_type.name]

    def _copy(self, of_type: GraphQLNamedType) -> GraphQLNamedType:
        about: dict[str, Any] = {"name": of_type.name, "description": self.description(of_type)}
        match of_type:
            case GraphQLObjectType() | GraphQLInterfaceType():
                return _plain(of_type)(
                    fields=lambda: self._fields(of_type),
                    interfaces=lambda: list(map(self.named, self.seen.interfaces(of_type))),
                    **about,
                )
            case GraphQLInputObjectType():
                return GraphQLInputObjectType(
                    fields=lambda: self._input_fields(of_type),
                    is_one_of=of_type.is_one_of,
                    out_type=of_type.out_type,  # Strawberry's holds @oneOf
                    extensions=self._definition(of_type),
                    **about,
                )
            case GraphQLEnumType():
                return self._enum(of_type)
            case GraphQLUnionType():
                members = self.seen.members(of_type)
                return GraphQLUnionType(types=lambda: list(map(self.named, members)), **about)
            case GraphQLScalarType() if not is_specified_scalar_type(of_type):
                fewer = copy(of_type)
                fewer.description = about["description"]
                return fewer
        return of_type

    def _type(self, of_type: Any) -> Any:
        if isinstance(of_type, GraphQLNonNull | GraphQLList):
            return type(of_type)(self._type(of_type.of_type))
        return self.named(of_type)

    def _fields(self, of_type: FieldsType) -> dict[str, GraphQLField]:
        fields = self.seen.fields(of_type)
        if not fields:  # of the query root alone: a schema must have one
            return {"_empty": GraphQLField(GraphQLBoolean)}
        return {
            name: GraphQLField(
                self._type(each.type),
                args=self._arguments(self.seen.arguments(f"{of_type.name}.{name}", each)),
                description=self.description(each),
                deprecation_reason=self.deprecation(each),
            )
            for name, each in fields.items()
        }

    def _directive(self, of: GraphQLDirective) -> GraphQLDirective:
        if not of.args and not of.description:
            return of
        fewer = copy(of)
        known = {name: each for name, each in of.args.items() if self.seen.knows_type(each)}
        fewer.args = self._arguments(known)
        fewer.description = self.description(of)
        return fewer

    def _arguments(self, seen: Mapping[str, GraphQLArgument]) -> dict[str, GraphQLArgument]:
        return {
            name: GraphQLArgument(
                self._type(each.type), extensions=each.extensions, **self._given(each)
            )
            for name, each in seen.items()
        }

    def _input_fields(self, of_type: GraphQLInputObjectType) -> dict[str, GraphQLInputField]:
        return {
            name: GraphQLInputField(self._type(each.type), **self._given(each))
            for name, each in self.seen.input_fields(of_type).items()
        }

    def _enum(self, of_type: GraphQLEnumType) -> GraphQLEnumType:
        values = {name: copy(each) for name, each in self.seen.values(of_type).items()}
        for each in values.values():
            each.deprecation_reason = self.deprecation(each)
        for each in (fewer := _with_values(of_type, values), *values.values()):
            each.description = self.description(each)
        return fewer

    def _definition(self, of_type: GraphQLInputObjectType) -> dict[str, Any]:
        """Strawberry's definition, which its validation rules read, of the fields that are seen."""
        definition: Any = of_type.extensions.get(DEFINITION)
        fields = self.seen.input_fields(of_type).values()
        if not hasattr(definition, "fields"):
            return {}
        fewer = copy(definition)
        fewer.fields = [each.extensions[DEFINITION] for each in fields]
        return {DEFINITION: fewer}

    def _given(self, element: Any) -> dict[str, Any]:
        """What an argument or input field has beside its type; a hidden default is none."""
        value, of_type = element.default_value, get_named_type(element.type)
        hides = not self.keeps_defaults and self._hides(value, of_type)
        return {
            "default_value": Undefined if hides else value,
            "description": self.description(element),
            "deprecation_reason": self.deprecation(element),
        }

    def _hides(self, value: Any, of_type: Any) -> bool:
        """Whether a default names an enum value or input field that is hidden."""
        match value:
            case list():
                return any(self._hides(each, of_type) for each in value)
            case dict():
                shown = self.seen.input_fields(of_type)
                return any(
                    name not in shown or self._hides(each, get_named_type(shown[name].type))
                    for name, each in value.items()
                )
        if isinstance(of_type, GraphQLEnumType) and value is not Undefined and value is not None:
            name = _with_values(of_type, of_type.values).coerce_output_value(value)
            return name not in self.seen.values(of_type)
        return False


def _names(seen: Seen, types: Iterable[GraphQLNamedType]) -> set[str]:
    """Return the names of what is seen of types, their own among them."""
    names = set[str]()
    for of_type in types:
        if is_introspection_type(of_type) or is_specified_scalar_type(of_type):
            continue
        names.add(of_type.name)
        match of_type:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for name, each in seen.fields(of_type).items():
                    names |= {name, *seen.arguments(f"{of_type.name}.{name}", each)}
            case GraphQLInputObjectType():
                names |= seen.input_fields(of_type).keys()
            case GraphQLEnumType():
                names |= seen.values(of_type).keys()
    return names


def _with_values(of_type: GraphQLEnumType, values: dict[str, Any]) -> GraphQLEnumType:
    """Return the enum with these of its values.

    It is copied attribute by attribute, since Strawberry's own class of enums has a constructor
    that graphql-core's ``copy`` does not know; without the guard of its values, for no result is
    made of it, and without what graphql-core has cached.
    """
    fewer = object.__new__(type(of_type))
    vars(fewer).update(vars(of_type), values=values)
    for name in ("coerce_output_value", "_value_lookup"):
        vars(fewer).pop(name, None)
    return fewer


def _plain(of_type: FieldsType) -> type[GraphQLObjectType | GraphQLInterfaceType]:
    is_object = isinstance(of_type, GraphQLObjectType)
    return GraphQLObjectType if is_object else GraphQLInterfaceType
