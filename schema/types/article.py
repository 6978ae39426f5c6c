"""Articles: anyone reads what is published, authors their own drafts, editors everything."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import strawberry
from sqlalchemy import select
from sqlmodel import col

from graph_api import (
    After,
    Before,
    Carrier,
    Connection,
    Context,
    First,
    HasPermission,
    Info,
    Last,
    Node,
    Principal,
    Public,
    caller,
    connect_each,
    extend,
    page_args,
    rule,
)
from graph_api.accounts.graphql import User, loaders
from graph_api.db.keyset import OrderBy, PageArgs
from schema.loaders import articles, visible_to
from schema.tables import ArticleRow

NEWEST_FIRST = [OrderBy(col(ArticleRow.id), "id", descending=True)]


@rule
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

    @strawberry.field(description="Who wrote it.")
    async def author(self, info: Info) -> User | None:
        """Return the author."""
        row = await info.context.load(loaders.users, self.author_id)
        return User.of(row) if row else None

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
        return [cls.of(row) if row else None for row in await articles(context, ids)]


@dataclass(frozen=True)
class _ArticlesBy:
    """A batch function: the same page of each author's articles, as far as ``reader`` sees them."""

    reader: Principal
    args: PageArgs

    async def __call__(
        self, context: Context, author_ids: Sequence[str]
    ) -> Sequence[Connection[Article]]:
        return await connect_each(
            context,
            select(ArticleRow).where(visible_to(self.reader)),
            owner=col(ArticleRow.author_id),
            owners=author_ids,
            order=NEWEST_FIRST,
            key=col(ArticleRow.id),
            args=self.args,
            node=Article.of,
        )


@extend(User)
class UserArticles:
    """What articles add to a user."""

    @strawberry.field(
        description="What they have written, the newest first, as far as the caller sees it.",
        permission_classes=[Public()],
    )
    async def articles(
        self: User,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Article] | None:
        """Return a page of the user's articles."""
        args = page_args(first, after, last, before)
        return await info.context.load(_ArticlesBy(caller(info), args), self.id)
