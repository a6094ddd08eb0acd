"""What people see of the memory store's rows: the queue, and what was given up."""

from collections.abc import Mapping
from datetime import datetime

from bridge.domain.dead_letters import DeadLetter, Which, open_doors
from bridge.domain.deliveries import DeliveryState
from bridge.domain.ids import DeliveryId, SiteId
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.queue import QueuedWork, QueueView
from bridge.testing.memory_rows import KeptDelivery, KeptSubject

Subjects = Mapping[int, KeptSubject]
Deliveries = Mapping[DeliveryId, KeptDelivery]


def list_dead(
    subjects: Subjects, deliveries: Deliveries, which: Which, after: WorkId | None = None
) -> list[DeadLetter]:
    letters = [_dead_subject(number, row) for number, row in subjects.items() if row.state == "dead"]
    letters += [_dead_delivery(row) for row in deliveries.values() if row.state is DeliveryState.DEAD]
    if after is not None:
        letters = [one for one in letters if _place(one.id) > _place(after)]
    return [one for one in letters if _is_meant(one, which, deliveries)]


def _place(work: WorkId) -> tuple[bool, int]:
    return work.kind is WorkKind.DELIVERY, work.number


def _is_meant(letter: DeadLetter, which: Which, deliveries: Deliveries) -> bool:
    sites = {letter.site}
    if letter.id.kind is WorkKind.DELIVERY:
        sites = {key.site for key in deliveries[DeliveryId(letter.id.number)].subjects}
    return (
        which.kind in {None, letter.id.kind}
        and (which.site is None or which.site in sites)
        and (which.why is None or which.why.lower() in letter.why.lower())
    )


def _dead_subject(number: int, row: KeptSubject) -> DeadLetter:
    return DeadLetter(
        id=WorkId(kind=WorkKind.SUBJECT, number=number),
        connection=row.key.connection,
        site=row.key.site,
        tenant=row.key.tenant,
        attempts=row.attempts,
        why=row.note or "",
        open_doors=open_doors(row.access.values()),
    )


def _dead_delivery(row: KeptDelivery) -> DeadLetter:
    return DeadLetter(
        id=WorkId(kind=WorkKind.DELIVERY, number=row.id),
        connection=row.new.connection,
        event_type=row.new.event_type,
        received_at=row.new.received_at,
        attempts=row.attempts,
        why=row.note or "",
    )


def view(subjects: Subjects, deliveries: Deliveries, *, site: SiteId | None, limit: int, now: datetime) -> QueueView:
    here = {number: row for number, row in subjects.items() if site in {None, row.key.site}}
    listed = [*deliveries.values()] if site is None else []
    queued = [_queued_subject(number, row) for number, row in here.items() if row.state in {"ready", "running"}]
    queued += [_queued_delivery(row) for row in listed if row.state in {DeliveryState.NEW, DeliveryState.RUNNING}]
    running = {WorkId(kind=WorkKind.SUBJECT, number=one) for one, row in here.items() if row.state == "running"}
    running |= {WorkId(kind=WorkKind.DELIVERY, number=row.id) for row in listed if row.state is DeliveryState.RUNNING}
    queued.sort(key=lambda work: work.at)
    states = [row.state.value for row in deliveries.values()]
    kinds = [_kind(row, now) for row in here.values()]
    return QueueView(
        at=now,
        deliveries={state: states.count(state) for state in ("new", "running", "quarantined", "dead")},
        subjects={kind: kinds.count(kind) for kind in ("due", "retrying", "scheduled", "running", "dead")},
        oldest=min((work.since for work in queued if work.since is not None), default=None),
        next_tries=[work for work in queued if work.id not in running][:limit],
        running=[work for work in queued if work.id in running][:limit],
    )


def _kind(row: KeptSubject, now: datetime) -> str:
    if row.state != "ready":
        return row.state
    if row.is_due(now):
        return "due"
    return "scheduled" if row.marked_since is None else "retrying"


def _queued_subject(number: int, row: KeptSubject) -> QueuedWork:
    return QueuedWork(
        id=WorkId(kind=WorkKind.SUBJECT, number=number),
        connection=row.key.connection,
        site=row.key.site,
        tenant=row.key.tenant,
        at=_given(row.wakes_at),
        attempts=row.attempts,
        why=row.note,
        since=row.taken_since or row.marked_since,
    )


def _queued_delivery(row: KeptDelivery) -> QueuedWork:
    return QueuedWork(
        id=WorkId(kind=WorkKind.DELIVERY, number=row.id),
        connection=row.new.connection,
        event_type=row.new.event_type,
        at=_given(row.wakes_at),
        attempts=row.attempts,
        why=row.note,
        since=row.new.received_at,
    )


def _given(moment: datetime | None) -> datetime:
    assert moment is not None, "what is queued has its time"  # noqa: S101 - a promise of the store to itself
    return moment
