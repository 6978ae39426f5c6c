"""Browser mode: a session whose refresh token is in a cookie, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from graph_api.errors import BadUserInput
from graph_api.http.cookies import NAME, read_cookie
from graph_api.http.head import Head
from graph_api.testing import Answer
from tests.accounts.world import PASSWORD, session_row
from tests.api import Client
from tests.browser import LOGIN, LOGOUT, REFRESH, Browser

pytestmark = pytest.mark.anyio

ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"
REMOVED = f"{NAME}=; Max-Age=0; {ATTRIBUTES}"
HEADER = "Graph-Api-Session"


@pytest.fixture
def browser(client: Client) -> Browser:
    return Browser(client)


@pytest.fixture
def tab_of_another_kind(client: Client) -> Browser:
    """A page of ours that does not ask for the cookie."""
    return Browser(client, headers={"Origin": "http://localhost:8000"})


async def _end_reason(client: Client, refresh_token: str | None) -> str | None:
    assert refresh_token
    return (await session_row(client.accounts, refresh_token.split(".")[1])).end_reason


def _token(token: str | None) -> dict[str, Any]:
    return {"input": {"refreshToken": token}}


class TestSigningIn:
    async def test_the_refresh_token_goes_into_the_cookie_and_not_into_the_body(
        self, browser: Browser
    ) -> None:
        answer = await browser.log_in()
        assert answer.data["login"]["refreshToken"] is None
        assert browser.cookie
        assert answer.set_cookie == f"{NAME}={browser.cookie}; Max-Age=3600; {ATTRIBUTES}"
        assert browser.cookie not in answer.response.text

    async def test_so_it_does_for_who_registers(self, browser: Browser) -> None:
        new = {"email": "new@example.com", "password": "a quite different phrase"}
        document = """
        mutation($input: RegisterInput!) {
          register(input: $input) { auth { accessToken refreshToken } }
        }
        """
        answer = await browser.ask(document, {"input": new})
        assert answer.data["register"]["auth"]["refreshToken"] is None
        assert (await browser.ask(REFRESH)).data["refresh"]["accessToken"]

    async def test_without_the_header_nothing_is_set(self, tab_of_another_kind: Browser) -> None:
        answer = await tab_of_another_kind.log_in()
        assert answer.data["login"]["refreshToken"].startswith("gar1.")
        assert answer.set_cookie is None

    async def test_a_refused_sign_in_sets_nothing(self, browser: Browser) -> None:
        answer = await browser.log_in(password="wrong")
        assert (answer.code, answer.set_cookie) == ("INVALID_CREDENTIALS", None)

    async def test_who_signs_in_anew_ends_the_session_that_the_cookie_held(
        self, client: Client, browser: Browser
    ) -> None:
        await browser.log_in("admin")
        old = browser.cookie
        await browser.log_in("user")
        assert browser.cookie != old
        assert await _end_reason(client, old) == "signed_out"
        assert await _end_reason(client, browser.cookie) is None

    async def test_who_registers_does_so_too(self, client: Client, browser: Browser) -> None:
        await browser.log_in()
        old = browser.cookie
        await browser.ask(
            'mutation { register(input: {email: "new@example.com", password: "rather a long one"})'
            " { auth { expiresIn } } }"
        )
        assert await _end_reason(client, old) == "signed_out"

    async def test_who_fails_to_keeps_the_old_session(
        self, client: Client, browser: Browser
    ) -> None:
        await browser.log_in()
        await browser.log_in(password="wrong")
        assert await _end_reason(client, browser.cookie) is None

    async def test_a_cookie_that_is_worth_nothing_stops_nobody(self, browser: Browser) -> None:
        browser.cookie = "of-another-server-on-another-port"
        assert (await browser.log_in()).data["login"]["accessToken"]

    async def test_of_several_in_one_request_the_last_wins_and_the_others_end(
        self, client: Client, browser: Browser
    ) -> None:
        login = f'login(input: {{email: "user@example.com", password: "{PASSWORD}"}})'
        wrong = 'login(input: {email: "user@example.com", password: "wrong"})'
        answer = await browser.ask(
            f"mutation {{ a: {login} {{ accessToken }} b: {login} {{ accessToken }}"
            f" c: {wrong} {{ expiresIn }} }}"
        )
        assert answer.codes == ["INVALID_CREDENTIALS"]
        mine = await client.ask(
            "{ sessions { nodes { current endedAt } } }",
            as_=answer.body["data"]["b"]["accessToken"],
        )
        ended = {each["current"]: each["endedAt"] for each in mine.data["sessions"]["nodes"]}
        assert ended[True] is None
        assert ended[False] is not None
        assert (await browser.ask(REFRESH)).data["refresh"]["accessToken"]

    async def test_signing_in_and_out_in_one_request_leaves_nothing(
        self, client: Client, browser: Browser
    ) -> None:
        login = f'login(input: {{email: "user@example.com", password: "{PASSWORD}"}})'
        answer = await browser.ask(
            f"mutation {{ {login} {{ expiresIn }} logout {{ endedSessionIds }} }}"
        )
        assert len(answer.data["logout"]["endedSessionIds"]) == 1
        assert answer.set_cookie == REMOVED


class TestRefreshing:
    async def test_the_cookie_gives_the_next_one(self, client: Client, browser: Browser) -> None:
        await browser.log_in()
        first = browser.cookie
        answer = await browser.ask(REFRESH)
        assert answer.data["refresh"]["refreshToken"] is None
        assert browser.cookie != first
        me = await client.ask("{ me { id } }", as_=answer.data["refresh"]["accessToken"])
        assert me.data["me"] == {"id": client.people["user"]}

    async def test_tabs_that_wake_together_get_the_same_one(self, browser: Browser) -> None:
        await browser.log_in()
        tabs = [Browser(browser.client, cookie=browser.cookie) for _ in range(3)]
        for tab in tabs:
            await tab.ask(REFRESH)
        assert len({tab.cookie for tab in tabs}) == 1

    async def test_a_session_of_the_body_stays_one_whatever_is_asked(
        self, browser: Browser, tab_of_another_kind: Browser
    ) -> None:
        in_body = (await tab_of_another_kind.log_in()).data["login"]["refreshToken"]
        answer = await browser.ask(REFRESH, _token(in_body))
        assert answer.data["refresh"]["refreshToken"].startswith("gar1.")
        assert answer.set_cookie is None

    async def test_a_session_of_the_cookie_stays_one_whatever_is_asked(
        self, browser: Browser
    ) -> None:
        bearer = (await browser.log_in()).data["login"]["accessToken"]
        before, browser.headers = browser.cookie, {}
        answer = await browser.ask(
            "mutation($input: ChangePasswordInput!)"
            " { changePassword(input: $input) { refreshToken } }",
            {"input": {"currentPassword": PASSWORD, "newPassword": "a quite different phrase"}},
            Authorization=f"Bearer {bearer}",
        )
        assert answer.data["changePassword"]["refreshToken"] is None
        assert browser.cookie != before

    async def test_a_token_from_the_cookie_is_worth_nothing_in_a_body(
        self, client: Client, browser: Browser
    ) -> None:
        """Whoever got hold of the cookie needs a browser's way of sending it."""
        await browser.log_in()
        answer = await client.ask(REFRESH, _token(browser.cookie))
        assert answer.errors[0]["extensions"] == {
            "code": "SESSION_ENDED",
            "reason": "refresh_token_invalid",
        }
        await client.ask(LOGOUT, _token(browser.cookie))
        assert (await browser.ask(REFRESH)).data["refresh"]["accessToken"]

    async def test_a_token_from_a_body_is_worth_nothing_in_the_cookie(
        self, client: Client, browser: Browser
    ) -> None:
        browser.cookie = in_body = (await client.sign_in("user")).refresh_token
        assert (await browser.ask(REFRESH)).code == "SESSION_ENDED"
        assert (await browser.ask(LOGOUT)).data["logout"] == {"endedSessionIds": []}
        assert (await client.ask(REFRESH, _token(in_body))).data["refresh"]["refreshToken"]

    @pytest.mark.parametrize("document", [REFRESH, LOGOUT], ids=["refresh", "logout"])
    async def test_both_together_are_refused(
        self, client: Client, browser: Browser, document: str
    ) -> None:
        in_body = (await client.sign_in("user")).refresh_token
        await browser.log_in()
        in_cookie = browser.cookie
        answer = await browser.ask(document, _token(in_body))
        assert (answer.code, answer.wrong) == ("BAD_USER_INPUT", ["input.refreshToken"])
        assert await _end_reason(client, in_body) is None
        assert await _end_reason(client, in_cookie) is None

    async def test_without_a_cookie_one_is_sent_to_sign_in(self, browser: Browser) -> None:
        """What a page asks first: it can't see whether there is one."""
        answer = await browser.ask(REFRESH)
        assert answer.errors[0]["extensions"] == {
            "code": "SESSION_ENDED",
            "reason": "refresh_token_missing",
        }

    async def test_a_refused_refresh_leaves_the_cookie(self, browser: Browser) -> None:
        """A late answer to one tab would remove what another has just got by signing in."""
        await browser.log_in()
        browser.client.clock.go(3_601)
        answer = await browser.ask(REFRESH)
        assert (answer.code, answer.set_cookie) == ("SESSION_ENDED", None)

    async def test_it_is_kept_until_the_session_ends_and_no_longer(self, browser: Browser) -> None:
        await browser.log_in()
        for seconds, kept in [(3_000, 3_600)] * 3 + [(3_000, 2_400), (2_000, 400)]:
            browser.client.clock.go(seconds)
            answer = await browser.ask(REFRESH)
            assert f"Max-Age={kept};" in str(answer.set_cookie)


