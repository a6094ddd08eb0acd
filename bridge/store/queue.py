"""How the work stands: counts, the oldest event that is owed, the next tries, and what runs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.deliveries import DeliveryState
from bridge.domain.ids import ConnectionName, SiteId, TenantId
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.queue import QueuedWork, QueueView
from bridge.store.inbox import in_line
from bridge.store.tables import DELIVERED, SubjectState, delivery, literally, subject

_D, _S = delivery.c, subject.c
_READY: Final = _S.state == literally(SubjectState.READY)
_RUNNING: Final = _S.state == literally(SubjectState.RUNNING)
_WAITING: Final = ("new", "running", "quarantined", "dead")


def view(connection: sa.Connection, *, site: SiteId | None, limit: int, now: datetime) -> QueueView:
    """Return the queue as it is; the states are named literally, each to be led by its own index."""
    here = sa.true() if site is None else _S.site == site
    held = _D.state == literally(DeliveryState.RUNNING)
    next_subjects = sa.select(subject).where(_READY, here).order_by(_S.due_at).limit(limit)
    run_subjects = sa.select(subject).where(_RUNNING, here).order_by(_S.lease_until).limit(limit)
    tries = [*_subjects(connection, next_subjects)]
    running = [*_subjects(connection, run_subjects)]
    if site is None:
        for priority in DELIVERED:
            tries += _deliveries(connection, _faces().where(in_line(priority)).order_by(_D.due_at).limit(limit))
        running += _deliveries(connection, _faces().where(held).order_by(_D.lease_until).limit(limit))
    return QueueView(
        at=now,
        deliveries={
            state: _count(connection, delivery, _D.state == literally(DeliveryState(state))) for state in _WAITING
        },
        subjects=_subject_counts(connection, here, now),
        oldest=_oldest(connection, here, with_deliveries=site is None),
        next_tries=sorted(tries, key=lambda work: work.at)[:limit],
        running=sorted(running, key=lambda work: work.at)[:limit],
    )


def _count(connection: sa.Connection, table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*which)) or 0


def _subject_counts(connection: sa.Connection, here: sa.ColumnElement[bool], now: datetime) -> dict[str, int]:
    owed = _S.marked_since.is_not(None)
    kinds = {
        "due": (_READY, _S.due_at <= now),
        "retrying": (_READY, _S.due_at > now, owed),
        "scheduled": (_READY, _S.due_at > now, sa.not_(owed)),
        "running": (_RUNNING,),
        "dead": (_S.state == literally(SubjectState.DEAD),),
    }
    return {name: _count(connection, subject, *which, here) for name, which in kinds.items()}


def _oldest(connection: sa.Connection, here: sa.ColumnElement[bool], *, with_deliveries: bool) -> datetime | None:
    asked = [
        sa.select(sa.func.min(_S.marked_since)).where(_READY, here),
        sa.select(sa.func.min(_S.marked_since)).where(_RUNNING, here),
        sa.select(sa.func.min(_S.taken_since)).where(_RUNNING, here),
    ]
    if with_deliveries:
        states = (DeliveryState.NEW, DeliveryState.RUNNING)
        asked += [sa.select(sa.func.min(_D.received_at)).where(_D.state == literally(state)) for state in states]
    return min((time for one in asked if (time := connection.scalar(one)) is not None), default=None)


def _faces() -> sa.Select[Any]:
    return sa.select(*(column for column in _D if column.name not in {"body", "headers"}))


def _subjects(connection: sa.Connection, chosen: sa.Select[Any]) -> Iterator[QueuedWork]:
    for row in connection.execute(chosen):
        yield QueuedWork(
            id=WorkId(kind=WorkKind.SUBJECT, number=row.id),
            connection=ConnectionName(row.connection),
            site=SiteId(row.site),
            tenant=TenantId(row.tenant),
            at=row.lease_until or row.due_at,
            attempts=row.attempts,
            why=row.note,
            since=row.taken_since or row.marked_since,
        )


def _deliveries(connection: sa.Connection, chosen: sa.Select[Any]) -> Iterator[QueuedWork]:
    for row in connection.execute(chosen):
        yield QueuedWork(
            id=WorkId(kind=WorkKind.DELIVERY, number=row.id),
            connection=ConnectionName(row.connection),
            event_type=row.event_type,
            at=row.lease_until or row.due_at,
            attempts=row.attempts,
            why=row.note,
            since=row.received_at,
        )
