"""The root queries: the accounts' and the articles'."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import select
from sqlmodel import col

from graph_api import (
    After,
    Before,
    Connection,
    First,
    HasPermission,
    Info,
    Last,
    Lazy,
    Public,
    connect,
    page_args,
)
from graph_api.accounts.graphql import AccountsQuery
from schema.loaders import visible_to
from schema.tables import ArticleRow
from schema.types.article import ARTICLES, NEWEST_FIRST, Article, ArticleStatus, articles


@strawberry.type(description="What can be asked.")
class Query(AccountsQuery):
    """The root of all queries."""

    @strawberry.field(
        description="An article by id; null if there is none that the caller sees.",
        permission_classes=[Public()],
        graphql_type=Article | None,
    )
    def article(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 -- its name in the schema
            strawberry.ID, strawberry.argument(description="The id.")
        ],
    ) -> Lazy[Article | None]:
        """Return an article, or None."""
        return info.context.fetch(articles, str(id))

    @strawberry.field(
        description="What is published, the newest first; drafts too for those who may ask.",
        permission_classes=[Public()],
        graphql_type=Connection[Article] | None,
    )
    def articles(
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
    ) -> Lazy[Connection[Article]]:
        """Return a page of articles."""
        shown = select(ArticleRow).where(visible_to(info.context.principal))
        if status:
            shown = shown.where(col(ArticleRow.status) == status.value)
        elif not include_drafts:
            shown = shown.where(col(ArticleRow.status) == ArticleStatus.PUBLISHED.value)
        return connect(
            info.context,
            shown,
            order=NEWEST_FIRST,
            key=col(ArticleRow.id),
            args=page_args(first, after, last, before),
            node=ARTICLES,
        )
