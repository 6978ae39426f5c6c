"""Guessing passwords over HTTP, and what a stranger learns by it, each named by where it is told.

The arithmetic of the limits is in ``tests/accounts/test_throttling.py``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from graph_api.accounts import users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.counters import AGAIN_AFTER
from graph_api.origin import NOWHERE
from graph_api.testing import Answer
from tests.accounts.world import PASSWORD
from tests.api import GRAPHQL, JSON, Client, email
from tests.cli.terminal import Terminal
from tests.redis_server import Road

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
]

LOGIN = "mutation($input: LoginInput!) { login(input: $input) { accessToken } }"
CHANGE = """
mutation($input: ChangePasswordInput!) { changePassword(input: $input) { accessToken } }
"""
REGISTER = """
mutation($input: RegisterInput!) { register(input: $input) { auth { accessToken } } }
"""
REFRESH = "mutation($input: RefreshInput) { refresh(input: $input) { accessToken } }"
WRONG = "wrong horse battery"
USER = email("user")
NOBODY = "nobody@example.com"
UNLIMITED = dict.fromkeys(
    ("guess_limit", "guess_limit_account", "guess_limit_network"), "1000000/1s"
)
WIDE = {"max_aliases": 200, "max_root_fields": 200, "max_tokens": 50_000, "max_fields": 5_000}
BEHIND_A_PROXY = {"trusted_proxies": "203.0.113.9/32"}


def with_settings(**settings: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server_settings", [settings])


async def log_in(
    client: Client, address: str = USER, password: str = WRONG, **headers: str
) -> Answer:
    """Try to sign in."""
    body = {"query": LOGIN, "variables": {"input": {"email": address, "password": password}}}
    return Answer(await client.http.post("/graphql", json=body, headers=headers))


async def from_(client: Client, number: int, password: str = WRONG) -> Answer:
    """Try to sign in from one of many networks, behind a proxy that is trusted."""
    return await log_in(client, password=password, **{"X-Forwarded-For": f"192.0.2.{number}"})


# Many guesses


def aliased_logins(times: int) -> str:
    """Many guesses in one operation, the right one last."""
    fields = [
        f'a{number}: login(input: {{email: "{USER}", password: "{guess}"}}) {{ accessToken }}'
        for number, guess in enumerate([WRONG] * (times - 1) + [PASSWORD])
    ]
    return f"mutation {{ {' '.join(fields)} }}"


@with_settings(**WIDE)
async def test_aliases_are_attempts_each(client: Client) -> None:
    """PortSwigger, "Bypassing rate limiting using aliases"; graphql-cop, "Alias Overloading".

    With the widest limit on root fields that there is.
    """
    begin = time.perf_counter()
    answer = await client.ask(aliased_logins(200))
    seconds = time.perf_counter() - begin

    assert answer.codes == ["INVALID_CREDENTIALS"] * 10 + ["RATE_LIMITED"] * 190
    assert {error["extensions"]["retryAfter"] for error in answer.errors[10:]} == {60}
    assert set(answer.body["data"].values()) == {None}
    assert len(await client.events("sign_in_failed")) == 10
    assert seconds < 30, "each refused attempt answers at once"


@pytest.mark.parametrize("times", [21, 500])
async def test_no_operation_has_many_logins(client: Client, times: int) -> None:
    """The same, by the limits as they are: not one guess is compared."""
    answer = await client.ask(aliased_logins(times))
    assert answer.code == "OPERATION_TOO_EXPENSIVE"
    assert await client.events("sign_in_failed") == []


async def test_requests_at_once_are_no_way_around(client: Client) -> None:
    """PortSwigger, "Bypassing rate limits via race conditions"."""
    answers: list[Answer] = []

    async def attempt() -> None:
        answers.append(await log_in(client))

    async with anyio.create_task_group() as tasks:
        for _ in range(60):
            tasks.start_soon(attempt)

    assert sorted(answer.code for answer in answers) == (
        ["INVALID_CREDENTIALS"] * 10 + ["RATE_LIMITED"] * 50
    )


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
async def test_a_refused_attempt_says_when_to_come_again(client: Client, media_type: str) -> None:
    """RFC 6585, section 4."""
    for _ in range(10):
        await log_in(client)
    answer = await log_in(client, Accept=media_type)
    assert (answer.status, answer.code) == (429, "RATE_LIMITED")
    assert answer.response.headers["retry-after"] == "60"
    assert answer.errors[0]["extensions"]["retryAfter"] == 60
    client.clock.go(59)
    assert (await log_in(client, password=PASSWORD)).response.headers["retry-after"] == "1"
    client.clock.go(1)
    assert (await log_in(client, password=PASSWORD)).status == 200


async def test_beside_another_field_it_is_200(client: Client) -> None:
    for _ in range(10):
        await log_in(client)
    document = """
    mutation($input: LoginInput!) { login(input: $input) { tokenType } logout { endedSessionIds } }
    """
    answer = await client.ask(document, {"input": {"email": USER, "password": PASSWORD}})
    assert (answer.status, answer.codes) == (200, ["RATE_LIMITED"])


async def test_credential_stuffing_from_one_network_ends(client: Client) -> None:
    """OWASP Automated Threats, OAT-008: one attempt for each of many accounts."""
    codes = [(await log_in(client, f"user{number}@example.com")).code for number in range(105)]
    assert codes == ["INVALID_CREDENTIALS"] * 100 + ["RATE_LIMITED"] * 5


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP"]
)
async def test_no_header_makes_another_network(client: Client, header: str) -> None:
    """HackTricks, "Rate Limit Bypass"."""
    prefix = "for=" if header == "Forwarded" else ""
    addresses = [f"{prefix}192.0.2.{number}" for number in range(12)]
    codes = [(await log_in(client, **{header: each})).code for each in addresses]
    assert codes[10:] == ["RATE_LIMITED"] * 2


@with_settings(**BEHIND_A_PROXY)
async def test_what_stands_left_of_the_last_hop_makes_none_either(client: Client) -> None:
    """adam-p, "The perils of the 'real' client IP" (2022)."""
    hops = [f"10.0.0.{number}, 192.0.2.1" for number in range(12)]
    codes = [(await log_in(client, **{"X-Forwarded-For": each})).code for each in hops]
    assert codes[10:] == ["RATE_LIMITED"] * 2


@with_settings(**BEHIND_A_PROXY)
async def test_a_botnet_does_not_lock_anybody_out(client: Client) -> None:
    """OWASP, "Slow Down Online Guessing Attacks with Device Cookies"."""
    assert (await from_(client, 1, PASSWORD)).data["login"]
    codes = [(await from_(client, number)).code for number in range(2, 30)]
    assert codes == ["INVALID_CREDENTIALS"] * 20 + ["RATE_LIMITED"] * 8

    assert (await from_(client, 30, PASSWORD)).code == "RATE_LIMITED"
    assert (await from_(client, 1, PASSWORD)).data["login"]


async def test_a_stolen_access_token_is_no_better_place_to_guess(client: Client) -> None:
    """OWASP WSTG-ATHN-09: the current password is asked for, so it can be guessed."""
    thief = await client.sign_in("user")
    answers = [
        await client.ask(
            CHANGE,
            {"input": {"currentPassword": each, "newPassword": "long enough, new"}},
            as_=thief,
        )
        for each in [WRONG] * 10 + [PASSWORD]
    ]
    assert [answer.code for answer in answers] == ["INVALID_CREDENTIALS"] * 10 + ["RATE_LIMITED"]
    assert answers[-1].status == 429


async def test_registration_is_no_fast_way_to_ask_who_is_here(client: Client) -> None:
    """OWASP WSTG-IDNT-04: with registration on, a taken address shows; this is how often."""
    new = [{"email": f"new{number}@example.com", "password": PASSWORD} for number in range(22)]
    answers = [await client.ask(REGISTER, {"input": each}) for each in new]
    assert [answer.codes for answer in answers] == [[]] * 20 + [["RATE_LIMITED"]] * 2
    assert answers[-1].status == 429


# What a stranger learns


async def test_wrong_password_unknown_and_disabled_accounts_answer_in_the_same_bytes(
    client: Client,
) -> None:
    """OWASP WSTG-IDNT-04, "Account Enumeration"; also when it becomes too many."""
    disabled = client.people["rival"]
    await users.disable(client.accounts, disabled, by=OPERATOR, origin=NOWHERE)
    seen: dict[str, list[tuple[int, bytes, list[str]]]] = {}
    for address in (USER, NOBODY, email("rival")):
        password = PASSWORD if address != USER else WRONG
        seen[address] = [
            (answer.status, answer.response.content, sorted(answer.response.headers))
            for answer in [await log_in(client, address, password) for _ in range(12)]
        ]
    assert seen[USER] == seen[NOBODY] == seen[email("rival")]
    assert {status for status, *_ in seen[USER]} == {200, 429}


async def test_refresh_tokens_that_are_not_genuine_answer_in_the_same_bytes(client: Client) -> None:
    """Of a session that exists, of one that doesn't, and of no form at all."""
    genuine = (await client.sign_in("user")).refresh_token
    mac = genuine.rpartition(".")[2]
    tokens = [
        f"{genuine[:-8]}AAAAAAAA",
        f"gar1.ses_01m88tc5ymeg2bvej8gzdx0h5t.0.{mac}",
        f"gar1.{client.people['user']}.0.{mac}",
        "nonsense",
        "\0",
    ]
    answers = [await client.ask(REFRESH, {"input": {"refreshToken": each}}) for each in tokens]
    assert len({answer.response.content for answer in answers}) == 1
    assert {answer.code for answer in answers} == {"SESSION_ENDED"}


