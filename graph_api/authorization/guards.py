"""The guards: what holds the rules while an operation runs.

Each ruled field's resolver is wrapped. A guard answers by the caller's grants where they decide;
where the object must be known it asks the rule, for a whole list in one call. Without a running
operation (somebody executes the bare graphql-core schema) a guard denies.
"""

from __future__ import annotations

import logging
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isawaitable
from itertools import count, islice
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import MiddlewareManager
from graphql.pyutils import Path as ResponsePath
from graphql.pyutils import is_collection, is_iterable
from strawberry.dataloader import DataLoader
from strawberry.types.arguments import convert_arguments
from typing_extensions import override

from graph_api.authorization.decision import Decision, Given, denied, denied_input
from graph_api.authorization.principal import ANONYMOUS, Grants, Principal
from graph_api.authorization.rulebook import DEFINITION, Acting, RuleBook
from graph_api.authorization.rules import Rule
from graph_api.authorization.terms import Everyone
from graph_api.errors import Forbidden

_log = logging.getLogger(__name__)
ResolveInfo = GraphQLResolveInfo[Any]


class AlreadyReportedError(Exception):
    """A denial that is reported elsewhere: it nulls the field and stands in no result."""


UNDECIDED = Decision()


class Foreseen(NamedTuple):
    """What a rule said of the rows of a list before they are read.

    Attributes:
        verdicts: whether each row is allowed, by its ``id()``.
        kept: what is known by its ``id()``, which must not become another's.
    """

    verdicts: Mapping[int, bool]
    kept: object


@dataclass
class Running:
    """One running operation.

    Attributes:
        principal: its caller.
        decision: what was decided before it ran.
        given: its variables.
        acting: who is judged below which field.
        denials: static denials that the document didn't tell: of a type behind an interface, or of
            an acting caller; one for each position in the document.
        can_wait: there is an event loop that waits for the result.
        explains: whoever is denied is told what they lack.
        prints: nothing is answered, the schema itself is printed.
        hidden_by: whether somebody whom a rule denies may not know the name of what it denies.
        shows: whether somebody may know that objects of a type stand for an interface or union;
            None if everybody may.
        judged: for whom the value that is completed now is judged, see :class:`ValueField`; None
            for the caller.
        must_be: whether that value must not be null.
    """

    principal: Principal
    decision: Decision = UNDECIDED
    given: Given = field(default_factory=dict)
    acting: dict[tuple[str | int, ...], Principal] = field(default_factory=dict)
    denials: list[GraphQLError] = field(default_factory=list)
    can_wait: bool = True
    explains: bool = False
    prints: bool = False
    hidden_by: Callable[[Rule, Principal], bool] = lambda _rule, _principal: False
    shows: Callable[[Principal, Any, GraphQLObjectType], bool] | None = None
    judged: Principal | None = field(default=None, init=False)
    must_be: bool = field(default=False, init=False)

    @cached_property
    def opened(self) -> Mapping[Any, Any]:
        """Guards that the caller's grants open, each with what it guards."""
        return {}

    @cached_property
    def inputs(self) -> dict[object, tuple[str, Rule] | None]:
        """What is given to a field, and denied, by place in the document."""
        return {}

    @cached_property
    def loaders(self) -> dict[object, DataLoader[Any, list[bool]]]:
        """They ask the object rules, by place in the document."""
        return {}

    @cached_property
    def foreseen(self) -> dict[tuple[int, str | int, Guard], Foreseen]:
        """Verdicts about the rows of a list, by ``id()`` of its path, response key and guard."""
        return {}

    @cached_property
    def tried(self) -> set[object]:
        """What trials would have denied, by place in the document."""
        return set()

    @cached_property
    def _reported(self) -> set[tuple[tuple[str, ...], int]]:
        return {(each.path, id(each.node)) for each in self.decision.denials}

    def principal_at(self, path: ResponsePath) -> Principal:
        """Return who is judged at a response path: the nearest acting caller, else the caller."""
        if self.acting:
            keys = tuple(path.as_list())
            for end in range(len(keys) - 1, 0, -1):
                if (acting := self.acting.get(keys[:end])) is not None:
                    return acting
        return self.principal

    def deny(self, coordinate: str, rule: Rule, principal: Principal, info: ResolveInfo) -> None:
        """Null a field that the grants deny; report its position in the document once."""
        path = tuple(key for key in info.path.as_list() if isinstance(key, str))
        places = {(path, id(node)) for node in info.field_nodes}
        if not places & self._reported:
            node, explains = info.field_nodes[0], self.explains
            error = denied(coordinate, rule, principal, node, path, explains=explains)
            self.denials.append(error)
        self._reported |= places
        if is_non_null_type(info.return_type):
            raise AlreadyReportedError


