"""The root queries: the accounts' and the articles'."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlmodel import col

from graph_api import (
    After,
    Before,
    Connection,
    First,
    HasPermission,
    Info,
    Last,
    Public,
    page_args,
)
from graph_api.accounts.graphql import AccountsQuery
from schema.loaders import articles
from schema.tables import ArticleRow
from schema.types.article import Article, ArticleStatus, page_of_articles


@strawberry.type(description="What can be asked.")
class Query(AccountsQuery):
    """The root of all queries."""

    @strawberry.field(
        description="An article by id; null if there is none that the caller sees.",
        permission_classes=[Public()],
    )
    async def article(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 -- its name in the schema
            strawberry.ID, strawberry.argument(description="The id.")
        ],
    ) -> Article | None:
        """Return an article, or None."""
        row = await info.context.load(articles, id)
        return Article.of(row) if row else None

    @strawberry.field(
        description="What is published, the newest first; drafts too for those who may ask.",
        permission_classes=[Public()],
    )
    async def articles(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
        status: Annotated[
            ArticleStatus | None, strawberry.argument(description="How far they have come.")
        ] = strawberry.UNSET,
        include_drafts: Annotated[
            bool,
            strawberry.argument(
                description="Whether what is not published is listed too.",
                directives=[HasPermission("article:review")],
            ),
        ] = False,
    ) -> Connection[Article] | None:
        """Return a page of articles."""
        conditions = []
        if status:
            conditions.append(col(ArticleRow.status) == status.value)
        elif not include_drafts:
            conditions.append(col(ArticleRow.status) == ArticleStatus.PUBLISHED.value)
        args = page_args(first, after, last, before)
        return await page_of_articles(info.context, args, *conditions)
