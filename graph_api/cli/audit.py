"""``graph-api audit``: what has happened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import rich_click as click
from sqlmodel import col

from graph_api.accounts import Accounts
from graph_api.accounts import audit as service
from graph_api.accounts.users import get_many
from graph_api.cli.database import open_accounts
from graph_api.cli.output import Row, examples, json_option, show
from graph_api.cli.users import find_user
from graph_api.db.tables import AuditEventRow, UserRow

ACTIONS = click.Choice(get_args(service.Action))
OUTCOMES = click.Choice(get_args(service.Outcome))
INSTANT = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"))


@click.group()
def audit() -> None:
    """The audit trail: who did what to whom, when and from where."""


@audit.command(
    "list",
    epilog=examples(
        "graph-api audit list",
        "graph-api audit list --action sign_in_failed --after 2026-01-01 --json",
        "graph-api audit list --actor ada@example.com --limit 10",
    ),
)
@click.option("--action", "actions", multiple=True, type=ACTIONS, help="May be given often.")
@click.option("--outcome", type=OUTCOMES)
@click.option("--actor", metavar="EMAIL|ID", help="Who did it.")
@click.option("--target", metavar="EMAIL|ID", help="To whom or what.")
@click.option("--after", type=INSTANT, help="At this instant (UTC) or later.")
@click.option("--before", type=INSTANT, help="Before this instant (UTC).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
def list_events(
    *,
    actions: tuple[str, ...],
    outcome: str | None,
    actor: str | None,
    target: str | None,
    after: datetime | None,
    before: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List events, the newest first."""
    where = service.AuditEventFilter(
        actions=actions or None,
        outcome=outcome,
        actor_id=actor,
        target_id=target,
        after=after and after.replace(tzinfo=UTC),
        before=before and before.replace(tzinfo=UTC),
    )
    show(asyncio.run(_list(where, limit)), as_json=as_json, none="No events.")


async def _list(where: service.AuditEventFilter, limit: int) -> Sequence[Row]:
    async with open_accounts(keys=False) as accounts:
        by_id = replace(
            where,
            actor_id=await _id_of(accounts, where.actor_id),
            target_id=await _id_of(accounts, where.target_id),
        )
        newest_first = (col(AuditEventRow.at).desc(), col(AuditEventRow.id).desc())
        statement = service.select_events(by_id).order_by(*newest_first).limit(limit)
        async with accounts.db.read() as session:
            events = (await session.scalars(statement)).all()
            people = await get_many(session, [each.actor_id or "" for each in events])
    return [_row(event, people.get(event.actor_id or "")) for event in events]


async def _id_of(accounts: Accounts, who: str | None) -> str | None:
    return (await find_user(accounts, who)).id if who and "@" in who else who


def _row(event: AuditEventRow, actor: UserRow | None) -> Row:
    return {
        "at": event.at,
        "action": event.action,
        "outcome": event.outcome,
        "actorId": event.actor_id,
        "actorEmail": actor and actor.email,
        "targetId": event.target_id,
        "sessionId": event.session_id,
        "ipAddress": event.ip_address,
        "details": event.details,
    }
