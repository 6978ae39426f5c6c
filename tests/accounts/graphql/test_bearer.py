"""Bearer and status, on the whole server with its own schema and tokens."""

from __future__ import annotations

import pytest

from graph_api.testing import Answer
from tests.accounts.world import PASSWORD
from tests.api import GRAPHQL, JSON, Client

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
]

BOTH = pytest.mark.parametrize("accept", [JSON, GRAPHQL])
REALM = 'Bearer realm="graph-api"'
LOGIN = f'login(input: {{email: "user@example.com", password: "{PASSWORD}"}}) {{ tokenType }}'
DELETE = "deleteUser(input: {userId: $id}) { deletedUserId }"


async def _ask(client: Client, document: str, bearer: str, operation: str | None = None) -> Answer:
    variables = {"id": client.people["author"]} if "$id" in document else None
    return await client.ask(document, variables, as_=bearer, operation=operation)


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        (f"mutation($id: ID!) {{ login: {DELETE} }}", None),
        (f"mutation($id: ID!) {{ {LOGIN} {DELETE} }}", None),
        (f"mutation($id: ID!) {{ {LOGIN} ...F }} fragment F on Mutation {{ {DELETE} }}", None),
        (f"mutation($id: ID!) {{ {LOGIN} ... on Mutation {{ {DELETE} }} }}", None),
        (f"mutation A {{ {LOGIN} }} mutation B($id: ID!) {{ {DELETE} }}", "B"),
        (f"mutation($id: ID!) {{ {LOGIN} d: {DELETE} @skip(if: true) }}".replace(
            "{ deletedUserId } @skip(if: true)", "@skip(if: true) { deletedUserId }"), None),
        (f"mutation {{ {LOGIN} logoutEverywhere {{ endedSessionIds }} }}", None),
        ("{ me { id } }", None),
        ("mutation { __typename }", None),
    ],
    ids=["alias", "beside", "fragment spread", "inline fragment", "operationName", "skip",
         "a field without the mark", "query", "typename only"],
)  # fmt: skip
async def test_a_bearer_that_does_not_verify_is_401_whatever_stands_beside_login(
    client: Client, document: str, operation: str | None
) -> None:
    user = await client.sign_in("user")
    client.clock.go(400)
    for bearer, reason in ((user.access_token, "token_expired"), ("forged", "token_invalid")):
        answer = await _ask(client, document, bearer, operation)
        assert (answer.status, answer.challenge) == (401, f'{REALM}, error="invalid_token"')
        assert answer.body.keys() == {"errors"}
        assert answer.errors[0]["extensions"] == {"code": "UNAUTHENTICATED", "reason": reason}
    assert await client.events("user_deleted") == []


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        (f"mutation {{ {LOGIN} }}", None),
        (f"mutation {{ deleteUser: {LOGIN} }}", None),
        (f"mutation {{ __typename {LOGIN} logout {{ endedSessionIds }} }}", None),
        (f"mutation {{ ...F }} fragment F on Mutation {{ {LOGIN} }}", None),
        (f"mutation A {{ {LOGIN} }} mutation B($id: ID!) {{ {DELETE} }}", "A"),
    ],
    ids=["alone", "by an alias", "with others of its kind", "in a fragment", "selected by name"],
)
async def test_login_alone_is_served_whatever_the_bearer(
    client: Client, document: str, operation: str | None
) -> None:
    user = await client.sign_in("user")
    client.clock.go(400)
    for bearer in (user.access_token, "forged"):
        answer = await client.ask(document, as_=bearer, operation=operation)
        assert answer.status == 200
        assert answer.data


@BOTH
async def test_a_missing_sign_in_is_401_without_an_error_in_the_challenge(
    client: Client, accept: str
) -> None:
    document = "{ sessions { nodes { id } } users { nodes { id } } }"
    answer = await client.ask(document, accept=accept)
    assert (answer.status, answer.challenge) == (401, REALM)
    assert answer.body.keys() == {"errors"}
    assert answer.codes == ["UNAUTHENTICATED"] * 2
    assert [error["path"] for error in answer.errors] == [["sessions"], ["users"]]


@BOTH
async def test_a_missing_permission_is_403(client: Client, accept: str) -> None:
    answer = await client.ask("{ users { nodes { id } } }", as_="user", accept=accept)
    assert (answer.status, answer.challenge) == (403, f'{REALM}, error="insufficient_scope"')
    assert answer.body.keys() == {"errors"}
    assert answer.errors[0]["extensions"] == {
        "code": "FORBIDDEN",
        "coordinate": "Query.users",
        "rule": "permission(user:read)",
        "held": [],
        "missing": [["permission(user:read)"]],
    }


@BOTH
async def test_what_is_denied_beside_what_is_not_is_null_and_200(
    client: Client, accept: str
) -> None:
    answer = await client.ask("{ me { name } users { nodes { id } } }", as_="user", accept=accept)
    assert (answer.status, answer.challenge, answer.code) == (200, None, "FORBIDDEN")
    assert answer.body["data"] == {"me": {"name": None}, "users": None}


@BOTH
@pytest.mark.parametrize("server_settings", [{"denied_fields": "reject"}])
async def test_reject_refuses_the_whole_query(client: Client, accept: str) -> None:
    answer = await client.ask("{ me { name } users { nodes { id } } }", as_="user", accept=accept)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert answer.body.keys() == {"errors"}


@pytest.mark.parametrize("server_settings", [{"denied_fields": "reject"}])
async def test_reject_never_rejects_a_sign_in(client: Client) -> None:
    document = LOGIN.replace("tokenType", "user { email sessions { nodes { id } } }")
    answer = await client.ask(f"mutation {{ {document} }}")
    assert answer.data["login"]["user"]["email"] == "user@example.com"
