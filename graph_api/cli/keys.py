"""``graph-api keys``: the keys that sign access tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import rich_click as click

from graph_api.cli.database import open_accounts
from graph_api.cli.output import Row, examples, json_option, show
from graph_api.clock import utc_now
from graph_api.db.tables import SigningKeyRow


@click.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command("list", epilog=examples("graph-api keys list", "graph-api keys list --json"))
@json_option
def list_keys(*, as_json: bool) -> None:
    """List all keys that there ever were, the newest first."""
    show(asyncio.run(_rows()), as_json=as_json, none="No keys: the first start makes one.")


@keys.command(
    epilog=examples(
        "graph-api keys rotate                # nobody notices",
        "graph-api keys rotate --compromised  # the former keys are good for nothing at once",
    )
)
@click.option(
    "--compromised",
    is_flag=True,
    help="Refuse what the former keys signed, at once. Clients refresh and go on.",
)
@json_option
def rotate(*, compromised: bool, as_json: bool) -> None:
    """Make a new key that takes over when everybody has had time to read it."""
    row = asyncio.run(_rotate(compromised=compromised))
    if as_json:
        show([_row(row, row.algorithm, utc_now())], as_json=True)
    else:
        click.echo(f"{row.kid} signs from {row.signs_from:%Y-%m-%d %H:%M:%S} UTC on.")


async def _rows() -> Sequence[Row]:
    async with open_accounts(keys=False) as accounts:
        algorithm, now = accounts.settings.signing_algorithm, accounts.clock()
        return [_row(row, algorithm, now) for row in await accounts.keystore.list_keys()]


async def _rotate(*, compromised: bool) -> SigningKeyRow:
    async with open_accounts(keys=False) as accounts:
        return await accounts.keystore.rotate(compromised=compromised)


def _row(row: SigningKeyRow, algorithm: str, now: datetime) -> Row:
    return {
        "kid": row.kid,
        "algorithm": row.algorithm,
        "state": _state(row, algorithm, now),
        "madeBy": row.made_by,
        "createdAt": row.created_at,
        "signsFrom": row.signs_from,
        "retiredAt": row.retired_at,
    }


def _state(row: SigningKeyRow, algorithm: str, now: datetime) -> str:
    if row.retired_at is None and row.algorithm == algorithm:
        return "signs" if row.signs_from <= now else "published"
    return "retired" if row.retired_at and row.retired_at <= now else "verifies"
