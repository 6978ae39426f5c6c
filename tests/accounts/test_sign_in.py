"""Signing in and out: who gets tokens, who doesn't, and what each answer gives away."""

from __future__ import annotations

import logging
import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import anyio
import pytest
from argon2 import PasswordHasher

from graph_api.accounts import Accounts, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.passwords import Passwords
from graph_api.accounts.users import NewUser
from graph_api.authorization.principal import ANONYMOUS
from graph_api.db.engine import Database
from graph_api.db.tables import AuditEventRow, SessionRow, UserRow
from graph_api.errors import (
    BadUserInput,
    Conflict,
    Forbidden,
    InvalidCredentials,
    SessionEnded,
)
from graph_api.origin import NOWHERE
from tests.accounts.world import (
    PASSWORD,
    PHONE,
    SettableClock,
    all_rows,
    events,
    log_in,
    make_accounts,
    make_settings,
    make_user,
    principal,
    session_row,
)

pytestmark = pytest.mark.anyio


async def test_a_login_gives_an_access_token_that_says_who_and_what(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test", "support")

    signed_in = await sign_in.login(accounts, " Ada@Example.TEST ", PASSWORD, origin=PHONE)

    claims = accounts.tokens.verify(signed_in.access_token)
    assert (claims.subject, claims.session_id) == (ada.id, signed_in.session_id)
    assert claims.roles == signed_in.roles == {"support"}
    assert claims.permissions == signed_in.permissions >= {"user:read"}
    assert signed_in.expires_in == 300


async def test_a_login_is_remembered(accounts: Accounts, clock: SettableClock) -> None:
    ada = await make_user(accounts, "ada@example.test")
    clock.go(60)

    signed_in = await log_in(accounts, "ada@example.test")

    session = await session_row(accounts, signed_in.session_id)
    [event] = await events(accounts, "sign_in")
    assert signed_in.user.last_login_at == session.created_at == event.at == clock.now
    assert (event.actor_id, event.session_id, event.outcome) == (ada.id, session.id, "success")
    assert (session.ip_address, session.user_agent) == ("203.0.113.7", "Phone/1")
    assert (event.ip_address, event.user_agent) == ("203.0.113.7", "Phone/1")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.test", "wrong horse battery"),
        ("nobody@example.test", PASSWORD),
        ("disabled@example.test", PASSWORD),
        ("no address", PASSWORD),
        ("ada@example.test\x00", PASSWORD),
        ("\ud800@example.test", PASSWORD),
        ("ada@example.test", "\ud800\x00"),
        ("ada@example.test", PASSWORD + "x" * 1_000_000),
    ],
)
async def test_whoever_gets_nothing_gets_the_same_answer(
    accounts: Accounts, email: str, password: str
) -> None:
    await make_user(accounts, "ada@example.test")
    disabled = await make_user(accounts, "disabled@example.test")
    await users.disable(accounts, disabled.id, by=OPERATOR, origin=NOWHERE)

    with pytest.raises(InvalidCredentials) as refusal:
        await sign_in.login(accounts, email, password, origin=PHONE)

    assert refusal.value.message == InvalidCredentials().message
    assert await all_rows(accounts, SessionRow) == []


async def test_a_failed_login_is_recorded_with_the_account_if_there_is_one(
    accounts: Accounts,
) -> None:
    ada = await make_user(accounts, "ada@example.test")

    for email in ("ada@example.test", "nobody@example.test"):
        with pytest.raises(InvalidCredentials):
            await sign_in.login(accounts, email, "wrong horse battery", origin=PHONE)

    recorded = await events(accounts, "sign_in_failed")
    assert {(event.target_id, event.actor_id) for event in recorded} == {
        (ada.id, None),
        (None,) * 2,
    }
    assert {event.outcome for event in recorded} == {"failure"}


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_an_unknown_address_takes_as_long_as_a_wrong_password(
    accounts: Accounts, clock: SettableClock
) -> None:
    """The bound is wide for busy machines; without the work it is a hundred times less."""
    slow = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    accounts = replace(accounts, passwords=Passwords(concurrency=2, queue=9, hasher=slow))
    await make_user(accounts, "ada@example.test")

    async def seconds(email: str) -> float:
        clock.go(60)  # nobody is kept waiting
        begin = time.perf_counter()
        with pytest.raises(InvalidCredentials):
            await sign_in.login(accounts, email, "wrong horse battery", origin=PHONE)
        return time.perf_counter() - begin

    emails = ("ada@example.test", "nobody@example.test")
    known, unknown = zip(
        *[[await seconds(email) for email in emails] for _ in range(15)], strict=True
    )
    assert 0.5 < statistics.median(unknown) / statistics.median(known) < 2