class _Bare(Running):
    """Somebody executes the graphql-core schema itself: nobody is known, nobody collects."""

    @override
    def deny(self, coordinate: str, rule: Rule, principal: Principal, info: ResolveInfo) -> None:
        raise denied(coordinate, rule, principal, info.field_nodes[0], info.path.as_list())


class OpenedResolvers(MiddlewareManager):
    """Gives graphql-core what stands behind a guard that is open: most cost nothing to pass."""

    def __init__(self, operation: Running, inner: MiddlewareManager) -> None:
        super().__init__()
        self.operation = operation
        self.inner = inner if inner.middlewares else None

    @override
    def get_field_resolver(self, field_resolver: Any) -> Any:
        resolver = self.operation.opened.get(field_resolver, field_resolver)
        return self.inner.get_field_resolver(resolver) if self.inner else resolver


running: ContextVar[Running | None] = ContextVar("graph_api_running", default=None)


def _operation() -> Running:
    return running.get() or _Bare(ANONYMOUS)


def caller() -> Principal:
    """Return the caller of the running operation; anonymous where none runs."""
    return _operation().principal


def install(book: RuleBook) -> None:
    """Wrap the ruled resolvers and enum values of the schema that the book is of."""
    for coordinate, graphql_field in book.graphql_fields():
        graphql_field.resolve = _wrap(book, coordinate, graphql_field, graphql_field.resolve)
        if graphql_field.subscribe is not None:
            graphql_field.subscribe = _wrap(
                book, coordinate, graphql_field, graphql_field.subscribe
            )
    for graphql_type in book.schema.type_map.values():
        if isinstance(graphql_type, GraphQLEnumType):
            _guard_values(graphql_type, book.inputs)


def opened(book: RuleBook, grants: Grants) -> dict[Any, Any]:
    """Return the guards that the grants open, each with what it guards."""
    guards = [each.resolve for _, each in book.graphql_fields() if isinstance(each.resolve, Guard)]
    return {guard: guard.resolve for guard in guards if guard.rule.static(grants) is True}


def _wrap(book: RuleBook, coordinate: str, graphql_field: GraphQLField, resolve: Any) -> Any:
    """Wrap a resolver in the guards that its field needs; most need none or one."""
    if (acting := book.acting.get(coordinate)) is not None:
        resolve = ActingField(resolve, acting)
    if (tried := book.trials.get(coordinate)) is not None:
        resolve = TrialGuard(coordinate, tried, resolve, graphql_field)
    rule = book.guarded(coordinate)
    if rule is not None and not isinstance(rule.term, Everyone):
        resolve = Guard(coordinate, rule, resolve, graphql_field)
    if coordinate in book.takes_ruled:
        resolve = InputGuard(coordinate, book, resolve)
    named = get_named_type(graphql_field.type)
    if isinstance(named, GraphQLEnumType) and _ruled_values(named, book.inputs):
        resolve = ValueField(resolve, *_within_lists(graphql_field.type))
    return resolve


@dataclass(frozen=True, eq=False)
class ValueField:
    """Resolves a field whose value may be denied, and notes for whom it is judged.

    The value is judged right after, by its type, which knows no path. What comes later, an item of
    a list too, is noted when it has come: other fields were judged in between.

    Attributes:
        must_be: whether the value, perhaps within lists, must not be null.
        depth: within how many lists it stands.
    """

    resolve: Any
    must_be: bool
    depth: int

    def __call__(self, source: Any, info: ResolveInfo, /, **arguments: Any) -> Any:
        """Resolve the field."""
        return self._note(self.resolve(source, info, **arguments), info, self.depth)

    def _note(self, result: Any, info: ResolveInfo, depth: int) -> Any:
        if isawaitable(result):
            return self._later(result, info, depth)
        return self._come(result, info, depth)

    def _come(self, result: Any, info: ResolveInfo, depth: int) -> Any:
        if depth and hasattr(result, "__aiter__"):
            return self._each_later(result, info, depth - 1)
        if depth and is_iterable(result):
            items = (self._note(each, info, depth - 1) for each in result)
            return list(items) if is_collection(result) else items
        operation = _operation()
        operation.judged = operation.principal_at(info.path)
        operation.must_be = self.must_be
        return result

    async def _later(self, result: Awaitable[Any], info: ResolveInfo, depth: int) -> Any:
        return self._come(await result, info, depth)

    async def _each_later(
        self, result: AsyncIterable[Any], info: ResolveInfo, depth: int
    ) -> AsyncIterator[Any]:
        async for each in result:
            yield self._note(each, info, depth)


