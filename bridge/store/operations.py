"""Operations, and the tenants that each is about.

Whoever needs an operation's row takes it before any subject's.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.dead_letters import Signature
from bridge.domain.deliveries import Sighting
from bridge.domain.errors import inert
from bridge.domain.ids import RentalId
from bridge.domain.operations import (
    AGAIN,
    KEPT,
    OPEN,
    PORTION,
    Before,
    Cancelled,
    Item,
    ItemState,
    NewOperation,
    Operation,
    OperationId,
    OperationState,
    Work,
    already_running,
    before_mark,
    begun,
    decided,
    how_ended,
    is_untouched,
    next_state,
    nobody_there,
)
from bridge.domain.queueing import Priority
from bridge.store import ledger, records, subjects
from bridge.store.dialect import each, is_postgresql
from bridge.store.tables import from_micros, operation, operation_item, subject, to_micros

_IS_OPEN: Final = sa.text("operation.state IN ('running', 'cancelling')")
"""Word for word as the index has it."""
_LOCK: Final = sa.select(sa.func.pg_advisory_xact_lock(sa.literal_column("7240193377120458")))
"""A number of our own: whoever begins or resumes one of many looks first who is at work, one at a time."""
_OURS: Final = sa.and_(
    subject.c.connection == operation_item.c.connection,
    subject.c.site == operation_item.c.site,
    subject.c.tenant == operation_item.c.tenant,
)


def begin(connection: sa.Connection, *, new: NewOperation, now: datetime) -> OperationId:
    """Keep it with all its tenants; what ended long ago is forgotten. Raises `AlreadyRunning`."""
    if new.is_alone:
        _refuse_a_second(connection, new.sites)
    connection.execute(sa.delete(operation).where(operation.c.ended_at < now - KEPT))
    values = {
        "kind": new.kind,
        "who": inert(new.who),
        "at": new.at,
        "asked": inert(new.asked),
        "digest": new.digest,
        "priority": int(new.priority),
        "seconds": new.seconds,
        "state": OperationState.RUNNING,
    }
    number = connection.execute(sa.insert(operation).values(values).returning(operation.c.id)).scalar_one()
    rows = [
        {
            "operation_id": number,
            "place": place,
            "connection": seen.subject.connection,
            "site": seen.subject.site,
            "tenant": seen.subject.tenant,
            "rental": seen.rental,
            "state": ItemState.WAITING,
        }
        for place, seen in enumerate(new.sightings)
    ]
    connection.execute(sa.insert(operation_item), each(rows))
    ledger.append(connection, [begun(new, number)])
    return OperationId(number)


def open_operations(connection: sa.Connection) -> list[OperationId]:
    chosen = sa.select(operation.c.id).where(_IS_OPEN).order_by(operation.c.id)
    return [OperationId(number) for number in connection.scalars(chosen)]


def list_operations(connection: sa.Connection, *, limit: int) -> list[Operation]:
    """Return operations, the newest first."""
    rows = connection.execute(sa.select(operation).order_by(operation.c.id.desc()).limit(limit)).all()
    counts = _counts(connection, [row.id for row in rows])
    return [_face(row, counts.get(row.id, {})) for row in rows]


def show(connection: sa.Connection, *, number: OperationId) -> Operation:
    """Return one. Raises `NotFoundHere`."""
    return _shown(
        connection, connection.execute(sa.select(operation).where(operation.c.id == number)).one_or_none(), number
    )


def list_items(connection: sa.Connection, *, number: OperationId, limit: int, after: int) -> list[Item]:
    """Return the tenants of one, in their order. Raises `NotFoundHere`."""
    show(connection, number=number)
    of_it = sa.and_(operation_item.c.operation_id == number, operation_item.c.place > after)
    rows = connection.execute(sa.select(operation_item).where(of_it).order_by(operation_item.c.place).limit(limit))
    return [
        Item(
            place=row.place,
            subject=subjects.key_of(row),
            state=ItemState(row.state),
            why=row.why,
            due_at=row.due_at,
        )
        for row in rows
    ]


def advance(connection: sa.Connection, *, number: OperationId, now: datetime) -> Operation:
    """Keep what has ended, make more due, and end the operation with its last tenant. Raises `NotFoundHere`."""
    row = _held(connection, number)
    if row.state not in OPEN:
        return show(connection, number=number)
    running = _works(connection, number, ItemState.RUNNING)
    ends = {place: how_ended(work, row_.generation, now) for place, (row_, work) in running.items()}
    _keep(
        connection,
        number,
        {place: _ended_as(state, running[place][1]) for place, state in ends.items() if state is not None},
    )
    room = PORTION - sum(state is None for state in ends.values())
    if row.state == OperationState.RUNNING and room > 0:
        _feed(connection, number, Priority(row.priority), room, now)
    return _over(connection, number, now)


def cancel(connection: sa.Connection, *, number: OperationId, by: Signature, now: datetime) -> Cancelled:
    """Make nobody more due, and take back the marks that nobody has answered. Raises `NotFoundHere`."""
    row = _held(connection, number)
    if row.state not in OPEN:
        return Cancelled(operation=show(connection, number=number), never_begun=0, taken_back=0, at_work=0)
    waiting = sa.and_(operation_item.c.operation_id == number, operation_item.c.state == ItemState.WAITING)
    never = connection.execute(sa.update(operation_item).where(waiting).values(state=ItemState.CANCELLED)).rowcount
    running = _works(connection, number, ItemState.RUNNING, lock=True)
    untouched = {
        place: one
        for place, (one, work) in running.items()
        if one.before is not None and work is not None and is_untouched(work, one.generation)
    }
    for one in untouched.values():
        _put_back(connection, one)
    _keep(connection, number, {place: {"state": ItemState.CANCELLED} for place in untouched})
    connection.execute(sa.update(operation).where(operation.c.id == number).values(state=OperationState.CANCELLING))
    ledger.append(connection, [decided(number, "cancelled", by, never + len(untouched))])
    return Cancelled(
        operation=_over(connection, number, now),
        never_begun=never,
        taken_back=len(untouched),
        at_work=len(running) - len(untouched),
    )


def resume(connection: sa.Connection, *, number: OperationId, by: Signature) -> Operation:
    """Let those wait again who were not put right. Raises `NotFoundHere` and `AlreadyRunning`."""
    row = _held(connection, number)
    left = sa.and_(operation_item.c.operation_id == number, operation_item.c.state.in_(sorted(AGAIN)))
    sites = connection.execute(
        sa.select(operation_item.c.connection, operation_item.c.site).where(left).distinct()
    ).all()
    if row.priority == Priority.SWEEP:
        _refuse_a_second(connection, {(one.connection, one.site) for one in sites}, but=number)
    again = {"state": ItemState.WAITING, "generation": None, "before": sa.null(), "why": None, "due_at": None}
    count = connection.execute(sa.update(operation_item).where(left).values(again)).rowcount
    if count:
        running = {"state": OperationState.RUNNING, "ended_at": None}
        connection.execute(sa.update(operation).where(operation.c.id == number).values(running))
        ledger.append(connection, [decided(number, "resumed", by, count)])
    return show(connection, number=number)


def _refuse_a_second(connection: sa.Connection, sites: Collection[tuple[str, str]], but: int = 0) -> None:
    if is_postgresql(connection):
        connection.execute(_LOCK)
    many = sa.select(operation.c.id, operation.c.who).where(
        _IS_OPEN,
        operation.c.state == OperationState.RUNNING,
        operation.c.priority == int(Priority.SWEEP),
        operation.c.id != but,
    )
    for row in connection.execute(many.order_by(operation.c.id)).all():
        is_left = operation_item.c.state.in_([ItemState.WAITING, ItemState.RUNNING])
        there = sa.select(operation_item.c.connection, operation_item.c.site).where(
            operation_item.c.operation_id == row.id, is_left
        )
        if {(one.connection, one.site) for one in connection.execute(there.distinct())} & set(sites):
            raise already_running(row.id, row.who)


def _held(connection: sa.Connection, number: OperationId) -> sa.Row[Any]:
    """Return the operation's row, ours until the unit ends. Raises `NotFoundHere`."""
    row = connection.execute(sa.select(operation).where(operation.c.id == number).with_for_update()).one_or_none()
    if row is None:
        raise nobody_there(number)
    return row


