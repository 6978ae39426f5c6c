"""``node`` and ``nodes``: one door to every object that has an id."""

from __future__ import annotations

import pytest

from tests.api import Client

pytestmark = pytest.mark.anyio

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def _ids(client: Client) -> dict[str, str]:
    """Return an id of each kind, none of them the user's own."""
    author = await client.sign_in("author")
    [event, *_] = await client.events("user_created")
    article = await client.ask(
        'mutation { createArticle(input: {title: "T", body: "B"}) { article { id } } }', as_=author
    )
    return {
        "User": client.people["author"],
        "Role": client.role_ids["user"],
        "Session": author.session_id,
        "AuditEvent": event.id,
        "Article": article.data["createArticle"]["article"]["id"],
    }


async def test_an_id_finds_the_object_of_its_kind(client: Client) -> None:
    for kind, node_id in (await _ids(client)).items():
        answer = await client.ask(NODE, {"id": node_id}, as_="admin")
        assert answer.data["node"] == {"__typename": kind, "id": node_id}


async def test_malformed_unknown_missing_and_forbidden_ids_answer_with_the_same_bytes(
    client: Client,
) -> None:
    forbidden = list((await _ids(client)).values())
    missing = [node_id[:4] + "01m88tc5ymeg2bvej8gzdx0h5t" for node_id in forbidden]
    unknown = ["xyz_01m88tc5ymeg2bvej8gzdx0h5t", "key_01m88tc5ymeg2bvej8gzdx0h5t"]
    malformed = ["", "usr_", "usr", "\0", "usr_\0", "USR_01m88tc5ymeg2bvej8gzdx0h5t", "é" * 5_000]
    for person in (None, "user"):
        as_ = person and await client.sign_in(person)
        answers = [
            await client.ask(NODE, {"id": each}, as_=as_)
            for each in (*forbidden, *missing, *unknown, *malformed)
        ]
        assert {answer.response.content for answer in answers} == {b'{"data":{"node":null}}'}
        assert {answer.status for answer in answers} == {200}


async def test_one_finds_oneself_and_ones_own_sessions(client: Client) -> None:
    user = await client.sign_in("user")
    own = [client.people["user"], user.session_id]
    answer = await client.ask(NODES, {"ids": own}, as_=user)
    assert [node["__typename"] for node in answer.data["nodes"]] == ["User", "Session"]


async def test_each_permission_opens_its_kind(client: Client) -> None:
    ids = await _ids(client)
    seen = {
        "admin": {"User", "Role", "Session", "AuditEvent", "Article"},
        "auditor": {"User", "Role", "Session", "AuditEvent"},
        "support": {"User", "Role", "Session"},
        "editor": {"Article"},
        "user": set(),
    }
    for person, kinds in seen.items():
        answer = await client.ask(NODES, {"ids": list(ids.values())}, as_=person)
        assert {node["__typename"] for node in answer.data["nodes"] if node} == kinds, person


async def test_nodes_come_in_the_order_of_their_ids_however_often(client: Client) -> None:
    admin, user = client.people["admin"], client.people["user"]
    answer = await client.ask(NODES, {"ids": [user, "nonsense", admin, user]}, as_="admin")
    found = [node and node["id"] for node in answer.data["nodes"]]
    assert found == [user, None, admin, user]
    assert (await client.ask(NODES, {"ids": []}, as_="admin")).data == {"nodes": []}


async def test_more_nodes_than_a_page_has_are_bad_input(client: Client) -> None:
    answer = await client.ask(NODES, {"ids": ["x"] * 101}, as_="admin")
    assert answer.wrong == ["ids"]
    answer = await client.ask(NODES, {"ids": ["x"] * 100}, as_="admin")
    assert answer.data == {"nodes": [None] * 100}


async def test_below_a_node_the_rules_of_its_type_hold(client: Client) -> None:
    document = """
    query($id: ID!) { node(id: $id) { ... on User { email sessions { nodes { id } } } } }
    """
    own = await client.ask(document, {"id": client.people["user"]}, as_="user")
    assert own.data["node"]["email"] == "user@example.com"
