"""Signing in and out over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from graph_api.accounts import users
from graph_api.accounts.authority import OPERATOR
from graph_api.origin import NOWHERE
from graph_api.testing import Answer
from tests.accounts.world import PASSWORD, session_row
from tests.api import Client, email

pytestmark = pytest.mark.anyio

LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) { accessToken refreshToken tokenType expiresIn user { id } }
}
"""
REFRESH = """
mutation Refresh($input: RefreshInput) {
  refresh(input: $input) { accessToken refreshToken tokenType expiresIn user { id } }
}
"""
LOGOUT = "mutation Logout($input: LogoutInput) { logout(input: $input) { endedSessionIds } }"
EVERYWHERE = "mutation { logoutEverywhere { endedSessionIds } }"
REGISTER = """
mutation($input: RegisterInput!) {
  register(input: $input) {
    auth { accessToken refreshToken user { email name roles { name } permissions } }
  }
}
"""
CHANGE = """
mutation($input: ChangePasswordInput!) {
  changePassword(input: $input) { accessToken refreshToken user { id email } }
}
"""
PROFILE = """
mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { user { name } } }
"""
NEW_PASSWORD = "a quite different phrase"


async def _login(client: Client, person: str, password: str = PASSWORD) -> Answer:
    return await client.ask(LOGIN, {"input": {"email": email(person), "password": password}})


async def _refresh(client: Client, token: str, **options: Any) -> Answer:
    return await client.ask(REFRESH, {"input": {"refreshToken": token}}, **options)


async def test_a_password_gives_a_pair_of_tokens(client: Client) -> None:
    auth = (await _login(client, "user")).data["login"]
    assert auth["user"] == {"id": client.people["user"]}
    assert (auth["tokenType"], auth["expiresIn"]) == ("Bearer", 300)
    assert auth["refreshToken"].startswith("gar1.")
    me = await client.ask("{ me { id } }", as_=auth["accessToken"])
    assert me.data["me"] == {"id": client.people["user"]}


async def test_the_address_has_no_case_and_no_outer_spaces(client: Client) -> None:
    answer = await client.ask(
        LOGIN, {"input": {"email": " USER@Example.com ", "password": PASSWORD}}
    )
    assert answer.data["login"]["user"] == {"id": client.people["user"]}


async def test_wrong_password_unknown_and_disabled_account_answer_with_the_same_bytes(
    client: Client,
) -> None:
    await users.disable(client.accounts, client.people["rival"], by=OPERATOR, origin=NOWHERE)
    answers = [
        await _login(client, "user", "wrong"),
        await _login(client, "user", ""),
        await _login(client, "user", "\0"),
        await _login(client, "user", "x" * 5_000),
        await _login(client, "nobody"),
        await _login(client, "rival"),
        await client.ask(LOGIN, {"input": {"email": "no address", "password": "\0"}}),
        await client.ask(LOGIN, {"input": {"email": "\0@x", "password": PASSWORD}}),
    ]
    assert len({answer.response.content for answer in answers}) == 1
    assert (answers[0].status, answers[0].code) == (200, "INVALID_CREDENTIALS")
    assert answers[0].body["data"] == {"login": None}
    failures = await client.events("sign_in_failed")
    assert len(failures) == len(answers)
    assert {event.target_id for event in failures} == {
        None,
        client.people["user"],
        client.people["rival"],
    }


async def test_aliased_guesses_in_one_request_are_each_an_attempt(client: Client) -> None:
    guesses = " ".join(
        f'g{n}: login(input: {{email: "user@example.com", password: "guess {n}"}}) {{ tokenType }}'
        for n in range(5)
    )
    answer = await client.ask(f"mutation {{ {guesses} }}")
    assert answer.codes == ["INVALID_CREDENTIALS"] * 5
    assert len(await client.events("sign_in_failed")) == 5


async def test_the_one_who_has_just_signed_in_is_judged_below_the_payload(client: Client) -> None:
    answer = await client.ask(
        """
        mutation {
          login(input: {email: "user@example.com", password: "correct horse battery"}) {
            user {
              email
              roles { name }
              permissions
              lastLoginAt
              sessions { nodes { current } }
              articles { nodes { title } }
            }
          }
        }
        """
    )
    assert answer.data["login"]["user"] == {
        "email": email("user"),
        "roles": [{"name": "user"}],
        "permissions": [],
        "lastLoginAt": client.clock().isoformat(),
        "sessions": {"nodes": [{"current": True}]},
        "articles": {"nodes": []},
    }


