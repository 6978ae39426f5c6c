"""Object rules in bulk: the rows of a list are judged before the first of them is read.

A guard that has to wait makes a task of its row, and these tasks cost as much again as the list
itself. So where a rule of a list's fields looks at the object, the list waits, once for all of its
rows, and their guards find the verdicts. What is not foreseen (fields that take arguments, rows
behind an interface or a union, rows of another class, async iterables) the guards ask for then.
"""

from __future__ import annotations

from asyncio import gather
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import isawaitable
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, get_nullable_type
from graphql.execution import Executor
from graphql.pyutils import Path as ResponsePath
from typing_extensions import override

from graph_api.authorization.guards import Foreseen, Guard, Running, running
from graph_api.authorization.principal import Principal
from graph_api.authorization.rulebook import DEFINITION


@dataclass(frozen=True)
class _Unknown:
    """A field of a list's rows whose rule the caller's grants leave open."""

    principal: Principal
    row_type: GraphQLObjectType
    key: str
    field: GraphQLField
    guard: Guard
    nodes: list[Any]


def in_bulk(executor: type[Executor[Any]]) -> type[Executor[Any]]:
    """Return the executor class, made to judge the rows of a list in bulk."""
    return type(f"Bulk{executor.__name__}", (_BulkExecutor, executor), {})


class _BulkExecutor(Executor[Any]):
    @override
    def complete_iterable_value(
        self,
        item_type: Any,
        field_details_list: Any,
        info: Any,
        path: ResponsePath,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        place = item_type, field_details_list, info, path
        complete = partial(super().complete_iterable_value, *place)
        operation, row_type = running.get(), get_nullable_type(item_type)
        if not (operation and operation.can_wait and isinstance(row_type, GraphQLObjectType)):
            return complete(items, position_context)
        principal = operation.principal_at(path.add_key(0))
        unknown = self._unknown(row_type, field_details_list, principal)
        if not unknown:
            return complete(items, position_context)
        rows = list(items)
        row_class = row_type.extensions[DEFINITION].origin
        judged = {id(row): row for row in rows if isinstance(row, row_class)}
        if not judged:
            return complete(rows, position_context)

        async def complete_judged() -> Any:
            await gather(*(self._judge(operation, path, judged, each) for each in unknown))
            completed = complete(rows, position_context)
            return await completed if isawaitable(completed) else completed

        return complete_judged()

    async def _judge(
        self, operation: Running, path: ResponsePath, rows: dict[int, Any], unknown: _Unknown
    ) -> None:
        """Ask the rule about the rows of the list at a path, and note what it says."""
        key, guard, row_type = unknown.key, unknown.guard, unknown.row_type
        first = path.add_key(0).add_key(key, row_type.name)
        info = self.build_resolve_info(unknown.field, unknown.nodes, row_type, first)
        answers = await guard.ask(operation, unknown.principal, info, {}, list(rows.values()))
        verdicts = dict(zip(rows, answers, strict=True))
        operation.foreseen[id(path), key, guard] = Foreseen(verdicts, (path, rows))

    @cached_property
    def _unknown_at(self) -> dict[object, list[_Unknown]]:
        return {}

    def _unknown(
        self, row_type: GraphQLObjectType, field_details_list: Any, principal: Principal
    ) -> list[_Unknown]:
        """Return what is unknown of the rows, found once for each place in the document."""
        # Known by its id: the executor keeps the list, for the same purpose.
        place = row_type, id(field_details_list), principal
        if place not in self._unknown_at:
            fields = self.collect_subfields(row_type, field_details_list).grouped_field_set
            self._unknown_at[place] = list(self._find(row_type, fields, principal))
        return self._unknown_at[place]

    def _find(
        self, row_type: GraphQLObjectType, fields: Any, principal: Principal
    ) -> Iterator[_Unknown]:
        for key, details in fields.items():
            nodes = [each.node for each in details]
            field: Any = self.schema.get_field(row_type, nodes[0].name.value)
            guard = field.resolve
            if field.args or not isinstance(guard, Guard):
                continue
            if guard.rule.static(principal.grants) is None:
                yield _Unknown(principal, row_type, key, field, guard, nodes)
