"""A library on FastAPI, with Strawberry's own router: `uvicorn app:app`.

It was there before graph-api. What it changed is marked: the line that builds the schema, and the
rules on fields that had none.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from fastapi import Depends, FastAPI, Header
from strawberry.fastapi import GraphQLRouter
from strawberry.permission import BasePermission

from graph_api import HasPermission, HasRole, IsSelf, Principal, Schema


@dataclass(frozen=True)
class Member:
    """Whoever the application's own sign-in has let in."""

    id: str
    roles: frozenset[str] = frozenset()


SIGNED_IN = {
    "ada": Member("1"),
    "grace": Member("2", frozenset({"librarian"})),
}
"""The members by token: stands for whatever sign-in the application has."""


def member(authorization: Annotated[str, Header()] = "") -> Member | None:
    return SIGNED_IN.get(authorization.removeprefix("Bearer "))


async def get_context(member: Annotated[Member | None, Depends(member)]) -> dict[str, Any]:
    return {"member": member}


class IsMember(BasePermission):
    """A permission class of Strawberry's own kind, from before."""

    message = "Members only."

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return info.context["member"] is not None


@strawberry.type
class Book:
    title: str
    shelf: str = strawberry.field(permission_classes=[IsMember])
    borrower_id: strawberry.Private[str | None] = None

    # New: a rule decided before anything runs, or else for the whole list at once.
    @strawberry.field(permission_classes=[HasRole("librarian") | IsSelf(by="borrower_id")])
    def borrower(self) -> str | None:
        return self.borrower_id


BOOKS = {
    "Emma": Book(title="Emma", shelf="A1", borrower_id="1"),
    "Ulysses": Book(title="Ulysses", shelf="B2", borrower_id="2"),
}


@strawberry.type
class Query:
    @strawberry.field
    def books(self) -> list[Book]:
        return list(BOOKS.values())


@strawberry.type
class Mutation:
    @strawberry.mutation(permission_classes=[HasPermission("book:remove")])  # new
    def remove_book(self, title: str) -> bool | None:
        return BOOKS.pop(title, None) is not None


ROLES = {"librarian": ["book:remove"]}


def from_context(context: dict[str, Any]) -> Principal:
    """Say who asks, in graph-api's words."""
    if (who := context["member"]) is None:
        return Principal()
    permissions = {each for role in who.roles for each in ROLES[role]}
    return Principal(who.id, roles=who.roles, permissions=frozenset(permissions))


# The line that changed; it was: schema = strawberry.Schema(query=Query, mutation=Mutation)
schema = Schema(
    query=Query,
    mutation=Mutation,
    principal=from_context,
    uncovered="allow",
    permissions={"book:remove": "Remove books."},
    roles=ROLES,
)

app = FastAPI()
app.include_router(GraphQLRouter(schema, context_getter=get_context), prefix="/graphql")