async def test_two_who_sign_in_at_once_are_judged_each_for_themselves(client: Client) -> None:
    fields = "{ user { email sessions { nodes { current } } } }"
    answer = await client.ask(
        f"""
        mutation {{
          one: login(input: {{email: "user@example.com", password: "{PASSWORD}"}}) {fields}
          two: login(input: {{email: "admin@example.com", password: "{PASSWORD}"}}) {fields}
        }}
        """
    )
    for key, person in (("one", "user"), ("two", "admin")):
        assert answer.data[key]["user"] == {
            "email": email(person),
            "sessions": {"nodes": [{"current": True}]},
        }


async def test_who_refreshes_or_changes_the_password_is_judged_below_it_too(
    client: Client,
) -> None:
    user = await client.sign_in("user")
    below = "{ user { email sessions { nodes { current } } } }"
    own = {"email": email("user"), "sessions": {"nodes": [{"current": True}]}}
    refreshed = await client.ask(
        f"mutation($t: String!) {{ refresh(input: {{refreshToken: $t}}) {below} }}",
        {"t": user.refresh_token},
    )
    assert refreshed.data["refresh"]["user"] == own
    changed = await client.ask(
        f"mutation($input: ChangePasswordInput!) {{ changePassword(input: $input) {below} }}",
        {"input": {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}},
        as_=user,
    )
    assert changed.data["changePassword"]["user"] == own


async def test_a_refresh_token_gives_the_next_pair(client: Client) -> None:
    first = (await _login(client, "user")).data["login"]
    second = (await _refresh(client, first["refreshToken"])).data["refresh"]
    assert second["refreshToken"] != first["refreshToken"]
    assert second["user"] == {"id": client.people["user"]}
    third = await _refresh(client, second["refreshToken"])
    assert third.data["refresh"]["refreshToken"] not in {
        first["refreshToken"],
        second["refreshToken"],
    }


async def test_roles_are_read_anew_at_each_refresh(client: Client) -> None:
    user = await client.sign_in("user")
    await client.grant("user", client.role_ids["auditor"])
    denied = await client.ask("{ auditEvents { nodes { id } } }", as_=user)
    assert denied.status == 403
    renewed = (await _refresh(client, user.refresh_token)).data["refresh"]["accessToken"]
    allowed = await client.ask("{ auditEvents { nodes { id } } }", as_=renewed)
    assert allowed.data["auditEvents"]["nodes"]


async def test_within_the_interval_the_answer_is_the_same_token_however_often(
    client: Client,
) -> None:
    user = await client.sign_in("user")
    first = (await _refresh(client, user.refresh_token)).data["refresh"]["refreshToken"]
    for _ in range(3):
        client.clock.go(3)
        again = (await _refresh(client, user.refresh_token)).data["refresh"]
        assert again["refreshToken"] == first
    assert len(await client.events("refresh")) == 1


async def test_a_token_that_comes_again_later_ends_the_session(client: Client) -> None:
    user = await client.sign_in("user")
    renewed = (await _refresh(client, user.refresh_token)).data["refresh"]
    client.clock.go(11)
    answer = await _refresh(client, user.refresh_token)
    assert (answer.status, answer.code) == (200, "SESSION_ENDED")
    assert answer.errors[0]["extensions"]["reason"] == "refresh_token_reused"
    assert (await _refresh(client, renewed["refreshToken"])).code == "SESSION_ENDED"
    [event] = await client.events("refresh_token_reused")
    assert (event.actor_id, event.session_id) == (client.people["user"], user.session_id)
    assert (await session_row(client.accounts, user.session_id)).end_reason == event.action


