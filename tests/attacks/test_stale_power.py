"""Power that is held no more: an access token lives on for minutes after what it says has changed.

Two servers: the one that is asked (``client``), and ``client.accounts``, which changes the same
database as another worker does. How long each change takes to be seen is measured here, and stated
in docs/security.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from graph_api.accounts import roles, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.sign_in import SignedIn
from graph_api.origin import NOWHERE
from graph_api.testing import Answer
from schema import schema
from tests.accounts.world import PASSWORD, make_role, make_user
from tests.api import Client, email

pytestmark = pytest.mark.anyio

ME = "{ me { id roles { name } permissions } }"
REFRESH = """
mutation($token: String!) {
  refresh(input: {refreshToken: $token}) { accessToken user { roles { name } } }
}
"""
NEW_PASSWORD = "a wholly other phrase"
LIFETIME = 305
"""Seconds that a token is taken: 300, and 5 of leeway."""
NO_TRANSACTION = {"login", "refresh", "register", "logout"}
"""They go by a password or a token, and no access token's word is taken for what they do."""


@dataclass
class Case:
    """Who is there, and what there is.

    Attributes:
        client: the way to the server.
        boss: an administrator, but not the only one, who has signed in.
        other: another session of theirs.
        role_id: a role that somebody may change; the boss holds it too.
        article_id: an article of theirs.
    """

    client: Client
    boss: SignedIn
    other: SignedIn
    role_id: str
    article_id: str

    async def do(self, field_: str) -> Answer:
        """Do a mutation as the boss."""
        return await do(self.client, field_, MUTATIONS[field_](self), as_=self.boss)

    async def me(self, as_: str | SignedIn) -> Answer:
        return await self.client.ask(ME, as_=as_)


MUTATIONS: Mapping[str, Callable[[Case], dict[str, Any] | None]] = {
    "logoutEverywhere": lambda case: None,
    "changePassword": lambda case: {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD},
    "updateProfile": lambda case: {"name": "Boss"},
    "revokeSession": lambda case: {"sessionId": case.other.session_id},
    "createUser": lambda case: {"email": "new@example.com", "password": PASSWORD},
    "updateUser": lambda case: {"userId": case.client.people["user"], "name": "New"},
    "disableUser": lambda case: {"userId": case.client.people["user"]},
    "enableUser": lambda case: {"userId": case.client.people["rival"]},
    "deleteUser": lambda case: {"userId": case.client.people["user"]},
    "grantRole": lambda case: {"userId": case.client.people["user"], "roleId": case.role_id},
    "revokeRole": lambda case: {
        "userId": case.client.people["support"],
        "roleId": case.client.role_ids["support"],
    },
    "createRole": lambda case: {"name": "new"},
    "updateRole": lambda case: {"roleId": case.role_id, "permissions": ["audit:read"]},
    "deleteRole": lambda case: {"roleId": case.role_id},
    "createArticle": lambda case: {"title": "T", "body": "B"},
    "updateArticle": lambda case: {"articleId": case.article_id, "title": "U"},
    "publishArticle": lambda case: {"articleId": case.article_id},
    "withdrawArticle": lambda case: {"articleId": case.article_id},
    "deleteArticle": lambda case: {"articleId": case.article_id},
}


async def do(
    client: Client, field_: str, input_: dict[str, Any] | None, *, as_: str | SignedIn
) -> Answer:
    if input_ is None:
        return await client.ask(f"mutation {{ {field_} {{ __typename }} }}", as_=as_)
    kind = f"{field_[0].upper()}{field_[1:]}Input"
    document = f"mutation($input: {kind}!) {{ {field_}(input: $input) {{ __typename }} }}"
    return await client.ask(document, {"input": input_}, as_=as_)


@pytest.fixture
async def case(client: Client) -> Case:
    accounts = client.accounts
    role_id = await make_role(accounts, "extra")
    await make_user(accounts, email("boss"), "admin", "extra")
    rival = client.people["rival"]
    await users.disable(accounts, rival, by=OPERATOR, origin=NOWHERE)
    boss, other = [await client.sign_in("boss") for _ in range(2)]
    created = await client.ask(
        'mutation { createArticle(input: {title: "T", body: "B"}) { article { id } } }', as_=boss
    )
    article_id: str = created.data["createArticle"]["article"]["id"]
    return Case(client, boss, other, role_id, article_id)


