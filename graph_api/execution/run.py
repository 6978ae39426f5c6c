"""Running a plan: breadth first, a level at a time, a column for each field.

The rows of a level are all objects that stand at one place in the document, whichever lists they
are in. Each field is read from all of them, whatever has to be waited for is waited for once, and
then the column is completed. What fails is carried to the nearest place that may be null, row by
row, as the GraphQL specification has it (section 6.4.4); errors are listed in the order of a
depth-first run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import iscoroutine
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationType,
    Undefined,
    is_abstract_type,
    located_error,
)
from graphql.execution import Executor
from graphql.execution.executor import invalid_return_type_error
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import is_awaitable, is_iterable
from graphql.type.definition import GraphQLResolveInfoHelpers

from graph_api.authorization.decision import denied, denied_input
from graph_api.authorization.guards import AlreadyReportedError, Guard, ResolveInfo, Running
from graph_api.authorization.rulebook import RuleBook
from graph_api.authorization.rules import Rule
from graph_api.execution import leaves
from graph_api.execution.place import FieldPlace, ItemPlace, Order, Place, SomePlace
from graph_api.execution.plan import Call, Field, Plan, Selection, Value


@dataclass(frozen=True)
class Failed:
    """A field error on its way to the nearest place that may be null.

    Attributes:
        error: what is reported there.
        order: where it arose.
    """

    error: GraphQLError
    order: Order


Failures = dict[int, Failed]
"""What failed of a column, by row."""
NONE: Failures = {}
_ABSENT = frozenset({type(None), type(Undefined)})
Rows = list[Any]
Build = Callable[[], Executor[Any]]


@dataclass(eq=False)
class Run:
    """One run of a plan.

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
        errors: what was reported, by where it arose.
        nulled: places that are null since something below failed, and where that arose.
        denials: the denied columns that were come to.
    """

    plan: Plan
    build: Build
    variables: VariableValues
    context: Any = None
    root: Any = None
    book: RuleBook | None = None
    running: Running | None = None
    packs: bool = False
    errors: list[tuple[Order, GraphQLError]] = field(default_factory=list)
    nulled: dict[Order, Order] = field(default_factory=dict)
    denials: list[tuple[Order, Callable[[], None]]] = field(default_factory=list)

    @cached_property
    def executor(self) -> Executor[Any]:
        """graphql-core's executor of the same operation."""
        return self.build()

    async def response(self) -> ExecutionResult:
        """Run, and return the result as graphql-core would."""
        root = self.plan.root
        if self.plan.operation.operation is OperationType.MUTATION:
            data = await self._in_series(root)
        else:
            rows, failures = await self._select(root, [self.root], Place())
            data = self._absorb(rows, failures, Place())[0]
        for _, report in sorted(self.denials, key=lambda each: each[0]):
            report()
        return ExecutionResult(data, self._listed() or None)

    async def _in_series(self, root: Selection) -> Any:
        """Run the root fields of a mutation one after the other (section 6.2.2)."""
        whole: dict[str, Any] = {}
        for each in root.fields:
            one = Selection(root.of_type, (each,))
            rows, failures = await self._select(one, [self.root], Place())
            if failures:
                return self._absorb(rows, failures, Place())[0]
            whole |= rows[0]
        return whole

    def _listed(self) -> list[GraphQLError]:
        """List errors as a depth-first run does: it stops below what is nulled."""
        return [
            error
            for order, error in sorted(self.errors, key=lambda each: each[0])
            if not self._is_beyond(order)
        ]

    def _is_beyond(self, order: Order) -> bool:
        """Whether something had failed above before a depth-first run would have come there."""
        if not self.nulled:
            return False
        prefixes = (order[:length] for length in range(len(order)))
        return any(order > self.nulled.get(prefix, order) for prefix in prefixes)

    def _absorb(self, rows: Rows, failures: Failures, place: Place) -> Rows:
        """Null what failed at a place that may be null, and report why."""
        for row, failed in failures.items():
            rows[row] = None
            position = place.order(row)
            if len(failed.order) > len(position):
                before = self.nulled.get(position)
                self.nulled[position] = min(failed.order, before) if before else failed.order
            self.errors.append((failed.order, failed.error))
        return rows

    # --- a level: the objects of one type at one place ---

    async def _select(
        self, selection: Selection, rows: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Return what is selected of each row."""
        columns = [self._column(each, rows, place) for each in selection.fields]
        for number, each in enumerate(columns):
            if type(each) is not list:  # a rule is asked about the rows
                columns[number] = await each
        ready = [
            None if each.value.leaf is None else leaves.complete(each.value.leaf, column)
            for each, column in zip(selection.fields, columns, strict=True)
        ]
        await _settle([column for column, done in zip(columns, ready, strict=True) if done is None])
        return await self._assemble(selection, columns, ready, place, len(rows))

    async def _assemble(
        self,
        selection: Selection,
        columns: Sequence[Rows],
        ready: Sequence[Rows | None],
        place: Place,
        count: int,
    ) -> tuple[Rows, Failures]:
        """Complete the columns and make rows of them."""
        failures: Failures = {}
        completed = await self._complete_all(selection, columns, ready, place)
        whole: list[Rows] = []
        for each, (column, failed) in zip(selection.fields, completed, strict=True):
            if failed and not each.value.is_non_null:
                column = self._absorb(column, failed, self._place(each, place))  # noqa: PLW2901
            elif failed:
                failures = failed | failures  # of one row, what a depth-first run came to first
            whole.append(column)
        if not whole:
            return [{} for _ in range(count)], NONE
        if self.packs and count and place.is_within and (pack := selection.packed(count)):
            return list(map(pack, *whole)), failures
        keys = selection.keys
        return [dict(zip(keys, row)) for row in zip(*whole)], failures  # noqa: B905 -- all are equal

    async def _complete_all(
        self,
        selection: Selection,
        columns: Sequence[Rows],
        ready: Sequence[Rows | None],
        place: Place,
    ) -> list[tuple[Rows, Failures]]:
        """Complete the columns: leaves at once, objects each as a level of its own."""
        completed: list[Any] = []
        waiting: list[int] = []
        for each, column, done in zip(selection.fields, columns, ready, strict=True):
            if done is not None and not each.value.is_non_null:
                completed.append((done, NONE))
                continue
            at = self._place(each, place)
            if each.value.leaf is not None:
                completed.append(self._leaves(each, each.value, column, at, done))
            else:
                waiting.append(len(completed))
                completed.append(self._complete(each, each.value, column, at))
        if len(waiting) == 1:
            completed[waiting[0]] = await completed[waiting[0]]
        elif waiting:
            done = await self._concurrently([completed[each] for each in waiting])
            for number, each in zip(waiting, done, strict=True):
                completed[number] = each
        return completed

    async def _concurrently(self, levels: list[Any]) -> list[Any]:
        """Run levels side by side, so that their loaders ask together."""
        if self.running is not None and not self.running.can_wait:
            return [await each for each in levels]
        return list(await asyncio.gather(*levels))

    def _place(self, of_field: Field, place: Place) -> FieldPlace:
        return FieldPlace(place, of_field.key, of_field.order, of_field.parent.name)

    # --- a column: one field of all rows ---

    def _column(self, of_field: Field, rows: Rows, place: Place) -> Any:
        """Return what a field holds of each row, or an awaitable of it; errors stand as values."""
        if of_field.definition is None:
            return [of_field.parent.name] * len(rows)
        if found := self._denied_by(of_field):
            return self._denied(of_field, found, len(rows), place)
        if of_field.guard is not None:
            return self._guarded(of_field, of_field.guard, rows, place)
        return self._resolve(of_field, rows, place)

    def _resolve(self, of_field: Field, rows: Rows, place: Place) -> Rows:
        """Call the resolver for each row."""
        if of_field.read is not None:
            return _read(of_field.read, rows)
        try:
            arguments = self._arguments(of_field)
        except GraphQLError as error:
            return [error] * len(rows)
        at = self._place(of_field, place)
        if of_field.call is not None:
            return self._call(of_field, of_field.call, rows, arguments, at)
        resolve = of_field.resolve or self.executor.field_resolver
        column: Rows = []
        for number, row in enumerate(rows):
            try:
                column.append(resolve(row, self._info(of_field, at.path(number)), **arguments))
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
                info = self._info(of_field, at.path(number)) if wants_info else None
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

    def _info(self, of_field: Field, path: Any) -> ResolveInfo:
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

    # --- rules ---

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
        info = self._info(of_field, self._place(of_field, place).path(0))

        def report() -> None:
            with suppress(AlreadyReportedError):
                running.deny(*by, running.principal, info)

        self.denials.append(((*place.order(0), of_field.order), report))
        return [AlreadyReportedError() if of_field.value.is_non_null else None] * count

    async def _guarded(self, of_field: Field, guard: Guard, rows: Rows, place: Place) -> Rows:
        """Ask the rule about all rows at once, and resolve those that it allows."""
        running = self._rules()
        if not rows:
            return []
        at = self._place(of_field, place)
        try:
            arguments = self._arguments(of_field)
            info, converted = guard._as_strawberry(self._info(of_field, at.path(0)), arguments)
        except Exception as error:  # noqa: BLE001 -- stands for the values
            return [error] * len(rows)
        rule, principal = guard.rule, running.principal
        if running.can_wait:
            verdicts = await rule.check_many(rows, principal, converted, info)
        else:
            verdicts = rule.check_now(rows, principal, converted, info)
        if False not in verdicts:
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

    def _denial(self, of_field: Field, guard: Guard, path: Any) -> GraphQLError:
        running, node = self._rules(), of_field.nodes[0]
        at, explains = path.as_list(), running.explains
        return denied(guard.coordinate, guard.rule, running.principal, node, at, explains=explains)

    def _rules(self) -> Running:
        if self.running is None:
            raise LookupError("A ruled field runs by Schema.execute.")
        return self.running

    # --- completing values (section 6.4.3) ---

    async def _complete(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete a column of lists or of objects."""
        if value.leaf is not None:
            return self._leaves(of_field, value, column, place, None)
        complete = self._lists if value.item is not None else self._objects
        if all(map(_is_present, set(map(type, column)))):
            return await complete(of_field, value, column, place) if column else (column, NONE)
        failures: Failures = {}
        there = []
        for row, each in enumerate(column):
            if isinstance(each, Exception):
                failures[row] = self._failed(of_field, each, place, row)
            elif each is not None and each is not Undefined:
                there.append(row)
        rows, at = [column[row] for row in there], SomePlace(place, there)
        found, failed = await complete(of_field, value, rows, at) if rows else ([], NONE)
        whole: Rows = [None] * len(column)
        for row, each in zip(there, found, strict=True):
            whole[row] = each
        failures |= {there[row]: each for row, each in failed.items()}
        if value.is_non_null:
            self._require(of_field, whole, failures, place)
        return whole, failures

    def _require(self, of_field: Field, column: Rows, failures: Failures, place: Place) -> None:
        """Fail each row that is null and must not be."""
        for row, each in enumerate(column):
            if each is None and row not in failures:
                name = f"{of_field.parent}.{of_field.nodes[0].name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {name}.")
                failures[row] = self._failed(of_field, error, place, row)

    def _failed(self, of_field: Field, error: Exception, place: Place, row: int) -> Failed:
        path: Any = place.path(row)
        located = located_error(error, of_field.nodes, path.as_list())
        return Failed(located, place.order(row))

    def _leaves(
        self, of_field: Field, value: Value, column: Rows, place: Place, done: Rows | None
    ) -> tuple[Rows, Failures]:
        """Complete a column of leaves, of which is ``done`` what could be at once."""
        completed = leaves.complete(value.leaf, column) if done is None else done
        failures: Failures = {}
        if completed is None:
            completed = [_leaf(value.leaf, each) for each in column]
            for row, each in enumerate(completed):
                if isinstance(each, Exception):
                    failures[row] = self._failed(of_field, each, place, row)
                    completed[row] = None
        if value.is_non_null and None in completed:
            self._require(of_field, completed, failures, place)
        return completed, failures

    async def _lists(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete lists: their items are one level, whichever list they are in."""
        item: Any = value.item
        failures: Failures = {}
        lists: list[list[Any]] = []
        broken: Failures = {}
        for row, each in enumerate(column):
            items, error = await self._items(of_field, each)
            if error is not None:
                # It is raised after what was there before it, which is completed until then.
                failed_at = self._failed(of_field, error, place, row)
                broken[row] = replace(failed_at, order=(*failed_at.order, len(items)))
            lists.append(items)
        if len(lists) == 1:
            flat = [*lists[0]]
            at = ItemPlace(place, [0] * len(flat), range(len(flat)))
        else:
            flat = [each for items in lists for each in items]
            owners = [row for row, items in enumerate(lists) for _ in items]
            at = ItemPlace(place, owners, [each for items in lists for each in range(len(items))])
        await _settle([flat])
        completed, failed = await self._complete(of_field, item, flat, at)
        if failed and item.is_non_null:
            for row in sorted(failed):
                failures.setdefault(at.owners[row], failed[row])
        elif failed:
            completed = self._absorb(completed, failed, at)
        failures = broken | failures
        if len(lists) == 1:
            return [completed], failures
        ends = _ends(lists)
        cut = [completed[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return cut, failures

    async def _items(self, of_field: Field, value: Any) -> tuple[list[Any], Exception | None]:
        """Return the items of a list, and what broke it off."""
        if isinstance(value, list):
            return value, None
        items: list[Any] = []
        try:
            if hasattr(value, "__aiter__"):
                async for each in value:
                    items.append(each)  # noqa: PERF401 -- those before an error are kept
            elif is_iterable(value):
                items.extend(value)
            else:
                name = f"{of_field.parent}.{of_field.nodes[0].name.value}"
                message = f"Expected Iterable, but did not find one for field '{name}'."
                return items, GraphQLError(message)
        except Exception as error:  # noqa: BLE001 -- whatever an iterator raises
            return items, error
        return items, None

    async def _objects(
        self, of_field: Field, value: Value, column: Rows, place: Place
    ) -> tuple[Rows, Failures]:
        """Complete objects, those of each type as a level of their own."""
        failures: Failures = {}
        if is_abstract_type(value.named):
            groups = await self._by_type(of_field, value.named, column, place, failures)
        else:
            groups = {value.named: list(range(len(column)))}
        completed: Rows = [None] * len(column)
        for of_type, members in groups.items():
            others, kept = await self._of_type(of_field, of_type, column, members, place)
            failures |= others
            if not kept:
                continue
            is_all = len(kept) == len(column)
            rows, at = (
                (column, place)
                if is_all
                else ([column[row] for row in kept], SomePlace(place, kept))
            )
            found, failed = await self._select(self.plan.below(of_field, of_type), rows, at)
            if is_all:
                return found, failed
            for row, each in zip(kept, found, strict=True):
                completed[row] = each
            failures |= {kept[row]: each for row, each in failed.items()}
        return completed, failures

    async def _by_type(
        self, of_field: Field, named: Any, column: Rows, place: Place, failures: Failures
    ) -> dict[GraphQLObjectType, list[int]]:
        """Tell the rows of an interface or a union apart by type."""
        executor = self.executor
        resolve_type = named.resolve_type or executor.type_resolver
        details: Any = _Details(of_field)
        groups: dict[GraphQLObjectType, list[int]] = {}
        for row, each in enumerate(column):
            try:
                info = self._info(of_field, _of_field(place.path(row)))
                name = resolve_type(each, info, named)
                name = await name if is_awaitable(name) else name
                of_type = executor.ensure_valid_runtime_type(name, named, details, info, each)
                groups.setdefault(of_type, []).append(row)
            except Exception as error:  # noqa: BLE001 -- whatever a resolver raises
                failures[row] = self._failed(of_field, error, place, row)
        return groups

    async def _of_type(
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
        info = self._info(of_field, _of_field(place.path(rows[0])))
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
                failures[row] = self._failed(of_field, error, place, row)
        return failures, kept


def _is_present(of_type: type) -> bool:
    """Whether values of a type are neither null nor errors."""
    return not (of_type in _ABSENT or issubclass(of_type, Exception))


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


def _leaf(leaf: Any, value: Any) -> Any:
    """Coerce one value; what fails stands for it."""
    if value is None or value is Undefined:
        return None
    if isinstance(value, Exception):
        return value
    try:
        return Executor.complete_leaf_value(leaf, value)
    except Exception as error:  # noqa: BLE001 -- whatever a scalar raises
        return error


def _read(read: Callable[[Any], Any], rows: Rows) -> Rows:
    try:
        return list(map(read, rows))
    except Exception:  # noqa: BLE001 -- told row by row
        return [_attempt(read, row) for row in rows]


def _attempt(read: Callable[[Any], Any], row: Any) -> Any:
    try:
        return read(row)
    except Exception as error:  # noqa: BLE001 -- stands for the value
        return error


def _ends(lists: Iterable[Sequence[Any]]) -> list[int]:
    ends, end = [], 0
    for each in lists:
        end += len(each)
        ends.append(end)
    return ends


class MustWait(Exception):
    """There is no event loop to wait in."""


async def _settle(columns: Sequence[Rows]) -> None:
    """Wait, once, for all that is to be waited for; what fails stands in its place as an error."""
    waiting = [
        (column, row)
        for column in columns
        if any(hasattr(each, "__await__") for each in set(map(type, column)))
        for row, each in enumerate(column)
        if is_awaitable(each)
    ]
    if not waiting:
        return
    if asyncio._get_running_loop() is None:
        for column, row in waiting:
            if iscoroutine(column[row]):
                column[row].close()
        raise MustWait
    if len(waiting) == 1:
        ((column, row),) = waiting
        try:
            column[row] = await column[row]
        except Exception as error:  # noqa: BLE001 -- stands for the value
            column[row] = error
        return
    settled = await asyncio.gather(
        *(column[row] for column, row in waiting), return_exceptions=True
    )
    for (column, row), value in zip(waiting, settled, strict=True):
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value
        column[row] = value
