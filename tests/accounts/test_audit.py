"""The audit trail: written with what it records, and never again touched."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from graph_api.accounts import Accounts
from graph_api.accounts.audit import AuditEventFilter, Event, record, select_events
from graph_api.db.tables import AuditEventRow, RoleRow
from graph_api.origin import Origin
from tests.accounts.world import SettableClock, all_rows, events

pytestmark = pytest.mark.anyio


async def test_an_event_is_rolled_back_with_what_it_records(accounts: Accounts) -> None:
    before = await all_rows(accounts, AuditEventRow)

    async def fail() -> None:
        async with accounts.db.write() as session:
            session.add(RoleRow(id="rol_x", name="x", created_at=accounts.clock()))
            await record(
                session, Event(action="role_created", target_id="rol_x"), at=accounts.clock()
            )
            await session.flush()
            raise RuntimeError("meanwhile something else fails")

    with pytest.raises(RuntimeError):
        await fail()

    assert "x" not in {row.name for row in await all_rows(accounts, RoleRow)}
    assert await all_rows(accounts, AuditEventRow) == before


async def test_an_event_says_who_whom_when_where_and_how(
    accounts: Accounts, clock: SettableClock
) -> None:
    event = Event(
        action="sign_in_failed",
        outcome="failure",
        actor_id="usr_1",
        target_id="usr_2",
        session_id="ses_1",
        origin=Origin("2001:db8::1", "Browser/1\x00\ud800" + "x" * 1_000),
        details={"role": "editor"},
    )

    async with accounts.db.write() as session:
        await record(session, event, at=clock.now)

    [row] = await events(accounts, "sign_in_failed")
    assert (row.at, row.action, row.outcome) == (clock.now, "sign_in_failed", "failure")
    assert (row.actor_id, row.target_id, row.session_id) == ("usr_1", "usr_2", "ses_1")
    assert (row.ip_address, row.details) == ("2001:db8::1", {"role": "editor"})
    assert row.user_agent == "Browser/1" + "x" * 503


@pytest.mark.parametrize(
    "statement", [update(AuditEventRow).values(outcome="success"), delete(AuditEventRow)]
)
async def test_nobody_changes_the_past(accounts: Accounts, statement: object) -> None:
    assert await all_rows(accounts, AuditEventRow)

    with pytest.raises(DBAPIError):
        async with accounts.db.write() as session:
            await session.execute(statement)  # type: ignore[call-overload]  # either of two


async def test_events_are_listed_by_what_is_asked(accounts: Accounts, clock: SettableClock) -> None:
    async with accounts.db.write() as session:
        for number, event in enumerate(
            [
                Event(action="sign_in", actor_id="usr_1"),
                Event(action="sign_in_failed", outcome="failure", target_id="usr_1"),
                Event(action="sign_out", actor_id="usr_2"),
            ]
        ):
            await record(session, event, at=clock.now + timedelta(minutes=number))

    async def listed(where: AuditEventFilter) -> set[str]:
        async with accounts.db.read() as session:
            rows = await session.scalars(select_events(where))
            return {row.action for row in rows if row.action.startswith("sign")}

    minute = timedelta(minutes=1)
    every = {"sign_in", "sign_in_failed", "sign_out"}
    assert await listed(AuditEventFilter()) == every
    assert await listed(AuditEventFilter(actions=("sign_in", "x"))) == {"sign_in"}
    assert await listed(AuditEventFilter(actions=())) == set()
    assert await listed(AuditEventFilter(outcome="failure")) == {"sign_in_failed"}
    assert await listed(AuditEventFilter(actor_id="usr_2")) == {"sign_out"}
    assert await listed(AuditEventFilter(target_id="usr_1")) == {"sign_in_failed"}
    assert await listed(AuditEventFilter(after=clock.now + minute)) == every - {"sign_in"}
    assert await listed(AuditEventFilter(before=clock.now + minute)) == {"sign_in"}