async def stored(client: Client) -> dict[str, list[Any]]:
    """Return all that is in the database."""
    async with client.accounts.db.read() as session:
        return {
            name: sorted(map(repr, (await session.execute(select(table))).all()))
            for name, table in SQLModel.metadata.tables.items()
            if name.startswith(("graph_api_", "article"))
        }


# Mutations read again, whichever worker has changed what they read


def test_each_mutation_is_tried_here() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    assert mutation.fields.keys() == MUTATIONS.keys() | NO_TRANSACTION


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("field_", MUTATIONS)
async def test_each_mutation_works_for_who_may(case: Case, field_: str) -> None:
    """So that the refusals below are due to what they say."""
    before = await stored(case.client)
    assert (await case.do(field_)).data[field_] is not None
    assert await stored(case.client) != before


async def end_the_session(case: Case) -> None:
    token = case.boss.refresh_token
    await sign_in.logout(case.client.accounts, refresh_token=token, origin=NOWHERE)


async def disable(case: Case) -> None:
    await users.disable(case.client.accounts, case.boss.subject, by=OPERATOR, origin=NOWHERE)


async def delete(case: Case) -> None:
    async with case.client.accounts.db.write() as session:
        table = SQLModel.metadata.tables["article"]
        await session.execute(table.delete())
    await users.remove(case.client.accounts, case.boss.subject, by=OPERATOR, origin=NOWHERE)


async def reset_the_password(case: Case) -> None:
    accounts, user_id = case.client.accounts, case.boss.subject
    await users.set_password(accounts, user_id, NEW_PASSWORD, by=OPERATOR, origin=NOWHERE)


async def demote(case: Case) -> None:
    accounts, admin = case.client.accounts, case.client.role_ids["admin"]
    await users.revoke_role(accounts, case.boss.subject, admin, by=OPERATOR, origin=NOWHERE)