@with_settings(registration=False)
async def test_closed_registration_says_nothing_of_who_is_here(client: Client) -> None:
    answers = [
        await client.ask(REGISTER, {"input": {"email": each, "password": PASSWORD}})
        for each in (USER, NOBODY)
    ]
    assert answers[0].response.content == answers[1].response.content
    assert answers[0].code == "FORBIDDEN"


async def test_a_weak_password_is_refused_before_anybody_is_looked_for(client: Client) -> None:
    answers = [
        await client.ask(REGISTER, {"input": {"email": each, "password": "short"}})
        for each in (USER, NOBODY)
    ]
    assert answers[0].response.content == answers[1].response.content


async def superiority(
    one: Callable[[], Awaitable[object]], other: Callable[[], Awaitable[object]], samples: int
) -> float:
    """Return how probably the one takes longer than the other: 0.5 if nothing can be told.

    They take turns, so that whatever else the machine does slows down both.
    """

    async def seconds(attempt: Callable[[], Awaitable[object]]) -> float:
        begin = time.perf_counter()
        await attempt()
        return time.perf_counter() - begin

    times = [(await seconds(one), await seconds(other)) for _ in range(samples)]
    longer = sum(a > b for a, _ in times for _, b in times)
    return longer / samples**2


@with_settings(**UNLIMITED)
async def test_an_unknown_account_takes_as_long_as_a_wrong_password(client: Client) -> None:
    """As CVE-2018-15473 of OpenSSH told. Chance alone stays within 0.4 and 0.6."""
    await log_in(client, USER, PASSWORD)  # its hash is now as dear as everybody's
    found = await superiority(
        lambda: log_in(client, USER), lambda: log_in(client, NOBODY), samples=150
    )
    assert 0.25 < found < 0.75


