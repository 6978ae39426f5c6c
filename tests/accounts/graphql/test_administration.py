"""Administering users: create, change, disable, enable, delete."""

from __future__ import annotations

from typing import Any

import pytest

from graph_api.testing import Answer
from tests.accounts.world import make_role
from tests.api import Client, email

pytestmark = pytest.mark.anyio

CREATE = """
mutation($input: CreateUserInput!) {
  createUser(input: $input) { user { id email name roles { name } disabledAt lastLoginAt } }
}
"""
UPDATE = "mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { email name } } }"
DISABLE = (
    "mutation($input: DisableUserInput!) { disableUser(input: $input) { user { disabledAt } } }"
)
ENABLE = "mutation($input: EnableUserInput!) { enableUser(input: $input) { user { disabledAt } } }"
DELETE = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) { deletedUserId } }"
REFRESH = "mutation($t: String!) { refresh(input: {refreshToken: $t}) { accessToken } }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { tokenType } }"
PASSWORD = "a quite different phrase"


async def _do(client: Client, document: str, as_: Any = "admin", **values: Any) -> Answer:
    return await client.ask(document, {"input": values}, as_=as_)


async def test_a_user_is_created_with_roles_and_can_sign_in(client: Client) -> None:
    answer = await _do(
        client,
        CREATE,
        email=" Eve@Example.org",
        name="Eve",
        password=PASSWORD,
        roleIds=[client.role_ids["support"], client.role_ids["author"]],
    )
    user = answer.data["createUser"]["user"]
    user_id = user.pop("id")
    assert user == {
        "email": "eve@example.org",
        "name": "Eve",
        "roles": [{"name": "author"}, {"name": "support"}],
        "disabledAt": None,
        "lastLoginAt": None,
    }
    login = await _do(client, LOGIN, None, email="eve@example.org", password=PASSWORD)
    assert login.data["login"]
    created = [each for each in await client.events("user_created") if each.target_id == user_id]
    assert [each.actor_id for each in created] == [client.people["admin"]]


async def test_name_and_roles_may_be_left_out_or_null(client: Client) -> None:
    given: list[dict[str, Any]] = [{}, {"name": None, "roleIds": None}, {"roleIds": []}]
    for number, more in enumerate(given):
        answer = await _do(client, CREATE, email=f"e{number}@x.org", password=PASSWORD, **more)
        assert answer.data["createUser"]["user"]["roles"] == []
        assert answer.data["createUser"]["user"]["name"] is None


async def test_creating_says_what_is_wrong_and_leaves_nothing_behind(client: Client) -> None:
    good = {"email": "eve@example.org", "password": PASSWORD}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"email": "x"}, "input.email"),
        ({"password": "short"}, "input.password"),
        ({"name": "a\nb"}, "input.name"),
    ]
    for change, path in wrong:
        answer = await _do(client, CREATE, **(good | change))
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", [path])
    assert (await _do(client, CREATE, **(good | {"email": email("user")}))).code == "CONFLICT"
    for role_id in ("rol_01m88tc5ymeg2bvej8gzdx0h5t", "x", "\0"):
        answer = await _do(client, CREATE, **good, roleIds=[role_id])
        assert answer.code == "NOT_FOUND"
    assert (await _do(client, CREATE, **good)).data


async def test_what_is_given_is_changed_and_the_rest_stays(client: Client) -> None:
    user = {"userId": client.people["user"]}
    for change, expected in (
        ({"name": "Ursula"}, {"email": email("user"), "name": "Ursula"}),
        ({"email": "U@X.org"}, {"email": "u@x.org", "name": "Ursula"}),
        ({}, {"email": "u@x.org", "name": "Ursula"}),
        ({"name": None}, {"email": "u@x.org", "name": None}),
    ):
        answer = await _do(client, UPDATE, **user, **change)
        assert answer.data["updateUser"]["user"] == expected


async def test_an_account_is_never_without_an_address_or_with_anothers(client: Client) -> None:
    user = {"userId": client.people["user"]}
    for value in (None, "", "x", "\0@x"):
        assert (await _do(client, UPDATE, **user, email=value)).wrong == ["input.email"]
    assert (await _do(client, UPDATE, **user, email=email("admin"))).code == "CONFLICT"


async def test_a_disabled_account_signs_in_no_more_until_it_is_enabled(client: Client) -> None:
    user = await client.sign_in("user")
    target = {"userId": client.people["user"]}
    since = client.clock().isoformat()
    for _ in range(2):
        answer = await _do(client, DISABLE, **target)
        assert answer.data["disableUser"]["user"] == {"disabledAt": since}
        client.clock.go(5)
    assert (await client.ask(REFRESH, {"t": user.refresh_token})).code == "SESSION_ENDED"
    credentials = {"email": email("user"), "password": "correct horse battery"}
    assert (await _do(client, LOGIN, None, **credentials)).code == "INVALID_CREDENTIALS"
    for _ in range(2):
        answer = await _do(client, ENABLE, **target)
        assert answer.data["enableUser"]["user"] == {"disabledAt": None}
    assert (await _do(client, LOGIN, None, **credentials)).data
    assert (await client.ask(REFRESH, {"t": user.refresh_token})).code == "SESSION_ENDED"
    for action in ("user_disabled", "user_enabled"):
        assert len(await client.events(action)) == 1


async def test_a_deleted_account_is_gone_with_its_sessions(client: Client) -> None:
    user = await client.sign_in("user")
    answer = await _do(client, DELETE, userId=user.subject)
    assert answer.data == {"deleteUser": {"deletedUserId": user.subject}}
    assert (await client.ask(REFRESH, {"t": user.refresh_token})).code == "SESSION_ENDED"
    assert (await _do(client, DELETE, userId=user.subject)).code == "NOT_FOUND"
    assert len(await client.events("user_deleted")) == 1


async def test_who_is_not_there_is_not_found(client: Client) -> None:
    for document in (UPDATE, DISABLE, ENABLE, DELETE):
        for user_id in ("usr_01m88tc5ymeg2bvej8gzdx0h5t", client.role_ids["user"], "x", "", "\0"):
            assert (await _do(client, document, userId=user_id)).code == "NOT_FOUND"


async def test_nobody_administers_one_who_holds_more(client: Client) -> None:
    await client.grant("user", await make_role(client.accounts, "manager", "user:write"))
    for document, more in (
        (UPDATE, {"email": "x@x.org"}),
        (DISABLE, {}),
        (ENABLE, {}),
        (DELETE, {}),
    ):
        answer = await _do(client, document, "user", userId=client.people["admin"], **more)
        assert (answer.status, answer.code) == (200, "FORBIDDEN")
    answer = await _do(
        client, CREATE, "user", email="e@x.org", password=PASSWORD,
        roleIds=[client.role_ids["admin"]],
    )  # fmt: skip
    assert answer.code == "FORBIDDEN"


async def test_the_last_enabled_admin_stays(client: Client) -> None:
    for document in (DISABLE, DELETE):
        assert (await _do(client, document, userId=client.people["admin"])).code == "CONFLICT"


async def test_a_denied_mutation_never_runs_nor_what_stands_beside_it(client: Client) -> None:
    document = """
    mutation($id: ID!) {
      updateProfile(input: {name: "Changed"}) { user { id } }
      deleteUser(input: {userId: $id}) { deletedUserId }
    }
    """
    answer = await client.ask(document, {"id": client.people["author"]}, as_="user")
    assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])
    assert "data" not in answer.body
    assert await client.events("user_deleted", "profile_updated") == []