def _works(
    connection: sa.Connection, number: OperationId, state: ItemState, *, limit: int = PORTION, lock: bool = False
) -> dict[int, tuple[sa.Row[Any], Work | None]]:
    """Return up to so many tenants in this state by their places, each with its row of the queue, if it has one."""
    of_it = sa.and_(operation_item.c.operation_id == number, operation_item.c.state == state)
    items = connection.execute(
        sa.select(operation_item).where(of_it).order_by(operation_item.c.place).limit(limit)
    ).all()
    places = [item.place for item in items]
    joined = (
        sa.select(operation_item.c.place, subject)
        .join(subject, _OURS)
        .where(operation_item.c.operation_id == number, operation_item.c.place.in_(places))
    )
    if lock:
        joined = subjects.held_in_order(connection, joined)
    works = {row.place: _work(row) for row in connection.execute(joined)}
    return {item.place: (item, works.get(item.place)) for item in items}


def _feed(connection: sa.Connection, number: OperationId, priority: Priority, room: int, now: datetime) -> None:
    """Make up to `room` more due, in their order."""
    waiting = _works(connection, number, ItemState.WAITING, limit=room, lock=True)
    if not waiting:
        return
    sightings = [Sighting(subject=subjects.key_of(one), rental=RentalId(one.rental)) for one, _ in waiting.values()]
    subjects.mark(connection, [seen.subject for seen in sightings], priority=priority, now=now, since=now)
    records.make_known(connection, sightings)
    marked = connection.execute(
        sa.select(operation_item.c.place, subject.c.generation)
        .join(subject, _OURS)
        .where(operation_item.c.operation_id == number, operation_item.c.place.in_(list(waiting)))
    )
    generations = {row.place: row.generation for row in marked}
    _keep(
        connection,
        number,
        {
            place: {
                "state": ItemState.RUNNING,
                "generation": generations[place],
                "before": _as_json(before_mark(work, now)),
            }
            for place, (_, work) in waiting.items()
        },
    )