@dataclass(frozen=True, eq=False)
class ActingField:
    """Resolves a field and notes who is judged below it."""

    resolve: Any
    acting: Acting

    def __call__(self, source: Any, info: ResolveInfo, /, **arguments: Any) -> Any:
        """Resolve the field."""
        operation = _operation()
        operation.acting[tuple(info.path.as_list())] = self.acting(source)
        operation.opened = {}  # from now on, who is judged hangs on the path
        return self.resolve(source, info, **arguments)


@dataclass(frozen=True, eq=False)
class InputGuard:
    """Holds the rules of what is given to one field: arguments, input fields, enum values."""

    coordinate: str
    book: RuleBook
    resolve: Any

    def __call__(self, source: Any, info: ResolveInfo, /, **arguments: Any) -> Any:
        """Resolve the field, or deny it."""
        operation, node = running.get(), info.field_nodes[0]
        if operation is None:
            if not node.arguments:
                return self.resolve(source, info, **arguments)
            raise LookupError(f"What is given to {self.coordinate} is ruled by Schema.execute.")
        principal = operation.principal_at(info.path)
        place = (self.coordinate, id(node), principal.grants)
        if place not in operation.inputs:
            operation.inputs[place] = denied_input(
                self.book, self.coordinate, node, operation.given, principal.grants
            )
        found = operation.inputs[place]
        if found is not None:
            return operation.deny(*found, principal, info)
        return self.resolve(source, info, **arguments)


