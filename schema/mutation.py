"""The root mutations: the accounts' and the articles'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from graph_api import BadUserInput, Carrier, HasPermission, Info, NotFound, Principal, rule
from graph_api.accounts.graphql import AccountsMutation, acting
from graph_api.db.ids import new_id, prefix_of
from schema.loaders import articles
from schema.tables import ArticleRow
from schema.types.article import Article

WRITE = HasPermission("article:write")
REVIEW = HasPermission("article:review")
PUBLISH = HasPermission("article:publish")
INPUT = strawberry.argument(description="What to do it with.")
LONGEST_TITLE = 200
LONGEST_BODY = 50_000
LONGEST_NOTES = 5_000


@rule
async def owns_named(
    principal: Principal, objects: Sequence[Any], *, info: Info, arguments: dict[str, Any]
) -> Sequence[bool]:
    """Whose the article is that the input names."""
    row = await info.context.load(articles, arguments["input"].article_id)
    return [row is not None and row.author_id == principal.subject] * len(objects)


@strawberry.input(description="A new article; it begins as a draft.")
class CreateArticleInput:
    """The input of ``createArticle``."""

    title: str = strawberry.field(description="What it is called.")
    body: str = strawberry.field(description="What it says.")
    notes: str | None = strawberry.field(
        default=strawberry.UNSET, description="For oneself and the editors."
    )
    author_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="In whose name; the caller's by default.",
        directives=[REVIEW],
    )


@strawberry.input(description="What to change about an article.")
class UpdateArticleInput:
    """The input of ``updateArticle``."""

    article_id: strawberry.ID = strawberry.field(description="Which article.")
    title: str | None = strawberry.field(default=strawberry.UNSET, description="What it is called.")
    body: str | None = strawberry.field(default=strawberry.UNSET, description="What it says.")
    notes: str | None = strawberry.field(
        default=strawberry.UNSET, description="For the author and the editors; null removes them."
    )


@strawberry.input(description="Which article to publish.")
class PublishArticleInput:
    """The input of ``publishArticle``."""

    article_id: strawberry.ID = strawberry.field(description="Which article.")


@strawberry.input(description="Which article to withdraw.")
class WithdrawArticleInput:
    """The input of ``withdrawArticle``."""

    article_id: strawberry.ID = strawberry.field(description="Which article.")


@strawberry.input(description="Which article to delete.")
class DeleteArticleInput:
    """The input of ``deleteArticle``."""

    article_id: strawberry.ID = strawberry.field(description="Which article.")


@strawberry.type(description="The new article.", directives=[Carrier()])
class CreateArticlePayload:
    """The payload of ``createArticle``."""

    article: Article = strawberry.field(description="The article, a draft.")


@strawberry.type(description="The changed article.", directives=[Carrier()])
class UpdateArticlePayload:
    """The payload of ``updateArticle``."""

    article: Article = strawberry.field(description="The article, as changed.")


@strawberry.type(description="The published article.", directives=[Carrier()])
class PublishArticlePayload:
    """The payload of ``publishArticle``."""

    article: Article = strawberry.field(description="The article, as published.")


@strawberry.type(description="The withdrawn article.", directives=[Carrier()])
class WithdrawArticlePayload:
    """The payload of ``withdrawArticle``."""

    article: Article = strawberry.field(description="The article, as withdrawn.")


@strawberry.type(description="The deleted article.", directives=[Carrier()])
class DeleteArticlePayload:
    """The payload of ``deleteArticle``."""

    deleted_article_id: strawberry.ID = strawberry.field(description="Which article was deleted.")


@strawberry.type(description="What can be done.")
class Mutation(AccountsMutation):
    """The root of all mutations."""

    @strawberry.mutation(description="Begin an article.", permission_classes=[WRITE])
    async def create_article(
        self,
        info: Info,
        input: Annotated[CreateArticleInput, INPUT],  # noqa: A002
    ) -> CreateArticlePayload | None:
        """Create a draft."""
        async with acting(info) as act:
            row = ArticleRow(
                id=new_id("art"),
                author_id=input.author_id or act.require_user(),
                title=_text(input.title, "title", LONGEST_TITLE),
                body=_text(input.body, "body", LONGEST_BODY),
                notes=_notes(input.notes),
                created_at=act.at,
            )
            await _insert(act.session, row)
        return CreateArticlePayload(article=Article.of(row))

    @strawberry.mutation(
        description="Change an article: one's own, or any as an editor.",
        permission_classes=[REVIEW | WRITE & owns_named],
    )
    async def update_article(
        self,
        info: Info,
        input: Annotated[UpdateArticleInput, INPUT],  # noqa: A002
    ) -> UpdateArticlePayload | None:
        """Change an article."""
        async with acting(info) as act:
            row = await _article(act.session, input.article_id)
            if input.title is not strawberry.UNSET:
                row.title = _text(input.title, "title", LONGEST_TITLE)
            if input.body is not strawberry.UNSET:
                row.body = _text(input.body, "body", LONGEST_BODY)
            if input.notes is not strawberry.UNSET:
                row.notes = _notes(input.notes)
        return UpdateArticlePayload(article=Article.of(row))

    @strawberry.mutation(description="Let everybody read an article.", permission_classes=[PUBLISH])
    async def publish_article(
        self,
        info: Info,
        input: Annotated[PublishArticleInput, INPUT],  # noqa: A002
    ) -> PublishArticlePayload | None:
        """Publish an article; once more changes nothing."""
        async with acting(info) as act:
            row = await _article(act.session, input.article_id)
            row.status = "published"
            row.published_at = row.published_at or act.at
        return PublishArticlePayload(article=Article.of(row))

    @strawberry.mutation(description="Take an article back.", permission_classes=[PUBLISH])
    async def withdraw_article(
        self,
        info: Info,
        input: Annotated[WithdrawArticleInput, INPUT],  # noqa: A002
    ) -> WithdrawArticlePayload | None:
        """Withdraw an article."""
        async with acting(info) as act:
            row = await _article(act.session, input.article_id)
            row.status = "withdrawn"
        return WithdrawArticlePayload(article=Article.of(row))

    @strawberry.mutation(
        description="Delete an article: one's own, or any as an editor.",
        permission_classes=[REVIEW | WRITE & owns_named],
    )
    async def delete_article(
        self,
        info: Info,
        input: Annotated[DeleteArticleInput, INPUT],  # noqa: A002
    ) -> DeleteArticlePayload | None:
        """Delete an article."""
        async with acting(info) as act:
            await act.session.delete(await _article(act.session, input.article_id))
        return DeleteArticlePayload(deleted_article_id=input.article_id)


async def _article(session: AsyncSession, article_id: str) -> ArticleRow:
    row = await session.get(ArticleRow, article_id) if prefix_of(article_id) == "art" else None
    if row is None:
        raise NotFound("There is no such article.")
    return row


async def _insert(session: AsyncSession, row: ArticleRow) -> None:
    unknown = BadUserInput.at("input.authorId", "There is no such user.")
    if prefix_of(row.author_id) != "usr":
        raise unknown
    session.add(row)
    try:
        await session.flush()
    except IntegrityError:
        raise unknown from None


def _notes(value: str | None) -> str | None:
    return _text(value, "notes", LONGEST_NOTES) if value else None


def _text(value: str | None, name: str, longest: int) -> str:
    text = (value or "").strip()
    if not text or len(text) > longest or "\x00" in text:
        raise BadUserInput.at(f"input.{name}", f"Give 1 to {longest} characters.")
    return text
