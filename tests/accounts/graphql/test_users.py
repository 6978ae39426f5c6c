"""Whom one sees: ``me``, ``user`` and ``users``."""

from __future__ import annotations

from typing import Any

import pytest

from graph_api.accounts import roles, users
from graph_api.accounts.authority import OPERATOR
from graph_api.origin import NOWHERE
from tests.accounts.world import make_user
from tests.api import PEOPLE, Client, counted, email

pytestmark = pytest.mark.anyio

LIST = """
query Users($first: Int, $after: String, $last: Int, $before: String,
            $filter: UserFilter, $orderBy: [UserOrder!]) {
  users(first: $first, after: $after, last: $last, before: $before,
        filter: $filter, orderBy: $orderBy) {
    nodes { email }
    edges { cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def _list(client: Client, **variables: Any) -> list[str]:
    """Return who is on the page, by name."""
    answer = await client.ask(LIST, variables, as_="admin")
    return [node["email"].partition("@")[0] for node in answer.data["users"]["nodes"]]


async def _rename(client: Client, person: str, name: str | None) -> None:
    changes: users.UserChanges = {"name": name}
    await users.update(client.accounts, client.people[person], changes, by=OPERATOR, origin=NOWHERE)


async def _including(client: Client, name: str, included: str) -> str:
    """Make a role that includes another one, and return its id."""
    new = roles.NewRole(name=name, include_ids=[client.role_ids[included]])
    return (await roles.create(client.accounts, new, by=OPERATOR, origin=NOWHERE)).id


async def test_me_is_null_for_an_anonymous_caller(client: Client) -> None:
    answer = await client.ask("{ me { id } }")
    assert (answer.status, answer.body) == (200, {"data": {"me": None}})


async def test_me_shows_all_of_oneself(client: Client) -> None:
    await _rename(client, "user", "Ursula")
    answer = await client.ask(
        "{ me { id email name roles { name } permissions createdAt lastLoginAt disabledAt "
        "sessions { nodes { current } } } }",
        as_="user",
    )
    now = client.clock().isoformat()
    assert answer.data["me"] == {
        "id": client.people["user"],
        "email": email("user"),
        "name": "Ursula",
        "roles": [{"name": "user"}],
        "permissions": [],
        "createdAt": now,
        "lastLoginAt": now,
        "disabledAt": None,
        "sessions": {"nodes": [{"current": True}]},
    }


async def test_permissions_follow_from_roles_that_roles_include(client: Client) -> None:
    await client.grant("user", await _including(client, "boss", "support"))
    answer = await client.ask("{ me { roles { name } permissions } }", as_="user")
    assert answer.data["me"]["roles"] == [{"name": "boss"}, {"name": "user"}]
    assert answer.data["me"]["permissions"] == [
        "role:read",
        "session:read",
        "session:write",
        "user:read",
    ]


async def test_one_sees_oneself_by_id_and_nobody_else(client: Client) -> None:
    document = "query($id: ID!) { user(id: $id) { email } }"
    own = await client.ask(document, {"id": client.people["user"]}, as_="user")
    assert own.data == {"user": {"email": email("user")}}
    other = await client.ask(document, {"id": client.people["admin"]}, as_="user")
    assert other.code == "FORBIDDEN"
    assert other.body["data"] == {"user": None}


async def test_who_may_read_users_sees_each(client: Client) -> None:
    document = "query($id: ID!) { user(id: $id) { email roles { name } permissions } }"
    for reader in ("admin", "auditor", "support"):
        answer = await client.ask(document, {"id": client.people["editor"]}, as_=reader)
        assert answer.data["user"] == {
            "email": email("editor"),
            "roles": [{"name": "editor"}],
            "permissions": ["article:publish", "article:review", "article:write"],
        }


async def test_a_user_who_is_not_there_is_null(client: Client) -> None:
    document = "query($id: ID!) { user(id: $id) { id } }"
    for user_id in ("usr_01m88tc5ymeg2bvej8gzdx0h5t", "nonsense", "", "\0"):
        answer = await client.ask(document, {"id": user_id}, as_="admin")
        assert answer.data == {"user": None}


async def test_the_list_of_users_is_forbidden_to_others(client: Client) -> None:
    for person in ("user", "author", "editor"):
        answer = await client.ask("{ users { nodes { id } } }", as_=person)
        assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_users_come_the_oldest_account_first(client: Client) -> None:
    assert await _list(client) == list(PEOPLE)


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, list(PEOPLE)),
    ({"search": "DIT"}, ["auditor", "editor"]),
    ({"search": "@example"}, list(PEOPLE)),
    ({"search": "%"}, []),
    ({"search": "_"}, []),
    ({"search": "nobody"}, []),
    ({"role": "author"}, ["author", "rival"]),
    ({"role": "nothing"}, []),
    ({"role": ""}, []),
    ({"disabled": True}, ["rival"]),
    ({"disabled": True, "search": "user"}, []),
    ({"disabled": False, "role": "author"}, ["author"]),
    ({"createdBefore": "2030-01-01T00:00:00Z"}, []),
    ({"createdBefore": "2030-01-01T00:00:00.001Z"}, list(PEOPLE)),
    ({"createdAfter": "2030-01-01T01:00:00+01:00"}, list(PEOPLE)),
    ({"createdAfter": "2030-01-01T00:00:00.001Z"}, []),
    (
        dict.fromkeys(["search", "role", "disabled", "createdAfter", "createdBefore"]),
        list(PEOPLE),
    ),
]


async def test_a_filter_narrows(client: Client) -> None:
    await users.disable(client.accounts, client.people["rival"], by=OPERATOR, origin=NOWHERE)
    found = [(where, await _list(client, filter=where)) for where, _ in FILTERS]
    assert found == FILTERS


async def test_search_looks_at_the_name_too_and_takes_no_sign_for_a_pattern(
    client: Client,
) -> None:
    await _rename(client, "user", "100% Ada_Lovelace \\ Byron")
    for text in ("0% a", "ADA_LOVE", "\\"):
        assert await _list(client, filter={"search": text}) == ["user"]
    assert await _list(client, filter={"search": "adaXlove"}) == []


async def test_a_role_is_held_also_through_another_role(client: Client) -> None:
    await client.grant("user", await _including(client, "chief", "auditor"))
    assert await _list(client, filter={"role": "auditor"}) == ["auditor", "user"]


@pytest.mark.parametrize(
    ("field", "ascending"),
    [
        ("CREATED_AT", list(PEOPLE)),
        ("EMAIL", sorted(PEOPLE)),
        # Without a name comes last, the oldest account of them first.
        ("NAME", ["editor", "user", "admin", "auditor", "support", "author", "rival"]),
        # Who has never signed in comes last; the one who asks has just done so.
        ("LAST_LOGIN_AT", ["rival", "admin", "auditor", "support", "user", "author", "editor"]),
    ],
)
async def test_users_are_ordered_by_each_field_both_ways(
    client: Client, field: str, ascending: list[str]
) -> None:
    await _rename(client, "user", "Beta")
    await _rename(client, "editor", "Alpha")
    await client.sign_in("rival")
    client.clock.go(1)
    assert await _list(client, orderBy=[{"field": field}]) == ascending
    descending = await _list(client, orderBy=[{"field": field, "direction": "DESC"}])
    assert descending == ascending[::-1]


async def test_a_second_field_decides_among_equals(client: Client) -> None:
    order = [{"field": "CREATED_AT"}, {"field": "EMAIL", "direction": "DESC"}]
    assert await _list(client, orderBy=order) == sorted(PEOPLE, reverse=True)


async def _page(client: Client, **variables: Any) -> tuple[list[str], dict[str, Any]]:
    answer = await client.ask(LIST, variables, as_="admin")
    page = answer.data["users"]
    names = [node["email"].partition("@")[0] for node in page["nodes"]]
    cursors = [edge["cursor"] for edge in page["edges"]]
    info = page["pageInfo"]
    assert (info["startCursor"], info["endCursor"]) == (cursors[0], cursors[-1])
    return names, info


async def test_pages_forward_then_backward_show_each_user_once(client: Client) -> None:
    order = [{"field": "NAME"}]
    expected = await _list(client, orderBy=order)
    forward: list[str] = []
    after = None
    while True:
        names, info = await _page(client, first=3, after=after, orderBy=order)
        forward += names
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    backward: list[str] = []
    before = None
    while True:
        names, info = await _page(client, last=3, before=before, orderBy=order)
        backward = names + backward
        before = info["startCursor"]
        if not info["hasPreviousPage"]:
            break
    assert forward == backward == expected


async def test_who_joins_between_two_pages_moves_nobody(client: Client) -> None:
    order = [{"field": "EMAIL"}]
    first, info = await _page(client, first=3, orderBy=order)
    await make_user(client.accounts, email("aaron"))
    await make_user(client.accounts, email("zoe"))
    second, _ = await _page(client, first=10, after=info["endCursor"], orderBy=order)
    assert first + second == [*sorted(PEOPLE), "zoe"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"first": -1}, "first"),
    ({"first": 101}, "first"),
    ({"last": 101}, "last"),
    ({"first": 1, "last": 1}, "last"),
    ({"after": "nonsense"}, "after"),
    ({"before": ""}, "before"),
    ({"filter": {"search": "a\0b"}}, "filter.search"),
    ({"filter": {"role": "a\nb"}}, "filter.role"),
    ({"filter": {"search": "a" * 201}}, "filter.search"),
    ({"filter": {"createdAfter": "2030-01-01T00:00:00"}}, "filter.createdAfter"),
    ({"filter": {"createdBefore": "0001-01-01T00:00:00+14:00"}}, "filter.createdBefore"),
    ({"filter": {"createdBefore": "9999-12-31T23:59:59-14:00"}}, "filter.createdBefore"),
]


async def test_what_makes_no_sense_is_bad_input_and_says_where(client: Client) -> None:
    for variables, wrong in WRONG:
        answer = await client.ask(LIST, variables, as_="admin")
        assert (answer.status, answer.code, answer.wrong) == (200, "BAD_USER_INPUT", [wrong])


async def test_a_cursor_of_another_ordering_is_bad_input(client: Client) -> None:
    _, info = await _page(client, first=1)
    variables = {"after": info["endCursor"], "orderBy": [{"field": "EMAIL"}]}
    answer = await client.ask(LIST, variables, as_="admin")
    assert answer.wrong == ["after"]


async def test_an_empty_page_has_no_cursors(client: Client) -> None:
    document = "{ users(first: 0) { nodes { id } pageInfo { hasNextPage startCursor endCursor } } }"
    answer = await client.ask(document, as_="admin")
    assert answer.data["users"] == {
        "nodes": [],
        "pageInfo": {"hasNextPage": True, "startCursor": None, "endCursor": None},
    }


async def test_the_total_is_that_of_the_filter_and_counted_only_if_asked(client: Client) -> None:
    admin = await client.sign_in("admin")
    with counted() as without:
        await client.ask('{ users(first: 1, filter: {search: "dit"}) { nodes { id } } }', as_=admin)
    document = '{ users(first: 1, filter: {search: "dit"}) { totalCount nodes { id } } }'
    with counted() as with_total:
        answer = await client.ask(document, as_=admin)
    assert answer.data["users"]["totalCount"] == 2
    assert len(answer.data["users"]["nodes"]) == 1
    assert not [each for each in without if "count(" in each.lower()]
    assert len(with_total) == len(without) + 1


async def test_a_disabled_user_shows_since_when(client: Client) -> None:
    client.clock.go(60)
    await users.disable(client.accounts, client.people["rival"], by=OPERATOR, origin=NOWHERE)
    document = "query($id: ID!) { user(id: $id) { disabledAt } }"
    answer = await client.ask(document, {"id": client.people["rival"]}, as_="auditor")
    assert answer.data["user"]["disabledAt"] == client.clock().isoformat()


async def test_a_deleted_caller_is_nobody_while_the_token_lasts(client: Client) -> None:
    user = await client.sign_in("user")
    await users.remove(client.accounts, client.people["user"], by=OPERATOR, origin=NOWHERE)
    answer = await client.ask("{ me { id } }", as_=user)
    assert answer.data == {"me": None}
