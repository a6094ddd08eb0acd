"""Deliveries after they were kept: claimed, settled."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.deliveries import ClaimedDelivery, DeliveryState
from bridge.domain.errors import LeaseLost, inert
from bridge.domain.ids import ConnectionName, DeliveryId, SubjectKey
from bridge.domain.outcome import Dead, Done, RetryAt
from bridge.domain.queueing import MAX_INTERRUPTED, Priority, Waiting, choose, why_set_aside
from bridge.ports.store import DeliverySettlement
from bridge.store import ledger, records, subjects
from bridge.store.dialect import each, insert_for
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
    connection.execute(_TAKE_BACK_LATE, {"now": now})
    rows = connection.execute(_lines(frozenset(without)), {"limit": places.limit, "now": now}).all()
    waiting = [Waiting(id=row.id, priority=row.priority, due_at=row.due_at) for row in rows]
    chosen = choose(waiting, limit=places.limit, first_place=places.first)
    if not chosen:
        return []
    bound_to = {"chosen": chosen, "until": lease.until(now), "owner": lease.owner}
    found = {row.id: row for row in connection.execute(_TAKE, bound_to)}
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
    until = lease.until(now)
    lost = []
    for claimed in sorted(claims, key=lambda claim: claim.id):
        bound_to = {"of_id": claimed.id, "of_fence": claimed.fence, "lease_until": until}
        if connection.execute(_RENEW, bound_to).rowcount != 1:
            lost.append(claimed)
    return lost


def next_due(connection: sa.Connection, *, without: Collection[ConnectionName] = ()) -> datetime | None:
    """Return the earliest time at which a claim finds something: a due time, or the end of a lease."""
    asked = _next_times(frozenset(without))
    return min((time for one in asked if (time := connection.scalar(one)) is not None), default=None)


@lru_cache(maxsize=64)
def _next_times(without: frozenset[ConnectionName]) -> Sequence[sa.Select[Any]]:
    due, until = delivery.c.due_at, delivery.c.lease_until
    waiting = [
        sa.select(due).where(in_line(priority), _elsewhere(without)).order_by(due).limit(1) for priority in DELIVERED
    ]
    return [*waiting, sa.select(until).where(_RUNNING).order_by(until).limit(1)]


def in_line(priority: Priority) -> sa.ColumnElement[bool]:
    """Return the condition that leads to the waiting deliveries of a priority by their due time."""
    return sa.and_(_NEW, delivery.c.priority == int(priority))


def settle(
    connection: sa.Connection, ends: Sequence[tuple[ClaimedDelivery, DeliverySettlement]], *, now: datetime
) -> list[LeaseLost | None]:
    """End these runs, and mark what they saw, whatever the outcome; return for each whether it had lost its claim."""
    kept = [one for one in sorted(ends, key=lambda one: one[0].id) if _settle(connection, *one)]
    seen = [(claimed, end) for claimed, end in kept if end.sightings]
    if seen:
        subjects.mark_each(connection, [mark for one in seen for mark in _marks(*one)], now=now)
        records.make_known(connection, [sighting for _, end in seen for sighting in end.sightings])
        _link(connection, [(claimed.id, mark.key) for claimed, end in seen for mark in _marks(claimed, end)])
    for claimed, end in kept:
        records.keep_transfers(connection, claimed.connection, end.transfers, now)
    ledger.append(connection, [entry for _, end in kept for entry in end.entries])
    ours = {claimed for claimed, _ in kept}
    return [None if one in ours else LeaseLost(f"delivery {one.id} is no longer ours") for one, _ in ends]


def _settle(connection: sa.Connection, claimed: ClaimedDelivery, end: DeliverySettlement) -> bool:
    bound_to = {"of_id": claimed.id, "of_fence": claimed.fence, **_end(end)}
    return connection.execute(_SETTLE, bound_to).rowcount == 1


def _marks(claimed: ClaimedDelivery, end: DeliverySettlement) -> list[subjects.Mark]:
    return [
        subjects.Mark(key=key, priority=end.priority, since=claimed.received_at, closes=end.closes)
        for key in sorted({sighting.subject for sighting in end.sightings})
    ]


def _end(end: DeliverySettlement) -> Mapping[str, Any]:
    match end.outcome:
        case Done():
            return {"state": end.state, "due_at": None, "failed": 0, "note": _note(end.note)}
        case RetryAt(when=when, why=why, is_parked=is_parked):
            failed = 0 if is_parked else 1
            return {"state": DeliveryState.NEW, "due_at": when, "failed": failed, "note": _note(end.note or why)}
        case Dead(why=why):
            return {"state": DeliveryState.DEAD, "due_at": None, "failed": 1, "note": _note(end.note or why)}


def _note(text: str | None) -> str | None:
    return None if text is None else inert(text)


def _link(connection: sa.Connection, pairs: Sequence[tuple[DeliveryId, SubjectKey]]) -> None:
    rows = [{"of_delivery": number, **subjects.bound(key)} for number, key in pairs]
    connection.execute(_link_statement(connection.dialect.name), each(rows))


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
    return connection.execute(_take_back(which)).rowcount


def _take_back(which: sa.ColumnElement[bool]) -> sa.Update:
    held = sa.select(delivery.c.id).where(_RUNNING, which).with_for_update(skip_locked=True)
    is_too_often = delivery.c.interrupted >= sa.literal_column(str(MAX_INTERRUPTED - 1))
    taken_back = {
        "state": sa.case((is_too_often, literally(DeliveryState.DEAD)), else_=literally(DeliveryState.NEW)),
        "due_at": sa.case((is_too_often, sa.null()), else_=delivery.c.due_at),
        "note": sa.case((is_too_often, why_set_aside()), else_=delivery.c.note),
        "interrupted": delivery.c.interrupted + 1,
        "lease_until": sa.null(),
        "lease_owner": sa.null(),
    }
    return sa.update(delivery).where(delivery.c.id.in_(held)).values(taken_back)


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


# Statements of every run and claim. Building one anew would cost more than running it.
_IS_CLAIM: Final = sa.and_(
    delivery.c.id == sa.bindparam("of_id", type_=sa.BigInteger),
    delivery.c.fence == sa.bindparam("of_fence", type_=sa.Integer),
    _RUNNING,
)
_RENEW: Final = sa.update(delivery).where(_IS_CLAIM).values(lease_until=sa.bindparam("lease_until", type_=Instant))
_TAKE_BACK_LATE: Final = _take_back(delivery.c.lease_until <= sa.bindparam("now", type_=Instant))
_TAKE: Final = (
    sa.update(delivery)
    .where(delivery.c.id.in_(sa.bindparam("chosen", expanding=True)))
    .values(
        state=literally(DeliveryState.RUNNING),
        fence=delivery.c.fence + 1,
        lease_until=sa.bindparam("until", type_=Instant),
        lease_owner=sa.bindparam("owner", type_=sa.BigInteger),
    )
    .returning(*_CLAIMED)
)
_SETTLE: Final = (
    sa.update(delivery)
    .where(_IS_CLAIM)
    .values(
        state=sa.bindparam("state", type_=sa.String),
        due_at=sa.bindparam("due_at", type_=Instant),
        note=sa.bindparam("note", type_=sa.String),
        attempts=delivery.c.attempts + sa.bindparam("failed", type_=sa.Integer),
        lease_until=sa.null(),
        lease_owner=sa.null(),
        interrupted=sa.literal_column("0"),
    )
)
