"""Sessions: one's own, those of others, and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from graph_api.testing import Answer
from tests.accounts.world import PHONE
from tests.api import Client

pytestmark = pytest.mark.anyio

OWN = "{ sessions { totalCount nodes { id current endedAt } } }"
OF = "query($userId: ID) { sessions(userId: $userId) { totalCount nodes { id } } }"
REVOKE = """
mutation($input: RevokeSessionInput!) {
  revokeSession(input: $input) { session { id endedAt current } }
}
"""


async def _revoke(client: Client, session_id: str, as_: Any) -> Answer:
    return await client.ask(REVOKE, {"input": {"sessionId": session_id}}, as_=as_)


async def test_the_callers_own_sessions_come_the_newest_first(client: Client) -> None:
    older = await client.sign_in("user")
    await client.sign_in("admin")
    newer = await client.sign_in("user")
    answer = await client.ask(OWN, as_=older)
    assert answer.data["sessions"] == {
        "totalCount": 2,
        "nodes": [
            {"id": newer.session_id, "current": False, "endedAt": None},
            {"id": older.session_id, "current": True, "endedAt": None},
        ],
    }


async def test_a_session_says_when_and_from_where(client: Client) -> None:
    user = await client.sign_in("user")
    answer = await client.ask(
        "{ sessions { nodes { createdAt lastUsedAt expiresAt endedAt userAgent ipAddress } } }",
        as_=user,
    )
    assert answer.data["sessions"]["nodes"] == [
        {
            "createdAt": "2030-01-01T00:00:00+00:00",
            "lastUsedAt": "2030-01-01T00:00:00+00:00",
            "expiresAt": "2030-01-01T01:00:00+00:00",
            "endedAt": None,
            "userAgent": PHONE.user_agent,
            "ipAddress": PHONE.ip_address,
        }
    ]


async def test_a_session_begun_over_http_has_the_address_and_program_of_the_request(
    client: Client,
) -> None:
    client.http.headers["User-Agent"] = "Tablet/2"
    answer = await client.ask(
        """
        mutation {
          login(input: {email: "user@example.com", password: "correct horse battery"}) {
            user { sessions { nodes { userAgent ipAddress } } }
          }
        }
        """
    )
    [session] = answer.data["login"]["user"]["sessions"]["nodes"]
    assert session == {"userAgent": "Tablet/2", "ipAddress": "203.0.113.9"}


async def test_anothers_sessions_are_for_those_who_may_read_them(client: Client) -> None:
    user = await client.sign_in("user")
    of_user = {"userId": client.people["user"]}
    for reader in ("admin", "auditor", "support"):
        answer = await client.ask(OF, of_user, as_=reader)
        assert answer.data["sessions"]["nodes"] == [{"id": user.session_id}]
    refused = await client.ask(OF, of_user, as_="author")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert refused.errors[0]["extensions"]["coordinate"] == "Query.sessions(userId:)"


async def test_without_the_argument_or_with_null_they_are_ones_own(client: Client) -> None:
    admin = await client.sign_in("admin")
    for variables in ({}, {"userId": None}):
        answer = await client.ask(OF, variables, as_=admin)
        assert answer.data["sessions"]["nodes"] == [{"id": admin.session_id}]


async def test_who_is_not_there_has_no_sessions(client: Client) -> None:
    for user_id in ("usr_01m88tc5ymeg2bvej8gzdx0h5t", "nonsense", ""):
        answer = await client.ask(OF, {"userId": user_id}, as_="admin")
        assert answer.data["sessions"] == {"totalCount": 0, "nodes": []}
    assert (await client.ask(OF, {"userId": "\0"}, as_="admin")).wrong == ["userId"]


async def test_an_anonymous_caller_must_sign_in_first(client: Client) -> None:
    answer = await client.ask(OWN)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


async def test_sessions_are_paged_both_ways(client: Client) -> None:
    ids = [(await client.sign_in("user")).session_id for _ in range(4)]
    user = await client.sign_in("user")
    ids = [user.session_id, *ids[::-1]]
    page = "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    first = await client.ask(f"{{ sessions(first: 2) {{ {page} }} }}", as_=user)
    after = first.data["sessions"]["pageInfo"]["endCursor"]
    rest = await client.ask(f'{{ sessions(after: "{after}") {{ {page} }} }}', as_=user)
    before = rest.data["sessions"]["pageInfo"]["startCursor"]
    back = await client.ask(f'{{ sessions(last: 5, before: "{before}") {{ {page} }} }}', as_=user)
    pages = [answer.data["sessions"] for answer in (first, rest, back)]
    shown = [[node["id"] for node in each["nodes"]] for each in pages]
    assert shown == [ids[:2], ids[2:], ids[:2]]
    assert [each["pageInfo"]["hasNextPage"] for each in pages] == [True, False, True]
    assert [each["pageInfo"]["hasPreviousPage"] for each in pages] == [False, True, False]


async def test_pages_of_several_users_are_each_their_own(client: Client) -> None:
    for person in ("user", "user", "user", "author"):
        await client.sign_in(person)
    answer = await client.ask(
        """
        {
          users(orderBy: {field: EMAIL}) {
            nodes {
              name: email
              one: sessions(first: 1) { totalCount nodes { id } pageInfo { hasNextPage } }
              two: sessions(last: 2) { nodes { id } pageInfo { hasPreviousPage } }
            }
          }
        }
        """,
        as_="admin",
    )
    by_name = {node["name"].partition("@")[0]: node for node in answer.data["users"]["nodes"]}
    facts = {
        name: (
            node["one"]["totalCount"],
            len(node["one"]["nodes"]),
            node["one"]["pageInfo"]["hasNextPage"],
            len(node["two"]["nodes"]),
            node["two"]["pageInfo"]["hasPreviousPage"],
        )
        for name, node in by_name.items()
    }
    assert facts["user"] == (3, 1, True, 2, True)
    assert facts["author"] == facts["admin"] == (1, 1, False, 1, False)
    assert facts["editor"] == (0, 0, False, 0, False)
    user = by_name["user"]
    assert user["one"]["nodes"][0]["id"] > user["two"]["nodes"][0]["id"]


async def test_a_page_that_makes_no_sense_spoils_no_other(client: Client) -> None:
    await client.sign_in("user")
    answer = await client.ask(
        "{ me { wrong: sessions(first: 101) { totalCount } sessions { totalCount } } }", as_="user"
    )
    assert answer.body["data"]["me"] == {"wrong": None, "sessions": {"totalCount": 2}}
    assert answer.wrong == ["first"]


async def test_one_ends_ones_own_session_once(client: Client) -> None:
    phone, desk = await client.sign_in("user"), await client.sign_in("user")
    for _ in range(2):
        answer = await _revoke(client, phone.session_id, desk)
        assert answer.data["revokeSession"]["session"] == {
            "id": phone.session_id,
            "endedAt": client.clock().isoformat(),
            "current": False,
        }
    [event] = await client.events("session_revoked")
    assert (event.actor_id, event.target_id) == (client.people["user"], phone.session_id)
    refresh = "mutation($t: String!) { refresh(input: {refreshToken: $t}) { accessToken } }"
    assert (await client.ask(refresh, {"t": phone.refresh_token})).code == "SESSION_ENDED"


async def test_anothers_session_is_ended_by_those_who_may(client: Client) -> None:
    user = await client.sign_in("user")
    refused = await _revoke(client, user.session_id, "author")
    assert refused.code == "NOT_FOUND"  # and not that it is somebody's
    assert (await _revoke(client, user.session_id, "auditor")).code == "NOT_FOUND"
    ended = await _revoke(client, user.session_id, "support")
    assert ended.data["revokeSession"]["session"]["endedAt"]


async def test_nobody_ends_the_session_of_one_who_holds_more(client: Client) -> None:
    admin = await client.sign_in("admin")
    assert (await _revoke(client, admin.session_id, "support")).code == "FORBIDDEN"


async def test_a_session_that_is_not_there_is_not_found(client: Client) -> None:
    for session_id in ("ses_01m88tc5ymeg2bvej8gzdx0h5t", client.people["user"], "x", "\0"):
        assert (await _revoke(client, session_id, "admin")).code == "NOT_FOUND"


async def test_in_an_ended_session_nothing_is_changed_while_the_token_lasts(
    client: Client,
) -> None:
    phone, desk = await client.sign_in("user"), await client.sign_in("user")
    await _revoke(client, phone.session_id, desk)
    answer = await client.ask(
        'mutation { updateProfile(input: {name: "X"}) { user { id } } }', as_=phone
    )
    assert answer.code == "SESSION_ENDED"
    assert await client.events("profile_updated") == []
