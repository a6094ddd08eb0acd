"""The keyed work-queue: one row a subject, so that serialising and coalescing are properties of the row.

A mark raises `generation`, a claim notes it in `taken_generation`: a ready row with a newer generation has an event
that nobody served, whatever its times say. `marked_since` is the oldest event of those, `taken_since` of those being
served. A ready row without `marked_since` waits for a date only; a retry, parked or not, still owes its events.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import LeaseLost, inert
from bridge.domain.ids import ConnectionName, SiteId, SiteKey, SubjectKey, TenantId
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.ports.store import Priority
from bridge.store.tables import SubjectState, literally, subject

_T = subject.c
_READY: Final = _T.state == literally(SubjectState.READY)
_RUNNING: Final = _T.state == literally(SubjectState.RUNNING)
_RESTING: Final = sa.or_(
    _T.state == literally(SubjectState.IDLE),
    _T.state == literally(SubjectState.DEAD),
)
IS_BOUND: Final = sa.and_(
    _T.connection == sa.bindparam("of_connection", type_=sa.String),
    _T.site == sa.bindparam("of_site", type_=sa.String),
    _T.tenant == sa.bindparam("of_tenant", type_=sa.String),
)


def bound(key: SubjectKey) -> dict[str, str]:
    """Return the parameters that `IS_BOUND` waits for."""
    return {"of_connection": key.connection, "of_site": key.site, "of_tenant": key.tenant}


def is_key(key: SubjectKey) -> sa.ColumnElement[bool]:
    return sa.and_(_T.connection == key.connection, _T.site == key.site, _T.tenant == key.tenant)


def key_of(row: Any) -> SubjectKey:
    """Return the key that a row with these three columns has."""
    return SubjectKey(connection=ConnectionName(row.connection), site=SiteId(row.site), tenant=TenantId(row.tenant))


def mark(
    connection: sa.Connection, keys: Sequence[SubjectKey], *, priority: Priority, now: datetime, since: datetime
) -> None:
    """Make the subjects due at once, new ones too. Sorted `keys` keep two markers from waiting for each other."""
    row = {"state": SubjectState.READY, "priority": priority, "due_at": now, "generation": 1, "marked_since": since}
    connection.execute(
        _upsert(), [{"connection": key.connection, "site": key.site, "tenant": key.tenant, **row} for key in keys]
    )


@cache
def _upsert() -> sa.Insert:
    """Return the statement of a mark; building it anew would cost more than running it."""
    insert = sqlite.insert(subject)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["connection", "site", "tenant"], set_=_marked(new.priority, new.due_at, new.marked_since)
    )


def mark_page(
    connection: sa.Connection, *, after: int, limit: int, priority: Priority, now: datetime
) -> tuple[int, int | None]:
    """Mark up to `limit` subjects with an id above `after`; return how many, and the last id if more may follow."""
    chosen = sa.select(_T.id).where(_T.id > after).order_by(_T.id).limit(limit)
    ids = connection.scalars(chosen).all()
    if not ids:
        return 0, None
    _mark_rows(connection, sa.and_(_T.id > after, _T.id <= ids[-1]), priority=priority, now=now)
    return len(ids), ids[-1] if len(ids) == limit else None


def mark_page_of(
    connection: sa.Connection,
    *,
    site: tuple[ConnectionName, SiteId],
    after: str,
    limit: int,
    priority: Priority,
    now: datetime,
) -> tuple[int, str | None]:
    """Mark up to `limit` subjects of a site whose tenant comes after `after`; return how many, and the last tenant."""
    rest = sa.and_(_T.connection == site[0], _T.site == site[1], _T.tenant > after)
    tenants = connection.scalars(sa.select(_T.tenant).where(rest).order_by(_T.tenant).limit(limit)).all()
    if not tenants:
        return 0, None
    _mark_rows(connection, sa.and_(rest, _T.tenant <= tenants[-1]), priority=priority, now=now)
    return len(tenants), tenants[-1] if len(tenants) == limit else None


def _mark_rows(connection: sa.Connection, which: sa.ColumnElement[bool], *, priority: Priority, now: datetime) -> None:
    values = _marked(sa.literal(priority), sa.literal(now, _T.due_at.type), sa.literal(now, _T.due_at.type))
    connection.execute(sa.update(subject).where(which).values(values))


def _marked(
    priority: sa.ColumnElement[int], now: sa.ColumnElement[datetime], since: sa.ColumnElement[datetime]
) -> Mapping[str, Any]:
    """Return what a mark does to a row that exists.

    What has work waiting keeps the better priority; what rests, or only waits for a date, takes the mark's.
    """
    only_scheduled = sa.and_(_READY, _T.due_at > now, _T.marked_since.is_(None))
    return {
        "generation": _T.generation + 1,
        "state": sa.case((_RUNNING, literally(SubjectState.RUNNING)), else_=literally(SubjectState.READY)),
        "priority": sa.case((sa.or_(_RESTING, only_scheduled), priority), else_=_least(_T.priority, priority)),
        "due_at": sa.case((_RESTING, now), (_RUNNING, _T.due_at), else_=_least(_T.due_at, now)),
        "attempts": sa.case((_RESTING, 0), else_=_T.attempts),
        "marked_since": sa.case((_T.marked_since.is_(None), since), else_=_least(_T.marked_since, since)),
    }


def _least(one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((one < other, one), else_=other)


def claim(
    connection: sa.Connection, *, limit: int, now: datetime, until: datetime, without: Collection[SiteKey] = ()
) -> list[ClaimedSubject]:
    """Lease up to `limit` due subjects until `until`; one whose lease has run out is due as it was before.

    Each priority is looked up by itself: the index then leads straight to what is due, past all that waits for a date.
    """
    connection.execute(sa.update(subject).where(_RUNNING, _T.lease_until <= now).values(_taken_back()))
    lanes = [
        sa.select(_T.id, _T.priority, _T.due_at)
        .where(_READY, _T.priority == int(priority), _T.due_at <= now, _elsewhere(without))
        .order_by(_T.due_at, _T.id)
        .limit(limit)
        .subquery()
        for priority in Priority
    ]
    due = sa.union_all(*(sa.select(lane) for lane in lanes)).subquery()
    first = sa.select(due.c.id).order_by(due.c.priority, due.c.due_at, due.c.id).limit(limit)
    taken = (
        sa.update(subject)
        .where(_T.id.in_(first))
        .values(
            state=SubjectState.RUNNING,
            fence=_T.fence + 1,
            taken_generation=_T.generation,
            taken_since=sa.func.coalesce(_T.marked_since, _T.due_at),
            marked_since=None,
            lease_until=until,
        )
        .returning(subject)
    )
    rows = sorted(connection.execute(taken), key=lambda row: (row.priority, row.due_at, row.id))
    return [
        ClaimedSubject(
            key=key_of(row),
            generation=row.taken_generation,
            attempts=row.attempts,
            fence=row.fence,
            since=row.taken_since,
        )
        for row in rows
    ]


def _elsewhere(without: Collection[SiteKey]) -> sa.ColumnElement[bool]:
    """Return the condition that a subject is of none of these sites."""
    return sa.and_(sa.true(), *(sa.or_(_T.connection != name, _T.site != site) for name, site in sorted(without)))


def next_due(connection: sa.Connection, *, without: Collection[SiteKey] = ()) -> datetime | None:
    """Return the earliest time at which a claim finds something: a due time, or the end of a lease."""
    waiting = sa.select(_T.due_at).where(_READY, _elsewhere(without)).order_by(_T.due_at).limit(1)
    leased = sa.select(_T.lease_until).where(_RUNNING).order_by(_T.lease_until).limit(1)
    times = [connection.scalar(waiting), connection.scalar(leased)]
    return min((time for time in times if time is not None), default=None)


def hold(connection: sa.Connection, claimed: ClaimedSubject) -> sa.Row[Any]:
    """Return the subject's row, ours until the unit ends. Raises `LeaseLost` when the claim is not in force."""
    held = sa.select(subject).where(is_key(claimed.key), _T.fence == claimed.fence, _RUNNING).with_for_update()
    row = connection.execute(held).one_or_none()
    if row is None:
        raise LeaseLost("the subject is no longer ours")
    return row