@pytest.mark.parametrize("field_", MUTATIONS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (end_the_session, "session_ended"),
        (disable, "session_ended"),
        (delete, "session_ended"),
        (reset_the_password, "session_ended"),
        (demote, "token_stale"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_no_mutation_is_done_by_power_from_before(
    case: Case, field_: str, change: Any, reason: str
) -> None:
    """OWASP ASVS 5, 8.3.2: changes take effect at once; here within the same instant."""
    await change(case)
    before = await stored(case.client)
    answer = await case.do(field_)
    [error] = answer.errors
    assert error["extensions"].get("reason") == reason
    assert await stored(case.client) == before


# Everything else: this worker at once


async def query_is_refused(case: Case, as_: SignedIn) -> str:
    """Ask as somebody who must be refused, and return the reason."""
    answer = await case.me(as_)
    assert answer.status == 401
    assert answer.challenge == 'Bearer realm="graph-api", error="invalid_token"'
    assert "data" not in answer.body
    [error] = answer.errors
    reason: str = error["extensions"]["reason"]
    code = {"session_ended": "SESSION_ENDED", "token_stale": "UNAUTHENTICATED"}[reason]
    assert error["extensions"]["code"] == code
    return reason


HERE: Mapping[str, tuple[str, Callable[[Case], dict[str, Any] | None]]] = {
    "revokeSession": ("session_ended", lambda case: {"sessionId": case.boss.session_id}),
    "disableUser": ("session_ended", lambda case: {"userId": case.boss.subject}),
    "grantRole": (
        "token_stale",
        lambda case: {"userId": case.boss.subject, "roleId": case.client.role_ids["editor"]},
    ),
    "revokeRole": (
        "token_stale",
        lambda case: {"userId": case.boss.subject, "roleId": case.role_id},
    ),
    "updateRole": (
        "token_stale",
        lambda case: {"roleId": case.role_id, "includeIds": [case.client.role_ids["editor"]]},
    ),
    "deleteRole": ("token_stale", lambda case: {"roleId": case.role_id}),
}
"""What an administrator does to the boss, and what the boss's token is from then on."""


@pytest.mark.parametrize("field_", HERE)
async def test_the_next_query_on_this_worker_is_refused(case: Case, field_: str) -> None:
    reason, input_ = HERE[field_]
    assert (await case.me(case.boss)).data["me"]
    assert (await do(case.client, field_, input_(case), as_="admin")).data[field_]
    assert await query_is_refused(case, case.boss) == reason
    assert (await case.me("admin")).data["me"]


async def test_so_it_is_after_the_user_was_deleted(case: Case) -> None:
    await do(case.client, "deleteArticle", {"articleId": case.article_id}, as_=case.boss)
    answer = await do(case.client, "deleteUser", {"userId": case.boss.subject}, as_="admin")
    assert answer.data["deleteUser"]
    assert await query_is_refused(case, case.boss) == "session_ended"


@pytest.mark.parametrize("field_", ["logout", "logoutEverywhere"])
async def test_so_it_is_after_signing_out(case: Case, field_: str) -> None:
    assert (await do(case.client, field_, None, as_=case.boss)).data[field_]
    assert await query_is_refused(case, case.boss) == "session_ended"
    if field_ == "logout":
        assert (await case.me(case.other)).data["me"]
    else:
        assert await query_is_refused(case, case.other) == "session_ended"


async def test_a_new_password_ends_the_other_tokens(case: Case) -> None:
    assert (await case.do("changePassword")).data
    assert await query_is_refused(case, case.other) == "session_ended"
    assert (await case.me(case.boss)).data["me"]


async def test_reuse_of_a_refresh_token_ends_the_tokens_of_that_session(case: Case) -> None:
    """RFC 9700, section 4.14.2."""
    client, token = case.client, {"token": case.boss.refresh_token}
    fresh = (await client.ask(REFRESH, token)).data["refresh"]["accessToken"]
    client.clock.go(60)
    assert (await client.ask(REFRESH, token)).code == "SESSION_ENDED"
    for as_ in (case.boss.access_token, fresh):
        answer = await case.me(as_)
        assert (answer.status, answer.code) == (401, "SESSION_ENDED")
    assert (await case.me(case.other)).data["me"]


@pytest.mark.parametrize("field_", ["grantRole", "revokeRole", "updateRole", "deleteRole"])
async def test_who_refreshes_has_the_new_roles_in_the_same_second(case: Case, field_: str) -> None:
    """The clock stands still: ``iat`` of the two tokens is the same."""
    client = case.client
    await do(client, field_, HERE[field_][1](case), as_="admin")
    answer = await client.ask(REFRESH, {"token": case.boss.refresh_token}, as_=case.boss)
    renewed = answer.data["refresh"]

    me = (await case.me(renewed["accessToken"])).data["me"]
    verify = client.accounts.tokens.verify
    old, new = verify(case.boss.access_token), verify(renewed["accessToken"])
    assert old.issued_at == new.issued_at
    assert set(me["permissions"]) == new.permissions
    assert (old.roles, old.permissions) != (new.roles, new.permissions)
    assert await query_is_refused(case, case.boss) == "token_stale"


async def test_a_token_stays_refused_until_it_has_expired(case: Case) -> None:
    client = case.client
    await do(client, "revokeRole", HERE["revokeRole"][1](case), as_="admin")
    for _ in range(LIFETIME - 1):
        client.clock.go(1)
        assert (await case.me(case.boss)).errors[0]["extensions"]["reason"] == "token_stale"
    client.clock.go(1)
    assert (await case.me(case.boss)).errors[0]["extensions"]["reason"] == "token_expired"


# Everything else: other workers when the token expires


@pytest.mark.parametrize("change", [end_the_session, disable, reset_the_password, demote])
async def test_queries_on_another_worker_go_on_until_the_token_expires_and_no_longer(
    case: Case, change: Any
) -> None:
    client = case.client
    await change(case)
    client.clock.go(LIFETIME - 1)
    assert (await case.me(case.boss)).status == 200
    client.clock.go(1)
    answer = await case.me(case.boss)
    assert (answer.status, answer.errors[0]["extensions"]["reason"]) == (401, "token_expired")

    refreshed = await client.ask(REFRESH, {"token": case.boss.refresh_token})
    if change is demote:
        roles_ = refreshed.data["refresh"]["user"]["roles"]
        assert [role["name"] for role in roles_] == ["extra"]
    else:
        assert refreshed.code == "SESSION_ENDED"


async def test_a_role_edited_by_another_worker_is_read_at_the_next_refresh(case: Case) -> None:
    change: roles.RoleChanges = {"permissions": ["audit:read"]}
    extra = await make_role(case.client.accounts, "more")
    await make_user(case.client.accounts, email("clerk"), "more")
    clerk = await case.client.sign_in("clerk")
    await roles.update(case.client.accounts, extra, change, by=OPERATOR, origin=NOWHERE)
    answer = await case.client.ask(REFRESH, {"token": clerk.refresh_token})
    me = await case.me(answer.data["refresh"]["accessToken"])
    assert me.data["me"]["permissions"] == ["audit:read"]