async def test_no_refresh_token_is_bad_input_and_a_forged_one_ends_nothing(
    client: Client,
) -> None:
    user = await client.sign_in("user")
    for given in (None, {}, {"refreshToken": None}, {"refreshToken": ""}):
        answer = await client.ask(REFRESH, {"input": given})
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", ["input.refreshToken"])
    assert (await client.ask("mutation { refresh { tokenType } }")).code == "BAD_USER_INPUT"
    other = await client.sign_in("user")
    mixed = ".".join([*user.refresh_token.split(".")[:3], other.refresh_token.split(".")[3]])
    for forged in ("x", "\0", user.access_token, user.refresh_token[:-2], mixed, "gar1." * 900):
        answer = await _refresh(client, forged)
        assert (answer.status, answer.code) == (200, "SESSION_ENDED")
        assert answer.errors[0]["extensions"]["reason"] == "refresh_token_invalid"
    assert (await _refresh(client, user.refresh_token)).data


async def test_a_session_ends_when_nobody_uses_it_and_when_its_time_is_over(
    client: Client,
) -> None:
    idle = await client.sign_in("user")
    client.clock.go(3_601)
    answer = await _refresh(client, idle.refresh_token)
    assert answer.errors[0]["extensions"] == {"code": "SESSION_ENDED", "reason": "session_expired"}
    token = (await client.sign_in("user")).refresh_token
    for _ in range(4):
        client.clock.go(3_590)
        answer = await _refresh(client, token)
        token = answer.data["refresh"]["refreshToken"]
    assert answer.data["refresh"]["expiresIn"] == 40  # never beyond the session's absolute end
    client.clock.go(41)
    assert (await _refresh(client, token)).code == "SESSION_ENDED"


async def test_a_disabled_user_refreshes_no_more(client: Client) -> None:
    user = await client.sign_in("user")
    await users.disable(client.accounts, client.people["user"], by=OPERATOR, origin=NOWHERE)
    assert (await _refresh(client, user.refresh_token)).code == "SESSION_ENDED"


async def test_login_and_refresh_go_by_an_expired_bearer_unseen(client: Client) -> None:
    user = await client.sign_in("user")
    client.clock.go(400)
    assert (await client.ask("{ me { id } }", as_=user)).status == 401
    refreshed = await _refresh(client, user.refresh_token, as_=user)
    assert refreshed.data["refresh"]["user"] == {"id": client.people["user"]}
    login = {"input": {"email": email("user"), "password": PASSWORD}}
    assert (await client.ask(LOGIN, login, as_="a forged bearer")).data["login"]


async def test_logout_by_refresh_token_or_bearer_ends_the_session_once(client: Client) -> None:
    by_token, by_bearer = await client.sign_in("user"), await client.sign_in("user")
    given = {"input": {"refreshToken": by_token.refresh_token}}
    first = await client.ask(LOGOUT, given)
    assert first.data["logout"] == {"endedSessionIds": [by_token.session_id]}
    second = await client.ask(LOGOUT, as_=by_bearer)
    assert second.data["logout"] == {"endedSessionIds": [by_bearer.session_id]}
    for again in (await client.ask(LOGOUT, given), await client.ask(LOGOUT, as_=by_bearer)):
        assert again.data["logout"] == {"endedSessionIds": []}
    assert len(await client.events("sign_out")) == 2
    assert (await _refresh(client, by_token.refresh_token)).code == "SESSION_ENDED"


async def test_logout_by_an_expired_bearer_ends_the_session(client: Client) -> None:
    user = await client.sign_in("user")
    client.clock.go(1_000)
    answer = await client.ask(LOGOUT, as_=user)
    assert answer.data["logout"] == {"endedSessionIds": [user.session_id]}


async def test_logout_of_nobody_is_no_error(client: Client) -> None:
    for given in (None, {}, {"refreshToken": None}, {"refreshToken": ""}, {"refreshToken": "\0"}):
        answer = await client.ask(LOGOUT, {"input": given})
        assert answer.data["logout"] == {"endedSessionIds": []}
    forged = await client.ask(LOGOUT, as_="not a token")
    assert (forged.status, forged.data["logout"]) == (200, {"endedSessionIds": []})
    assert await client.events("sign_out") == []


async def test_logout_everywhere_ends_all_of_the_callers_sessions(client: Client) -> None:
    mine = [await client.sign_in("user") for _ in range(3)]
    other = await client.sign_in("author")
    answer = await client.ask(EVERYWHERE, as_=mine[0])
    assert sorted(answer.data["logoutEverywhere"]["endedSessionIds"]) == sorted(
        each.session_id for each in mine
    )
    for each in mine:
        assert (await _refresh(client, each.refresh_token)).code == "SESSION_ENDED"
    assert (await _refresh(client, other.refresh_token)).data
    assert (await client.ask(EVERYWHERE)).status == 401
    assert (await client.ask(EVERYWHERE, as_=mine[0])).code == "SESSION_ENDED"


