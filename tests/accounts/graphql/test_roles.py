"""Roles: what they are, who makes, changes, grants and takes them."""

from __future__ import annotations

from typing import Any

import pytest

from graph_api.testing import Answer
from schema import schema
from tests.accounts.world import make_role
from tests.api import Client

pytestmark = pytest.mark.anyio

CREATE = """
mutation($input: CreateRoleInput!) {
  createRole(input: $input) {
    role { id name description permissions includes { name } }
  }
}
"""
UPDATE = """
mutation($input: UpdateRoleInput!) {
  updateRole(input: $input) { role { description permissions includes { name } } }
}
"""
GRANT = """
mutation($input: GrantRoleInput!) { grantRole(input: $input) { user { roles { name } } } }
"""
REVOKE = """
mutation($input: RevokeRoleInput!) { revokeRole(input: $input) { user { roles { name } } } }
"""
DELETE = """
mutation($input: DeleteRoleInput!) { deleteRole(input: $input) { deletedRoleId } }
"""
NOBODY = "usr_01m88tc5ymeg2bvej8gzdx0h5t"
NO_ROLE = "rol_01m88tc5ymeg2bvej8gzdx0h5t"


async def _do(client: Client, document: str, as_: Any = "admin", **values: Any) -> Answer:
    return await client.ask(document, {"input": values}, as_=as_)


async def _create(client: Client, **values: Any) -> str:
    answer = await _do(client, CREATE, **values)
    role_id: str = answer.data["createRole"]["role"]["id"]
    return role_id


async def test_the_shipped_and_the_declared_roles_are_there_by_name(client: Client) -> None:
    answer = await client.ask("{ roles { name permissions includes { name } } }", as_="auditor")
    declared = dict(schema.roles) | {"admin": list(schema.permissions)}
    assert {role["name"]: role["permissions"] for role in answer.data["roles"]} == {
        name: sorted(permissions) for name, permissions in declared.items()
    }
    assert [role["name"] for role in answer.data["roles"]] == sorted(client.role_ids)


async def test_a_role_is_made_with_permissions_and_inclusions(client: Client) -> None:
    answer = await _do(
        client,
        CREATE,
        name="desk",
        description=" Answers letters. ",
        permissions=["audit:read", "audit:read"],
        includeIds=[client.role_ids["support"], client.role_ids["author"]],
    )
    role = answer.data["createRole"]["role"]
    assert role.pop("id").startswith("rol_")
    assert role == {
        "name": "desk",
        "description": "Answers letters.",
        "permissions": ["audit:read"],
        "includes": [{"name": "author"}, {"name": "support"}],
    }
    [event] = await client.events("role_created")
    assert (event.actor_id, event.outcome) == (client.people["admin"], "success")


async def test_what_a_role_can_not_be_made_of_is_named(client: Client) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": "Desk"}, "input.name"),
        ({"name": ""}, "input.name"),
        ({"name": "a\0"}, "input.name"),
        ({"name": "desk", "description": "a\nb"}, "input.description"),
        ({"name": "desk", "permissions": ["user:fly"]}, "input.permissions"),
        ({"name": "desk", "permissions": ["\0"]}, "input.permissions"),
        ({"name": "desk", "includeIds": [NO_ROLE]}, "input.includeIds"),
        ({"name": "desk", "includeIds": ["\0"]}, "input.includeIds"),
    ]
    for values, path in wrong:
        answer = await _do(client, CREATE, **values)
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", [path])
    taken = await _do(client, CREATE, name="user")
    assert taken.code == "CONFLICT"


async def test_what_is_given_replaces_what_a_role_was_and_the_rest_stays(client: Client) -> None:
    role_id = await _create(
        client,
        name="desk",
        description="Answers",
        permissions=["audit:read", "user:read"],
        includeIds=[client.role_ids["author"]],
    )
    changed = await _do(client, UPDATE, roleId=role_id, permissions=["role:read"])
    assert changed.data["updateRole"]["role"] == {
        "description": "Answers",
        "permissions": ["role:read"],
        "includes": [{"name": "author"}],
    }
    nothing = {"description": None, "permissions": None, "includeIds": None}
    emptied = await _do(client, UPDATE, roleId=role_id, **nothing)
    assert emptied.data["updateRole"]["role"] == {
        "description": None,
        "permissions": [],
        "includes": [],
    }


async def test_a_role_never_includes_itself(client: Client) -> None:
    lower = await _create(client, name="lower")
    upper = await _create(client, name="upper", includeIds=[lower])
    answer = await _do(client, UPDATE, roleId=lower, includeIds=[upper])
    assert answer.code == "CONFLICT"


async def test_admin_is_neither_changed_nor_deleted(client: Client) -> None:
    admin = client.role_ids["admin"]
    assert (await _do(client, UPDATE, roleId=admin, permissions=[])).code == "CONFLICT"
    assert (await _do(client, DELETE, roleId=admin)).code == "CONFLICT"


