"""Access tokens from before a change: which are compared, for how long, and what is found."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from graph_api.accounts import Accounts, roles, sessions, sign_in, users
from graph_api.accounts.authority import OPERATOR, confirm
from graph_api.accounts.grants import Grants, user_and_grants
from graph_api.accounts.revocations import CAPACITY, MARGIN, Revocations
from graph_api.accounts.sign_in import SignedIn
from graph_api.authorization.principal import ANONYMOUS
from graph_api.db.engine import Database
from graph_api.db.tables import UserRow
from graph_api.errors import SessionEnded, Unauthenticated
from graph_api.origin import NOWHERE
from graph_api.settings import Settings
from tests.accounts.world import (
    PHONE,
    SettableClock,
    log_in,
    make_accounts,
    make_role,
    make_user,
    principal,
    role_id,
)
from tests.api import counted

pytestmark = pytest.mark.anyio

ADA = "ada@example.test"
LIFETIME = 305
"""Of a token: 300 seconds and 5 of leeway."""


@pytest.fixture
def revocations(clock: SettableClock) -> Revocations:
    return Revocations(LIFETIME, clock)


@pytest.fixture
async def ada(accounts: Accounts) -> SignedIn:
    await make_user(accounts, ADA, "support")
    signed_in = await log_in(accounts, ADA)
    await confirm(accounts, principal(signed_in))
    return signed_in


async def refused(accounts: Accounts, signed_in: SignedIn) -> str | None:
    """Return why a token is refused, None if it is not."""
    try:
        await confirm(accounts, principal(signed_in))
    except (SessionEnded, Unauthenticated) as error:
        return error.reason
    return None


# The names that are remembered


def test_nothing_concerns_anybody_before_something_has_changed(revocations: Revocations) -> None:
    assert not revocations.concern("usr_1", "ses_1", "admin")


def test_what_was_changed_concerns_who_names_it_for_the_life_of_a_token(
    revocations: Revocations, clock: SettableClock
) -> None:
    revocations.add("usr_1")
    clock.go(100)
    revocations.add("editor")
    assert revocations.concern("usr_1", "ses_1")
    assert revocations.concern("usr_2", "ses_2", "user", "editor")
    assert not revocations.concern("usr_2", "ses_1", "user")

    margin = MARGIN.total_seconds()
    clock.go(LIFETIME + margin - 101)
    assert revocations.concern("usr_1")
    clock.go(1)
    assert not revocations.concern("usr_1")
    assert revocations.concern("editor")


def test_a_second_change_counts_from_its_own_time(
    revocations: Revocations, clock: SettableClock
) -> None:
    revocations.add("usr_1")
    revocations.add("usr_2")
    clock.go(300)
    revocations.add("usr_1")
    clock.go(300)
    assert revocations.concern("usr_1")
    assert not revocations.concern("usr_2")


def test_what_is_over_is_forgotten(clock: SettableClock) -> None:
    revocations = Revocations(LIFETIME, clock, capacity=10)
    for number in range(100):
        revocations.add(f"usr_{number}")
        clock.go(100)
    assert not revocations.concern("usr_0", "usr_50")
    assert revocations.concern("usr_99")


def test_when_there_are_too_many_to_remember_every_token_is_compared(clock: SettableClock) -> None:
    revocations = Revocations(LIFETIME, clock, capacity=10)
    for number in range(11):
        revocations.add(f"usr_{number}")
    assert revocations.concern("usr_0")
    assert revocations.concern("whoever")
    clock.go(LIFETIME + MARGIN.total_seconds())
    assert not revocations.concern("usr_0", "whoever")


# What is found


async def test_a_role_that_was_taken_or_given_makes_older_tokens_stale(
    accounts: Accounts, ada: SignedIn
) -> None:
    auditor, support = [await role_id(accounts, name) for name in ("auditor", "support")]
    for change, role in ((users.grant_role, auditor), (users.revoke_role, support)):
        older = await log_in(accounts, ADA)
        await change(accounts, ada.user.id, role, by=OPERATOR, origin=NOWHERE)
        assert await refused(accounts, older) == "token_stale"
        assert await refused(accounts, await log_in(accounts, ADA)) is None


async def test_a_token_from_the_same_second_is_judged_by_what_it_says(
    accounts: Accounts, clock: SettableClock, ada: SignedIn
) -> None:
    """``iat`` has whole seconds, and the clock stands still: no time tells these three apart."""
    support = await role_id(accounts, "support")
    await users.revoke_role(accounts, ada.user.id, support, by=OPERATOR, origin=NOWHERE)
    without = await log_in(accounts, ADA)
    await users.grant_role(accounts, ada.user.id, support, by=OPERATOR, origin=NOWHERE)
    again = await log_in(accounts, ADA)

    assert len({accounts.tokens.verify(it.access_token).issued_at for it in (ada, without)}) == 1
    assert [await refused(accounts, each) for each in (ada, without, again)] == [
        None,
        "token_stale",
        None,
    ]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_token_that_is_issued_while_the_role_is_taken_is_stale_too(
    accounts: Accounts, clock: SettableClock, ada: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its roles were read before the change, and it was issued after it."""
    support = await role_id(accounts, "support")

    async def slowly(session: AsyncSession, user_id: str) -> tuple[UserRow, Grants]:
        held = await user_and_grants(session, user_id)
        await users.revoke_role(accounts, user_id, support, by=OPERATOR, origin=NOWHERE)
        clock.go(2)
        return held

    monkeypatch.setattr(sign_in, "user_and_grants", slowly)
    late = await sign_in.refresh(accounts, ada.refresh_token, origin=PHONE)

    assert late.roles == {"support"}
    assert await refused(accounts, late) == "token_stale"
    clock.go(LIFETIME - 1)
    assert await refused(accounts, late) == "token_stale"