async def test_a_login_stores_the_hash_anew_when_its_parameters_have_changed(
    accounts: Accounts,
) -> None:
    ada = await make_user(accounts, "ada@example.test")
    dearer = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    accounts = replace(accounts, passwords=Passwords(concurrency=2, queue=9, hasher=dearer))

    first = await log_in(accounts, "ada@example.test")
    second = await log_in(accounts, "ada@example.test")

    assert ",t=2," not in ada.password_hash
    assert "m=16,t=2," in first.user.password_hash
    assert second.user.password_hash == first.user.password_hash


async def test_nobody_is_refused_because_the_hash_is_just_renewed(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    dearer = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    accounts = replace(accounts, passwords=Passwords(concurrency=2, queue=9, hasher=dearer))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(log_in, accounts, "ada@example.test")

    assert len(await events(accounts, "sign_in")) == 5


class HeldHasher(PasswordHasher):
    """Compares no password before it is let go."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.reached = threading.Event()
        self.release = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.reached.set()
        assert self.release.wait(timeout=30)
        return super().verify(hash, password)


async def test_others_write_while_a_password_is_hashed(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    held = HeldHasher()
    slow = replace(accounts, passwords=Passwords(concurrency=1, queue=9, hasher=held))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log_in, slow, "ada@example.test")
        await anyio.to_thread.run_sync(held.reached.wait)
        with anyio.fail_after(10):
            await make_user(accounts, "grace@example.test")
        held.release.set()


async def test_a_login_with_a_password_that_is_just_replaced_fails(accounts: Accounts) -> None:
    """Else a thief with the old password would keep a session beyond the reset."""
    ada = await make_user(accounts, "ada@example.test")
    held = HeldHasher()
    slow = replace(accounts, passwords=Passwords(concurrency=1, queue=9, hasher=held))
    refused: list[Exception] = []

    async def login() -> None:
        try:
            await log_in(slow, "ada@example.test")
        except InvalidCredentials as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(login)
        await anyio.to_thread.run_sync(held.reached.wait)
        new = "a wholly other phrase"
        await users.set_password(accounts, ada.id, new, by=OPERATOR, origin=NOWHERE)
        held.release.set()

    assert len(refused) == 1
    assert await all_rows(accounts, SessionRow) == []


async def test_register_makes_a_user_and_signs_them_in(accounts: Accounts) -> None:
    new = NewUser(email=" New@Example.test", name=" Newt ", password=PASSWORD)

    signed_in = await sign_in.register(accounts, new, origin=PHONE)

    assert (signed_in.user.email, signed_in.user.name) == ("new@example.test", "Newt")
    assert signed_in.roles == {"user"}
    assert accounts.tokens.verify(signed_in.access_token).subject == signed_in.user.id
    [event] = await events(accounts, "register")
    assert event.actor_id == signed_in.user.id


async def test_an_address_is_taken_in_any_spelling(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")

    with pytest.raises(Conflict, match="taken"):
        await sign_in.register(
            accounts, NewUser(email="ADA@example.test", password=PASSWORD), origin=PHONE
        )

    assert await events(accounts, "register") == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("email", "password", "name", "path"),
    [
        ("none", PASSWORD, None, ["input", "email"]),
        ("a@b@c", PASSWORD, None, ["input", "email"]),
        ("a b@c.test", PASSWORD, None, ["input", "email"]),
        ("a@" + "c" * 253, PASSWORD, None, ["input", "email"]),
        ("a@c.test", "too short", None, ["input", "password"]),
        ("a@c.test", PASSWORD, "line\nbreak", ["input", "name"]),
        ("a@c.test", PASSWORD, "x" * 201, ["input", "name"]),
        ("a@c.test", PASSWORD, "\x00", ["input", "name"]),
    ],
)
async def test_register_says_which_input_is_wrong(
    accounts: Accounts, email: str, password: str, name: str | None, path: list[str]
) -> None:
    new = NewUser(email=email, password=password, name=name)

    with pytest.raises(BadUserInput) as refusal:
        await sign_in.register(accounts, new, origin=PHONE)

    assert [problem["path"] for problem in refusal.value.fields] == [path]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_nobody_registers_where_registration_is_closed(
    tmp_path: Path, database: Database, clock: SettableClock
) -> None:
    accounts = await make_accounts(make_settings(tmp_path, registration=False), database, clock)

    with pytest.raises(Forbidden):
        await sign_in.register(accounts, NewUser(email="a@b.test", password=PASSWORD), origin=PHONE)


async def test_logout_ends_the_session_that_a_refresh_token_names(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")

    assert await sign_in.logout(accounts, refresh_token=signed_in.refresh_token, origin=PHONE) == [
        signed_in.session_id
    ]

    row = await session_row(accounts, signed_in.session_id)
    assert (row.ended_at, row.end_reason) == (accounts.clock(), "signed_out")
    with pytest.raises(SessionEnded):
        await sign_in.refresh(accounts, signed_in.refresh_token, origin=PHONE)
    [event] = await events(accounts, "sign_out")
    assert event.session_id == signed_in.session_id


async def test_logout_takes_an_expired_access_token(
    accounts: Accounts, clock: SettableClock
) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")
    clock.go(3_000)

    ended = await sign_in.logout(accounts, access_token=signed_in.access_token, origin=PHONE)

    assert ended == [signed_in.session_id]


async def test_logout_again_does_nothing(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")
    await sign_in.logout(accounts, refresh_token=signed_in.refresh_token, origin=PHONE)

    again = await sign_in.logout(accounts, refresh_token=signed_in.refresh_token, origin=PHONE)

    assert again == []
    assert len(await events(accounts, "sign_out")) == 1


@pytest.mark.parametrize("token", ["", "junk", "gar1.ses_x.0." + "A" * 43, "a.b.c"])
async def test_logout_with_junk_ends_nothing(accounts: Accounts, token: str) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")

    ended = await sign_in.logout(accounts, refresh_token=token, access_token=token, origin=PHONE)

    assert ended == []
    assert (await session_row(accounts, signed_in.session_id)).ended_at is None


async def test_logout_everywhere_ends_each_session_of_the_caller(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    await make_user(accounts, "grace@example.test")
    one, two = [await log_in(accounts, "ada@example.test") for _ in range(2)]
    other = await log_in(accounts, "grace@example.test")

    ended = await sign_in.logout_everywhere(accounts, by=principal(one), origin=PHONE)

    assert set(ended) == {one.session_id, two.session_id}
    assert (await session_row(accounts, other.session_id)).ended_at is None


async def test_an_anonymous_caller_can_change_nothing(accounts: Accounts) -> None:
    with pytest.raises(SessionEnded):
        await sign_in.logout_everywhere(accounts, by=ANONYMOUS, origin=PHONE)
    with pytest.raises(SessionEnded):
        await sign_in.change_password(accounts, PASSWORD, PASSWORD, by=ANONYMOUS, origin=PHONE)


async def test_a_new_password_ends_all_other_sessions(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    here, there = [await log_in(accounts, "ada@example.test") for _ in range(2)]

    changed = await sign_in.change_password(
        accounts, PASSWORD, "a wholly other phrase", by=principal(here), origin=PHONE
    )

    assert changed.session_id == here.session_id
    assert (await session_row(accounts, there.session_id)).end_reason == "password_changed"
    await sign_in.refresh(accounts, changed.refresh_token, origin=PHONE)
    await sign_in.login(accounts, "ada@example.test", "a wholly other phrase", origin=PHONE)
    with pytest.raises(InvalidCredentials):
        await log_in(accounts, "ada@example.test")


async def test_a_copy_of_the_old_refresh_token_is_worth_nothing_after_a_new_password(
    accounts: Accounts, clock: SettableClock
) -> None:
    await make_user(accounts, "ada@example.test")
    here = await log_in(accounts, "ada@example.test")
    await sign_in.change_password(
        accounts, PASSWORD, "a wholly other phrase", by=principal(here), origin=PHONE
    )
    clock.go(11)

    with pytest.raises(SessionEnded) as refusal:
        await sign_in.refresh(accounts, here.refresh_token, origin=PHONE)

    assert refusal.value.reason == "refresh_token_reused"


async def test_a_new_password_needs_the_current_one(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test")
    here, there = [await log_in(accounts, "ada@example.test") for _ in range(2)]

    with pytest.raises(InvalidCredentials, match="current"):
        await sign_in.change_password(
            accounts,
            "wrong horse battery",
            "a wholly other phrase",
            by=principal(here),
            origin=PHONE,
        )

    assert (await session_row(accounts, there.session_id)).ended_at is None
    [event] = await events(accounts, "password_change_failed")
    assert (event.target_id, event.outcome) == (ada.id, "failure")


async def test_no_password_and_no_token_is_logged_recorded_stored_or_shown(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first, second, wrong = "canary in the mine", "canary in the well", "canary in the sun"

    new = NewUser(email="ada@example.test", password=first)
    signed_in = await sign_in.register(accounts, new, origin=PHONE)
    refreshed = await sign_in.refresh(accounts, signed_in.refresh_token, origin=PHONE)
    changed = await sign_in.change_password(
        accounts, first, second, by=principal(refreshed), origin=PHONE
    )
    with pytest.raises(InvalidCredentials) as wrong_email:
        await sign_in.login(accounts, wrong, wrong, origin=PHONE)
    with pytest.raises(BadUserInput) as weak:
        await sign_in.register(accounts, NewUser(email=wrong, password=wrong), origin=PHONE)

    answers = (signed_in, refreshed, changed)
    rows = [
        row.model_dump()
        for table in (UserRow, SessionRow, AuditEventRow)
        for row in await all_rows(accounts, table)
    ]
    shown = repr([new, answers, accounts, rows, wrong_email.value, weak.value, caplog.text])
    macs = [answer.refresh_token.split(".")[-1] for answer in answers]
    secrets = ["canary", *macs, *(answer.access_token for answer in answers)]
    assert "ada@example.test" in shown
    assert [secret for secret in secrets if secret in shown] == []
