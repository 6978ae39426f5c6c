"""Strawberry's resolvers that can be passed by: what they read or call, told by private names.

``tests/execution/test_strawberry.py`` pins those names; what isn't recognised is called as
graphql-core would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from keyword import iskeyword
from operator import attrgetter
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.types.arguments import convert_arguments
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField

from graph_api.authorization.rulebook import DEFINITION

PLAIN_RESOLVER = "_get_basic_result"
"""How Strawberry calls the resolver of a field that only reads an attribute."""
IS_TYPE_OF = "._get_is_type_of.<locals>.is_type_of"
"""How it calls what tells whether an object is of a type that implements interfaces."""
TYPE_RESOLVERS = ("._get_resolve_type.<locals>.resolve_type", "._resolve_union_type")
"""How it calls what tells of which type an object of an interface or of a union is."""
RESOLVERS = frozenset({"_resolver", "_async_resolver"})
"""How it calls those around a function of the application's."""


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

    def bare(self, given: Mapping[str, Any]) -> Callable[[Any], Any] | None:
        """Return what calls the function with a source; None if it takes more than arguments.

        Args:
            given: its arguments, by its own names.
        """
        if self.info or self.sources[1:] or (self.sources and self.takes_self):
            return None
        function = self.function
        if self.takes_self:
            return (lambda source: function(source, **given)) if given else function
        if self.sources:
            (name,) = self.sources
            return lambda source: function(**given, **{name: source})
        return lambda _: function(**given)

    def convert(self, arguments: Mapping[str, Any], info: Any = None) -> dict[str, Any]:
        """Return arguments as the function takes them, by its own names."""
        if not arguments:
            return {}
        return convert_arguments(
            dict(arguments),
            self.definition.arguments,
            scalar_registry=self._converter.scalar_registry,
            config=self._converter.config,
            info=info,
        )

    def __call__(self, source: Any, info: Any, arguments: Mapping[str, Any]) -> Any:
        """Call the function.

        Args:
            source: the object that the field is read from.
            info: graphql-core's, if the function or a conversion wants it; else None.
            arguments: as coerced, by GraphQL name.
        """
        about = None if info is None else self._info(info)
        return self._given(source, about, self.convert(arguments, about))

    def with_given(self, source: Any, info: Any, given: Mapping[str, Any]) -> Any:
        """Call the function with arguments by its own names; ``info`` only if it declares it."""
        return self._given(source, self._info(info) if self.info else None, {**given})

    def _given(self, source: Any, about: Any, given: dict[str, Any]) -> Any:
        for name in self.sources:
            given[name] = source
        if self.info:
            given[self.info] = about
        return self.function(source, **given) if self.takes_self else self.function(**given)

    def _info(self, info: Any) -> Any:
        return self._converter.config.info_class(_raw_info=info, _field=self.definition)


class Reader:
    """Reads an attribute.

    Attributes:
        name: its Python name.
        one: from one object.
        all: from each of a list of objects.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.one = attrgetter(name)
        self.all = _compiled(f"lambda objects: [each.{name} for each in objects]")

    def of(self, kind: type, objects: list[Any]) -> list[Any]:
        """Return it from each of the objects that is exactly of a class."""
        read = f"[each.{self.name} for each in objects if type(each) is kind]"
        found: list[Any] = _compiled(f"lambda objects, kind: {read}")(objects, kind)
        return found


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Callable[..., list[Any]]:
    """Return a loop with the attribute's name in it: ``map(attrgetter(name), …)`` takes twice."""
    function: Callable[..., list[Any]] = eval(source)  # noqa: S307 -- the name is an identifier
    return function


def reader_of(resolve: Any) -> Reader | None:
    """Return what reads an attribute, if that is all that a resolver of Strawberry's does."""
    if getattr(resolve, "__name__", "") != PLAIN_RESOLVER:
        return None
    definition = _closed_over(resolve)["field"]
    name = definition.python_name
    is_plain = definition.default_resolver is getattr and name.isidentifier()
    return Reader(name) if is_plain and not iskeyword(name) else None


def call_of(resolve: Any) -> Call | None:
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


def own_class_of(is_type_of: Any) -> type | None:
    """Return the class whose objects are of a type, unless one is cast, see :func:`are_cast`.

    None if it is the application that says which objects are of the type, not Strawberry.
    """
    if getattr(is_type_of, "__qualname__", "").endswith(IS_TYPE_OF):
        found: type = _closed_over(is_type_of)["object_type"].origin
        return found
    return None


def types_by_class(schema: GraphQLSchema, abstract: Any) -> dict[type, GraphQLObjectType]:
    """Return the types of an interface or union by the classes that tell them.

    An object is of such a type if it is exactly of the class and not cast, see :func:`are_cast`.
    Empty if it is the application that tells the types apart, not Strawberry.
    """
    if not getattr(abstract.resolve_type, "__qualname__", "").endswith(TYPE_RESOLVERS):
        return {}
    # Strawberry calls a type by the name of its definition, which need not be its name.
    of_types = [(each, each.extensions[DEFINITION]) for each in schema.get_possible_types(abstract)]
    return {one.origin: each for each, one in of_types if one.name == each.name}


def are_cast(objects: Sequence[Any]) -> bool:
    """Whether ``strawberry.cast`` says of an object that it is of another type."""
    return any(map(hasattr, objects, repeat(TYPE_CAST_ATTRIBUTE)))


def _closed_over(function: Any) -> dict[str, Any]:
    """Return what a function of Strawberry's is closed over, by name."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}
