"""Demo accounts: the same sign-ins at each start, and nothing for production."""

from __future__ import annotations

import stat

import pytest

from graph_api.accounts import Accounts, demo, sign_in, users
from graph_api.accounts.authority import OPERATOR
from graph_api.accounts.demo import DemoPerson, DemoSignIn
from graph_api.db.tables import UserRow
from graph_api.origin import NOWHERE
from tests.accounts.world import PASSWORD, PHONE, all_rows, log_in, make_role, make_user

pytestmark = pytest.mark.anyio


async def signs_in(accounts: Accounts, account: DemoSignIn) -> frozenset[str]:
    """Sign in as the screen says, and return the roles."""
    email = account.person.email
    return (await sign_in.login(accounts, email, account.password, origin=PHONE)).roles


async def test_each_demo_account_signs_in_with_the_roles_that_there_are(accounts: Accounts) -> None:
    await make_role(accounts, "editor")

    sign_ins = await demo.ensure(accounts)

    held = {each.person.email: await signs_in(accounts, each) for each in sign_ins}
    assert held == {
        "admin@demo.test": {"admin"},
        "editor@demo.test": {"editor", "user"},
        "ada@demo.test": {"user"},
        "user@demo.test": {"user"},
    }
    assert len({each.password for each in sign_ins}) == 4


async def test_a_later_start_shows_the_same_passwords(accounts: Accounts) -> None:
    first = await demo.ensure(accounts)

    assert await demo.ensure(accounts) == first
    assert len(await all_rows(accounts, UserRow)) == len(first)


async def test_the_file_with_the_passwords_is_for_its_owner_only(accounts: Accounts) -> None:
    [sign_in, *_] = await demo.ensure(accounts)

    file = accounts.settings.data_dir / demo.FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sign_in.password in file.read_text()
    assert sign_in.password not in repr(sign_in)


async def test_what_the_screen_shows_works_even_if_the_password_was_changed(
    accounts: Accounts,
) -> None:
    [admin, *_] = await demo.ensure(accounts)
    [row] = [row for row in await all_rows(accounts, UserRow) if row.email == admin.person.email]
    await users.set_password(accounts, row.id, PASSWORD, by=OPERATOR, origin=NOWHERE)

    [again, *_] = await demo.ensure(accounts)

    assert await signs_in(accounts, again) == {"admin"}


async def test_an_account_that_somebody_made_by_hand_is_left_alone(accounts: Accounts) -> None:
    await make_user(accounts, "own@demo.test")

    await demo.ensure(accounts, [DemoPerson("own@demo.test", "Own", ("admin",))])

    assert (await log_in(accounts, "own@demo.test")).roles == frozenset()


async def test_demo_accounts_are_found_until_all_are_disabled(accounts: Accounts) -> None:
    async def found() -> bool:
        async with accounts.db.read() as session:
            return await demo.has_demo_accounts(session)

    await make_user(accounts, "own@example.test", "admin")
    assert not await found()
    await demo.ensure(accounts)
    assert await found()
    for row in await all_rows(accounts, UserRow):
        if row.is_demo:
            await users.disable(accounts, row.id, by=OPERATOR, origin=NOWHERE)
    assert not await found()
