"""What a bearer costs: verified anew, and verified before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import get_args

from benchmarks.pairs import Ratio
from benchmarks.report import Bar, Report, Sheet, Step, number
from graph_api.context import principal_from
from graph_api.settings import Algorithm
from graph_api.tokens.access import AccessTokens
from graph_api.tokens.keys import KeySet, SigningKey
from graph_api.tokens.verified import VerifiedTokens

ISSUER = "https://api.example.com"
REPEATS = 1_000


def report(rounds: int, step: Step) -> Report:
    """Measure each algorithm."""
    measured = dict(measure(rounds, step))
    rows = [
        (algorithm, number(first.median), number(again.median), number(again.median / first.median))
        for algorithm, (first, again) in measured.items()
    ]
    columns = ("Algorithm", "First time", "Again", "Ratio")
    bars = [Bar(f"{algorithm}, again", again) for algorithm, (_, again) in measured.items()]
    return Report(
        "tokens",
        f"Processor time; medians of {rounds} alternating rounds.",
        [Sheet("A bearer, in µs", columns, rows, "µs", bars)],
        {algorithm: round(again.median, 3) for algorithm, (_, again) in measured.items()},
    )


def measure(rounds: int, step: Step) -> Iterator[tuple[Algorithm, tuple[Ratio, Ratio]]]:
    """Yield the microseconds of a token's first and of its next time, for each algorithm."""
    for algorithm in get_args(Algorithm):
        verifier = _issuer(algorithm)
        token = verifier.issue(
            subject="usr_01k8xabcdefghjkmnpqrstvwxy",
            session_id="ses_01k8xabcdefghjkmnpqrstvwxy",
            roles=["editor", "user"],
            permissions=["article:publish", "user:read"],
            session_expires_at=datetime.now(UTC) + timedelta(days=1),
        ).token
        verified = VerifiedTokens(verifier, principal_from, lambda _: False)
        verified.verify(token)
        pairs = []
        for _ in range(rounds):
            first_time = _microseconds(verifier.verify, token)
            pairs.append((first_time, _microseconds(verified.verify, token)))
            step(algorithm, rounds)
        first, again = zip(*pairs, strict=True)
        yield algorithm, (Ratio.of(first), Ratio.of(again))


def _issuer(algorithm: Algorithm) -> AccessTokens:
    key = SigningKey.generate(algorithm)
    keys = KeySet(key, {key.kid: key.verifying()})
    return AccessTokens(ISSUER, ISSUER, ttl=3_600, leeway=5, keys=lambda: keys)


def _microseconds(verify: Callable[[str], object], token: str) -> float:
    start = time.thread_time()
    for _ in range(REPEATS):
        verify(token)
    return (time.thread_time() - start) / REPEATS * 1e6
