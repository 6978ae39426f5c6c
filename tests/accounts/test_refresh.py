"""Refresh tokens: one winner, a short second chance, and the end of a session that two share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import anyio
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr
from sqlalchemy import update

from graph_api.accounts import Accounts, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.sign_in import SignedIn
from graph_api.db.engine import Database
from graph_api.db.tables import SessionRow
from graph_api.errors import SessionEnded
from graph_api.origin import NOWHERE
from graph_api.settings import Settings
from graph_api.tokens.refresh import RefreshToken, mint
from graph_api.tokens.secrets import SecretKey
from tests.accounts.world import (
    PHONE,
    SettableClock,
    all_rows,
    events,
    log_in,
    make_accounts,
    make_user,
    role_id,
    session_row,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def signed_in(accounts: Accounts) -> SignedIn:
    await make_user(accounts, "ada@example.test", "user")
    return await log_in(accounts, "ada@example.test")


async def refresh(accounts: Accounts, token: str) -> SignedIn:
    return await sign_in.refresh(accounts, token, origin=PHONE)


async def refused(accounts: Accounts, token: str) -> str | None:
    """Return the reason for which a refresh token is refused."""
    with pytest.raises(SessionEnded) as refusal:
        await refresh(accounts, token)
    return refusal.value.reason


async def answer_of(accounts: Accounts, token: str) -> SignedIn | str | None:
    """Return what a refresh gives: a pair, or the reason of the refusal."""
    try:
        return await refresh(accounts, token)
    except SessionEnded as refusal:
        return refusal.reason


async def forge(accounts: Accounts, session_id: str, counter: int) -> str:
    """Return a token of any counter with a good MAC."""
    salt = (await session_row(accounts, session_id)).salt
    return mint(accounts.secret, RefreshToken(session_id, counter), salt)


async def test_a_refresh_gives_the_next_pair(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    clock.go(600)

    first = await refresh(accounts, signed_in.refresh_token)
    second = await refresh(accounts, first.refresh_token)

    assert len({signed_in.refresh_token, first.refresh_token, second.refresh_token}) == 3
    assert accounts.tokens.verify(second.access_token).session_id == signed_in.session_id
    assert len(await events(accounts, "refresh")) == 2


async def test_roles_are_read_anew(accounts: Accounts, signed_in: SignedIn) -> None:
    support = await role_id(accounts, "support")
    await users.grant_role(accounts, signed_in.user.id, support, by=OPERATOR, origin=NOWHERE)

    refreshed = await refresh(accounts, signed_in.refresh_token)

    assert accounts.tokens.verify(refreshed.access_token).roles == {"user", "support"}


async def test_the_last_token_again_gives_the_same_successor_and_changes_nothing(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    first = await refresh(accounts, signed_in.refresh_token)
    before = await session_row(accounts, signed_in.session_id)

    for _ in range(2):
        clock.go(5)
        again = await refresh(accounts, signed_in.refresh_token)
        assert again.refresh_token == first.refresh_token
        assert again.access_token != first.access_token

    assert await session_row(accounts, signed_in.session_id) == before


async def test_the_window_does_not_slide(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    """As it did in supabase/auth #1901: each replay bought ten seconds more."""
    await refresh(accounts, signed_in.refresh_token)
    clock.go(10)
    await refresh(accounts, signed_in.refresh_token)
    clock.go(0.001)

    assert await refused(accounts, signed_in.refresh_token) == "refresh_token_reused"


