"""What a bearer costs: verified anew, and verified before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import get_args

import rich_click as click
from rich.console import Console
from rich.table import Table

from graph_api.context import principal_from
from graph_api.settings import Algorithm
from graph_api.tokens.access import AccessTokens
from graph_api.tokens.keys import KeySet, SigningKey
from graph_api.tokens.verified import VerifiedTokens

ISSUER = "https://api.example.com"
REPEATS = 1_000


@click.command()
@click.option("--quick", is_flag=True, help="Fewer rounds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
def tokens(*, quick: bool, as_json: bool) -> None:
    """Compare a bearer that was verified before with one that comes for the first time."""
    measured = dict(measure(rounds=5 if quick else 30))
    table = Table(
        title="Processor time of a bearer, in µs", caption="Medians of alternating rounds"
    )
    for column in ("Algorithm", "First time", "Again", "Ratio"):
        table.add_column(column, justify="left" if column == "Algorithm" else "right")
    for algorithm, (first, again) in measured.items():
        table.add_row(algorithm, f"{first:.1f}", f"{again:.2f}", f"{again / first:.4f}")
    Console().print(table)
    if as_json:
        click.echo(json.dumps({name: round(again, 3) for name, (_, again) in measured.items()}))


def measure(rounds: int) -> Iterator[tuple[Algorithm, tuple[float, float]]]:
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
        pairs = [
            (_microseconds(verifier.verify, token), _microseconds(verified.verify, token))
            for _ in range(rounds)
        ]
        first, again = zip(*pairs, strict=True)
        yield algorithm, (median(first), median(again))


def _issuer(algorithm: Algorithm) -> AccessTokens:
    key = SigningKey.generate(algorithm)
    keys = KeySet(key, {key.kid: key.verifying()})
    return AccessTokens(ISSUER, ISSUER, ttl=3_600, leeway=5, keys=lambda: keys)


def _microseconds(verify: Callable[[str], object], token: str) -> float:
    start = time.thread_time()
    for _ in range(REPEATS):
        verify(token)
    return (time.thread_time() - start) / REPEATS * 1e6