def _keep(connection: sa.Connection, number: OperationId, changes: Mapping[int, Mapping[str, Any]]) -> None:
    for place, values in changes.items():
        which = sa.and_(operation_item.c.operation_id == number, operation_item.c.place == place)
        connection.execute(sa.update(operation_item).where(which).values(dict(values)))


def _ended_as(state: ItemState, work: Work | None) -> dict[str, Any]:
    failed = work if state in {ItemState.RETRYING, ItemState.DEAD} else None
    return {
        "state": state,
        "why": None if failed is None else failed.note,
        "due_at": None if failed is None else failed.due_at,
        "before": sa.null(),
    }


def _put_back(connection: sa.Connection, item: sa.Row[Any]) -> None:
    """Let the tenant's row rest as it did before it was made due."""
    before = item.before
    rests = {
        "state": before["state"],
        "due_at": None if before["due_at"] is None else from_micros(before["due_at"]),
        "attempts": before["attempts"],
        "priority": before["priority"],
        "taken_generation": subject.c.generation,
        "marked_since": None,
    }
    connection.execute(sa.update(subject).where(subjects.is_key(subjects.key_of(item))).values(rests))


def _over(connection: sa.Connection, number: OperationId, now: datetime) -> Operation:
    """Return the operation, ended if nobody of it is left."""
    found = show(connection, number=number)
    state = next_state(found.state, found.counts)
    if state is found.state:
        return found
    values = {"state": state, "ended_at": now}
    connection.execute(sa.update(operation).where(operation.c.id == number).values(values))
    return show(connection, number=number)


def _counts(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, dict[ItemState, int]]:
    counted: dict[int, dict[ItemState, int]] = {}
    chosen = (
        sa.select(operation_item.c.operation_id, operation_item.c.state, sa.func.count().label("items"))
        .where(operation_item.c.operation_id.in_(numbers))
        .group_by(operation_item.c.operation_id, operation_item.c.state)
    )
    for row in connection.execute(chosen):
        counted.setdefault(row.operation_id, {})[ItemState(row.state)] = row.items
    return counted


def _shown(connection: sa.Connection, row: sa.Row[Any] | None, number: int) -> Operation:
    if row is None:
        raise nobody_there(number)
    return _face(row, _counts(connection, [number]).get(number, {}))


def _face(row: sa.Row[Any], counts: Mapping[ItemState, int]) -> Operation:
    return Operation(
        id=OperationId(row.id),
        kind=row.kind,
        who=row.who,
        at=row.at,
        asked=row.asked,
        digest=row.digest,
        priority=Priority(row.priority),
        state=OperationState(row.state),
        seconds=row.seconds,
        ended_at=row.ended_at,
        counts={state: counts.get(state, 0) for state in ItemState},
    )


def _work(row: sa.Row[Any]) -> Work:
    return Work(
        state=row.state,
        generation=row.generation,
        taken_generation=row.taken_generation,
        interrupted=row.interrupted,
        due_at=row.due_at,
        attempts=row.attempts,
        priority=row.priority,
        note=row.note,
        is_owed=row.marked_since is not None,
    )


def _as_json(before: Before | None) -> dict[str, Any] | None:
    if before is None:
        return None
    due_at = None if before.due_at is None else to_micros(before.due_at)
    return {"state": before.state, "due_at": due_at, "attempts": before.attempts, "priority": before.priority}