async def test_reuse_ends_the_session_though_an_error_is_raised(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    first = await refresh(accounts, signed_in.refresh_token)
    clock.go(11)

    assert await refused(accounts, signed_in.refresh_token) == "refresh_token_reused"

    row = await session_row(accounts, signed_in.session_id)
    assert (row.ended_at, row.end_reason) == (clock.now, "refresh_token_reused")
    assert await refused(accounts, first.refresh_token) == "refresh_token_reused"
    [event] = await events(accounts, "refresh_token_reused")
    assert (event.session_id, event.actor_id) == (signed_in.session_id, signed_in.user.id)


async def test_an_older_token_is_reuse_within_the_window_too(
    accounts: Accounts, signed_in: SignedIn
) -> None:
    first = await refresh(accounts, signed_in.refresh_token)
    await refresh(accounts, first.refresh_token)

    assert await refused(accounts, signed_in.refresh_token) == "refresh_token_reused"


async def test_many_replays_at_once_leave_one_event(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    await refresh(accounts, signed_in.refresh_token)
    clock.go(11)
    reasons = []

    async def replay() -> None:
        reasons.append(await refused(accounts, signed_in.refresh_token))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(replay)

    assert set(reasons) == {"refresh_token_reused"}
    assert len(await events(accounts, "refresh_token_reused")) == 1


async def test_a_token_from_before_a_restored_backup_ends_the_session(
    accounts: Accounts, signed_in: SignedIn
) -> None:
    ahead = await forge(accounts, signed_in.session_id, 3)

    assert await refused(accounts, ahead) == "session_ended"

    assert (await session_row(accounts, signed_in.session_id)).end_reason == "refresh_token_ahead"
    assert len(await events(accounts, "refresh_token_ahead")) == 1
    assert await refused(accounts, signed_in.refresh_token) == "session_ended"


async def test_waiting_for_the_database_is_not_reuse(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    """The window is measured when the request comes, not when its turn comes."""
    first = await refresh(accounts, signed_in.refresh_token)
    clock.go(5)
    late = replace(accounts, clock=clock_that_goes(clock, seconds=20))

    assert (await refresh(late, signed_in.refresh_token)).refresh_token == first.refresh_token


async def test_a_session_that_is_not_used_expires(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    clock.go(3_599)
    refreshed = await refresh(accounts, signed_in.refresh_token)
    clock.go(3_600)

    assert await refused(accounts, refreshed.refresh_token) == "session_expired"
    assert (await session_row(accounts, signed_in.session_id)).ended_at is None


async def test_the_absolute_end_never_moves(
    accounts: Accounts, clock: SettableClock, signed_in: SignedIn
) -> None:
    end = clock.now + timedelta(hours=4)
    token = signed_in.refresh_token
    for _ in range(5):
        clock.go(2_870)
        latest = await refresh(accounts, token)
        token = latest.refresh_token

    row = await session_row(accounts, signed_in.session_id)
    assert row.absolute_expires_at == row.idle_expires_at == end
    assert accounts.tokens.verify(latest.access_token).expires_at == end
    assert latest.expires_in == 50
    clock.go(50)
    assert await refused(accounts, token) == "session_expired"


async def test_a_disabled_user_refreshes_nothing(accounts: Accounts, signed_in: SignedIn) -> None:
    await users.disable(accounts, signed_in.user.id, by=OPERATOR, origin=NOWHERE)

    assert await refused(accounts, signed_in.refresh_token) == "session_ended"


async def test_a_session_whose_user_was_disabled_behind_our_back_is_refused_too(
    accounts: Accounts, signed_in: SignedIn
) -> None:
    """The statement itself looks at the user: no session needs to have been ended for it."""
    await users.disable(accounts, signed_in.user.id, by=OPERATOR, origin=NOWHERE)
    async with accounts.db.write() as session:
        await session.execute(update(SessionRow).values(ended_at=None, end_reason=None))

    assert await refused(accounts, signed_in.refresh_token) == "session_ended"
    assert (await session_row(accounts, signed_in.session_id)).counter == 0


async def test_a_leak_of_the_database_makes_no_token(
    accounts: Accounts, signed_in: SignedIn
) -> None:
    row = await session_row(accounts, signed_in.session_id)
    thief = SecretKey(SecretStr("what a thief would try: 0123456789abcdef"))
    guesses = [
        mint(thief, RefreshToken(row.id, row.counter), row.salt),
        f"gar1.{row.id}.0." + "A" * 43,
        signed_in.refresh_token[:-1] + ("A" if signed_in.refresh_token[-1] != "A" else "E"),
    ]

    for guess in guesses:
        assert await refused(accounts, guess) == "refresh_token_invalid"
    assert signed_in.refresh_token.split(".")[-1] not in repr(await all_rows(accounts, SessionRow))
    assert (await session_row(accounts, row.id)).ended_at is None


async def test_a_former_secret_key_signs_nobody_out(
    settings: Settings, database: Database, clock: SettableClock, signed_in: SignedIn
) -> None:
    rotated = settings.model_copy(
        update={
            "secret_key": SecretStr("the next secret key, 0123456789abcdef!"),
            "secret_key_fallbacks": (settings.secret_key,),
        }
    )
    later = await make_accounts(rotated, database, clock)

    refreshed = await refresh(later, signed_in.refresh_token)

    forgotten = replace(later, secret=SecretKey(rotated.secret_key))
    assert (await refresh(forgotten, refreshed.refresh_token)).session_id == signed_in.session_id
    assert await refused(forgotten, signed_in.refresh_token) == "refresh_token_invalid"


async def test_a_session_that_was_deleted_is_like_one_that_never_was(
    accounts: Accounts, signed_in: SignedIn
) -> None:
    await users.remove(accounts, signed_in.user.id, by=OPERATOR, origin=NOWHERE)

    assert await refused(accounts, signed_in.refresh_token) == "refresh_token_invalid"


def clock_that_goes(clock: SettableClock, *, seconds: float) -> SettableClock:
    """Return a clock that is later each time it is looked at."""

    class Going(SettableClock):
        def __call__(self) -> datetime:
            now = self.now
            self.go(seconds)
            return now

    return Going(clock.now)


@dataclass
class Model:
    """A session as the specification has it, without a database."""

    begun_at: datetime
    idle_end: datetime
    counter: int = 0
    rotated_at: datetime | None = None
    ended: str | None = None
    tokens: list[str] = field(default_factory=list)

    def answer(self, counter: int, now: datetime) -> str:
        """Return what a refresh with the token of this counter must give."""
        if self.ended:
            return "refresh_token_reused" if self.ended == "reused" else "session_ended"
        if now >= self.idle_end:
            return "session_expired"
        if counter == self.counter:
            return "rotated"
        rotated_at = self.rotated_at or self.begun_at
        if counter == self.counter - 1 and now <= rotated_at + timedelta(seconds=10):
            return "same"
        return "refresh_token_reused" if counter < self.counter else "ahead"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
def test_a_session_does_what_the_specification_says(database_url: str, settings: Settings) -> None:
    """Any order of refreshing, replaying, waiting, ending and disabling, against a model."""
    with asyncio.Runner() as runner:
        database = Database.open(database_url)
        clock = SettableClock()
        accounts = runner.run(make_accounts(settings, database, clock))

        class Session(SessionMachine):
            def __init__(self) -> None:
                super().__init__(runner, accounts, clock)

        run_state_machine_as_test(
            Session,
            settings=hypothesis_settings(
                max_examples=25,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(database.dispose())


class SessionMachine(RuleBasedStateMachine):
    def __init__(self, runner: asyncio.Runner, accounts: Accounts, clock: SettableClock) -> None:
        super().__init__()
        self.runner = runner
        self.accounts = accounts
        self.clock = clock

    @initialize()
    def sign_in(self) -> None:
        email = f"u{self.clock.now.timestamp()}@example.test"
        self.clock.go(1)
        self.runner.run(make_user(self.accounts, email))
        self.begun = self.runner.run(log_in(self.accounts, email))
        now = self.clock.now
        self.model = Model(now, now + timedelta(hours=1), tokens=[self.begun.refresh_token])

    @rule(seconds=st.sampled_from([0.5, 4, 10, 11, 600, 3_000, 3_600]))
    def wait(self, seconds: float) -> None:
        self.clock.go(seconds)

    @rule()
    def refresh_newest(self) -> None:
        self.present(self.model.counter)

    @rule(age=st.integers(1, 3))
    def replay(self, age: int) -> None:
        if self.model.counter >= age:
            self.present(self.model.counter - age)

    @precondition(lambda self: self.model.counter > 1)
    @rule()
    def present_one_from_the_future(self) -> None:
        self.present(self.model.counter + 2)

    @precondition(lambda self: self.model.counter > 1)
    @rule()
    def log_out(self) -> None:
        newest = self.model.tokens[-1]
        self.runner.run(sign_in.logout(self.accounts, refresh_token=newest, origin=PHONE))
        self.model.ended = self.model.ended or "signed_out"

    @precondition(lambda self: self.model.counter > 1)
    @rule()
    def disable_and_enable(self) -> None:
        for change in (users.disable, users.enable):
            self.runner.run(change(self.accounts, self.begun.user.id, by=OPERATOR, origin=NOWHERE))
        self.model.ended = self.model.ended or "user_disabled"

    def present(self, counter: int) -> None:
        """Refresh with the token of a counter, and compare the answer with the model's."""
        model, now = self.model, self.clock.now
        expected = model.answer(counter, now)
        token = self.runner.run(forge(self.accounts, self.begun.session_id, counter))
        if counter <= model.counter:
            assert token == model.tokens[counter]
        answer = self.runner.run(answer_of(self.accounts, token))
        if isinstance(answer, SignedIn):
            assert expected in {"rotated", "same"}
            self.accept(answer, expected, now)
        else:
            assert answer == ("session_ended" if expected == "ahead" else expected)
        if expected in {"refresh_token_reused", "ahead"} and not model.ended:
            model.ended = "reused" if expected == "refresh_token_reused" else "ahead"

    def accept(self, answer: SignedIn, expected: str, now: datetime) -> None:
        model = self.model
        if expected == "rotated":
            model.counter += 1
            model.rotated_at = now
            absolute_end = model.begun_at + timedelta(hours=4)
            model.idle_end = min(now + timedelta(hours=1), absolute_end)
            model.tokens.append(answer.refresh_token)
        assert answer.refresh_token == model.tokens[model.counter]
        assert answer.expires_in == min(300, (model.begun_at + timedelta(hours=4) - now).seconds)

    @invariant()
    def the_row_is_as_the_model_says(self) -> None:
        row = self.runner.run(session_row(self.accounts, self.begun.session_id))
        model = self.model
        assert row.counter == model.counter == len(model.tokens) - 1
        assert row.rotated_at == (model.rotated_at or model.begun_at)
        assert row.idle_expires_at == model.idle_end <= row.absolute_expires_at
        assert (row.ended_at is not None) == bool(model.ended)

    def teardown(self) -> None:
        recorded = self.runner.run(events(self.accounts, "refresh", "refresh_token_reused"))
        own = [event.action for event in recorded if event.session_id == self.begun.session_id]
        assert own.count("refresh") == self.model.counter
        assert own.count("refresh_token_reused") == (self.model.ended == "reused")
