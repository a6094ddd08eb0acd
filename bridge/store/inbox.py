"""Deliveries after they were kept: claimed, settled."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.deliveries import ClaimedDelivery, DeliveryState
from bridge.domain.errors import LeaseLost, inert
from bridge.domain.ids import ConnectionName, DeliveryId
from bridge.domain.outcome import Dead, Done, RetryAt
from bridge.domain.queueing import Priority, Waiting, choose
from bridge.ports.store import DeliverySettlement
from bridge.store import ledger, records, subjects
from bridge.store.dialect import insert_for
from bridge.store.leases import Lease, Places
from bridge.store.tables import DELIVERED, Instant, delivery, delivery_subject, literally, subject

_NEW: Final = delivery.c.state == literally(DeliveryState.NEW)
_RUNNING: Final = delivery.c.state == literally(DeliveryState.RUNNING)
_CLAIMED: Final = [column for column in delivery.c if column.name not in {"headers", "note"}]


def claim(
    connection: sa.Connection,
    *,
    places: Places,
    now: datetime,
    lease: Lease,
    without: Collection[ConnectionName] = (),
) -> list[ClaimedDelivery]:
    """Lease due deliveries for these places; one whose lease has run out is due as it was before."""
    take_back(connection, delivery.c.lease_until <= now)
    rows = connection.execute(_lines(frozenset(without)), {"limit": places.limit, "now": now}).all()
    waiting = [Waiting(id=row.id, priority=row.priority, due_at=row.due_at) for row in rows]
    chosen = choose(waiting, limit=places.limit, first_place=places.first)
    if not chosen:
        return []
    taken = (
        sa.update(delivery)
        .where(delivery.c.id.in_(chosen))
        .values(
            state=DeliveryState.RUNNING,
            fence=delivery.c.fence + 1,
            lease_until=lease.until(now),
            lease_owner=lease.owner,
        )
        .returning(*_CLAIMED)
    )
    found = {row.id: row for row in connection.execute(taken)}
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
            priority=Priority(row.priority),
        )
        for row in (found[number] for number in chosen)
    ]


@lru_cache(maxsize=64)
def _lines(without: frozenset[ConnectionName]) -> sa.CompoundSelect[Any]:
    """Return the heads of all lines. Each is looked up by itself: its index leads straight to what is due.

    What is returned is locked until the unit ends, and what others have locked is passed over: a peer that is frozen
    half-way through a claim must not hide what is behind it.
    """
    lanes = (_line(priority, without).subquery() for priority in DELIVERED)
    return sa.union_all(*(sa.select(lane) for lane in lanes))


def _line(priority: Priority, without: frozenset[ConnectionName]) -> sa.Select[Any]:
    due = sa.select(delivery.c.id, delivery.c.priority, delivery.c.due_at).where(
        in_line(priority),
        _elsewhere(without),
        delivery.c.due_at <= sa.bindparam("now", type_=Instant),
    )
    heads = due.order_by(delivery.c.due_at, delivery.c.id).limit(sa.bindparam("limit", type_=sa.Integer))
    return heads.with_for_update(skip_locked=True, key_share=True)


def _elsewhere(without: Collection[ConnectionName]) -> sa.ColumnElement[bool]:
    return sa.and_(sa.true(), *(delivery.c.connection != name for name in sorted(without)))


def renew(
    connection: sa.Connection, claims: Sequence[ClaimedDelivery], *, now: datetime, lease: Lease
) -> list[ClaimedDelivery]:
    """Make the leases last as if they were taken now; return the claims that are no longer in force."""
    lost = []
    for claimed in sorted(claims, key=lambda claim: claim.id):
        held = sa.update(delivery).where(delivery.c.id == claimed.id, delivery.c.fence == claimed.fence, _RUNNING)
        if connection.execute(held.values(lease_until=lease.until(now))).rowcount != 1:
            lost.append(claimed)
    return lost


def owners(connection: sa.Connection) -> set[int]:
    """Return whose leases there are."""
    column = delivery.c.lease_owner
    return set(connection.scalars(sa.select(column).where(_RUNNING, column.is_not(None)).distinct()))


def next_due(connection: sa.Connection, *, without: Collection[ConnectionName] = ()) -> datetime | None:
    """Return the earliest time at which a claim finds something: a due time, or the end of a lease."""
    due, until = delivery.c.due_at, delivery.c.lease_until
    asked = [
        sa.select(due).where(in_line(priority), _elsewhere(without)).order_by(due).limit(1) for priority in DELIVERED
    ]
    asked.append(sa.select(until).where(_RUNNING).order_by(until).limit(1))
    return min((time for one in asked if (time := connection.scalar(one)) is not None), default=None)


def in_line(priority: Priority) -> sa.ColumnElement[bool]:
    """Return the condition that leads to the waiting deliveries of a priority by their due time."""
    return sa.and_(_NEW, delivery.c.priority == int(priority))


def settle(connection: sa.Connection, claimed: ClaimedDelivery, end: DeliverySettlement, now: datetime) -> None:
    """End the run and mark what it saw, whatever the outcome. Raises `LeaseLost` when the claim is no longer ours."""
    held = sa.and_(delivery.c.id == claimed.id, delivery.c.fence == claimed.fence, _RUNNING)
    result = connection.execute(sa.update(delivery).where(held).values(lease_until=None, lease_owner=None, **_end(end)))
    if result.rowcount != 1:
        raise LeaseLost(f"delivery {claimed.id} is no longer ours")
    if end.sightings:
        keys = sorted({sighting.subject for sighting in end.sightings})
        since = claimed.received_at
        subjects.mark(connection, keys, priority=end.priority, now=now, since=since, closes=end.closes)
        records.make_known(connection, end.sightings)
        _link(connection, claimed.id, [subjects.bound(key) for key in keys])
    records.keep_transfers(connection, claimed.connection, end.transfers, now)
    ledger.append(connection, end.entries)


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
    connection.execute(_link_statement(connection.dialect.name), [{"of_delivery": claimed, **key} for key in bound])


@cache
def _link_statement(dialect: str) -> sa.Insert:
    chosen = sa.select(sa.bindparam("of_delivery", type_=sa.Integer), subject.c.id).where(subjects.IS_BOUND)
    return (
        insert_for(dialect, delivery_subject)
        .from_select(["delivery_id", "subject_id"], chosen)
        .on_conflict_do_nothing()
    )


def take_back(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Take these running deliveries back to where they were in the queue, attempts kept; return how many."""
    held = sa.select(delivery.c.id).where(_RUNNING, which).with_for_update(skip_locked=True)
    taken_back = {"state": DeliveryState.NEW, "lease_until": None, "lease_owner": None}
    return connection.execute(sa.update(delivery).where(delivery.c.id.in_(held)).values(taken_back)).rowcount


def void_leases(connection: sa.Connection, of: Collection[int] | None = None) -> int:
    """Take back what these owners hold, or what anybody holds."""
    return take_back(connection, sa.true() if of is None else delivery.c.lease_owner.in_(sorted(of)))


def mend_times(connection: sa.Connection, now: datetime, *, until: datetime, longest_wait: timedelta) -> None:
    """After the clock went back: what was due stays due, no retry waits past `longest_wait`, no lease past `until`."""
    untried = sa.and_(delivery.c.attempts == 0, delivery.c.note.is_(None))  # a parked one has a note
    ahead = sa.or_(untried, delivery.c.due_at > now + longest_wait)
    connection.execute(sa.update(delivery).where(_NEW, delivery.c.due_at > now, ahead).values(due_at=now))
    connection.execute(sa.update(delivery).where(_RUNNING, delivery.c.lease_until > until).values(lease_until=until))
    connection.execute(sa.update(delivery).where(_RUNNING, delivery.c.due_at > now).values(due_at=now))