@dataclass(frozen=True, eq=False)
class Guard:
    """Holds the rule of one field: its resolver runs only for those whom the rule allows."""

    coordinate: str
    rule: Rule
    resolve: Any
    field: GraphQLField

    def __call__(self, source: Any, info: ResolveInfo, /, **arguments: Any) -> Any:
        """Resolve the field, or deny it."""
        operation = _operation()
        foreseen = self._foreseen(operation, source, info)
        if foreseen is True:
            return self.resolve(source, info, **arguments)
        principal = operation.principal_at(info.path)
        if foreseen is False:
            raise self._denial(principal, info)
        verdict = self.rule.static(principal.grants)
        if verdict is True:
            return self.resolve(source, info, **arguments)
        if verdict is False:
            return operation.deny(self.coordinate, self.rule, principal, info)
        if operation.can_wait:
            return self._ask_then_resolve(operation, principal, source, info, arguments)
        strawberry_info, converted = self._as_strawberry(info, arguments)
        if not self.rule.check_now([source], principal, converted, strawberry_info)[0]:
            raise self._denial(principal, info)
        return self.resolve(source, info, **arguments)

    def _foreseen(self, operation: Running, source: Any, info: ResolveInfo) -> bool | None:
        """Return the verdict about the source, if the rows of its list are judged already."""
        row = info.path.prev
        if row is None:
            return None
        foreseen = operation.foreseen.get((id(row.prev), info.path.key, self))
        return foreseen.verdicts.get(id(source)) if foreseen else None

    def _denial(self, principal: Principal, info: ResolveInfo) -> GraphQLError:
        path = info.path.as_list()
        node, explains = info.field_nodes[0], _operation().explains
        return denied(self.coordinate, self.rule, principal, node, path, explains=explains)

    async def _ask_then_resolve(
        self,
        operation: Running,
        principal: Principal,
        source: Any,
        info: ResolveInfo,
        arguments: Mapping[str, Any],
    ) -> Any:
        [is_allowed] = await self.ask(operation, principal, info, arguments, [source])
        if not is_allowed:
            raise self._denial(principal, info)
        result = self.resolve(source, info, **arguments)
        return await result if isawaitable(result) else result

    def ask(
        self,
        operation: Running,
        principal: Principal,
        info: ResolveInfo,
        arguments: Mapping[str, Any],
        objects: Sequence[Any],
    ) -> Awaitable[list[bool]]:
        """Ask the rule about objects, together with all others of the place in the document."""
        place = (self, id(info.field_nodes[0]), principal)
        loader = operation.loaders.get(place)
        if loader is None:
            check = self._check(principal, info, arguments)
            loader = operation.loaders[place] = DataLoader(load_fn=check, cache=False)
        return loader.load(objects)

    def _check(
        self, principal: Principal, info: ResolveInfo, arguments: Mapping[str, Any]
    ) -> Callable[[list[Sequence[Any]]], Coroutine[Any, Any, list[list[bool]]]]:
        strawberry_info, converted = self._as_strawberry(info, arguments)

        async def check(lists: list[Sequence[Any]]) -> list[list[bool]]:
            objects = [one for each in lists for one in each]
            verdicts = await self.rule.check_many(objects, principal, converted, strawberry_info)
            rest = iter(verdicts)
            return [list(islice(rest, len(each))) for each in lists]

        return check

    def _as_strawberry(
        self, info: ResolveInfo, arguments: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Turn graphql-core's resolve info and arguments into what Strawberry gives a resolver."""
        schema: Any = info.schema._strawberry_schema  # type: ignore[attr-defined]
        definition = self.field.extensions[DEFINITION]
        strawberry_info = schema.config.info_class(_raw_info=info, _field=definition)
        converted = convert_arguments(
            dict(arguments),
            definition.arguments,
            scalar_registry=schema.schema_converter.scalar_registry,
            config=schema.config,
        )
        return strawberry_info, converted


@dataclass(frozen=True, eq=False)
class TrialGuard(Guard):
    """Resolves a field as if its rule allowed it; logs and counts where it would have denied.

    It counts each position in the document once an operation, as a denial by grants is reported.
    """

    counter: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @override
    def __call__(self, source: Any, info: ResolveInfo, /, **arguments: Any) -> Any:
        """Resolve the field."""
        operation = running.get()
        if operation is None:
            return self.resolve(source, info, **arguments)
        principal = operation.principal_at(info.path)
        verdict = self._foreseen(operation, source, info)
        if verdict is None:
            verdict = self.rule.static(principal.grants)
        if verdict is None and operation.can_wait:
            return self._ask_then_resolve(operation, principal, source, info, arguments)
        if verdict is None:
            strawberry_info, converted = self._as_strawberry(info, arguments)
            [verdict] = self.rule.check_now([source], principal, converted, strawberry_info)
        return self._judged(operation, source, info, arguments, is_allowed=verdict)

    @override
    async def _ask_then_resolve(
        self,
        operation: Running,
        principal: Principal,
        source: Any,
        info: ResolveInfo,
        arguments: Mapping[str, Any],
    ) -> Any:
        [verdict] = await self.ask(operation, principal, info, arguments, [source])
        result = self._judged(operation, source, info, arguments, is_allowed=verdict)
        return await result if isawaitable(result) else result

    def _judged(
        self,
        operation: Running,
        source: Any,
        info: ResolveInfo,
        arguments: Mapping[str, Any],
        *,
        is_allowed: bool,
    ) -> Any:
        place = (self, *(key for key in info.path.as_list() if isinstance(key, str)))
        if not is_allowed and place not in operation.tried:
            operation.tried.add(place)
            so_far, needs = next(self.counter), self.rule.rule
            _log.warning("Trial: would deny %s (%s), %d so far.", self.coordinate, needs, so_far)
        return self.resolve(source, info, **arguments)


def _guard_values(graphql_type: GraphQLEnumType, rules: Mapping[str, Rule]) -> None:
    """Let a denied enum value in a result be an error: null, by the specification's own way."""
    ruled = _ruled_values(graphql_type, rules)
    if not ruled:
        return
    serialize = graphql_type.coerce_output_value

    def coerce_output_value(value: Any) -> str:
        name = serialize(value)
        if name in ruled and not _operation().prints:
            coordinate = f"{graphql_type.name}.{name}"
            rule, operation = rules[coordinate], _operation()
            principal = operation.judged or operation.principal
            if rule.static(principal.grants) is not True:
                if operation.hidden_by(rule, principal):
                    raise hidden_value(must_be=operation.must_be)
                raise denied(coordinate, rule, principal, explains=operation.explains)
        return name

    graphql_type.coerce_output_value = coerce_output_value  # type: ignore[assignment, method-assign]


def hidden_value(*, must_be: bool) -> Exception:
    """Return what nulls a value that the caller may not know of: without a word, if it may be null.

    Where it must not be, a null further up needs an error, which names nothing.
    """
    return Forbidden("You may not see what stands here.") if must_be else AlreadyReportedError()


def _within_lists(of_type: Any, depth: int = 0) -> tuple[bool, int]:
    """Return whether the innermost values of a type must not be null, and how deep in lists."""
    inner = get_nullable_type(of_type)
    if is_list_type(inner):
        return _within_lists(inner.of_type, depth + 1)
    return inner is not of_type, depth


def _ruled_values(graphql_type: GraphQLEnumType, rules: Mapping[str, Rule]) -> set[str]:
    return {name for name in graphql_type.values if f"{graphql_type.name}.{name}" in rules}
