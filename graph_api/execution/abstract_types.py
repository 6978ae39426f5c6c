"""Of which type an object is: of an interface's or union's, or of one that says so itself.

GraphQL specification, section 6.4.3, ``ResolveAbstractType``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.executor import invalid_return_type_error

from graph_api.authorization.guards import hidden_value
from graph_api.execution.failures import Failed, Failures, Rows
from graph_api.execution.fields import Field, Value
from graph_api.execution.place import Place
from graph_api.execution.resolution import Resolution
from graph_api.execution.resolvers import are_cast, own_class_of
from graph_api.execution.waiting import settle


class TypeResolution(Resolution):
    """One run of a plan, as far as objects say what they are."""

    async def by_type(
        self, of_field: Field, named: Any, column: Rows, place: Place, failures: Failures
    ) -> dict[GraphQLObjectType, list[int]]:
        """Tell the rows of an interface or a union apart by type; they wait together."""
        groups, rest = _by_class(self.plan.by_class(named), column)
        if not rest:
            return groups
        executor = self.executor
        resolve_type = named.resolve_type or executor.type_resolver
        details: Any = _Details(of_field)
        infos = [self.info(of_field, _of_field(place.path(row))) for row in rest]
        names = [
            _call(resolve_type, column[row], info, named)
            for row, info in zip(rest, infos, strict=True)
        ]
        await settle([names])
        for row, name, info in zip(rest, names, infos, strict=True):
            try:
                of_type = executor.ensure_valid_runtime_type(
                    _result(name), named, details, info, column[row]
                )
                groups.setdefault(of_type, []).append(row)
            except Exception as error:  # noqa: BLE001 -- whatever a resolver raises
                failures[row] = Failed.of(of_field, error, place, row)
        return {of_type: sorted(rows) for of_type, rows in groups.items()}

    def hide(
        self,
        of_field: Field,
        value: Value,
        groups: dict[GraphQLObjectType, list[int]],
        place: Place,
        failures: Failures,
    ) -> None:
        """Take out the rows of types that the caller may not know."""
        running = self.running
        if running is None or running.shows is None:
            return
        for of_type in list(groups):
            if not running.shows(running.principal, value.named, of_type):
                error = hidden_value(must_be=value.is_non_null)
                for row in groups.pop(of_type):
                    failures[row] = Failed.of(of_field, error, place, row)

    async def of_type(
        self,
        of_field: Field,
        of_type: GraphQLObjectType,
        column: Rows,
        rows: list[int],
        place: Place,
    ) -> tuple[Failures, list[int]]:
        """Return the rows that the type says are its own, after those that fail."""
        is_type_of = of_type.is_type_of
        objects = [column[row] for row in rows]
        if is_type_of is None or _are_exactly(own_class_of(is_type_of), objects):
            return {}, rows
        kept, failures = [], {}
        info = self.info(of_field, _of_field(place.path(rows[0])))
        answers = [_call(is_type_of, each, info) for each in objects]
        await settle([answers])
        for row, answer in zip(rows, answers, strict=True):
            if answer and not isinstance(answer, Exception):
                kept.append(row)
            else:
                error = answer or _wrong_type(of_field, of_type, column[row])
                failures[row] = Failed.of(of_field, error, place, row)
        return failures, kept


def _by_class(
    types: Mapping[type, GraphQLObjectType], column: Rows
) -> tuple[dict[GraphQLObjectType, list[int]], list[int]]:
    """Return the rows of the types that their classes tell, and the others."""
    members: dict[type, list[int]] = {}
    for row, each in enumerate(column):
        members.setdefault(type(each), []).append(row)
    groups: dict[GraphQLObjectType, list[int]] = {}
    rest: list[int] = []
    for kind, rows in members.items():
        if kind in types and not are_cast([column[row] for row in rows]):
            groups[types[kind]] = rows
        else:
            rest += rows
    return groups, sorted(rest)


def _are_exactly(kind: type | None, objects: Rows) -> bool:
    """Whether objects, if there are any, are of a class itself, and of no type that is cast."""
    return set(map(type, objects)) <= {kind} and not are_cast(objects)


def _call(ask: Callable[..., Any], *arguments: Any) -> Any:
    """Return the answer, an awaitable of it, or the error that stands for it."""
    try:
        return ask(*arguments)
    except Exception as error:  # noqa: BLE001 -- whatever a resolver raises
        return error


def _result(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _wrong_type(of_field: Field, of_type: GraphQLObjectType, value: Any) -> Exception:
    details: Any = _Details(of_field)
    return invalid_return_type_error(of_type, value, details)


class _Details(list[Any]):
    """The nodes of a field as graphql-core's methods take them."""

    def __init__(self, of_field: Field) -> None:
        super().__init__(_Detail(node) for node in of_field.nodes)


@dataclass(frozen=True)
class _Detail:
    node: Any


def _of_field(path: Any) -> Any:
    """Return the path of the field that a list item belongs to, which ``info`` has."""
    while isinstance(path.key, int):
        path = path.prev
    return path