@with_settings(**UNLIMITED)
async def test_a_forged_token_takes_as_long_for_a_session_that_exists(client: Client) -> None:
    genuine = (await client.sign_in("user")).refresh_token
    forged = f"{genuine[:-8]}AAAAAAAA"
    foreign = f"gar1.ses_01m88tc5ymeg2bvej8gzdx0h5t.0.{forged.rpartition('.')[2]}"
    found = await superiority(
        lambda: client.ask(REFRESH, {"input": {"refreshToken": forged}}),
        lambda: client.ask(REFRESH, {"input": {"refreshToken": foreign}}),
        samples=150,
    )
    assert 0.25 < found < 0.75


# Several servers, and Redis


def test_two_servers_count_together(redis_url: str, tmp_path: Path, dialect: str) -> None:
    """A limit for each worker is none, as express-rate-limit says of its memory store."""
    secret = secrets.token_hex(32)
    with ExitStack() as running:
        urls = []
        for name in ("one", "two"):
            terminal = Terminal(tmp_path / name)
            terminal.folder.mkdir()
            terminal.env |= {
                "GRAPH_API_DATA_DIR": str(tmp_path / "data"),
                "GRAPH_API_ISSUER": "http://localhost",
                "GRAPH_API_SECRET_KEY": secret,
                "GRAPH_API_REDIS_URL": redis_url,
                "GRAPH_API_GUESS_LIMIT": "4/1m",
                "GRAPH_API_GUESS_LIMIT_ACCOUNT": "100/1m",
                "GRAPH_API_GUESS_LIMIT_NETWORK": "100/1m",
            }
            server = running.enter_context(terminal.start("dev", "--port", "0", "--no-reload"))
            urls.append(server.url())
        body = {"query": LOGIN, "variables": {"input": {"email": NOBODY, "password": WRONG}}}
        statuses = [httpx.post(f"{urls[n % 2]}/graphql", json=body).status_code for n in range(8)]
        ready = httpx.get(f"{urls[0]}/health/ready").json()
    assert statuses == [200] * 4 + [429] * 4
    assert "redis" in ready["checked"]


class TestWithoutRedis:
    @pytest.fixture
    def server_settings(self, road: Road) -> dict[str, Any]:
        return {"redis_url": road.url, "guess_limit": "4/1m", "guess_limit_network": "1000000/1m"}

    async def test_a_server_still_counts_and_says_that_it_does_so_alone(
        self, client: Client, road: Road
    ) -> None:
        address = f"{secrets.token_hex(8)}@example.com"
        assert (await log_in(client, address)).code == "INVALID_CREDENTIALS"
        whole = await client.http.get("/health/ready")

        await road.cut()
        codes = [(await log_in(client, address)).code for _ in range(6)]
        ready = await client.http.get("/health/ready")

        assert codes == ["INVALID_CREDENTIALS"] * 4 + ["RATE_LIMITED"] * 2
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert list(ready.json()["degraded"]) == ["redis"]
        assert "degraded" not in whole.json()

        await road.open()
        client.clock.go(AGAIN_AFTER.total_seconds())
        codes = [(await log_in(client, address)).code for _ in range(4)]
        assert codes == ["INVALID_CREDENTIALS"] * 3 + ["RATE_LIMITED"]
        assert (await client.http.get("/health/ready")).json() == whole.json()