class TestSigningOut:
    async def test_it_ends_the_session_of_the_cookie_and_removes_it(
        self, client: Client, browser: Browser
    ) -> None:
        await browser.log_in()
        token = browser.cookie
        answer = await browser.ask(LOGOUT)
        assert answer.data["logout"]["endedSessionIds"] == [str(token).split(".")[1]]
        assert answer.set_cookie == REMOVED
        assert await _end_reason(client, token) == "signed_out"

    async def test_or_of_a_token_in_the_body(self, client: Client, browser: Browser) -> None:
        in_body = (await client.sign_in("user")).refresh_token
        assert (await browser.ask(LOGOUT, _token(in_body))).set_cookie == REMOVED
        assert await _end_reason(client, in_body) == "signed_out"

    async def test_or_of_a_bearer(self, client: Client, browser: Browser) -> None:
        bearer = (await browser.log_in()).data["login"]["accessToken"]
        token, browser.cookie, browser.headers = browser.cookie, None, {}
        answer = await browser.ask(LOGOUT, Authorization=f"Bearer {bearer}")
        assert answer.set_cookie == REMOVED
        assert await _end_reason(client, token) == "signed_out"

    @pytest.mark.parametrize("cookie", [None, "forged", "gar1.ses_x.0.forged"])
    async def test_who_is_nobody_loses_the_cookie_too(
        self, browser: Browser, cookie: str | None
    ) -> None:
        browser.cookie = cookie
        answer = await browser.ask(LOGOUT)
        assert answer.data["logout"] == {"endedSessionIds": []}
        assert answer.set_cookie == REMOVED

    async def test_what_is_refused_removes_it_too(self, browser: Browser) -> None:
        await browser.log_in()
        answer = await browser.ask(LOGOUT, _token("another"))
        assert (answer.code, answer.set_cookie) == ("BAD_USER_INPUT", REMOVED)


