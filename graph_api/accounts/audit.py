"""The audit trail: who did what to whom, when, from where, with which outcome.

This is the only writer of its table. An event is written in the transaction of what it records,
so that there is neither without the other; a trigger refuses to change or remove it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from graph_api.accounts.inputs import require_text
from graph_api.db.ids import new_id
from graph_api.db.tables import AuditEventRow, table_of
from graph_api.origin import NOWHERE, Origin

Action = Literal[
    "sign_in",
    "sign_in_failed",
    "register",
    "refresh",
    "refresh_token_reused",
    "refresh_token_ahead",
    "sign_out",
    "sign_out_everywhere",
    "session_revoked",
    "password_changed",
    "password_change_failed",
    "password_reset",
    "profile_updated",
    "user_created",
    "user_updated",
    "user_disabled",
    "user_enabled",
    "user_deleted",
    "role_granted",
    "role_revoked",
    "role_created",
    "role_updated",
    "role_deleted",
    "key_created",
    "key_rotated",
]
"""What is recorded. The names are stable: people search for them."""

Outcome = Literal["success", "failure"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What is to be recorded.

    Attributes:
        action: what happened.
        outcome: whether it succeeded.
        actor_id: the user who did it, None for a stranger or the operator.
        target_id: the user, role, session or key it was done to.
        session_id: the session it was done in.
        origin: where the request came from.
        details: more, as JSON; never a password, a token or a key.
    """

    action: Action
    outcome: Outcome = "success"
    actor_id: str | None = None
    target_id: str | None = None
    session_id: str | None = None
    origin: Origin = NOWHERE
    details: Mapping[str, Any] = field(default_factory=dict)


_INSERT = insert(table_of(AuditEventRow))


async def record(session: AsyncSession, event: Event, *, at: datetime) -> None:
    """Add an event to the transaction of ``session``."""
    values = {
        "id": new_id("aud"),
        "at": at,
        "action": event.action,
        "outcome": event.outcome,
        "actor_id": event.actor_id,
        "target_id": event.target_id,
        "session_id": event.session_id,
        "ip_address": event.origin.ip_address,
        "user_agent": event.origin.user_agent,
        "details": dict(event.details),
    }
    await session.execute(_INSERT, values)


@dataclass(frozen=True, kw_only=True)
class AuditEventFilter:
    """Which events to list; what is None does not narrow.

    Attributes:
        actions: one of these happened.
        outcome: with this outcome.
        actor_id: by this user.
        target_id: to this user, role, session or key.
        after: at this instant or later.
        before: before this instant.
    """

    actions: tuple[str, ...] | None = None
    outcome: str | None = None
    actor_id: str | None = None
    target_id: str | None = None
    after: datetime | None = None
    before: datetime | None = None


def select_events(where: AuditEventFilter) -> Select[AuditEventRow]:
    """Return the statement that lists events, in no order yet.

    Raises:
        BadUserInput: for an action or id with control characters, or too long.
    """
    row = AuditEventRow
    statement = select(row)
    if where.actions is not None:
        actions = [require_text(each, "filter.actions") for each in where.actions]
        statement = statement.where(col(row.action).in_(actions))
    if where.outcome is not None:
        statement = statement.where(col(row.outcome) == where.outcome)
    if where.actor_id is not None:
        actor_id = require_text(where.actor_id, "filter.actorId")
        statement = statement.where(col(row.actor_id) == actor_id)
    if where.target_id is not None:
        target_id = require_text(where.target_id, "filter.targetId")
        statement = statement.where(col(row.target_id) == target_id)
    if where.after is not None:
        statement = statement.where(col(row.at) >= where.after)
    if where.before is not None:
        statement = statement.where(col(row.at) < where.before)
    return statement
