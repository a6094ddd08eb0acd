"""Deliveries after they were kept: claimed, settled."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bridge.domain.deliveries import ClaimedDelivery, DeliveryState
from bridge.domain.errors import LeaseLost, inert
from bridge.domain.ids import ConnectionName, DeliveryId
from bridge.domain.outcome import Dead, Done, RetryAt
from bridge.ports.store import DeliverySettlement
from bridge.store import ledger, records, subjects
from bridge.store.tables import delivery, delivery_subject, literally, subject

_NEW: Final = delivery.c.state == literally(DeliveryState.NEW)
_RUNNING: Final = delivery.c.state == literally(DeliveryState.RUNNING)


def claim(connection: sa.Connection, *, limit: int, now: datetime, until: datetime) -> list[ClaimedDelivery]:
    """Lease up to `limit` due deliveries until `until`; one whose lease has run out is due as it was before."""
    expired = sa.update(delivery).where(_RUNNING, delivery.c.lease_until <= now)
    connection.execute(expired.values(state=DeliveryState.NEW, lease_until=None))
    due = (
        sa.select(delivery.c.id)
        .where(_NEW, delivery.c.due_at <= now)
        .order_by(delivery.c.due_at, delivery.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        sa.update(delivery)
        .where(delivery.c.id.in_(due))
        .values(state=DeliveryState.RUNNING, fence=delivery.c.fence + 1, lease_until=until)
        .returning(delivery)
    )
    rows = sorted(connection.execute(taken), key=lambda row: (row.due_at, row.id))
    return [
        ClaimedDelivery(
            id=DeliveryId(row.id),
            connection=ConnectionName(row.connection),
            event_id=row.event_id,
            event_type=row.event_type,
            received_at=row.received_at,
            body=row.body,
            attempts=row.attempts,
            fence=row.fence,
        )
        for row in rows
    ]


def next_due(connection: sa.Connection) -> datetime | None:
    """Return the earliest time at which a claim finds something: a due time, or the end of a lease."""
    waiting = sa.select(delivery.c.due_at).where(_NEW).order_by(delivery.c.due_at).limit(1)
    leased = sa.select(delivery.c.lease_until).where(_RUNNING).order_by(delivery.c.lease_until).limit(1)
    times = [connection.scalar(waiting), connection.scalar(leased)]
    return min((time for time in times if time is not None), default=None)


def settle(connection: sa.Connection, claimed: ClaimedDelivery, end: DeliverySettlement, now: datetime) -> None:
    """End the run and mark what it saw, whatever the outcome. Raises `LeaseLost` when the claim is no longer ours."""
    held = sa.and_(delivery.c.id == claimed.id, delivery.c.fence == claimed.fence, _RUNNING)
    result = connection.execute(sa.update(delivery).where(held).values(lease_until=None, **_end(end)))
    if result.rowcount != 1:
        raise LeaseLost(f"delivery {claimed.id} is no longer ours")
    ledger.append(connection, end.entries)
    if end.sightings:
        keys = sorted({sighting.subject for sighting in end.sightings})
        subjects.mark(connection, keys, priority=end.priority, now=now, since=claimed.received_at)
        records.make_known(connection, end.sightings)
        _link(connection, claimed.id, [subjects.bound(key) for key in keys])
    records.keep_transfers(connection, claimed.connection, end.transfers, now)


def _end(end: DeliverySettlement) -> Mapping[str, Any]:
    match end.outcome:
        case Done():
            return {"state": end.state, "due_at": None, "note": _note(end.note)}
        case RetryAt(when=when, why=why, is_parked=is_parked):
            failed = delivery.c.attempts + (0 if is_parked else 1)
            return {"state": DeliveryState.NEW, "due_at": when, "attempts": failed, "note": _note(end.note or why)}
        case Dead(why=why):
            failed = delivery.c.attempts + 1
            return {"state": DeliveryState.DEAD, "due_at": None, "attempts": failed, "note": _note(end.note or why)}


def _note(text: str | None) -> str | None:
    return None if text is None else inert(text)


def _link(connection: sa.Connection, claimed: DeliveryId, bound: list[dict[str, str]]) -> None:
    connection.execute(_link_statement(), [{"of_delivery": claimed, **key} for key in bound])


@cache
def _link_statement() -> sa.Insert:
    chosen = sa.select(sa.bindparam("of_delivery", type_=sa.Integer), subject.c.id).where(subjects.IS_BOUND)
    return sqlite.insert(delivery_subject).from_select(["delivery_id", "subject_id"], chosen).on_conflict_do_nothing()


def void_leases(connection: sa.Connection) -> None:
    """Take every running delivery back to where it was in the queue, attempts kept."""
    connection.execute(sa.update(delivery).where(_RUNNING).values(state=DeliveryState.NEW, lease_until=None))


def mend_times(connection: sa.Connection, now: datetime, *, until: datetime, longest_wait: timedelta) -> None:
    """After the clock went back: what was due stays due, no retry waits past `longest_wait`, no lease past `until`."""
    untried = sa.and_(delivery.c.attempts == 0, delivery.c.note.is_(None))  # a parked one has a note
    ahead = sa.or_(untried, delivery.c.due_at > now + longest_wait)
    connection.execute(sa.update(delivery).where(_NEW, delivery.c.due_at > now, ahead).values(due_at=now))
    connection.execute(sa.update(delivery).where(_RUNNING, delivery.c.lease_until > until).values(lease_until=until))
    connection.execute(sa.update(delivery).where(_RUNNING, delivery.c.due_at > now).values(due_at=now))
