"""GraphQL types for objects with an id and for pages of them (Relay's two specifications).

They are our own, since ``strawberry.relay`` encodes ids and prints ``= null`` defaults: an id is
one string here in the API, in tokens and in the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

import strawberry
from sqlalchemy import Select, SQLColumnExpression, func, select
from strawberry.types.base import StrawberryObjectDefinition

from graph_api.authorization.guards import running
from graph_api.authorization.principal import Principal
from graph_api.authorization.rules import Carrier
from graph_api.context import Context
from graph_api.db.ids import prefix_of
from graph_api.db.keyset import (
    LARGEST_PAGE,
    OrderBy,
    Page,
    PageArgs,
    page,
    pages,
    require_page,
)
from graph_api.db.rows import Columns
from graph_api.errors import BadUserInput
from graph_api.execution.columns import EVERYTHING, Lazy, Names, below, reads

Info = strawberry.Info[Context, None]
"""What a resolver declares to get its context: ``info: Info``."""


def caller(info: Info) -> Principal:
    """Return who is judged at this place of the answer, and so for whom a resolver answers.

    It is the one who asks, but below what signs somebody in (``login { user { … } }``) the one
    who has just signed in.
    """
    operation = running.get()
    return operation.principal_at(info.path) if operation else info.context.principal


First = Annotated[
    int | None,
    strawberry.argument(description="How many from the start: 50 by default, at most 100."),
]
After = Annotated[
    str | None, strawberry.argument(description="The cursor of the last one seen, going forward.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many from the end, at most 100; not with `first`."),
]
Before = Annotated[
    str | None, strawberry.argument(description="The cursor of the last one seen, going backward.")
]


def page_args(
    first: int | None,
    after: str | None,
    last: int | None = None,
    before: str | None = None,
) -> PageArgs:
    """Return the arguments of a connection; those that were not given are None."""
    given: list[Any] = [
        None if each is strawberry.UNSET else each for each in (first, after, last, before)
    ]
    return PageArgs(*given)


@strawberry.interface(description="Whatever has an id that `node` can find it by.")
class Node:
    """An object with an id, whose prefix names its type.

    A type that implements it says its ``id_prefix`` and how its objects are found.
    """

    id_prefix: ClassVar[str]

    id: strawberry.ID = strawberry.field(
        description="Names the type and sorts by time, such as `usr_01k…`.",
        permission_classes=[Carrier()],
    )

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return the objects of these ids that the caller may see; None for each other one."""
        raise NotImplementedError


NodeT = TypeVar("NodeT", bound=Node)


@strawberry.type(description="Whether there is more on either side.", directives=[Carrier()])
class PageInfo:
    """The two ends of a page (GraphQL Cursor Connections Specification, section 5)."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether more stand before.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first one here.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last one here.")


@strawberry.type(description="One of a page, with its cursor.", directives=[Carrier()])
class Edge(Generic[NodeT]):
    """A node and its place."""

    cursor: str = strawberry.field(description="Its place, for `after` and `before`.")
    node: NodeT = strawberry.field(description="The object itself.")


@strawberry.type(description="A page.", directives=[Carrier()])
class Connection(Generic[NodeT]):
    """A page of nodes."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The page, with cursors.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")
    nodes: list[NodeT] = strawberry.field(description="The page, without cursors.")
    count: strawberry.Private[Callable[[], Any]]

    @strawberry.field(
        description="How many there are on all pages; counted only if asked for.",
        metadata=reads("count"),
    )
    async def total_count(self) -> int | None:
        """Count what the whole statement finds."""
        total: int = await self.count()
        return total


def connect(
    context: Context,
    rows: Select[Any],
    *,
    key: SQLColumnExpression[Any],
    args: PageArgs,
    node: Columns[NodeT] | Callable[[Any], NodeT],
    order: Sequence[OrderBy] = (),
) -> Lazy[Connection[NodeT]]:
    """Return one page of what ``rows`` selects.

    A resolver that is a plain ``def`` returns it as it is, so that only the columns are fetched
    that the operation wants; awaited, it has all of them.

    Args:
        context: of this request.
        rows: selects one entity, and only what the caller may see.
        key: the unique column that breaks ties.
        args: which page.
        node: the columns of the GraphQL objects; or a function that makes one of a row.
        order: how to sort, by the key at the last.

    Raises:
        BadUserInput: once it is fetched, as :func:`graph_api.db.keyset.page`.
    """

    async def fetch(names: Names) -> Connection[NodeT]:
        if not names & _PAGE:
            require_page(rows, order, key, args)
            return _connection(_NO_PAGE, [], count)
        nodes = _Nodes(node, names)
        async with context.db.read() as session:
            found = await page(session, rows, order, key, args, columns=nodes.columns)
        return _connection(found, nodes.of(found.rows), count)

    async def count() -> int:
        counted = rows.with_only_columns(key, maintain_column_froms=True).subquery()
        return int((await context.db.fetch(select(func.count()).select_from(counted)))[0][0])

    return Lazy(fetch)


