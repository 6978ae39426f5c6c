"""Tokens that were verified before: taken without a second look at the signature, and at nothing
that the verifier would refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from graph_api.errors import Unauthenticated
from graph_api.tokens.access import AccessClaims, AccessTokens
from graph_api.tokens.keys import KeySet, SigningKey
from graph_api.tokens.verified import VerifiedTokens
from tests.tokens.signing import (
    AUDIENCE,
    ISSUER,
    NOW,
    access_tokens,
    claims_of,
    header_of,
    issue,
    key,
    key_set,
    sign,
)

OLD, NEW = key("HS256"), key("ES256")
NAMESAKE = SigningKey(OLD.kid, "HS256", key("HS256", "namesake").private)
NOW_SECONDS = int(NOW.timestamp())


@dataclass
class World:
    """One server whose clock, keys and settings change, and two who verify its tokens."""

    keys: KeySet = field(default_factory=lambda: key_set(OLD))
    seconds: float = 0
    capacity: int = 3
    doubted: set[str] = field(default_factory=set)
    read: list[AccessClaims] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.set(access_tokens(OLD))

    def set(self, settings: AccessTokens) -> None:
        self.plain = replace(
            settings,
            keys=lambda: self.keys,
            clock=lambda: NOW + timedelta(seconds=self.seconds),
        )
        self.cached = VerifiedTokens(
            self.plain, self._holder, self._is_doubtful, capacity=self.capacity
        )

    def _holder(self, claims: AccessClaims) -> AccessClaims:
        self.read.append(claims)
        return claims

    def _is_doubtful(self, holder: AccessClaims) -> bool:
        return holder.subject in self.doubted


def outcome(verify: Callable[[str], AccessClaims], token: str) -> object:
    """Return the claims, or all that is said of why there are none."""
    try:
        return verify(token)
    except Unauthenticated as error:
        return error.message, error.extensions, repr(error.__cause__)


def pool() -> list[str]:
    """Return genuine tokens of every key, and what a forger makes of them."""
    of_old, of_new = access_tokens(OLD), access_tokens(NEW, OLD)
    good = [issue(tokens, subject=subject) for tokens in (of_old, of_new) for subject in "ab"]
    token, claims, header = good[0], claims_of(good[0]), header_of(good[0])
    shifted = [claims | {"nbf": NOW_SECONDS + 30}, claims | {"exp": NOW_SECONDS + 30}]
    foreign = [claims | {"aud": "https://b.example"}, claims | {"iss": "https://b.example"}]
    return [
        *good,
        *(sign(OLD, header, each) for each in (*shifted, *foreign)),
        sign(NAMESAKE, header, claims),
        sign(key("HS256", "forger"), header, claims),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token[:-1],
        token + "=",
        f" {token}",
        token.replace(".", "..", 1),
        token + "é",
        token + "\ud800",
        token + "A" * 4_096,
        "",
    ]


POOL = pool()
KEY_SETS = [(OLD,), (NEW, OLD), (OLD, NEW), (NEW,), (NAMESAKE,), (NAMESAKE, NEW)]
STEPS = st.one_of(
    st.sampled_from(POOL).map(lambda token: ("verify", token)),
    st.sampled_from([1, 29.999, 30, 300, 304.999, 305, -5, -5.001, -300]).map(
        lambda seconds: ("wait", seconds)
    ),
    st.sampled_from(KEY_SETS).map(lambda keys: ("keys", keys)),
    st.sampled_from([(5, AUDIENCE), (0, AUDIENCE), (300, "https://b.example")]).map(
        lambda settings: ("settings", settings)
    ),
    st.sampled_from("ab").map(lambda subject: ("doubt", subject)),
)


@given(st.lists(STEPS, min_size=1, max_size=20))
def test_it_takes_what_the_verifier_takes_and_refuses_what_it_refuses(
    steps: list[tuple[str, object]],
) -> None:
    world = World(capacity=6)
    for step in steps:
        token = POOL[0]
        match step:
            case "verify", str(given_token):
                token = given_token
            case "wait", float() | int() as seconds:
                world.seconds += seconds
            case "keys", tuple(keys):
                world.keys = key_set(*keys)
            case "settings", (int(leeway), str(audience)):
                world.set(AccessTokens(ISSUER, audience, 300, leeway, lambda: world.keys))
            case "doubt", str(subject):
                world.doubted ^= {subject}
        for each in (*POOL[:2], *POOL[4:6], token):
            known = len(world.read)
            expected = outcome(world.plain.verify, each)
            assert outcome(world.cached.verify, each) == expected
            if isinstance(expected, AccessClaims) and len(world.read) == known:
                event("taken as remembered")


# What is remembered


def test_a_token_is_verified_once() -> None:
    world, token = World(), POOL[0]
    assert world.cached.verify(token) is world.cached.verify(token)
    assert len(world.read) == 1


def test_keys_that_were_read_again_are_the_same_keys() -> None:
    world, token = World(), POOL[0]
    world.cached.verify(token)
    world.keys = key_set(OLD)
    world.cached.verify(token)
    assert len(world.read) == 1


def test_other_keys_make_it_forget_all() -> None:
    world = World()
    world.cached.verify(POOL[0])
    world.keys = key_set(NEW, OLD)
    world.cached.verify(POOL[2])
    assert len(world.cached) == 1


def test_a_key_in_the_place_of_another_verifies_nothing_of_before() -> None:
    world, token = World(), POOL[0]
    world.cached.verify(token)
    world.keys = key_set(NAMESAKE)
    assert NAMESAKE.kid == OLD.kid
    with pytest.raises(Unauthenticated, match="not valid"):
        world.cached.verify(token)


def test_who_is_doubted_is_forgotten_and_verified_each_time() -> None:
    world, token = World(), POOL[0]
    world.cached.verify(token)
    world.doubted.add("a")
    for _ in range(2):
        world.cached.verify(token)
    assert len(world.read) == 3
    assert len(world.cached) == 0


def test_what_is_refused_pushes_out_nothing() -> None:
    world = World()
    world.cached.verify(POOL[0])
    for number in range(100):
        with pytest.raises(Unauthenticated):
            world.cached.verify(f"{POOL[0]}{number}")
    world.cached.verify(POOL[0])
    assert len(world.read) == len(world.cached) == 1


def test_the_least_recently_used_is_forgotten_first() -> None:
    world = World()
    first, *others = (issue(world.plain, subject=f"usr_{number}") for number in range(4))
    for token in (first, *others[:2], first, others[2]):
        world.cached.verify(token)
    assert len(world.cached) == 3
    world.cached.verify(first)
    assert len(world.read) == 4
    world.cached.verify(others[0])
    assert len(world.read) == 5


def test_its_time_over_it_is_forgotten() -> None:
    world, token = World(), POOL[0]
    world.cached.verify(token)
    world.seconds = 305
    with pytest.raises(Unauthenticated, match="has expired"):
        world.cached.verify(token)
    assert len(world.cached) == 0


def test_the_token_is_not_kept() -> None:
    world, token = World(), POOL[0]
    world.cached.verify(token)
    kept = repr(vars(world.cached))
    assert not any(part in kept for part in token.split("."))
