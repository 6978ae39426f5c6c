"""Articles: anyone reads what is published, authors their own drafts, editors everything."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, cast

import strawberry
from sqlalchemy import select
from sqlmodel import col

from graph_api import (
    EVERYTHING,
    After,
    Before,
    Carrier,
    Connection,
    Context,
    First,
    HasPermission,
    Info,
    Last,
    Lazy,
    Names,
    Node,
    Principal,
    Public,
    caller,
    connect_each,
    extend,
    fetch_by_id,
    page_args,
    reads,
    rule,
)
from graph_api.accounts.graphql import User, users
from graph_api.db import Columns, ReadAs
from graph_api.db.keyset import OrderBy, PageArgs
from schema.loaders import visible_to
from schema.tables import ArticleRow

NEWEST_FIRST = [OrderBy(col(ArticleRow.id), "id", descending=True)]


@rule(reads=["author_id"])
def owns(principal: Principal, articles: Sequence[Article]) -> Sequence[bool]:
    """Whose article it is."""
    return [article.author_id == principal.subject for article in articles]


@strawberry.enum(description="How far an article has come.")
class ArticleStatus(enum.Enum):
    """The status of an article."""

    DRAFT = strawberry.enum_value("draft", description="For its author and for editors.")
    PUBLISHED = strawberry.enum_value("published", description="For everybody.")
    WITHDRAWN = strawberry.enum_value(
        "withdrawn",
        description="Taken back; what it is, only editors are told.",
        directives=[HasPermission("article:review")],
    )


@strawberry.type(description="Something to read.", directives=[Carrier()])
class Article(Node):
    """An article that the caller sees."""

    id_prefix = "art"

    author_id: strawberry.Private[str]
    title: str = strawberry.field(description="What it is called.")
    body: str = strawberry.field(description="What it says.")
    status: ArticleStatus | None = strawberry.field(description="How far it has come.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    published_at: datetime | None = strawberry.field(description="When it was published.")
    notes: str | None = strawberry.field(
        description="What the author notes for themselves and the editors.",
        permission_classes=[HasPermission("article:review") | owns],
    )

    @strawberry.field(
        description="Who wrote it.", metadata=reads("author_id"), graphql_type=User | None
    )
    def author(self, info: Info) -> Lazy[User | None]:
        """Return the author."""
        return info.context.fetch(users, self.author_id)

    @classmethod
    def of(cls, row: ArticleRow) -> Self:
        """Return the GraphQL object of a row."""
        return cls(
            id=strawberry.ID(row.id),
            author_id=row.author_id,
            title=row.title,
            body=row.body,
            status=ArticleStatus(row.status),
            created_at=row.created_at,
            published_at=row.published_at,
            notes=row.notes,
        )

    @classmethod
    async def find(cls, context: Context, ids: Sequence[str]) -> Sequence[Self | None]:
        """Return the articles that the caller sees."""
        return cast("list[Self | None]", await articles(context, ids, EVERYTHING))


ARTICLES = Columns(Article, ArticleRow, status=ReadAs(col(ArticleRow.status), ArticleStatus))


async def articles(context: Context, ids: Sequence[str], names: Names) -> Sequence[Article | None]:
    """Return articles by their ids, None for those that the caller doesn't see."""
    seen = select(ArticleRow).where(visible_to(context.principal))
    return await fetch_by_id(
        context, seen, key=col(ArticleRow.id), ids=ids, node=ARTICLES, names=names
    )


@dataclass(frozen=True)
class _ArticlesBy:
    """A batch function: the same page of each author's articles, as far as ``reader`` sees them."""

    reader: Principal
    args: PageArgs

    async def __call__(
        self, context: Context, author_ids: Sequence[str], names: Names
    ) -> Sequence[Connection[Article]]:
        return await connect_each(
            context,
            select(ArticleRow).where(visible_to(self.reader)),
            owner=col(ArticleRow.author_id),
            owners=author_ids,
            order=NEWEST_FIRST,
            key=col(ArticleRow.id),
            args=self.args,
            node=ARTICLES,
            names=names,
        )


@extend(User)
class UserArticles:
    """What articles add to a user."""

    @strawberry.field(
        description="What they have written, the newest first, as far as the caller sees it.",
        permission_classes=[Public()],
        metadata=reads("id"),
        graphql_type=Connection[Article] | None,
    )
    def articles(
        self: User,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Lazy[Connection[Article]]:
        """Return a page of the user's articles."""
        args = page_args(first, after, last, before)
        return info.context.fetch(_ArticlesBy(caller(info), args), self.id)