class TestTheCookieAuthenticatesNothingElse:
    @pytest.fixture
    async def signed_in(self, browser: Browser) -> Browser:
        await browser.log_in("admin")
        return browser

    async def test_no_query(self, signed_in: Browser) -> None:
        assert (await signed_in.ask("{ me { id } }")).data == {"me": None}
        assert (await signed_in.get("{ me { id } }")).data == {"me": None}

    async def test_no_other_mutation(self, signed_in: Browser) -> None:
        answer = await signed_in.ask("mutation { logoutEverywhere { endedSessionIds } }")
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")

    @pytest.mark.parametrize("document", [REFRESH, LOGOUT], ids=["refresh", "logout"])
    async def test_no_get(self, signed_in: Browser, document: str) -> None:
        answer = await signed_in.get(document)
        assert (answer.status, answer.set_cookie) == (405, None)

    async def test_nothing_without_the_header(self, signed_in: Browser, client: Client) -> None:
        signed_in.headers = {"Origin": "http://localhost:8000"}
        token = signed_in.cookie
        refused = await signed_in.ask(REFRESH)
        assert (refused.code, refused.set_cookie) == ("BAD_USER_INPUT", None)
        await signed_in.log_in()
        assert (await signed_in.ask(LOGOUT)).data["logout"] == {"endedSessionIds": []}
        assert await _end_reason(client, token) is None