def finish(connection: sa.Connection, held: sa.Row[Any], outcome: Outcome, now: datetime) -> None:
    """End the run of a subject that is held."""
    values = {"lease_until": None, "taken_since": None, **_end(held, outcome, now)}
    connection.execute(sa.update(subject).where(_T.id == held.id).values(values))


def _end(held: sa.Row[Any], outcome: Outcome, now: datetime) -> Mapping[str, Any]:
    """Return how a run ends. A retry goes behind live events, and a sweep's retry stays with the sweep."""
    note = None if isinstance(outcome, Done) else inert(outcome.why)
    unserved = held.marked_since if isinstance(outcome, Done) else _older(held.marked_since, held.taken_since)
    if held.generation > held.taken_generation:
        return {"state": SubjectState.READY, "due_at": now, "attempts": 0, "note": note, "marked_since": unserved}
    match outcome:
        case Done(next_due=None):
            return {"state": SubjectState.IDLE, "due_at": None, "attempts": 0, "note": None}
        case Done(next_due=when):
            priority = Priority.LIVE
            return {"state": SubjectState.READY, "due_at": when, "priority": priority, "attempts": 0, "note": None}
        case RetryAt(when=when, is_parked=is_parked):
            return {
                "state": SubjectState.READY,
                "due_at": when,
                "priority": max(held.priority, Priority.RETRY),
                "attempts": held.attempts + (0 if is_parked else 1),
                "note": note,
                "marked_since": unserved,
            }
        case Dead():
            return {"state": SubjectState.DEAD, "due_at": None, "attempts": held.attempts + 1, "note": note}


def _older(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)


def void_leases(connection: sa.Connection) -> None:
    """Take every running subject back to where it was in the queue, attempts kept."""
    connection.execute(sa.update(subject).where(_RUNNING).values(_taken_back()))


def _taken_back() -> Mapping[str, Any]:
    """Return what ends a lease without an outcome. The old due time stays, or the work would go behind the backlog."""
    return {
        "state": SubjectState.READY,
        "lease_until": None,
        "taken_generation": _T.generation - 1,
        "marked_since": sa.case(
            (_T.marked_since.is_(None), _T.taken_since), else_=_least(_T.marked_since, _T.taken_since)
        ),
        "taken_since": None,
    }


def mend_times(connection: sa.Connection, now: datetime, *, until: datetime, longest_wait: timedelta) -> None:
    """After the clock went back: marked work stays due, no retry waits past `longest_wait`, no lease past `until`."""
    marked = _T.generation > _T.taken_generation
    late_retry = sa.and_(_T.marked_since.is_not(None), _T.due_at > now + longest_wait)
    due = sa.update(subject).where(_READY, _T.due_at > now, sa.or_(marked, late_retry))
    connection.execute(due.values(due_at=now))
    connection.execute(sa.update(subject).where(_RUNNING, _T.lease_until > until).values(lease_until=until))
    connection.execute(sa.update(subject).where(_RUNNING, _T.due_at > now).values(due_at=now))
