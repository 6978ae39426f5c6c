"""The number of SQL statements of a query does not grow with the rows that it shows."""

from __future__ import annotations

import pytest

from tests.accounts.world import make_user
from tests.api import Client, counted, email

pytestmark = pytest.mark.anyio

DOCUMENTS = {
    "users": """
        {
          users(first: 100) {
            totalCount
            nodes {
              email
              roles { name permissions includes { name permissions } }
              permissions
              sessions(first: 1) { totalCount nodes { id } }
              articles(first: 1) { totalCount nodes { title notes author { name } } }
            }
          }
        }
    """,
    "audit events": "{ auditEvents(first: 100) { nodes { action actor { email } } } }",
    "nodes": "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { email } } }",
    "roles": "{ roles { name permissions includes { name permissions } } }",
}


async def _statements(client: Client, document: str) -> int:
    admin = await client.sign_in("admin")
    variables = {"ids": list(client.people.values())} if "$ids" in document else None
    with counted() as statements:
        assert (await client.ask(document, variables, as_=admin)).data
    return len(statements)


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_it_is_the_same_for_a_few_and_for_many(client: Client, document: str) -> None:
    few = await _statements(client, document)
    for number in range(20):
        await make_user(client.accounts, email(f"more{number}"), "user", "support")
        await client.sign_in(f"more{number}")
    assert await _statements(client, document) == few
    assert few <= 10
