"""Roles: what follows from them, who may change them, and what never happens to them."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from graph_api.accounts import Accounts, roles, users
from graph_api.accounts.authority import OPERATOR, By
from graph_api.accounts.grants import grants_of, grants_of_users
from graph_api.accounts.roles import NewRole, RoleChanges
from graph_api.authorization.principal import Principal
from graph_api.db.tables import RoleRow, SessionRow
from graph_api.errors import (
    BadUserInput,
    ConfigurationError,
    Conflict,
    Forbidden,
    NotFound,
    SessionEnded,
    Unauthenticated,
)
from graph_api.origin import NOWHERE
from tests.accounts.world import (
    PHONE,
    all_rows,
    events,
    log_in,
    make_caller,
    make_role,
    make_user,
    principal,
    role_id,
)

pytestmark = pytest.mark.anyio
MANAGER = ("role:read", "role:write", "user:read", "user:write")


async def include(accounts: Accounts, role: str, *included: str, by: By = OPERATOR) -> None:
    changes: RoleChanges = {"include_ids": included}
    await roles.update(accounts, role, changes, by=by, origin=PHONE)


async def manager(accounts: Accounts) -> Principal:
    """Sign in somebody who administers users and roles, and holds nothing else."""
    await make_role(accounts, "manager", *MANAGER)
    return await make_caller(accounts, "manager@example.test", "manager")


async def test_the_admin_holds_every_declared_permission(accounts: Accounts) -> None:
    admin = await make_user(accounts, "admin@example.test", "admin")
    declared = {**roles.SHIPPED_PERMISSIONS, "article:publish": "Publish articles."}
    every = {**roles.SHIPPED_ROLES, "editor": ["article:publish"]}

    for _ in range(2):  # as at each start
        async with accounts.db.write() as session:
            await roles.sync_roles(session, declared, every, now=accounts.clock())

    async with accounts.db.read() as session:
        assert (await grants_of(session, admin.id)).permissions == set(declared)
    assert {row.name for row in await all_rows(accounts, RoleRow)} == set(every)


async def test_what_administrators_made_of_a_role_stays(accounts: Accounts) -> None:
    support = await role_id(accounts, "support")
    changes: RoleChanges = {"permissions": ["user:read"]}
    await roles.update(accounts, support, changes, by=OPERATOR, origin=NOWHERE)
    ada = await make_user(accounts, "ada@example.test", "support")

    async with accounts.db.write() as session:
        await roles.sync_roles(
            session, roles.SHIPPED_PERMISSIONS, roles.SHIPPED_ROLES, now=accounts.clock()
        )

    async with accounts.db.read() as session:
        assert (await grants_of(session, ada.id)).permissions == {"user:read"}


@pytest.mark.parametrize(
    ("permissions", "declared", "message"),
    [
        (["Article:Edit"], {}, "article:edit"),
        (["article"], {}, "article:edit"),
        (["a b:c"], {}, "article:edit"),
        (["article:edit"], {"Editor": []}, "content-editor"),
        (["article:edit"], {"editor": ["article:publish"]}, "article:publish"),
    ],
)
async def test_a_declaration_that_makes_no_sense_stops_the_start(
    accounts: Accounts, permissions: list[str], declared: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        async with accounts.db.write() as session:
            await roles.sync_roles(session, permissions, declared, now=accounts.clock())


async def test_a_role_holds_all_that_it_includes_however_far_down(accounts: Accounts) -> None:
    low = await make_role(accounts, "low", "user:read")
    middle = await make_role(accounts, "middle", "role:read")
    high = await make_role(accounts, "high", "audit:read")
    await include(accounts, middle, low)
    await include(accounts, high, middle, low)
    ada = await make_user(accounts, "ada@example.test", "high")
    grace = await make_user(accounts, "grace@example.test", "low", "user")
    nobody = await make_user(accounts, "nobody@example.test")

    async with accounts.db.read() as session:
        held = await grants_of_users(session, [ada.id, grace.id, nobody.id])

    assert held[ada.id].roles == {"low", "middle", "high"}
    assert held[ada.id].permissions == {"user:read", "role:read", "audit:read"}
    assert held[grace.id].roles == {"low", "user"}
    assert held[grace.id].permissions == {"user:read"}
    assert held[nobody.id].roles == held[nobody.id].permissions == frozenset()


async def test_roles_include_each_other_in_no_circle(accounts: Accounts) -> None:
    one, two, three = [await make_role(accounts, name) for name in ("one", "two", "three")]
    await include(accounts, one, two)
    await include(accounts, two, three)

    for role, included in ((one, one), (two, one), (three, one)):
        with pytest.raises(Conflict, match="itself"):
            await include(accounts, role, included)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["", "Editor", "1st", "an editor", "é", "x" * 65, "a\x00"])
async def test_a_role_has_a_plain_name(accounts: Accounts, name: str) -> None:
    with pytest.raises(BadUserInput):
        await roles.create(accounts, NewRole(name=name), by=OPERATOR, origin=NOWHERE)


async def test_a_name_is_taken_once(accounts: Accounts) -> None:
    with pytest.raises(Conflict, match="support"):
        await roles.create(accounts, NewRole(name="support"), by=OPERATOR, origin=NOWHERE)


async def test_a_role_holds_only_what_is_declared(accounts: Accounts) -> None:
    with pytest.raises(BadUserInput, match="article:publish"):
        await make_role(accounts, "editor", "article:publish")
    new = NewRole(name="editor", include_ids=["rol_x"])
    with pytest.raises(BadUserInput):
        await roles.create(accounts, new, by=OPERATOR, origin=NOWHERE)
    assert await events(accounts, "role_created") == []


async def test_a_role_that_is_not_there_is_not_found(accounts: Accounts) -> None:
    for unknown in ("rol_01jd000000e008000000000000", "usr_x", "\x00", ""):
        with pytest.raises(NotFound):
            await roles.remove(accounts, unknown, by=OPERATOR, origin=NOWHERE)


async def test_the_admin_role_is_what_it_is(accounts: Accounts) -> None:
    admin = await role_id(accounts, "admin")

    with pytest.raises(Conflict):
        await roles.update(accounts, admin, {"permissions": []}, by=OPERATOR, origin=NOWHERE)
    with pytest.raises(Conflict):
        await roles.remove(accounts, admin, by=OPERATOR, origin=NOWHERE)


async def test_a_manager_makes_and_changes_roles_below_their_own(accounts: Accounts) -> None:
    caller = await manager(accounts)

    new = NewRole(name="reader", description="Reads users.", permissions=["user:read"])
    role = await roles.create(accounts, new, by=caller, origin=PHONE)
    changes: RoleChanges = {"description": " ", "permissions": ["role:read"]}
    role = await roles.update(accounts, role.id, changes, by=caller, origin=PHONE)
    await roles.remove(accounts, role.id, by=caller, origin=PHONE)

    assert role.description is None
    recorded = await events(accounts, "role_created", "role_updated", "role_deleted")
    assert [event.actor_id for event in recorded[-3:]] == [caller.subject] * 3
    assert {event.target_id for event in recorded[-3:]} == {role.id}
    assert recorded[-1].ip_address == PHONE.ip_address


async def test_nobody_makes_a_role_above_their_own(accounts: Accounts) -> None:
    caller = await manager(accounts)
    auditor = await role_id(accounts, "auditor")
    low = await make_role(accounts, "low")

    attempts = [
        roles.create(
            accounts, NewRole(name="x", permissions=["audit:read"]), by=caller, origin=PHONE
        ),
        roles.create(accounts, NewRole(name="y", include_ids=[auditor]), by=caller, origin=PHONE),
        roles.update(accounts, low, {"permissions": ["audit:read"]}, by=caller, origin=PHONE),
        roles.update(accounts, low, {"include_ids": [auditor]}, by=caller, origin=PHONE),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden, match="audit:read"):
            await attempt

    assert {row.name for row in await all_rows(accounts, RoleRow)} >= {"low"}
    assert not {row.name for row in await all_rows(accounts, RoleRow)} & {"x", "y"}


async def test_nobody_weakens_or_deletes_a_role_above_their_own(accounts: Accounts) -> None:
    caller = await manager(accounts)
    auditor = await role_id(accounts, "auditor")

    for attempt in (
        roles.update(accounts, auditor, {"permissions": []}, by=caller, origin=PHONE),
        roles.remove(accounts, auditor, by=caller, origin=PHONE),
    ):
        with pytest.raises(Forbidden, match="audit:read"):
            await attempt


async def test_roles_are_changed_only_with_the_permission(accounts: Accounts) -> None:
    caller = await make_caller(accounts, "ada@example.test", "support")

    with pytest.raises(Forbidden, match="role:write"):
        await roles.create(accounts, NewRole(name="x"), by=caller, origin=PHONE)


async def test_a_token_alone_is_not_enough(accounts: Accounts) -> None:
    """Whoever has lost a role since their token was issued has lost it at once."""
    caller = await manager(accounts)
    role = await role_id(accounts, "manager")
    assert caller.subject is not None
    await users.revoke_role(accounts, caller.subject, role, by=OPERATOR, origin=NOWHERE)

    with pytest.raises(Unauthenticated) as refusal:
        await roles.create(accounts, NewRole(name="x"), by=caller, origin=PHONE)

    assert refusal.value.reason == "token_stale"


async def test_the_database_alone_is_not_enough(accounts: Accounts) -> None:
    """A token from before the promotion does not carry it; a refresh gives one that does."""
    ada = await make_user(accounts, "ada@example.test")
    before = principal(await log_in(accounts, "ada@example.test"))
    await users.grant_role(
        accounts, ada.id, await role_id(accounts, "admin"), by=OPERATOR, origin=NOWHERE
    )

    with pytest.raises(Forbidden):
        await roles.create(accounts, NewRole(name="x"), by=before, origin=PHONE)


async def test_a_session_that_has_ended_changes_nothing(accounts: Accounts) -> None:
    caller = await manager(accounts)
    assert caller.subject is not None
    await users.disable(accounts, caller.subject, by=OPERATOR, origin=NOWHERE)
    await users.enable(accounts, caller.subject, by=OPERATOR, origin=NOWHERE)

    with pytest.raises(SessionEnded):
        await roles.create(accounts, NewRole(name="x"), by=caller, origin=PHONE)


async def test_a_disabled_caller_changes_nothing_even_in_a_session_that_goes_on(
    accounts: Accounts,
) -> None:
    caller = await manager(accounts)
    await users.disable(accounts, caller.subject or "", by=OPERATOR, origin=NOWHERE)
    async with accounts.db.write() as session:
        await session.execute(update(SessionRow).values(ended_at=None, end_reason=None))

    with pytest.raises(SessionEnded):
        await roles.create(accounts, NewRole(name="x"), by=caller, origin=PHONE)


async def test_a_session_of_somebody_else_is_no_session(accounts: Accounts) -> None:
    caller = await manager(accounts)
    other = await make_caller(accounts, "other@example.test")
    mixed = Principal(caller.subject, other.session_id, caller.roles, caller.permissions)

    with pytest.raises(SessionEnded):
        await roles.create(accounts, NewRole(name="x"), by=mixed, origin=PHONE)


async def declare_many(accounts: Accounts, count: int) -> list[str]:
    """Declare so many long permissions that they do not all fit into a token."""
    names = [f"resource-with-a-long-name-{number:03}:read-and-write" for number in range(count)]
    async with accounts.db.write() as session:
        await roles.sync_roles(
            session, [*roles.SHIPPED_PERMISSIONS, *names], roles.SHIPPED_ROLES, now=accounts.clock()
        )
    return names


async def test_a_role_that_fits_into_no_token_is_refused(accounts: Accounts) -> None:
    names = await declare_many(accounts, 90)
    half = await make_role(accounts, "half", *names[:45])
    ada = await make_user(accounts, "ada@example.test", "half")
    rest = await make_role(accounts, "rest", *names[45:])

    for attempt in (
        roles.update(accounts, half, {"permissions": names}, by=OPERATOR, origin=NOWHERE),
        roles.update(accounts, half, {"include_ids": [rest]}, by=OPERATOR, origin=NOWHERE),
        users.grant_role(accounts, ada.id, rest, by=OPERATOR, origin=NOWHERE),
    ):
        with pytest.raises(BadUserInput) as refusal:
            await attempt
        assert refusal.value.reason == "token_too_large"
    await log_in(accounts, "ada@example.test")


async def test_a_role_is_judged_together_with_the_others_that_somebody_holds(
    accounts: Accounts,
) -> None:
    names = await declare_many(accounts, 90)
    first = await make_role(accounts, "first", *names[:40])
    second = await make_role(accounts, "second")
    await make_user(accounts, "ada@example.test", "first", "second")

    with pytest.raises(BadUserInput, match="token"):
        await roles.update(
            accounts, second, {"permissions": names[40:]}, by=OPERATOR, origin=NOWHERE
        )
    await roles.remove(accounts, first, by=OPERATOR, origin=NOWHERE)
    await roles.update(accounts, second, {"permissions": names[40:]}, by=OPERATOR, origin=NOWHERE)