class TestReading:
    """Which cookie it is, said as browsers say it."""

    def _read(self, *cookies: str, mode: str = "cookie") -> str | None:
        asking = (HEADER.lower().encode(), mode.encode())
        scope: Any = {"headers": [asking, *((b"cookie", each.encode()) for each in cookies)]}
        return read_cookie(Head(scope)).token

    @pytest.mark.parametrize(
        "cookies",
        [
            (f"{NAME}=t",),
            (f"a=b; {NAME}=t; c=d",),
            (f"a=b;{NAME}=t ;",),
            ("a=b", f"{NAME}=t"),
            (f'a="; {NAME}=t; "',),
        ],
    )
    def test_it_is_found_among_others(self, cookies: tuple[str, ...]) -> None:
        assert self._read(*cookies) == "t"

    @pytest.mark.parametrize(
        "cookies",
        [
            (),
            (f"{NAME}=",),
            (NAME,),
            (f"{NAME.lower()}=t",),
            (f"{NAME}2=t",),
            (f"x{NAME}=t",),
            (f"={NAME}=t",),
            (f"{NAME.removeprefix('__Host-')}=t",),
            # PortSwigger, 'Cookie Chaos': names that servers take for what browsers don't.
            (f"\u2000{NAME}=t",),
            (f"\u0085{NAME}=t",),
            (f"\u00a0{NAME}=t",),
            (f"\x0b{NAME}=t",),
            (f"$Version=1, {NAME}=t",),
            (f'"{NAME}"=t',),
        ],
    )
    def test_another_cookie_is_not_taken_for_it(self, cookies: tuple[str, ...]) -> None:
        assert self._read(*cookies) is None

    @pytest.mark.parametrize(
        "cookies",
        [(f"{NAME}=t; {NAME}=u",), (f"{NAME}=t", f"{NAME}=t"), (f"{NAME}=; {NAME}=t",)],
    )
    def test_two_of_the_name_are_refused(self, cookies: tuple[str, ...]) -> None:
        with pytest.raises(BadUserInput):
            self._read(*cookies)

    @pytest.mark.parametrize("mode", ["cookie", "Cookie", " cookie "])
    def test_the_header_asks_for_it(self, mode: str) -> None:
        assert self._read(f"{NAME}=t", mode=mode) == "t"

    @pytest.mark.parametrize("mode", ["", "body", "cookies", "cookie, body", "true"])
    def test_another_mode_is_refused(self, mode: str) -> None:
        """Else who mistypes gets the refresh token into the body, where scripts can read it."""
        with pytest.raises(BadUserInput):
            self._read(f"{NAME}=t", mode=mode)

    async def test_both_are_answered_with_400(self, browser: Browser) -> None:
        browser.cookie = f"t; {NAME}=u"
        assert _refusal(await browser.ask(REFRESH)) == (400, "BAD_USER_INPUT")
        browser.headers = {"Origin": "http://localhost:8000", HEADER: "Body"}
        assert _refusal(await browser.ask(LOGIN, {"input": {"email": "", "password": ""}})) == (
            400,
            "BAD_USER_INPUT",
        )

    async def test_a_query_does_not_care(self, browser: Browser) -> None:
        browser.cookie = f"t; {NAME}=u"
        assert (await browser.ask("{ me { id } }")).data == {"me": None}


def _refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code