async def test_whoever_held_a_deleted_role_holds_it_no_more(client: Client) -> None:
    editor = client.role_ids["editor"]
    answer = await _do(client, DELETE, roleId=editor)
    assert answer.data == {"deleteRole": {"deletedRoleId": editor}}
    me = await client.ask("{ me { roles { name } permissions } }", as_="editor")
    assert me.data["me"] == {"roles": [], "permissions": []}


async def test_a_role_is_granted_once_and_taken_once(client: Client) -> None:
    pair = {"userId": client.people["user"], "roleId": client.role_ids["author"]}
    for _ in range(2):
        granted = await _do(client, GRANT, **pair)
        roles = granted.data["grantRole"]["user"]["roles"]
        assert roles == [{"name": "author"}, {"name": "user"}]
    for _ in range(2):
        revoked = await _do(client, REVOKE, **pair)
        assert revoked.data["revokeRole"]["user"]["roles"] == [{"name": "user"}]
    assert len(await client.events("role_revoked")) == 1
    granted_events = await client.events("role_granted")
    assert [each.target_id for each in granted_events].count(client.people["user"]) == 2


async def test_what_one_mutation_has_changed_the_next_in_the_request_sees(client: Client) -> None:
    answer = await client.ask(
        """
        mutation($user: ID!, $author: ID!, $editor: ID!) {
          one: grantRole(input: {userId: $user, roleId: $author}) { user { roles { name } } }
          two: grantRole(input: {userId: $user, roleId: $editor}) { user { roles { name } } }
        }
        """,
        {
            "user": client.people["user"],
            "author": client.role_ids["author"],
            "editor": client.role_ids["editor"],
        },
        as_="admin",
    )
    held = [[role["name"] for role in answer.data[key]["user"]["roles"]] for key in ("one", "two")]
    assert held == [["author", "user"], ["author", "editor", "user"]]


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    user, role = client.people["user"], client.role_ids["user"]
    for ids in (
        {"userId": NOBODY, "roleId": role},
        {"userId": user, "roleId": NO_ROLE},
        {"userId": "\0", "roleId": role},
        {"userId": user, "roleId": "nonsense"},
    ):
        assert (await _do(client, GRANT, **ids)).code == "NOT_FOUND"
        assert (await _do(client, REVOKE, **ids)).code == "NOT_FOUND"
    for role_id in (NO_ROLE, "nonsense", "\0", ""):
        assert (await _do(client, UPDATE, roleId=role_id)).code == "NOT_FOUND"
        assert (await _do(client, DELETE, roleId=role_id)).code == "NOT_FOUND"


async def _manager(client: Client) -> str:
    """Let ``user`` manage users and roles, and hold nothing else."""
    manager = await make_role(client.accounts, "manager", "user:write", "role:write")
    await client.grant("user", manager)
    return manager


async def test_nobody_gives_or_takes_more_than_they_hold(client: Client) -> None:
    await _manager(client)
    refused: list[tuple[str, dict[str, Any]]] = [
        (GRANT, {"userId": client.people["author"], "roleId": client.role_ids["admin"]}),
        (REVOKE, {"userId": client.people["auditor"], "roleId": client.role_ids["auditor"]}),
        (CREATE, {"name": "mine", "permissions": ["audit:read"]}),
        (CREATE, {"name": "mine", "includeIds": [client.role_ids["support"]]}),
        (UPDATE, {"roleId": client.role_ids["auditor"], "permissions": []}),
        (UPDATE, {"roleId": client.role_ids["user"], "permissions": ["audit:read"]}),
        (DELETE, {"roleId": client.role_ids["support"]}),
    ]
    for document, values in refused:
        answer = await _do(client, document, "user", **values)
        assert (answer.status, answer.code) == (200, "FORBIDDEN")
    allowed = await _do(client, CREATE, "user", name="mine", permissions=["user:write"])
    assert allowed.data["createRole"]["role"]["permissions"] == ["user:write"]


async def test_the_last_enabled_admin_stays_one(client: Client) -> None:
    pair = {"userId": client.people["admin"], "roleId": client.role_ids["admin"]}
    assert (await _do(client, REVOKE, **pair)).code == "CONFLICT"
    await _do(client, GRANT, userId=client.people["user"], roleId=client.role_ids["admin"])
    revoked = await _do(client, REVOKE, **pair)
    assert revoked.data["revokeRole"]["user"]["roles"] == []


async def test_who_has_lost_a_role_must_refresh_before_they_change_anything(
    client: Client,
) -> None:
    manager = await _manager(client)
    user = await client.sign_in("user")
    await _do(client, REVOKE, userId=client.people["user"], roleId=manager)
    answer = await _do(client, CREATE, user, name="late")
    assert answer.code == "UNAUTHENTICATED"
    assert answer.errors[0]["extensions"]["reason"] == "token_stale"
