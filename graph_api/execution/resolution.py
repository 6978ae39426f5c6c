"""Resolving fields (GraphQL specification, sections 6.4.1 and 6.4.2): a column for each field.

A rule that looks at objects is asked about all rows of the column at once, before they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers

from graph_api.authorization.decision import denied, denied_input
from graph_api.authorization.guards import AlreadyReportedError, Guard, ResolveInfo, Running
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule
from graph_api.execution.failures import Denied, Reports, Rows
from graph_api.execution.fields import Field
from graph_api.execution.place import FieldPlace, Place, SomePlace
from graph_api.execution.plan import Plan
from graph_api.execution.resolvers import Call, Reader

Build = Callable[[], Executor[Any]]


@dataclass(eq=False)
class Resolution:
    """One run of a plan, as far as resolvers and rules see it.

    Attributes:
        plan: what runs.
        build: makes graphql-core's executor of the same operation, for what is left to it.
        variables: the variables, coerced.
        context: the context object.
        root: the root value.
        book: the rules of the schema; None if it has none.
        running: what the guards look at; None without rules.
        packs: whether objects may be ``msgspec.Struct`` instead of dictionaries, as for one who
            only encodes them.
        reports: what is reported beside the data.
    """

    plan: Plan
    build: Build
    variables: VariableValues
    context: Any = None
    root: Any = None
    book: RuleBook | None = None
    running: Running | None = None
    packs: bool = False
    reports: Reports = field(default_factory=Reports)

    @cached_property
    def executor(self) -> Executor[Any]:
        """graphql-core's executor of the same operation."""
        return self.build()

    def place(self, of_field: Field, place: Place) -> FieldPlace:
        """Return where a field of the rows of a place stands."""
        return FieldPlace(place, of_field)

    def column(self, of_field: Field, rows: Rows, place: Place) -> Any:
        """Return what a field holds of each row, or an awaitable of it; errors stand as values."""
        if of_field.one is not None:
            return self._bare(of_field, of_field.one, rows)
        if found := self._denied_by(of_field):
            return self._denied(of_field, found, len(rows), place)
        if of_field.guard is not None:
            return self._guarded(of_field, of_field.guard, rows, place)
        return self._resolve(of_field, rows, place)

    def _bare(self, of_field: Field, one: Callable[[Any], Any], rows: Rows) -> Rows:
        """Read what hangs on nothing but the row."""
        if of_field.read is not None:
            return _read(of_field.read, rows)
        return [_attempt(one, row) for row in rows]

    def _resolve(self, of_field: Field, rows: Rows, place: Place) -> Rows:
        """Call the resolver for each row."""
        if of_field.read is not None:
            return _read(of_field.read, rows)
        at = self.place(of_field, place)
        given = of_field.given.values(self.variables.coerced) if of_field.given else None
        if of_field.call is not None and given is not None:
            return self._hand_on(of_field, of_field.call, rows, given, at)
        try:
            arguments = self._arguments(of_field)
        except GraphQLError as error:
            return [error] * len(rows)
        if of_field.call is not None:
            return self._call(of_field, of_field.call, rows, arguments, at)
        resolve = of_field.resolve or self.executor.field_resolver
        column: Rows = []
        for number, row in enumerate(rows):
            try:
                column.append(resolve(row, self.info(of_field, at.path(number)), **arguments))
            except Exception as error:  # noqa: BLE001 -- stands for the value
                column.append(error)
        return column

    def _hand_on(
        self, of_field: Field, call: Call, rows: Rows, given: Mapping[str, Any], at: Place
    ) -> Rows:
        """Call the application's function for each row, with what needs no conversion."""
        column: Rows = []
        for number, row in enumerate(rows):
            try:
                info = self.info(of_field, at.path(number)) if call.info else None
                column.append(call.with_given(row, info, given))
            except Exception as error:  # noqa: BLE001 -- stands for the value
                column.append(error)
        return column

    def _call(
        self, of_field: Field, call: Call, rows: Rows, arguments: dict[str, Any], at: Place
    ) -> Rows:
        """Call the application's function for each row."""
        wants_info = bool(call.info or arguments)
        column: Rows = []
        for number, row in enumerate(rows):
            try:
                info = self.info(of_field, at.path(number)) if wants_info else None
                column.append(call(row, info, arguments))
            except Exception as error:  # noqa: BLE001 -- stands for the value
                column.append(error)
        return column

    def _arguments(self, of_field: Field) -> dict[str, Any]:
        """Coerce the arguments of a field (section 6.4.1), once for all rows."""
        definition, node = of_field.definition, of_field.nodes[0]
        if definition is None or not (definition.args or node.arguments):
            return {}
        return get_argument_values(definition, node, self.variables)

    def info(self, of_field: Field, path: Any) -> ResolveInfo:
        """Return what graphql-core tells a resolver about a field at a path."""
        definition: Any = of_field.definition
        return GraphQLResolveInfo(
            of_field.nodes[0].name.value,
            of_field.nodes,
            definition.type,
            of_field.parent,
            path,
            self.plan.schema,
            self.plan.fragments,
            self.root,
            self.plan.operation,
            self.variables,
            self.context,
            is_awaitable,
            None,
            self._helpers,
        )

    @cached_property
    def _helpers(self) -> GraphQLResolveInfoHelpers:
        # The executor is built only if a resolver asks for one of them.
        return GraphQLResolveInfoHelpers(self._gather, self._track)

    def _gather(self, values: Sequence[Any]) -> Any:
        return self.executor.gather_async_work(values)

    def _track(self, values: Sequence[Any]) -> None:
        self.executor.track_async_work(values)

    def _denied_by(self, of_field: Field) -> tuple[str, Rule] | None:
        """Return what denies a field by the grants: itself, or what is given to it."""
        if of_field.denied is not None:
            return of_field.coordinate, of_field.denied
        if not of_field.takes_ruled or self.book is None:
            return None
        running, node = self._rules(), of_field.nodes[0]
        given, grants = running.given, running.principal.grants
        return denied_input(self.book, of_field.coordinate, node, given, grants)

    def _denied(self, of_field: Field, by: tuple[str, Rule], count: int, place: Place) -> Rows:
        """Null a column that the grants deny; its position is reported once."""
        if not count:
            return []
        running = self._rules()
        info = self.info(of_field, self.place(of_field, place).path(0))

        def report() -> None:
            with suppress(AlreadyReportedError):
                running.deny(*by, running.principal, info)

        self.reports.denials.append(Denied(place, count, of_field.order, report))
        return [AlreadyReportedError() if of_field.value.is_non_null else None] * count

    async def _guarded(self, of_field: Field, guard: Guard, rows: Rows, place: Place) -> Rows:
        """Ask the rule about all rows at once, and resolve those that it allows."""
        running = self._rules()
        if not rows:
            return []
        at, rule, principal = self.place(of_field, place), guard.rule, running.principal
        try:
            seen = self._seen(of_field, guard, at)
        except Exception as error:  # noqa: BLE001 -- stands for the values
            return [error] * len(rows)
        if running.can_wait:
            verdicts = await rule.check_many(rows, principal, *seen)
        else:
            verdicts = rule.check_now(rows, principal, *seen)
        if verdicts.count(True) == len(verdicts):
            return self._resolve(of_field, rows, place)
        allowed = [number for number, verdict in enumerate(verdicts) if verdict]
        column: Rows = [
            None if verdict else self._denial(of_field, guard, at.path(number))
            for number, verdict in enumerate(verdicts)
        ]
        found = self._resolve(of_field, [rows[each] for each in allowed], SomePlace(place, allowed))
        for number, value in zip(allowed, found, strict=True):
            column[number] = value
        return column

    def _seen(self, of_field: Field, guard: Guard, at: Place) -> tuple[Any, ...]:
        """Return what a rule sees beside the rows: the arguments and Strawberry's info."""
        arguments = self._arguments(of_field)
        if not guard.rule.sees_field:
            return ()
        info, converted = guard._as_strawberry(self.info(of_field, at.path(0)), arguments)
        return converted, info

    def _denial(self, of_field: Field, guard: Guard, path: Any) -> GraphQLError:
        running, node = self._rules(), of_field.nodes[0]
        at, explains = path.as_list(), running.explains
        return denied(guard.coordinate, guard.rule, running.principal, node, at, explains=explains)

    def _rules(self) -> Running:
        if self.running is None:
            raise LookupError("A ruled field runs by Schema.execute.")
        return self.running


def _read(reader: Reader, rows: Rows) -> Rows:
    try:
        return reader.all(rows)
    except Exception:  # noqa: BLE001 -- told row by row
        return [_attempt(reader.one, row) for row in rows]


def _attempt(read: Callable[[Any], Any], row: Any) -> Any:
    try:
        return read(row)
    except Exception as error:  # noqa: BLE001 -- stands for the value
        return error