async def test_who_holds_an_edited_role_through_another_one_has_a_stale_token(
    accounts: Accounts, ada: SignedIn
) -> None:
    inner = await make_role(accounts, "inner", "audit:read")
    outer = await roles.create(
        accounts, roles.NewRole(name="outer", include_ids=[inner]), by=OPERATOR, origin=NOWHERE
    )
    await make_user(accounts, "grace@example.test", "outer")
    before = await log_in(accounts, "grace@example.test")

    changes: Sequence[roles.RoleChanges] = (
        {"permissions": []},
        {"permissions": ["user:read", "audit:read"]},
    )
    for change in changes:
        await roles.update(accounts, inner, change, by=OPERATOR, origin=NOWHERE)
        after = await log_in(accounts, "grace@example.test")
        assert await refused(accounts, before) == "token_stale"
        assert await refused(accounts, after) is None
        before = after
    await roles.remove(accounts, inner, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, before) == "token_stale"
    assert outer.name in (await log_in(accounts, "grace@example.test")).roles
    assert await refused(accounts, ada) is None


async def test_a_role_whose_description_changes_makes_nothing_stale(
    accounts: Accounts, ada: SignedIn
) -> None:
    support = await role_id(accounts, "support")
    change: roles.RoleChanges = {"description": "Helps."}
    await roles.update(accounts, support, change, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, ada) is None


async def test_a_session_that_ended_is_over_and_others_go_on(
    accounts: Accounts, clock: SettableClock, ada: SignedIn
) -> None:
    other, third = [await log_in(accounts, ADA) for _ in range(2)]
    await sign_in.logout(accounts, refresh_token=other.refresh_token, origin=PHONE)
    await sessions.revoke(accounts, third.session_id, by=OPERATOR, origin=NOWHERE)
    assert [await refused(accounts, each) for each in (ada, other, third)] == [
        None,
        "session_ended",
        "session_ended",
    ]


async def test_reuse_ends_that_session_at_once(
    accounts: Accounts, clock: SettableClock, ada: SignedIn
) -> None:
    other = await log_in(accounts, ADA)
    newest = await sign_in.refresh(accounts, ada.refresh_token, origin=PHONE)
    clock.go(60)
    with pytest.raises(SessionEnded):
        await sign_in.refresh(accounts, ada.refresh_token, origin=PHONE)
    assert await refused(accounts, ada) == await refused(accounts, newest) == "session_ended"
    assert await refused(accounts, other) is None


async def test_a_new_password_ends_the_tokens_of_the_others_or_of_all(
    accounts: Accounts, ada: SignedIn
) -> None:
    other = await log_in(accounts, ADA)
    by = principal(ada)
    await sign_in.change_password(
        accounts, "correct horse battery", "another long phrase", by=by, origin=PHONE
    )
    assert await refused(accounts, ada) is None
    assert await refused(accounts, other) == "session_ended"

    new = "yet another phrase"
    await users.set_password(accounts, ada.user.id, new, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, ada) == "session_ended"


@pytest.mark.parametrize("end", [users.disable, users.remove])
async def test_who_is_disabled_or_gone_has_no_tokens(
    accounts: Accounts, ada: SignedIn, end: object
) -> None:
    assert callable(end)
    await end(accounts, ada.user.id, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, ada) == "session_ended"


async def test_who_is_enabled_again_signs_in_at_once(accounts: Accounts, ada: SignedIn) -> None:
    await users.disable(accounts, ada.user.id, by=OPERATOR, origin=NOWHERE)
    await users.enable(accounts, ada.user.id, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, ada) == "session_ended"
    assert await refused(accounts, await log_in(accounts, ADA)) is None


async def test_a_change_that_is_rolled_back_makes_nothing_stale(
    accounts: Accounts, ada: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no audit, no change")

    monkeypatch.setattr("graph_api.accounts.authority.record", fail)
    for change in (users.disable, users.remove):
        with pytest.raises(RuntimeError):
            await change(accounts, ada.user.id, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, ada) is None


async def test_another_worker_does_not_know(
    accounts: Accounts, database: Database, settings: Settings, clock: SettableClock, ada: SignedIn
) -> None:
    other = await make_accounts(settings, database, clock)
    await users.disable(accounts, ada.user.id, by=OPERATOR, origin=NOWHERE)
    assert await refused(accounts, ada) == "session_ended"
    assert await refused(other, ada) is None


# What it costs


async def test_only_whom_a_change_concerns_is_looked_up(accounts: Accounts, ada: SignedIn) -> None:
    await make_user(accounts, "grace@example.test", "user")
    grace = await log_in(accounts, "grace@example.test")
    await users.disable(accounts, ada.user.id, by=OPERATOR, origin=NOWHERE)
    with counted() as statements:
        assert await refused(accounts, grace) is None
        assert statements == []
        assert await refused(accounts, ada) == "session_ended"
        assert len(statements) == 1


async def test_an_anonymous_caller_has_nothing_to_compare(accounts: Accounts) -> None:
    for number in range(CAPACITY + 1):
        accounts.revocations.add(f"usr_{number}")
    assert accounts.revocations.concern("whoever")
    await confirm(accounts, ANONYMOUS)
