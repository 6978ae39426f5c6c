"""What each root query field of the schema asks of the database: statements, and their columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType

from graph_api.accounts.sign_in import SignedIn
from schema import schema
from tests.accounts.world import PASSWORD
from tests.api import Client, counted, email

pytestmark = pytest.mark.anyio

PAGE = "pageInfo { hasNextPage endCursor }"
USER = "{ id name email roles { name permissions includes { name } } permissions }"
NESTED = """{
  name
  sessions(first: 1) { totalCount nodes { id current } }
  articles(first: 2) { totalCount edges { cursor node { title author { name } } } }
}"""
DOCUMENTS: dict[str, tuple[str, int]] = {
    "me": ("{ me { id name email } }", 1),
    "me, and what belongs to it": (f"{{ me {USER} }}", 5),
    "user": ("query($id: ID!) { user(id: $id) { name } }", 1),
    "users": (f"{{ users {{ nodes {{ id name email createdAt }} {PAGE} }} }}", 1),
    "users, counted": ("{ users { totalCount nodes { id } } }", 2),
    "users, only counted": ("{ users { totalCount } }", 1),
    "users, nothing of them": ("{ users { __typename } }", 0),
    "users, nested": (f"{{ users {{ nodes {NESTED} }} }}", 6),
    "roles": ("{ roles { id name description } }", 1),
    "roles, nested": ("{ roles { name permissions includes { name permissions } } }", 3),
    "sessions": (f"{{ sessions {{ nodes {{ id lastUsedAt expiresAt current }} {PAGE} }} }}", 1),
    "sessions, counted": ("{ sessions { totalCount edges { cursor node { id } } } }", 2),
    "auditEvents": (f"{{ auditEvents {{ nodes {{ action outcome details }} {PAGE} }} }}", 1),
    "auditEvents, nested": ("{ auditEvents { nodes { action actor { name email } } } }", 2),
    "node": ("query($id: ID!) { node(id: $id) { id ... on User { name } } }", 1),
    "nodes": ("query($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { name } } }", 1),
    "access": ('{ access(coordinates: ["User.email"]) { access } }', 0),
    "schemaMatrix": ("{ schemaMatrix { roles } }", 3),
    "article": ("query($article: ID!) { article(id: $article) { title author { name } } }", 2),
    "articles": (f"{{ articles {{ nodes {{ title status }} {PAGE} }} }}", 1),
    "articles, nested": (
        "{ articles { totalCount nodes { notes author { name articles { nodes { id } } } } } }",
        4,
    ),
}


def test_each_root_field_is_there() -> None:
    query: Any = schema._schema.query_type
    assert isinstance(query, GraphQLObjectType)
    asked = {each.partition(",")[0] for each in DOCUMENTS}
    assert asked == {each for each in query.fields if not each.startswith("_")}


async def _asked(
    client: Client, document: str, who: SignedIn | None, variables: Mapping[str, Any]
) -> list[str]:
    """Return the statements of an operation, which has data."""
    given = {name: value for name, value in variables.items() if f"${name}:" in document}
    with counted() as statements:
        answer = await client.ask(document, given, as_=who)
    assert answer.body["data"]
    return statements


async def _article(client: Client) -> str:
    author = await client.sign_in("author")
    written = await client.ask(
        'mutation { createArticle(input: {title: "A", body: "B", notes: "C"}) { article { id } } }',
        as_=author,
    )
    id_ = str(written.data["createArticle"]["article"]["id"])
    published = "mutation($id: ID!) { publishArticle(input: {articleId: $id}) { article { id } } }"
    await client.ask(published, {"id": id_}, as_=await client.sign_in("editor"))
    return id_


async def test_the_statements_of_a_query_are_these(client: Client) -> None:
    variables = {
        "id": client.people["user"],
        "ids": list(client.people.values()),
        "article": await _article(client),
    }
    admin = await client.sign_in("admin")
    found = {
        name: await _asked(client, document, admin, variables)
        for name, (document, _) in DOCUMENTS.items()
    }
    counts = {name: len(statements) for name, statements in found.items()}
    assert counts == {name: count for name, (_, count) in DOCUMENTS.items()}
    whole = "\n".join(each for statements in found.values() for each in statements)
    assert not re.search("password_hash|salt|counter", whole)


async def test_signing_in_takes_these_statements_whatever_is_asked_of_the_user(
    client: Client,
) -> None:
    user = "{ id name email roles { name } permissions }"
    document = f"mutation($it: LoginInput!) {{ login(input: $it) {{ refreshToken user {user} }} }}"
    given = {"email": email("user"), "password": PASSWORD}
    with counted() as login:
        answer = await client.ask(document, {"it": given})
    assert [each.split()[0] for each in login[:6]] == [
        "SELECT",  # from which networks the account was used
        "SELECT",  # the account
        "UPDATE",
        "INSERT",  # the session
        "INSERT",  # the event
        "WITH",  # the user, with their grants
    ]

    token = {"refreshToken": answer.data["login"]["refreshToken"]}
    document = "mutation($it: RefreshInput!) { refresh(input: $it) { accessToken user { id } } }"
    with counted() as refresh:
        await client.ask(document, {"it": token})
    assert [each.split()[0] for each in refresh] == ["SELECT", "UPDATE", "INSERT", "WITH"]


def _selected(statements: list[str], table: str) -> set[str]:
    """Return the columns of a table that are read, wherever they stand."""
    return {name for each in statements for name in re.findall(rf"\b{table}\.(\w+)", each)}


AUTHORS = "{ articles { nodes { title author { name email createdAt roles { name } } } } }"


async def test_a_column_that_the_caller_may_not_see_is_not_selected(client: Client) -> None:
    await _article(client)
    statements = await _asked(client, AUTHORS, None, {})
    assert _selected(statements, "graph_api_user") == {"id", "name"}
    assert _selected(statements, "graph_api_role") == set()


async def test_what_hangs_on_the_object_is_selected_to_be_judged(client: Client) -> None:
    await _article(client)
    statements = await _asked(client, AUTHORS, await client.sign_in("user"), {})
    assert _selected(statements, "graph_api_user") == {"id", "name", "email", "created_at"}


@pytest.mark.parametrize("selected", ["totalCount", "totalCount nodes { id }", "__typename"])
async def test_a_page_is_refused_whether_something_is_wanted_of_it_or_not(
    client: Client, selected: str
) -> None:
    answer = await client.ask(f"{{ users(first: 101) {{ {selected} }} }}", as_="admin")
    assert [each["extensions"]["code"] for each in answer.body["errors"]] == ["BAD_USER_INPUT"]
