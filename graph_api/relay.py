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
from graph_api.db.keyset import LARGEST_PAGE, OrderBy, Page, PageArgs, page, pages
from graph_api.errors import BadUserInput

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
    count: strawberry.Private[Callable[[], Any]]

    @strawberry.field(description="The page, without cursors.")
    def nodes(self) -> list[NodeT]:
        """Return the nodes of the edges."""
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many there are on all pages; counted only if asked for.")
    async def total_count(self) -> int | None:
        """Count what the whole statement finds."""
        total: int = await self.count()
        return total


async def connect(
    context: Context,
    rows: Select[Any],
    *,
    key: SQLColumnExpression[Any],
    args: PageArgs,
    node: Callable[[Any], NodeT],
    order: Sequence[OrderBy] = (),
) -> Connection[NodeT]:
    """Return one page of what ``rows`` selects.

    Args:
        context: of this request.
        rows: selects one entity, and only what the caller may see.
        key: the unique column that breaks ties.
        args: which page.
        node: makes the GraphQL object of a row.
        order: how to sort, by the key at the last.

    Raises:
        BadUserInput: as :func:`graph_api.db.keyset.page`.
    """
    async with context.db.read() as session:
        found = await page(session, rows, order, key, args)

    async def count() -> int:
        async with context.db.read() as session:
            return await session.scalar(select(func.count()).select_from(rows.subquery())) or 0

    return _connection(found, node, count)


async def connect_each(
    context: Context,
    rows: Select[Any],
    *,
    owner: SQLColumnExpression[str],
    owners: Sequence[str],
    key: SQLColumnExpression[Any],
    args: PageArgs,
    node: Callable[[Any], NodeT],
    order: Sequence[OrderBy] = (),
) -> list[Connection[NodeT]]:
    """Return one page for each owner: for a batch function, so that a list asks once.

    Args:
        context: of this request.
        rows: selects one entity, and only what the caller may see.
        owner: the column that says whose a row is.
        owners: whose pages to return, in this order.
        key: the unique column that breaks ties.
        args: which page.
        node: makes the GraphQL object of a row.
        order: how to sort, by the key at the last.

    Raises:
        BadUserInput: as :func:`graph_api.db.keyset.page`.
    """
    async with context.db.read() as session:
        found = await pages(session, rows, order, key, args, owner=owner, owners=owners)

    async def counts(context: Context, owners: Sequence[str]) -> list[int]:
        counted = rows.where(owner.in_(owners)).group_by(owner)
        async with context.db.read() as session:
            answer = await session.execute(counted.with_only_columns(owner, func.count()))
            by_owner: dict[str, int] = dict(answer.all())
        return [by_owner.get(each, 0) for each in owners]

    return [_connection(found[each], node, partial(context.load, counts, each)) for each in owners]


def _connection(
    found: Page[Any], node: Callable[[Any], NodeT], count: Callable[[], Any]
) -> Connection[NodeT]:
    edges = [
        Edge(cursor=cursor, node=node(row))
        for row, cursor in zip(found.rows, found.cursors, strict=True)
    ]
    page_info = PageInfo(
        has_next_page=found.has_next_page,
        has_previous_page=found.has_previous_page,
        start_cursor=found.cursors[0] if found.cursors else None,
        end_cursor=found.cursors[-1] if found.cursors else None,
    )
    return Connection(edges=edges, page_info=page_info, count=count)


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
