"""Users: how administrators change accounts, the ceiling above them, and listings."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import anyio
import pytest
from sqlalchemy import text

from graph_api.accounts import Accounts, roles, sessions, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.users import NewUser, UserFilter
from graph_api.authorization.principal import Principal
from graph_api.db.tables import UserRow
from graph_api.errors import (
    BadUserInput,
    Conflict,
    Forbidden,
    GraphApiError,
    InvalidCredentials,
    NotFound,
    SessionEnded,
    Unauthenticated,
)
from graph_api.origin import NOWHERE
from tests.accounts.world import (
    PASSWORD,
    PHONE,
    SettableClock,
    all_rows,
    events,
    log_in,
    make_caller,
    make_role,
    make_user,
    principal,
    role_id,
    session_row,
)

pytestmark = pytest.mark.anyio
Change = Callable[[Accounts, str, Principal], Coroutine[Any, Any, Any]]

CHANGES: dict[str, Change] = {
    "update": lambda accounts, user_id, by: users.update(
        accounts, user_id, {"name": "New"}, by=by, origin=PHONE
    ),
    "disable": lambda accounts, user_id, by: users.disable(accounts, user_id, by=by, origin=PHONE),
    "enable": lambda accounts, user_id, by: users.enable(accounts, user_id, by=by, origin=PHONE),
    "remove": lambda accounts, user_id, by: users.remove(accounts, user_id, by=by, origin=PHONE),
    "set_password": lambda accounts, user_id, by: users.set_password(
        accounts, user_id, "a wholly other phrase", by=by, origin=PHONE
    ),
}


async def manager(accounts: Accounts) -> Principal:
    """Sign in somebody who administers users, and holds nothing else."""
    await make_role(accounts, "manager", "user:read", "user:write", "session:write")
    return await make_caller(accounts, "manager@example.test", "manager")


async def get(accounts: Accounts, user_id: str) -> UserRow:
    async with accounts.db.read() as session:
        return await users.get(session, user_id)


async def test_a_manager_creates_an_account_that_can_sign_in(accounts: Accounts) -> None:
    caller = await manager(accounts)
    role = await role_id(accounts, "user")
    new = NewUser(email="New@Example.test", name="Newt", password=PASSWORD, role_ids=[role])

    created = await users.create(accounts, new, by=caller, origin=PHONE)

    assert (await log_in(accounts, "new@example.test")).roles == {"user"}
    made, granted = [
        event
        for event in await events(accounts, "user_created", "role_granted")
        if event.target_id == created.id
    ]
    assert made.actor_id == granted.actor_id == caller.subject
    assert granted.details == {"role": "user"}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_manager_changes_whoever_holds_no_more_than_they_do(
    accounts: Accounts, change: str
) -> None:
    caller = await manager(accounts)
    ada = await make_user(accounts, "ada@example.test", "user")

    await CHANGES[change](accounts, ada.id, caller)


@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_changes_whoever_holds_what_they_lack(accounts: Accounts, change: str) -> None:
    caller = await manager(accounts)
    auditor = await make_user(accounts, "auditor@example.test", "auditor")

    with pytest.raises(Forbidden, match="audit:read"):
        await CHANGES[change](accounts, auditor.id, caller)

    assert await get(accounts, auditor.id) == auditor


@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_changes_others_without_the_permission(
    accounts: Accounts, change: str
) -> None:
    caller = await make_caller(accounts, "support@example.test", "support")
    ada = await make_user(accounts, "ada@example.test")

    with pytest.raises(Forbidden, match="user:write"):
        await CHANGES[change](accounts, ada.id, caller)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_user_who_is_not_there_is_not_found(accounts: Accounts, change: str) -> None:
    caller = await manager(accounts)

    for unknown in ("usr_01jd000000e008000000000000", "rol_x", "\x00", ""):
        with pytest.raises(NotFound):
            await CHANGES[change](accounts, unknown, caller)


async def test_nobody_grants_or_revokes_what_they_lack(accounts: Accounts) -> None:
    caller = await manager(accounts)
    auditor = await role_id(accounts, "auditor")
    ada = await make_user(accounts, "ada@example.test")
    assert caller.subject is not None
    new = NewUser(email="x@example.test", password=PASSWORD, role_ids=[auditor])

    for attempt in (
        users.grant_role(accounts, ada.id, auditor, by=caller, origin=PHONE),
        users.grant_role(accounts, caller.subject, auditor, by=caller, origin=PHONE),
        users.create(accounts, new, by=caller, origin=PHONE),
    ):
        with pytest.raises(Forbidden, match="audit:read"):
            await attempt
    await users.grant_role(accounts, ada.id, auditor, by=OPERATOR, origin=NOWHERE)
    with pytest.raises(Forbidden, match="audit:read"):
        await users.revoke_role(accounts, ada.id, auditor, by=caller, origin=PHONE)

    assert [row.email for row in await all_rows(accounts, UserRow)].count("x@example.test") == 0


async def test_granting_and_revoking_twice_is_once(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test")
    support = await role_id(accounts, "support")

    for change in (users.grant_role, users.grant_role, users.revoke_role, users.revoke_role):
        await change(accounts, ada.id, support, by=OPERATOR, origin=NOWHERE)

    recorded = await events(accounts, "role_granted", "role_revoked")
    assert [event.action for event in recorded] == ["role_granted", "role_revoked"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [("disable", "user_disabled"), ("set_password", "password_reset")],
)
async def test_it_ends_every_session_of_the_user(
    accounts: Accounts, change: str, reason: str
) -> None:
    caller = await manager(accounts)
    ada = await make_user(accounts, "ada@example.test")
    signed_in = [await log_in(accounts, "ada@example.test") for _ in range(2)]

    await CHANGES[change](accounts, ada.id, caller)

    for each in signed_in:
        row = await session_row(accounts, each.session_id)
        assert (row.ended_at, row.end_reason) == (accounts.clock(), reason)
    with pytest.raises(InvalidCredentials):
        await log_in(accounts, "ada@example.test")


async def test_who_is_enabled_again_signs_in_anew(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test")
    before = await log_in(accounts, "ada@example.test")
    for change in (users.disable, users.disable, users.enable, users.enable):
        await change(accounts, ada.id, by=OPERATOR, origin=NOWHERE)

    await log_in(accounts, "ada@example.test")

    with pytest.raises(SessionEnded):
        await sign_in.refresh(accounts, before.refresh_token, origin=PHONE)
    recorded = await events(accounts, "user_disabled", "user_enabled")
    assert [event.action for event in recorded] == ["user_disabled", "user_enabled"]


async def test_an_address_is_changed_to_a_free_one(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test")
    await make_user(accounts, "grace@example.test")

    changed = await users.update(
        accounts,
        ada.id,
        {"email": " Countess@Example.test", "name": " "},
        by=OPERATOR,
        origin=NOWHERE,
    )

    assert (changed.email, changed.name) == ("countess@example.test", None)
    with pytest.raises(Conflict, match="taken"):
        await users.update(
            accounts, ada.id, {"email": "GRACE@example.test"}, by=OPERATOR, origin=NOWHERE
        )
    with pytest.raises(BadUserInput):
        await users.update(accounts, ada.id, {"email": "none"}, by=OPERATOR, origin=NOWHERE)


async def test_everybody_changes_their_own_name_and_nothing_else(accounts: Accounts) -> None:
    caller = await make_caller(accounts, "ada@example.test")

    changed = await users.update_profile(accounts, "Ada", by=caller, origin=PHONE)

    assert (changed.id, changed.name) == (caller.subject, "Ada")
    with pytest.raises(Unauthenticated):
        await users.update_profile(accounts, "Root", by=OPERATOR, origin=NOWHERE)


async def test_a_user_whom_the_application_still_needs_is_not_deleted(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test")
    async with accounts.db.write() as session:
        table = "CREATE TABLE article (author_id TEXT REFERENCES graph_api_user (id))"
        await session.execute(text(table))
        await session.execute(text("INSERT INTO article VALUES (:id)"), {"id": ada.id})

    with pytest.raises(Conflict, match="disable"):
        await users.remove(accounts, ada.id, by=OPERATOR, origin=NOWHERE)


async def revoke_admin(accounts: Accounts, user_id: str, by: Principal) -> None:
    admin = await role_id(accounts, "admin")
    await users.revoke_role(accounts, user_id, admin, by=by, origin=PHONE)


LAST_ADMIN: dict[str, Change] = {
    "disable": CHANGES["disable"],
    "remove": CHANGES["remove"],
    "revoke": revoke_admin,
}


@pytest.mark.parametrize("change", LAST_ADMIN)
async def test_the_last_enabled_admin_stays(accounts: Accounts, change: str) -> None:
    caller = await make_caller(accounts, "admin@example.test", "admin")
    disabled = await make_user(accounts, "former@example.test", "admin")
    await users.disable(accounts, disabled.id, by=OPERATOR, origin=NOWHERE)
    assert caller.subject is not None

    with pytest.raises(Conflict, match="last enabled admin"):
        await LAST_ADMIN[change](accounts, caller.subject, caller)

    assert (await log_in(accounts, "admin@example.test")).roles == {"admin"}
    await make_user(accounts, "second@example.test", "admin")
    await LAST_ADMIN[change](accounts, caller.subject, caller)


async def test_who_is_admin_through_another_role_is_one(accounts: Accounts) -> None:
    owner = await make_role(accounts, "owner")
    include = [await role_id(accounts, "admin")]
    await roles.update(accounts, owner, {"include_ids": include}, by=OPERATOR, origin=NOWHERE)
    await make_user(accounts, "owner@example.test", "owner")

    for attempt in (
        roles.update(accounts, owner, {"include_ids": []}, by=OPERATOR, origin=NOWHERE),
        roles.remove(accounts, owner, by=OPERATOR, origin=NOWHERE),
    ):
        with pytest.raises(Conflict, match="last enabled admin"):
            await attempt


async def test_without_any_admin_there_is_none_to_keep(accounts: Accounts) -> None:
    ada = await make_user(accounts, "ada@example.test")

    await users.disable(accounts, ada.id, by=OPERATOR, origin=NOWHERE)


async def test_two_admins_who_disable_each_other_at_once_leave_one(accounts: Accounts) -> None:
    one = await make_caller(accounts, "one@example.test", "admin")
    two = await make_caller(accounts, "two@example.test", "admin")
    refused: list[GraphApiError] = []

    async def disable(target: Principal, by: Principal) -> None:
        try:
            await users.disable(accounts, target.subject or "", by=by, origin=PHONE)
        except GraphApiError as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(disable, one, two)
        tasks.start_soon(disable, two, one)

    assert len(refused) == 1
    assert isinstance(refused[0], SessionEnded)


async def test_one_ends_ones_own_session(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    here, there = [await log_in(accounts, "ada@example.test") for _ in range(2)]

    ended = await sessions.revoke(accounts, there.session_id, by=principal(here), origin=PHONE)

    assert (ended.id, ended.end_reason) == (there.session_id, "session_revoked")
    again = await sessions.revoke(accounts, there.session_id, by=principal(here), origin=PHONE)
    assert again == ended
    assert len(await events(accounts, "session_revoked")) == 1


async def test_a_foreign_session_is_as_if_it_were_not_there(accounts: Accounts) -> None:
    caller = await make_caller(accounts, "ada@example.test")
    await make_user(accounts, "grace@example.test")
    foreign = await log_in(accounts, "grace@example.test")

    messages = set()
    for session_id in (foreign.session_id, "ses_01jd000000e008000000000000", "usr_x", "\x00"):
        with pytest.raises(NotFound) as refusal:
            await sessions.revoke(accounts, session_id, by=caller, origin=PHONE)
        messages.add(refusal.value.message)

    assert len(messages) == 1
    assert (await session_row(accounts, foreign.session_id)).ended_at is None


async def test_a_manager_ends_sessions_below_their_ceiling(accounts: Accounts) -> None:
    caller = await manager(accounts)
    await make_user(accounts, "ada@example.test")
    await make_user(accounts, "auditor@example.test", "auditor")
    below, above = [
        await log_in(accounts, email) for email in ("ada@example.test", "auditor@example.test")
    ]

    await sessions.revoke(accounts, below.session_id, by=caller, origin=PHONE)
    with pytest.raises(Forbidden, match="audit:read"):
        await sessions.revoke(accounts, above.session_id, by=caller, origin=PHONE)

    [event] = await events(accounts, "session_revoked")
    assert event.details == {"user": below.user.id}
    assert (await session_row(accounts, above.session_id)).ended_at is None


async def listed(accounts: Accounts, where: UserFilter) -> set[str]:
    async with accounts.db.read() as session:
        rows = await session.scalars(users.select_users(where))
        return {row.email.partition("@")[0] for row in rows}


async def test_a_search_looks_into_address_and_name(accounts: Accounts) -> None:
    await make_user(accounts, "ada@example.test")
    grace = await make_user(accounts, "grace@example.test")
    await users.update(accounts, grace.id, {"name": "Hopper 100%"}, by=OPERATOR, origin=NOWHERE)

    assert await listed(accounts, UserFilter()) == {"ada", "grace"}
    assert await listed(accounts, UserFilter(search="EXAMPLE")) == {"ada", "grace"}
    assert await listed(accounts, UserFilter(search=" hopper ")) == {"grace"}
    assert await listed(accounts, UserFilter(search="nobody")) == set()


@pytest.mark.parametrize(
    ("search", "found"), [("0%", {"grace"}), ("%a%", set()), ("a_a", set()), ("/", set())]
)
async def test_a_wildcard_is_a_character_like_another(
    accounts: Accounts, search: str, found: set[str]
) -> None:
    await make_user(accounts, "ada@example.test")
    grace = await make_user(accounts, "grace@example.test")
    await users.update(accounts, grace.id, {"name": "Hopper 100%"}, by=OPERATOR, origin=NOWHERE)

    assert await listed(accounts, UserFilter(search=search)) == found


async def test_users_are_listed_by_role_state_and_age(
    accounts: Accounts, clock: SettableClock
) -> None:
    ada = await make_user(accounts, "ada@example.test", "support")
    begin = clock.now
    clock.go(60)
    await make_user(accounts, "grace@example.test", "admin")
    await users.disable(accounts, ada.id, by=OPERATOR, origin=NOWHERE)
    minute = timedelta(minutes=1)

    assert await listed(accounts, UserFilter(role="support")) == {"ada"}
    assert await listed(accounts, UserFilter(role="no-such-role")) == set()
    assert await listed(accounts, UserFilter(disabled=True)) == {"ada"}
    assert await listed(accounts, UserFilter(disabled=False)) == {"grace"}
    assert await listed(accounts, UserFilter(created_after=begin + minute)) == {"grace"}
    assert await listed(accounts, UserFilter(created_before=begin + minute)) == {"ada"}
    assert await listed(accounts, UserFilter(role="support", disabled=False)) == set()


@pytest.mark.parametrize("junk", ["\x00", "\ud800", "x" * 201])
async def test_a_search_that_no_database_takes_is_refused(accounts: Accounts, junk: str) -> None:
    for where in (UserFilter(search=junk), UserFilter(role=junk)):
        with pytest.raises(BadUserInput):
            await listed(accounts, where)
