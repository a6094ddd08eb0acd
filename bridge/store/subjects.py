"""The keyed work-queue: one row a subject, so that serialising and coalescing are properties of the row.

A mark raises `generation`, a claim notes it in `taken_generation`: a ready row with a newer generation has an event
that nobody served, whatever its times say. `marked_since` is the oldest event of those, `taken_since` of those being
served. A ready row without `marked_since` waits for a date only; a retry, parked or not, still owes its events.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import inert
from bridge.domain.ids import ConnectionName, SiteId, SiteKey, SubjectKey, TenantId
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.domain.queueing import MAX_INTERRUPTED, Priority, Waiting, choose, why_set_aside
from bridge.store.dialect import each, insert_for, is_postgresql
from bridge.store.leases import Lease, Places
from bridge.store.tables import Instant, SubjectState, literally, subject

_T = subject.c
_READY: Final = _T.state == literally(SubjectState.READY)
_RUNNING: Final = _T.state == literally(SubjectState.RUNNING)
_IS_EMERGENCY: Final = _T.priority == sa.literal_column(str(int(Priority.EMERGENCY)))
_OPENING: Final = _T.closing == sa.literal_column("0")
_RESTING: Final = sa.or_(
    _T.state == literally(SubjectState.IDLE),
    _T.state == literally(SubjectState.DEAD),
)
_CLAIMED: Final = (
    _T.id,
    _T.connection,
    _T.site,
    _T.tenant,
    _T.taken_generation,
    _T.attempts,
    _T.fence,
    _T.taken_since,
)
_IN_ORDER: Final = [sa.collate(column, "C") for column in (_T.connection, _T.site, _T.tenant)]
"""As Python sorts keys, whatever the database's language."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Makes a subject due. `since` is when it was asked for; `closes` says that doors may have to be closed."""

    key: SubjectKey
    priority: Priority
    since: datetime
    closes: bool = False


def mark(
    connection: sa.Connection,
    keys: Sequence[SubjectKey],
    *,
    priority: Priority,
    now: datetime,
    since: datetime,
    closes: bool = False,
) -> None:
    """Make the subjects due at once, new ones too."""
    mark_each(connection, [Mark(key=key, priority=priority, since=since, closes=closes) for key in keys], now=now)


def mark_each(connection: sa.Connection, marks: Collection[Mark], *, now: datetime) -> None:
    """Make these due at once, new ones too; in the order of their keys, or two markers would wait for each other."""
    rows = [
        {
            "connection": one.key.connection,
            "site": one.key.site,
            "tenant": one.key.tenant,
            "state": SubjectState.READY,
            "priority": one.priority,
            "due_at": now,
            "generation": 1,
            "marked_since": one.since,
            "closing": int(one.closes),
        }
        for one in sorted(marks, key=lambda one: one.key)
    ]
    connection.execute(_upsert(connection.dialect.name), each(rows))


@cache
def _upsert(dialect: str) -> sa.Insert:
    """Return the statement of a mark; building it anew would cost more than running it."""
    insert = insert_for(dialect, subject)
    new = insert.excluded
    marked = {**_marked(new.priority, new.due_at, new.marked_since), "closing": _greatest(_T.closing, new.closing)}
    return insert.on_conflict_do_update(index_elements=["connection", "site", "tenant"], set_=marked)


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
    if is_postgresql(connection):
        # In the order of `mark`, or a sweep and a settlement would wait for each other.
        connection.execute(sa.select(_T.id).where(which).order_by(*_IN_ORDER).with_for_update(key_share=True))
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


def held_in_order(connection: sa.Connection, chosen: sa.Select[Any]) -> sa.Select[Any]:
    """Return the choice with the subjects' rows ours until the unit ends, taken in the order of `mark`."""
    if not is_postgresql(connection):
        return chosen
    return chosen.order_by(*_IN_ORDER).with_for_update(of=subject, key_share=True)


