"""The audit trail, for those who may read it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.world import PHONE
from tests.api import Client

pytestmark = pytest.mark.anyio

LIST = """
query($first: Int, $after: String, $filter: AuditEventFilter, $orderBy: [AuditEventOrder!]) {
  auditEvents(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    totalCount
    nodes { id at action outcome actorId targetId }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def _events(client: Client, **variables: Any) -> list[dict[str, Any]]:
    answer = await client.ask(LIST, variables, as_="auditor")
    found: list[dict[str, Any]] = answer.data["auditEvents"]["nodes"]
    return found


async def test_an_event_says_who_did_what_to_whom_when_and_from_where(client: Client) -> None:
    user = await client.sign_in("user")
    answer = await client.ask(
        """
        query($filter: AuditEventFilter) {
          auditEvents(filter: $filter) {
            nodes {
              id at action outcome actorId targetId sessionId ipAddress userAgent details
              actor { email }
            }
          }
        }
        """,
        {"filter": {"actorId": client.people["user"], "actions": ["sign_in"]}},
        as_="auditor",
    )
    [event] = answer.data["auditEvents"]["nodes"]
    assert event.pop("id").startswith("aud_")
    assert event == {
        "at": client.clock().isoformat(),
        "action": "sign_in",
        "outcome": "SUCCESS",
        "actorId": client.people["user"],
        "targetId": None,
        "sessionId": user.session_id,
        "ipAddress": PHONE.ip_address,
        "userAgent": PHONE.user_agent,
        "details": {},
        "actor": {"email": "user@example.com"},
    }


async def test_only_admins_and_auditors_read_them(client: Client) -> None:
    document = "{ auditEvents { nodes { id } } }"
    for person in ("support", "user", "author", "editor"):
        answer = await client.ask(document, as_=person)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert (await client.ask(document)).status == 401
    assert (await client.ask(document, as_="admin")).data["auditEvents"]["nodes"]


async def test_a_filter_narrows(client: Client) -> None:
    people, born = client.people, client.clock().isoformat()
    client.clock.go(60)
    later = client.clock().isoformat()
    await client.sign_in("user")
    login = "mutation { login(input: {email: %r, password: %r}) { tokenType } }"
    await client.ask((login % ("user@example.com", "wrong")).replace("'", '"'))
    wanted: list[tuple[dict[str, Any], set[str]]] = [
        ({"actions": ["sign_in"], "actorId": people["user"]}, {"sign_in"}),
        ({"actions": ["sign_in_failed", "role_created"]}, {"sign_in_failed"}),
        ({"actions": []}, set()),
        ({"outcome": "FAILURE"}, {"sign_in_failed"}),
        ({"targetId": people["user"], "outcome": "FAILURE"}, {"sign_in_failed"}),
        ({"targetId": people["user"], "before": later}, {"user_created", "role_granted"}),
        ({"actorId": people["user"], "after": later}, {"sign_in"}),
        ({"actorId": people["user"], "before": later}, set()),
        ({"before": born}, set()),
        ({"targetId": "nobody"}, set()),
    ]
    for where, actions in wanted:
        found = await _events(client, filter=where)
        assert {event["action"] for event in found} == actions, where
    everything = dict.fromkeys(["actions", "outcome", "actorId", "targetId", "after", "before"])
    assert len(await _events(client, filter=everything)) > 10


async def test_what_makes_no_sense_is_bad_input_and_says_where(client: Client) -> None:
    wrong = [
        ({"actions": ["\0"]}, "filter.actions"),
        ({"actorId": "\0"}, "filter.actorId"),
        ({"targetId": "a\nb"}, "filter.targetId"),
        ({"after": "2030-01-01"}, "filter.after"),
        ({"before": "9999-12-31T23:59:59-14:00"}, "filter.before"),
    ]
    for where, path in wrong:
        answer = await client.ask(LIST, {"filter": where}, as_="auditor")
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", [path])


async def test_events_are_paged_in_the_order_of_time_either_way(client: Client) -> None:
    for _ in range(3):
        client.clock.go(1)
        await client.sign_in("user")
    auditor = await client.sign_in("auditor")
    for direction in ("ASC", "DESC"):
        order = [{"field": "AT", "direction": direction}]
        seen: list[str] = []
        after, more = None, True
        while more:
            variables = {"first": 4, "after": after, "orderBy": order}
            page = (await client.ask(LIST, variables, as_=auditor)).data["auditEvents"]
            seen += [event["id"] for event in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert len(seen) == len(set(seen)) == page["totalCount"]
        whole = (await client.ask(LIST, {"orderBy": order}, as_=auditor)).data["auditEvents"]
        times = [event["at"] for event in whole["nodes"]]
        assert times == sorted(times, reverse=direction == "DESC")
        assert seen == [event["id"] for event in whole["nodes"]]


async def test_an_event_outlives_the_one_who_did_it(client: Client) -> None:
    user = await client.sign_in("user")
    await client.ask(
        "mutation($id: ID!) { deleteUser(input: {userId: $id}) { deletedUserId } }",
        {"id": user.subject},
        as_="admin",
    )
    document = """
    query($filter: AuditEventFilter) {
      auditEvents(filter: $filter) { nodes { action actor { id } } }
    }
    """
    answer = await client.ask(document, {"filter": {"actorId": user.subject}}, as_="auditor")
    assert answer.data["auditEvents"]["nodes"] == [{"action": "sign_in", "actor": None}]
