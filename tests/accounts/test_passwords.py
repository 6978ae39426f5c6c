"""Passwords: how they are hashed, how many at once, and which are refused."""

from __future__ import annotations

import threading
from typing import Literal

import anyio
import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from graph_api.accounts.passwords import MAXIMUM_LENGTH, Passwords, check_strength
from graph_api.errors import BadUserInput, RateLimited

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery"


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(concurrency=1, queue=2)


async def test_they_are_hashed_as_owasp_recommends(passwords: Passwords) -> None:
    """Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes and 1 lane."""
    parameters = extract_parameters(await passwords.hash(PASSWORD))

    assert parameters.type.name == "ID"
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


async def test_only_the_password_itself_matches(passwords: Passwords) -> None:
    encoded = await passwords.hash(PASSWORD)

    assert await passwords.verify(encoded, PASSWORD)
    assert not await passwords.verify(encoded, PASSWORD + " ")
    assert not await passwords.verify(None, PASSWORD)
    assert not await passwords.verify("no hash", PASSWORD)


async def test_the_whole_of_a_long_password_counts(passwords: Passwords) -> None:
    longest = "x" * MAXIMUM_LENGTH
    encoded = await passwords.hash(longest)

    assert await passwords.verify(encoded, longest)
    assert not await passwords.verify(encoded, longest[:-1])
    assert not await passwords.verify(encoded, longest + "x")


async def test_what_is_too_long_to_be_a_password_costs_no_more_than_one() -> None:
    class Measuring(PasswordHasher):
        longest = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            self.longest = max(self.longest, len(password))
            return super().verify(hash, password)

    hasher = Measuring(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(concurrency=1, queue=2, hasher=hasher)

    assert not await passwords.verify(hasher.hash("x"), "x" * 1_000_000)
    assert hasher.longest <= MAXIMUM_LENGTH


async def test_it_is_the_same_on_another_keyboard(passwords: Passwords) -> None:
    """One types é as one character, the other as e with an accent (SP 800-63B-4: NFKC)."""
    encoded = await passwords.hash("un caf\u00e9 bien serr\u00e9")

    assert await passwords.verify(encoded, "un cafe\u0301 bien serre\u0301")


async def test_half_a_surrogate_is_a_password_like_another(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("\ud800"), "\ud801")


async def test_a_hash_with_other_parameters_is_understood_and_renewed(passwords: Passwords) -> None:
    former = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

    assert await passwords.verify(former, PASSWORD)
    assert passwords.needs_rehash(former)
    assert not passwords.needs_rehash(await passwords.hash(PASSWORD))


class Gate(PasswordHasher):
    """Hashes nothing before it is opened, and counts how many hash at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.opened = threading.Event()
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.opened.wait(timeout=30)
        with self.lock:
            self.inside -= 1
        return super().hash(password, salt=salt)


async def test_so_many_at_once_so_many_wait_and_one_more_is_turned_away() -> None:
    gate = Gate()
    passwords = Passwords(concurrency=2, queue=3, hasher=gate)
    hashed: list[str] = []

    async def hash_one() -> None:
        hashed.append(await passwords.hash(PASSWORD))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(hash_one)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(RateLimited) as hashing:
            await passwords.hash(PASSWORD)
        with pytest.raises(RateLimited) as comparing:
            await passwords.verify(None, PASSWORD)
        gate.opened.set()

    assert hashing.value.retry_after == comparing.value.retry_after == 1
    assert (len(hashed), gate.most) == (5, 2)
    assert await passwords.hash(PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "eleven char",
        "eleven chae\u0301",  # e with an accent is one character
        "password1234",
        "Password2024!",
        "iloveyouiloveyou",
        "ILoveYouILoveYou",
        "aaaaaaaaaaaa",
        "123123123123",
        "qwerty123456",
        "".join(chr(ord(each) + 0xFEE0) for each in "password1234"),  # full width
        "x" * (MAXIMUM_LENGTH + 1),
        "mind ada.lovelace",
        "mind ADA.Lovelace",
    ],
)
def test_a_weak_password_is_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(BadUserInput) as refusal:
        check_strength(password, email="ada.lovelace@example.test", path="input.newPassword")

    [problem] = refusal.value.fields
    assert problem["path"] == ["input", "newPassword"]
    assert not password or password not in problem["message"]


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        PASSWORD,
        "zwölf Zeichen",
        "x1" * 4 + "yz#?",
        "私はねこがすきですとても",
        " " * 4 + "abcdefgz",
    ],
)
def test_nothing_but_length_and_rarity_is_asked_of_a_password(password: str) -> None:
    check_strength(password, email="ada.lovelace@example.test", path="password")


def test_a_short_address_does_not_rule_out_words() -> None:
    check_strength("a baobab tree", email="a@example.test", path="password")


@given(st.text(min_size=24, max_size=60, alphabet=st.characters(categories=["L", "N"])))
def test_judging_never_fails_otherwise(password: str) -> None:
    try:
        check_strength(password, email="ada@example.test", path="password")
    except BadUserInput as error:
        assert error.fields  # noqa: PT017 -- nothing raised is fine too
