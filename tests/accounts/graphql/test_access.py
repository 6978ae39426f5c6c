"""``access``: what may I do, so that a client can hide what would be refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import Client

pytestmark = pytest.mark.anyio
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

ACCESS = """
query($coordinates: [String!], $document: String, $operationName: String) {
  access(coordinates: $coordinates, document: $document, operationName: $operationName) {
    coordinate access
  }
}
"""
SCREEN = """
query Screen { users { nodes { ...Row } totalCount } roles { name } }
query Other { auditEvents { nodes { id } } }
fragment Row on User { email name again: email }
"""


async def _access(client: Client, as_: str | None, **variables: Any) -> dict[str, str]:
    answer = await client.ask(ACCESS, variables, as_=as_)
    found = [(each["coordinate"], each["access"]) for each in answer.data["access"]]
    assert len(found) == len(dict(found))
    return dict(found)


@ON_SQLITE
async def test_fields_are_allowed_denied_or_hang_on_the_object(client: Client) -> None:
    fields = ["Query.users", "User.email", "User.name", "Mutation.login", "Mutation.deleteUser"]
    assert await _access(client, None, coordinates=fields) == {
        "Query.users": "DENIED",
        "User.email": "DENIED",
        "User.name": "ALLOWED",
        "Mutation.login": "ALLOWED",
        "Mutation.deleteUser": "DENIED",
    }
    user = await _access(client, "user", coordinates=fields)
    assert user == {
        "Query.users": "DENIED",
        "User.email": "DEPENDS_ON_OBJECT",
        "User.name": "ALLOWED",
        "Mutation.login": "ALLOWED",
        "Mutation.deleteUser": "DENIED",
    }
    assert set((await _access(client, "admin", coordinates=fields)).values()) == {"ALLOWED"}


@ON_SQLITE
async def test_what_does_not_exist_is_denied(client: Client) -> None:
    unknown = ["User.shoeSize", "Nothing.at", "User", "", "\0", "Query.users(first:)"]
    assert await _access(client, "admin", coordinates=unknown) == dict.fromkeys(unknown, "DENIED")


@ON_SQLITE
async def test_all_fields_of_a_document_are_meant_each_once(client: Client) -> None:
    assert await _access(client, "support", document=SCREEN) == {
        "Query.users": "ALLOWED",
        "UserConnection.nodes": "ALLOWED",
        "UserConnection.totalCount": "ALLOWED",
        "Query.roles": "ALLOWED",
        "Role.name": "ALLOWED",
        "Query.auditEvents": "DENIED",
        "AuditEventConnection.nodes": "ALLOWED",
        "AuditEvent.id": "DENIED",
        "User.email": "ALLOWED",
        "User.name": "ALLOWED",
    }


@ON_SQLITE
async def test_of_several_operations_one_may_be_named(client: Client) -> None:
    found = await _access(client, "user", document=SCREEN, operationName="Other")
    assert list(found) == ["Query.auditEvents", "AuditEventConnection.nodes", "AuditEvent.id"]
    answer = await client.ask(ACCESS, {"document": SCREEN, "operationName": "None"}, as_="user")
    assert answer.wrong == ["operationName"]


@ON_SQLITE
async def test_a_field_that_the_schema_has_not_is_denied_in_a_document_too(client: Client) -> None:
    found = await _access(client, "admin", document="{ me { shoeSize { left } } nothing }")
    assert found == {
        "Query.me": "ALLOWED",
        "User.shoeSize": "DENIED",
        "?.left": "DENIED",
        "Query.nothing": "DENIED",
    }


@ON_SQLITE
async def test_a_document_that_does_not_parse_is_an_error_and_so_is_a_large_one(
    client: Client,
) -> None:
    broken = await client.ask(ACCESS, {"document": "{ me"}, as_="user")
    assert (broken.status, broken.code) == (200, "GRAPHQL_PARSE_FAILED")
    large = await client.ask(ACCESS, {"document": "{" + " me" * 3_000 + "}"}, as_="user")
    assert (large.status, large.code) == (200, "OPERATION_TOO_EXPENSIVE")


@ON_SQLITE
async def test_nothing_asked_is_nothing_answered(client: Client) -> None:
    nothing: dict[str, Any] = {"coordinates": None, "document": None, "operationName": None}
    assert await _access(client, "user", **nothing) == {}
    assert await _access(client, "user", coordinates=[], document="") == {}