def _least(one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((one < other, one), else_=other)


def _greatest(one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((one > other, one), else_=other)


def claim(
    connection: sa.Connection,
    *,
    places: Places,
    now: datetime,
    lease: Lease,
    without: Collection[SiteKey] = (),
    closing_first: Collection[SiteKey] = (),
    only_emergencies: bool = False,
) -> dict[int, ClaimedSubject]:
    """Lease due subjects for these places; one whose lease has run out is due as it was before.

    Returned by the numbers of their rows, in the order of their places.
    """
    connection.execute(_TAKE_BACK_LATE, {"now": now})
    elsewhere = frozenset(without)
    if only_emergencies:
        heads = connection.execute(_emergency_line(elsewhere), {"limit": places.limit, "now": now})
        waiting = [Waiting(id=row.id, priority=row.priority, due_at=row.due_at) for row in heads]
    else:
        waiting = _waiting(connection, places.limit, now, elsewhere, frozenset(closing_first))
    chosen = choose(waiting, limit=places.limit, first_place=places.first)
    if not chosen:
        return {}
    bound_to = {"chosen": chosen, "until": lease.until(now), "owner": lease.owner}
    rows = {row.id: row for row in connection.execute(_TAKE, bound_to)}
    return {
        row.id: ClaimedSubject(
            key=key_of(row),
            generation=row.taken_generation,
            attempts=row.attempts,
            fence=row.fence,
            since=row.taken_since,
        )
        for row in (rows[number] for number in chosen)
    }


def _waiting(
    connection: sa.Connection,
    limit: int,
    now: datetime,
    without: frozenset[SiteKey],
    closing_first: frozenset[SiteKey],
) -> list[Waiting]:
    """Return the first of each line, as many as there are places."""
    bound_to = {"limit": limit, "now": now}
    rows = connection.execute(_lines(without), bound_to).all()
    waiting = [Waiting(id=row.id, priority=row.priority, due_at=row.due_at) for row in rows]
    if closing_first - without:
        # The heads of the lines may all be such as close, and hide those for whom a place is kept.
        others = connection.execute(_lines(without, _OPENING), bound_to)
        waiting += [Waiting(id=row.id, priority=row.priority, due_at=row.due_at) for row in others]
        ahead = connection.execute(_closing_line(closing_first - without), bound_to)
        waiting += [Waiting(id=row.id, priority=row.priority, due_at=row.due_at, closes=True) for row in ahead]
    return waiting


@lru_cache(maxsize=64)
def _lines(without: frozenset[SiteKey], *which: sa.ColumnElement[bool]) -> sa.CompoundSelect[Any]:
    """Return the heads of all lines, locked, and without what others have locked: see `bridge.store.inbox`."""
    lanes = (_line(_T.priority == int(priority), _elsewhere(without), *which).subquery() for priority in Priority)
    return sa.union_all(*(sa.select(lane) for lane in lanes))


@lru_cache(maxsize=64)
def _emergency_line(without: frozenset[SiteKey]) -> sa.Select[Any]:
    return _line(_IS_EMERGENCY, _elsewhere(without))


@lru_cache(maxsize=64)
def _closing_line(sites: frozenset[SiteKey]) -> sa.Select[Any]:
    return _line(_T.closing == sa.literal_column("1"), _among(sites))


def _line(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    due = sa.select(_T.id, _T.priority, _T.due_at).where(
        _READY, *which, _T.due_at <= sa.bindparam("now", type_=Instant)
    )
    heads = due.order_by(_T.due_at, _T.id).limit(sa.bindparam("limit", type_=sa.Integer))
    return heads.with_for_update(skip_locked=True, key_share=True)


def _among(sites: Collection[SiteKey]) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *(sa.and_(_T.connection == name, _T.site == site) for name, site in sorted(sites)))


def renew(
    connection: sa.Connection, claims: Sequence[ClaimedSubject], *, now: datetime, lease: Lease
) -> list[ClaimedSubject]:
    """Make the leases last as if they were taken now; return the claims that are no longer in force."""
    until = lease.until(now)
    lost = []
    for claimed in sorted(claims, key=lambda claim: claim.key):
        bound_to = {**bound(claimed.key), "of_fence": claimed.fence, "lease_until": until}
        if connection.execute(_RENEW, bound_to).rowcount != 1:
            lost.append(claimed)
    return lost


def _elsewhere(without: Collection[SiteKey]) -> sa.ColumnElement[bool]:
    """Return the condition that a subject is of none of these sites."""
    return sa.and_(sa.true(), *(sa.or_(_T.connection != name, _T.site != site) for name, site in sorted(without)))


def next_due(
    connection: sa.Connection, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
) -> datetime | None:
    """Return the earliest time at which a claim finds something: a due time, or the end of a lease."""
    if only_emergencies:
        next_due: datetime | None = connection.scalar(_next_waiting(frozenset(without), only_emergencies=True))
        return next_due
    times = [connection.scalar(_next_waiting(frozenset(without))), connection.scalar(_NEXT_LEASED)]
    return min((time for time in times if time is not None), default=None)


@lru_cache(maxsize=128)
def _next_waiting(without: frozenset[SiteKey], *, only_emergencies: bool = False) -> sa.Select[Any]:
    which = [_IS_EMERGENCY] if only_emergencies else []
    return sa.select(_T.due_at).where(_READY, *which, _elsewhere(without)).order_by(_T.due_at).limit(1)


def hold(connection: sa.Connection, claims: Sequence[ClaimedSubject]) -> dict[ClaimedSubject, int]:
    """Return the numbers of the claims' rows, ours until the unit ends. Who is missing there has lost its claim."""
    asked = [{**bound(claimed.key), "of_fence": claimed.fence} for claimed in claims]
    if is_postgresql(connection):
        rows = connection.execute(_HOLD_ALL, {"claims": asked}).all()
    else:
        rows = [row for one in asked for row in connection.execute(_HOLD, one)]
    numbers = {(key_of(row), row.fence): row.id for row in rows}
    held = ((claimed, numbers.get((claimed.key, claimed.fence))) for claimed in claims)
    return {claimed: number for claimed, number in held if number is not None}


def finish(connection: sa.Connection, ends: Mapping[int, tuple[Outcome, bool]], now: datetime) -> None:
    """End the runs of held subjects, each with its outcome and whether something closes with it.

    What was marked meanwhile is due at once, whatever the outcome.
    """
    rows = [{**_end(outcome), "of_id": of, "closes": int(closes), "now": now} for of, (outcome, closes) in ends.items()]
    connection.execute(_FINISH, each(rows))


def _end(outcome: Outcome) -> dict[str, Any]:
    """Return what a run ends as if nothing was marked meanwhile. `failed` is none where it has not failed."""
    match outcome:
        case Done(next_due=None):
            return {"ends_as": SubjectState.IDLE, "next_due": None, "why": None, "failed": None}
        case Done(next_due=when):
            return {"ends_as": SubjectState.READY, "next_due": when, "why": None, "failed": None}
        case RetryAt(when=when, why=why, is_parked=is_parked):
            failed = 0 if is_parked else 1
            return {"ends_as": SubjectState.READY, "next_due": when, "why": inert(why), "failed": failed}
        case Dead(why=why):
            return {"ends_as": SubjectState.DEAD, "next_due": None, "why": inert(why), "failed": 1}


def take_back(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Take these running subjects back to where they were in the queue, attempts kept; return how many."""
    return connection.execute(_take_back(which)).rowcount


def void_leases(connection: sa.Connection, of: Collection[int] | None = None) -> int:
    """Take back what these owners hold, or what anybody holds."""
    return take_back(connection, sa.true() if of is None else _T.lease_owner.in_(sorted(of)))


def _take_back(which: sa.ColumnElement[bool]) -> sa.Update:
    held = sa.select(_T.id).where(_RUNNING, which).with_for_update(skip_locked=True)
    return sa.update(subject).where(_T.id.in_(held)).values(_taken_back())


def _taken_back() -> Mapping[str, Any]:
    """Return what ends a lease without an outcome. The old due time stays, or the work would go behind the backlog."""
    is_too_often = _T.interrupted >= sa.literal_column(str(MAX_INTERRUPTED - 1))
    return {
        "state": sa.case((is_too_often, literally(SubjectState.DEAD)), else_=literally(SubjectState.READY)),
        "due_at": sa.case((is_too_often, sa.null()), else_=_T.due_at),
        "note": sa.case((is_too_often, why_set_aside()), else_=_T.note),
        "interrupted": _T.interrupted + 1,
        "lease_until": None,
        "lease_owner": None,
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


# Statements of every run and claim. Building one anew would cost more than running it.
_IS_CLAIM: Final = sa.and_(IS_BOUND, _T.fence == sa.bindparam("of_fence", type_=sa.Integer), _RUNNING)
_HELD: Final = (_T.id, _T.connection, _T.site, _T.tenant, _T.fence)
_HOLD: Final = sa.select(*_HELD).where(_IS_CLAIM)
_ASKED: Final = (
    sa.func.json_to_recordset(sa.bindparam("claims", type_=sa.JSON))
    .table_valued(
        sa.column("of_connection", sa.Text),
        sa.column("of_site", sa.Text),
        sa.column("of_tenant", sa.Text),
        sa.column("of_fence", sa.Integer),
        name="asked",
    )
    .render_derived(with_types=True)
)
_HOLD_ALL: Final = (
    sa.select(*_HELD)
    .join(
        _ASKED,
        sa.and_(
            _T.connection == _ASKED.c.of_connection,
            _T.site == _ASKED.c.of_site,
            _T.tenant == _ASKED.c.of_tenant,
            _T.fence == _ASKED.c.of_fence,
        ),
    )
    .where(_RUNNING)
    .order_by(*_IN_ORDER)
    .with_for_update(of=subject, key_share=True)
)
"""In one turn, and in the order of everybody who locks more than one."""
_RENEW: Final = sa.update(subject).where(_IS_CLAIM).values(lease_until=sa.bindparam("lease_until", type_=Instant))
_NEXT_LEASED: Final = sa.select(_T.lease_until).where(_RUNNING).order_by(_T.lease_until).limit(1)
_TAKE_BACK_LATE: Final = _take_back(_T.lease_until <= sa.bindparam("now", type_=Instant))
_TAKE: Final = (
    sa.update(subject)
    .where(_T.id.in_(sa.bindparam("chosen", expanding=True)))
    .values(
        state=literally(SubjectState.RUNNING),
        fence=_T.fence + 1,
        taken_generation=_T.generation,
        taken_since=sa.func.coalesce(_T.marked_since, _T.due_at),
        marked_since=sa.null(),
        lease_until=sa.bindparam("until", type_=Instant),
        lease_owner=sa.bindparam("owner", type_=sa.BigInteger),
    )
    .returning(*_CLAIMED)
)
_IS_OVER: Final = _T.generation == _T.taken_generation
_ENDS_AS: Final = sa.bindparam("ends_as", type_=sa.String)
_NEXT_DUE: Final = sa.bindparam("next_due", type_=Instant)
_CLOSES: Final = sa.bindparam("closes", type_=sa.Integer)
_FAILED: Final = sa.bindparam("failed", type_=sa.Integer)
_IS_DONE: Final = _FAILED.is_(None)
_FINISH: Final = (
    sa.update(subject)
    .where(_T.id == sa.bindparam("of_id", type_=sa.BigInteger))
    .values(
        state=sa.case((_IS_OVER, _ENDS_AS), else_=literally(SubjectState.READY)),
        due_at=sa.case((_IS_OVER, _NEXT_DUE), else_=sa.bindparam("now", type_=Instant)),
        note=sa.bindparam("why", type_=sa.String),
        attempts=sa.case((sa.and_(_IS_OVER, sa.not_(_IS_DONE)), _T.attempts + _FAILED), else_=0),
        closing=sa.case((sa.and_(_IS_OVER, _IS_DONE), 0), else_=_greatest(_T.closing, _CLOSES)),
        priority=sa.case(
            (sa.and_(_IS_OVER, _IS_DONE, _NEXT_DUE.is_not(None)), int(Priority.LIVE)),
            (sa.and_(_IS_OVER, _IS_EMERGENCY), _T.priority),
            # A retry goes behind live events, and a sweep's retry stays with the sweep.
            (sa.and_(_IS_OVER, sa.not_(_IS_DONE)), _greatest(_T.priority, sa.literal(int(Priority.RETRY)))),
            else_=_T.priority,
        ),
        marked_since=sa.case(
            (sa.or_(_IS_DONE, sa.and_(_IS_OVER, _NEXT_DUE.is_(None))), _T.marked_since),
            (sa.or_(_T.marked_since.is_(None), _T.taken_since < _T.marked_since), _T.taken_since),
            else_=_T.marked_since,
        ),
        lease_until=sa.null(),
        lease_owner=sa.null(),
        interrupted=sa.literal_column("0"),
        taken_since=sa.null(),
    )
)
