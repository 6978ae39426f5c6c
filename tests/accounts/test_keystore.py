"""Signing keys: encrypted, shared by workers, and replaced without anybody noticing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from graph_api.accounts import Accounts
from graph_api.accounts.keystore import JWKS_MAX_AGE, RELOAD_INTERVAL, Keystore, has_dev_keys
from graph_api.db.engine import Database
from graph_api.db.tables import SigningKeyRow
from graph_api.errors import ConfigurationError, Unauthenticated
from graph_api.settings import Settings
from graph_api.tokens.secrets import SecretKey
from tests.accounts.world import (
    SettableClock,
    all_rows,
    events,
    log_in,
    make_accounts,
    make_settings,
    make_user,
)

pytestmark = pytest.mark.anyio


def worker(settings: Settings, database: Database, clock: SettableClock) -> Keystore:
    secret = SecretKey(settings.secret_key, settings.secret_key_fallbacks)
    return Keystore(settings, database, secret, clock)


async def test_a_key_is_made_once_and_kept_encrypted(
    accounts: Accounts, settings: Settings, database: Database, clock: SettableClock
) -> None:
    later = await worker(settings, database, clock).load()

    [row] = await all_rows(accounts, SigningKeyRow)
    assert later.verifying == accounts.keystore.keys().verifying
    assert (row.kid, row.algorithm, row.made_by) == (later.signing.kid, "ES256", "dev")
    assert b"PRIVATE KEY" not in row.encrypted_private_key
    assert later.signing.to_pem().split(b"\n")[1] not in row.encrypted_private_key
    assert "encrypted_private_key" not in repr(row)
    [event] = await events(accounts, "key_created")
    assert event.target_id == row.kid


async def test_workers_that_start_at_once_make_one_key(
    settings: Settings, database: Database, clock: SettableClock
) -> None:
    workers = [worker(settings, database, clock) for _ in range(8)]

    key_sets = await asyncio.gather(*(each.load() for each in workers))

    assert len({keys.signing.kid for keys in key_sets}) == 1
    assert len(await workers[0].list_keys()) == 1


async def test_keys_are_not_to_be_had_before_they_are_loaded(
    settings: Settings, database: Database, clock: SettableClock
) -> None:
    with pytest.raises(ConfigurationError, match="loaded"):
        worker(settings, database, clock).keys()


async def test_a_new_key_is_published_first_and_signs_later(
    accounts: Accounts, settings: Settings, database: Database, clock: SettableClock
) -> None:
    other = worker(settings, database, clock)
    former = (await other.load()).signing.kid

    row = await accounts.keystore.rotate()

    assert row.signs_from == clock.now + timedelta(seconds=JWKS_MAX_AGE + RELOAD_INTERVAL)
    for keystore in (accounts.keystore, other):
        keys = await keystore.load()
        assert keys.signing.kid == former
        assert {key["kid"] for key in keys.jwks()["keys"]} == {former, row.kid}
    clock.go(JWKS_MAX_AGE + RELOAD_INTERVAL)
    for keystore in (accounts.keystore, other):
        assert (await keystore.load()).signing.kid == row.kid
    assert [event.target_id for event in await events(accounts, "key_rotated")] == [row.kid]


async def test_the_former_key_verifies_until_its_last_token_has_expired_everywhere(
    accounts: Accounts, settings: Settings, clock: SettableClock
) -> None:
    await make_user(accounts, "ada@example.test")
    former = accounts.keystore.keys().signing.kid
    await accounts.keystore.rotate()
    clock.go(JWKS_MAX_AGE + RELOAD_INTERVAL + RELOAD_INTERVAL)  # until the slowest worker knows
    last = (await log_in(accounts, "ada@example.test")).access_token  # still not loaded anew

    await accounts.keystore.load()
    clock.go(settings.access_token_ttl)
    await accounts.keystore.load()
    assert accounts.tokens.verify(last).token_id
    clock.go(settings.token_leeway + JWKS_MAX_AGE)

    assert former not in (await accounts.keystore.load()).verifying


async def test_a_compromised_key_verifies_nothing_from_now_on(
    accounts: Accounts, clock: SettableClock
) -> None:
    await make_user(accounts, "ada@example.test")
    signed_in = await log_in(accounts, "ada@example.test")
    await accounts.keystore.rotate()

    row = await accounts.keystore.rotate(compromised=True)

    keys = accounts.keystore.keys()
    assert set(keys.verifying) == {row.kid} == {keys.signing.kid}
    with pytest.raises(Unauthenticated):
        accounts.tokens.verify(signed_in.access_token)
    assert accounts.tokens.verify((await log_in(accounts, "ada@example.test")).access_token)


async def test_another_algorithm_gets_a_key_of_its_own_and_the_former_verifies(
    accounts: Accounts, settings: Settings, database: Database, clock: SettableClock
) -> None:
    await make_user(accounts, "ada@example.test")
    before = await log_in(accounts, "ada@example.test")

    changed = settings.model_copy(update={"signing_algorithm": "EdDSA"})
    later = await make_accounts(changed, database, clock)

    assert later.keystore.keys().signing.algorithm == "EdDSA"
    assert later.tokens.verify(before.access_token).subject == before.user.id


async def test_the_secret_key_is_replaced_with_its_fallback_at_hand(
    accounts: Accounts, settings: Settings, database: Database, clock: SettableClock
) -> None:
    next_secret = SecretStr("the next secret key, 0123456789abcdef!")
    kept = {"secret_key": next_secret, "secret_key_fallbacks": (settings.secret_key,)}
    later = worker(settings.model_copy(update=kept), database, clock)

    assert (await later.load()).verifying == accounts.keystore.keys().verifying
    row = await later.rotate()
    forgotten = worker(settings.model_copy(update={"secret_key": next_secret}), database, clock)
    with pytest.raises(ConfigurationError, match="GRAPH_API_SECRET_KEY_FALLBACKS"):
        await forgotten.load()
    clock.go(3_600)
    assert (await forgotten.load()).signing.kid == row.kid


async def test_a_key_that_nobody_can_decrypt_is_given_up_as_the_message_says(
    accounts: Accounts, settings: Settings, database: Database, clock: SettableClock
) -> None:
    other = {"secret_key": SecretStr("a secret key of no relation, 0123456789")}
    stranger = worker(settings.model_copy(update=other), database, clock)
    with pytest.raises(ConfigurationError, match="rotate --compromised"):
        await stranger.load()

    row = await stranger.rotate(compromised=True)

    assert (await stranger.load()).signing.kid == row.kid


async def test_a_key_that_dev_made_is_found_until_it_verifies_no_more(
    accounts: Accounts, settings: Settings, database: Database, clock: SettableClock
) -> None:
    async def found() -> bool:
        async with database.read() as session:
            return await has_dev_keys(session, now=clock.now)

    assert await found()
    served = worker(settings.model_copy(update={"mode": "serve"}), database, clock)
    await served.rotate()
    assert await found()
    await served.rotate(compromised=True)
    assert not await found()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_with_hs256_the_secret_of_the_settings_signs_and_nothing_is_stored(
    tmp_path: Path, database: Database, clock: SettableClock
) -> None:
    settings = make_settings(
        tmp_path, signing_algorithm="HS256", hs256_secret="a shared secret of 32 bytes and more"
    )
    accounts = await make_accounts(settings, database, clock)
    await make_user(accounts, "ada@example.test")

    signed_in = await log_in(accounts, "ada@example.test")

    assert accounts.tokens.verify(signed_in.access_token).subject == signed_in.user.id
    assert accounts.keystore.keys().jwks() == {"keys": []}
    assert await all_rows(accounts, SigningKeyRow) == []
    with pytest.raises(ConfigurationError, match="HS256_SECRET"):
        await accounts.keystore.rotate()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_hs256_needs_a_secret(
    tmp_path: Path, database: Database, clock: SettableClock
) -> None:
    settings = make_settings(tmp_path, signing_algorithm="HS256")
    with pytest.raises(ConfigurationError, match="HS256_SECRET"):
        await worker(settings, database, clock).load()
