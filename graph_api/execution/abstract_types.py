"""Of which type an object is: of an interface's or union's, or of one that says so itself.

GraphQL specification, section 6.4.3, ``ResolveAbstractType``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import is_awaitable

from graph_api.execution.failures import Failed, Failures, Rows
from graph_api.execution.fields import Field
from graph_api.execution.place import Place
from graph_api.execution.resolution import Resolution


class TypeResolution(Resolution):
    """One run of a plan, as far as objects say what they are."""

    async def by_type(
        self, of_field: Field, named: Any, column: Rows, place: Place, failures: Failures
    ) -> dict[GraphQLObjectType, list[int]]:
        """Tell the rows of an interface or a union apart by type."""
        executor = self.executor
        resolve_type = named.resolve_type or executor.type_resolver
        details: Any = _Details(of_field)
        groups: dict[GraphQLObjectType, list[int]] = {}
        for row, each in enumerate(column):
            try:
                info = self.info(of_field, _of_field(place.path(row)))
                name = resolve_type(each, info, named)
                name = await name if is_awaitable(name) else name
                of_type = executor.ensure_valid_runtime_type(name, named, details, info, each)
                groups.setdefault(of_type, []).append(row)
            except Exception as error:  # noqa: BLE001 -- whatever a resolver raises
                failures[row] = Failed.of(of_field, error, place, row)
        return groups

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
        if is_type_of is None or not rows:
            return {}, rows
        kept, failures = [], {}
        info = self.info(of_field, _of_field(place.path(rows[0])))
        for row in rows:
            try:
                is_own: Any = is_type_of(column[row], info)
                is_own = await is_own if is_awaitable(is_own) else is_own
                error = None if is_own else _wrong_type(of_field, of_type, column[row])
            except Exception as raised:  # noqa: BLE001 -- whatever a predicate raises
                error = raised
            if error is None:
                kept.append(row)
            else:
                failures[row] = Failed.of(of_field, error, place, row)
        return failures, kept


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