async def test_a_stranger_registers_and_is_signed_in(client: Client) -> None:
    given = {"email": "Eve@Example.org", "password": NEW_PASSWORD, "name": " Eve "}
    auth = (await client.ask(REGISTER, {"input": given})).data["register"]["auth"]
    assert auth["user"] == {
        "email": "eve@example.org",
        "name": "Eve",
        "roles": [{"name": "user"}],
        "permissions": [],
    }
    assert (await _refresh(client, auth["refreshToken"])).data
    login = await client.ask(
        LOGIN, {"input": {"email": "eve@example.org", "password": NEW_PASSWORD}}
    )
    assert login.data["login"]
    assert len(await client.events("register")) == 1


async def test_registering_says_what_is_wrong(client: Client) -> None:
    good = {"email": "eve@example.org", "password": NEW_PASSWORD}
    wrong = [
        ({"email": "nobody"}, "input.email"),
        ({"email": "a\0@b"}, "input.email"),
        ({"password": "short"}, "input.password"),
        ({"password": "x" * 300}, "input.password"),
        ({"password": "passwordpassword"}, "input.password"),
        ({"name": "a\0"}, "input.name"),
    ]
    for change, path in wrong:
        answer = await client.ask(REGISTER, {"input": good | change})
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", [path])
    taken = await client.ask(REGISTER, {"input": good | {"email": email("user")}})
    assert taken.code == "CONFLICT"
    unnamed = await client.ask(REGISTER, {"input": good | {"name": None}})
    assert unnamed.data["register"]["auth"]["user"]["name"] is None


@pytest.mark.parametrize("server_settings", [{"registration": False}])
async def test_where_registration_is_closed_it_is_forbidden(client: Client) -> None:
    given = {"email": "eve@example.org", "password": NEW_PASSWORD}
    answer = await client.ask(REGISTER, {"input": given})
    assert (answer.status, answer.code) == (200, "FORBIDDEN")
    assert await client.events("register") == []


async def test_a_new_password_ends_all_other_sessions_and_renews_this_one(
    client: Client,
) -> None:
    here, there = await client.sign_in("user"), await client.sign_in("user")
    given = {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    auth = (await client.ask(CHANGE, {"input": given}, as_=here)).data["changePassword"]
    assert auth["user"] == {"id": client.people["user"], "email": email("user")}
    assert (await _refresh(client, there.refresh_token)).code == "SESSION_ENDED"
    assert (await _refresh(client, auth["refreshToken"])).data
    assert (await _login(client, "user")).code == "INVALID_CREDENTIALS"
    assert (await _login(client, "user", NEW_PASSWORD)).data
    assert len(await client.events("password_changed")) == 1


async def test_a_password_is_changed_by_one_who_knows_it_to_a_strong_one(client: Client) -> None:
    user = await client.sign_in("user")
    wrong = {"currentPassword": "wrong", "newPassword": NEW_PASSWORD}
    answer = await client.ask(CHANGE, {"input": wrong}, as_=user)
    assert answer.code == "INVALID_CREDENTIALS"
    assert len(await client.events("password_change_failed")) == 1
    weak = {"currentPassword": PASSWORD, "newPassword": "short"}
    answer = await client.ask(CHANGE, {"input": weak}, as_=user)
    assert answer.wrong == ["input.newPassword"]
    assert (await client.ask(CHANGE, {"input": weak})).status == 401


async def test_one_changes_and_removes_ones_own_name(client: Client) -> None:
    for given, name in (("  Ada ", "Ada"), ("Ada L", "Ada L"), ("", None), (None, None)):
        answer = await client.ask(PROFILE, {"input": {"name": given}}, as_="user")
        assert answer.data["updateProfile"] == {"user": {"name": name}}
    assert (await client.ask(PROFILE, {"input": {}}, as_="user")).wrong == ["input.name"]
    assert (await client.ask(PROFILE, {"input": {"name": "\0"}}, as_="user")).wrong == [
        "input.name"
    ]
    assert (await client.ask(PROFILE, {"input": {"name": "x"}})).status == 401