async def connect_each(
    context: Context,
    rows: Select[Any],
    *,
    owner: SQLColumnExpression[str],
    owners: Sequence[str],
    key: SQLColumnExpression[Any],
    args: PageArgs,
    node: Columns[NodeT] | Callable[[Any], NodeT],
    order: Sequence[OrderBy] = (),
    names: Names = EVERYTHING,
) -> list[Connection[NodeT]]:
    """Return one page for each owner: for a batch function, so that a list asks once.

    Args:
        context: of this request.
        rows: selects one entity, and only what the caller may see.
        owner: the column that says whose a row is.
        owners: whose pages to return, in this order.
        key: the unique column that breaks ties.
        args: which page.
        node: the columns of the GraphQL objects; or a function that makes one of a row.
        order: how to sort, by the key at the last.
        names: what is wanted of the connections, as the batch function was told.

    Raises:
        BadUserInput: as :func:`graph_api.db.keyset.page`.
    """
    nodes = _Nodes(node, names)
    found: dict[str, Page[Any]] = {}
    if names & _PAGE:
        async with context.db.read() as session:
            found = await pages(
                session,
                rows,
                order,
                key,
                args,
                owner=owner,
                owners=owners,
                columns=nodes.columns,
            )
    else:
        require_page(rows, order, key, args)

    async def counts(context: Context, owners: Sequence[str]) -> list[int]:
        counted = rows.where(owner.in_(owners)).group_by(owner)
        answer = await context.db.fetch(counted.with_only_columns(owner, func.count()))
        by_owner: dict[str, int] = dict(answer)
        return [by_owner.get(each, 0) for each in owners]

    def connection(owner: str) -> Connection[NodeT]:
        one = found.get(owner, _NO_PAGE)
        return _connection(one, nodes.of(one.rows), partial(context.load, counts, owner))

    return list(map(connection, owners))


_PAGE = frozenset({"*", "edges", "nodes", "page_info"})
"""What is wanted of a connection that needs its page."""
_NO_PAGE = Page[Any]([], [], has_next_page=False, has_previous_page=False)


class _Nodes(Generic[NodeT]):
    """Makes the nodes of a page.

    Attributes:
        columns: what to select for them; None for whole entities.
    """

    def __init__(self, node: Columns[NodeT] | Callable[[Any], NodeT], names: Names) -> None:
        self._node = node
        self._names: tuple[str, ...] = ()
        self.columns: list[Any] | None = None
        if isinstance(node, Columns):
            self._names = node.names(below(names, "nodes") | below(names, "edges.node"))
            self.columns = node.columns(self._names)

    def of(self, rows: Sequence[Any]) -> list[NodeT]:
        """Return the node of each row."""
        if isinstance(self._node, Columns):
            return self._node.objects(self._names, rows)
        return list(map(self._node, rows))


def _connection(
    found: Page[Any], nodes: list[NodeT], count: Callable[[], Any]
) -> Connection[NodeT]:
    edges = [
        Edge(cursor=cursor, node=node) for node, cursor in zip(nodes, found.cursors, strict=True)
    ]
    page_info = PageInfo(
        has_next_page=found.has_next_page,
        has_previous_page=found.has_previous_page,
        start_cursor=found.cursors[0] if found.cursors else None,
        end_cursor=found.cursors[-1] if found.cursors else None,
    )
    return Connection(edges=edges, page_info=page_info, nodes=nodes, count=count)


async def fetch_by_id(
    context: Context,
    rows: Select[Any],
    *,
    key: SQLColumnExpression[str],
    ids: Sequence[str],
    node: Columns[NodeT],
    names: Names = EVERYTHING,
) -> list[NodeT | None]:
    """Return objects by their ids, None where there is none: for a batch function.

    Args:
        context: of this request.
        rows: selects what the caller may see.
        key: the column of the ids.
        ids: whatever a client may have sent.
        node: the columns of the GraphQL objects.
        names: what is wanted of them, as the batch function was told.
    """
    wanted = node.names(names)
    sent = [each for each in ids if prefix_of(each)]  # others may hold what a database chokes on
    columns = [*node.columns(wanted), key]
    statement = rows.where(key.in_(sent)).with_only_columns(*columns, maintain_column_froms=True)
    found = await context.db.fetch(statement) if sent else []
    objects = node.objects(wanted, [row[:-1] for row in found])
    by_id = {row[-1]: each for row, each in zip(found, objects, strict=True)}
    return [by_id.get(each) for each in ids]


async def find_node(info: Info, node_id: str) -> Node | None:
    """Return the node of an id; None alike for malformed, unknown, missing and forbidden ones."""
    kind = _node_types(info.schema).get(prefix_of(node_id) or "")
    return None if kind is None else await info.context.load(kind.find, node_id)


async def find_nodes(info: Info, ids: Sequence[str]) -> list[Node | None]:
    """Return the nodes of ids, in their order.

    Raises:
        BadUserInput: for more ids than a page may have.
    """
    if len(ids) > LARGEST_PAGE:
        raise BadUserInput.at("ids", f"Ask for at most {LARGEST_PAGE} nodes at once.")
    return list(await asyncio.gather(*(find_node(info, each) for each in ids)))


@lru_cache
def _node_types(schema: Any) -> dict[str, type[Node]]:
    definitions = [each.definition for each in schema.schema_converter.type_map.values()]
    return {
        each.origin.id_prefix: each.origin
        for each in definitions
        if isinstance(each, StrawberryObjectDefinition)
        and issubclass(each.origin, Node)
        and not each.is_interface
    }
