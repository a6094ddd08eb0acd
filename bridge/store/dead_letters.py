"""Work that was given up, and what people decide about it."""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.dead_letters import (
    DeadLetter,
    Signature,
    Which,
    discard_note,
    discarded,
    open_doors,
    replayed,
    say_open_doors,
)
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import DoorsOpen, NotFoundHere
from bridge.domain.ids import ConnectionName, SiteId, TenantId
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.store import Priority
from bridge.store import ledger, records, subjects
from bridge.store.tables import SubjectState, delivery, delivery_subject, literally, subject

_D, _S = delivery.c, subject.c
_DEAD_SUBJECT: Final = _S.state == literally(SubjectState.DEAD)
_DEAD_DELIVERY: Final = _D.state == literally(DeliveryState.DEAD)
_SUBJECT: Final = (_S.id, _S.connection, _S.site, _S.tenant, _S.attempts, _S.note)
_DELIVERY: Final = (_D.id, _D.connection, _D.event_type, _D.received_at, _D.attempts, _D.note)


def list_dead(connection: sa.Connection, *, which: Which, limit: int, after: WorkId | None) -> list[DeadLetter]:
    """Return dead subjects, then dead deliveries, each by number."""
    found: list[DeadLetter] = []
    if which.kind is not WorkKind.DELIVERY and (after is None or after.kind is WorkKind.SUBJECT):
        found += _dead_subjects(connection, which, limit=limit, after=after)
        after = None
    if which.kind is not WorkKind.SUBJECT and len(found) < limit:
        found += _dead_deliveries(connection, which, limit=limit - len(found), after=after)
    return found


def _dead_subjects(
    connection: sa.Connection, which: Which, *, limit: int, after: WorkId | None
) -> Iterator[DeadLetter]:
    chosen = sa.select(*_SUBJECT).where(_DEAD_SUBJECT).order_by(_S.id).limit(limit)
    if after is not None:
        chosen = chosen.where(_S.id > after.number)
    if which.site is not None:
        chosen = chosen.where(_S.site == which.site)
    if which.why is not None:
        chosen = chosen.where(_S.note.icontains(which.why, autoescape=True))
    rows = connection.execute(chosen).all()
    return (_of_subject(connection, row) for row in rows)


def _dead_deliveries(
    connection: sa.Connection, which: Which, *, limit: int, after: WorkId | None
) -> Iterator[DeadLetter]:
    chosen = sa.select(*_DELIVERY).where(_DEAD_DELIVERY).order_by(_D.id).limit(limit)
    if after is not None:
        chosen = chosen.where(_D.id > after.number)
    if which.site is not None:
        marked = sa.select(delivery_subject.c.delivery_id).join(subject, _S.id == delivery_subject.c.subject_id)
        chosen = chosen.where(
            marked.where(delivery_subject.c.delivery_id == _D.id, _S.site == which.site).correlate(delivery).exists()
        )
    if which.why is not None:
        chosen = chosen.where(_D.note.icontains(which.why, autoescape=True))
    return (_of_delivery(row) for row in connection.execute(chosen).all())


def show_dead(connection: sa.Connection, *, letter: WorkId) -> DeadLetter:
    """Return one. Raises `NotFoundHere` where it is not, or no longer, a dead letter."""
    if letter.kind is WorkKind.SUBJECT:
        row = connection.execute(sa.select(*_SUBJECT).where(_S.id == letter.number, _DEAD_SUBJECT)).one_or_none()
        found = None if row is None else _of_subject(connection, row)
    else:
        row = connection.execute(sa.select(*_DELIVERY).where(_D.id == letter.number, _DEAD_DELIVERY)).one_or_none()
        found = None if row is None else _of_delivery(row)
    if found is None:
        raise NotFoundHere(f"{letter} is not, or no longer, a dead letter")
    return found


def replay_dead(connection: sa.Connection, *, letter: WorkId, by: Signature) -> DeadLetter:
    """Make it due at once with its attempts forgotten."""
    found = show_dead(connection, letter=letter)
    if found.subject is not None:
        subjects.mark(connection, [found.subject], priority=Priority.RETRY, now=by.at, since=by.at)
    else:
        _set_delivery(connection, letter, state=DeliveryState.NEW, due_at=by.at, attempts=0, note=None)
    ledger.append(connection, [replayed(found, by)])
    return found


def discard_dead(connection: sa.Connection, *, letter: WorkId, by: Signature, despite_open_doors: bool) -> DeadLetter:
    """Take it off the list. Raises `DoorsOpen` where a door may be open that nobody has said may stay so."""
    found = show_dead(connection, letter=letter)
    if found.open_doors and not despite_open_doors:
        raise DoorsOpen(say_open_doors(found))
    if letter.kind is WorkKind.SUBJECT:
        resting = {"state": SubjectState.IDLE, "due_at": None, "attempts": 0, "note": None, "marked_since": None}
        told = connection.execute(sa.update(subject).where(_S.id == letter.number, _DEAD_SUBJECT).values(resting))
        _check_was_dead(letter, told.rowcount)
    else:
        _set_delivery(connection, letter, state=DeliveryState.IGNORED, note=discard_note(by))
    ledger.append(connection, [discarded(found, by)])
    return found


def _set_delivery(connection: sa.Connection, letter: WorkId, **values: Any) -> None:
    set_it = sa.update(delivery).where(_D.id == letter.number, _DEAD_DELIVERY).values(fence=_D.fence + 1, **values)
    _check_was_dead(letter, connection.execute(set_it).rowcount)


def _check_was_dead(letter: WorkId, rows: int) -> None:
    """Raise `NotFoundHere` where another process made it due meanwhile: what it owes must not be forgotten."""
    if rows != 1:
        raise NotFoundHere(f"{letter} is no longer a dead letter")


def _of_subject(connection: sa.Connection, row: Any) -> DeadLetter:
    return DeadLetter(
        id=WorkId(kind=WorkKind.SUBJECT, number=row.id),
        connection=ConnectionName(row.connection),
        site=SiteId(row.site),
        tenant=TenantId(row.tenant),
        attempts=row.attempts,
        why=row.note or "",
        open_doors=open_doors(records.access_of(connection, row.id)),
    )


def _of_delivery(row: Any) -> DeadLetter:
    return DeadLetter(
        id=WorkId(kind=WorkKind.DELIVERY, number=row.id),
        connection=ConnectionName(row.connection),
        event_type=row.event_type,
        received_at=row.received_at,
        attempts=row.attempts,
        why=row.note or "",
    )
