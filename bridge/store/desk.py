"""What people ask and do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, DeliveryId
from bridge.domain.ledger import LedgerEntry
from bridge.ports.store import DeliveryRow, SubjectRow
from bridge.store import ledger, subjects
from bridge.store.tables import SubjectState, delivery, delivery_subject, literally, subject

_COUNTED_DELIVERIES: Final = (
    DeliveryState.NEW,
    DeliveryState.RUNNING,
    DeliveryState.QUARANTINED,
    DeliveryState.DEAD,
)
_COUNTED_SUBJECTS: Final = (SubjectState.READY, SubjectState.RUNNING, SubjectState.DEAD)
_LISTED: Final = [column for column in delivery.c if column.name not in {"body", "headers"}]


def list_deliveries(
    connection: sa.Connection,
    *,
    state: DeliveryState | None,
    name: ConnectionName | None,
    limit: int,
    before: DeliveryId | None,
) -> list[DeliveryRow]:
    """Return deliveries, the newest first."""
    chosen = sa.select(*_LISTED).order_by(delivery.c.id.desc()).limit(limit)
    if state is not None:
        chosen = chosen.where(_is_in(state))
    if name is not None:
        chosen = chosen.where(delivery.c.connection == name)
    if before is not None:
        chosen = chosen.where(delivery.c.id < before)
    return [DeliveryRow(**_face(row)) for row in connection.execute(chosen)]


def _is_in(state: DeliveryState) -> sa.ColumnElement[bool]:
    """Return the condition in the form that leads SQLite to the state's own index, away from reading all by id."""
    if state not in {DeliveryState.NEW, DeliveryState.RUNNING}:
        return delivery.c.state == literally(state)
    held = delivery.alias("held")
    return delivery.c.id.in_(sa.select(held.c.id).where(held.c.state == literally(state)))


def show_delivery(connection: sa.Connection, wanted: DeliveryId) -> DeliveryRow:
    row = connection.execute(sa.select(delivery).where(delivery.c.id == wanted)).one_or_none()
    if row is None:
        raise NotFoundHere(f"there is no delivery {wanted}")
    linked = (
        sa.select(subject)
        .join(delivery_subject, delivery_subject.c.subject_id == subject.c.id)
        .where(delivery_subject.c.delivery_id == wanted)
        .order_by(subject.c.connection, subject.c.site, subject.c.tenant)
    )
    found = tuple(
        SubjectRow(
            key=subjects.key_of(known), state=known.state, due_at=known.due_at, attempts=known.attempts, note=known.note
        )
        for known in connection.execute(linked)
    )
    return DeliveryRow(**_face(row), body=row.body, headers=row.headers, subjects=found)


def replay_delivery(connection: sa.Connection, wanted: DeliveryId, entry: LedgerEntry, now: datetime) -> DeliveryRow:
    """Make it due again; a worker that has it at this moment loses it."""
    again = (
        sa.update(delivery)
        .where(delivery.c.id == wanted)
        .values(
            state=DeliveryState.NEW, due_at=now, attempts=0, note=None, fence=delivery.c.fence + 1, lease_until=None
        )
    )
    connection.execute(again)
    replayed = show_delivery(connection, wanted)
    ledger.append(connection, [entry])
    return replayed


def counts(connection: sa.Connection) -> Mapping[str, int]:
    """Return the rows that wait or need a person; finished ones would be a scan of all that ever came."""
    columns = [
        *(_count(delivery, state).label(f"delivery.{state}") for state in _COUNTED_DELIVERIES),
        *(_count(subject, state).label(f"subject.{state}") for state in _COUNTED_SUBJECTS),
    ]
    return dict(connection.execute(sa.select(*columns)).mappings().one())


def _count(table: sa.Table, state: DeliveryState | SubjectState) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(table.c.state == literally(state)).scalar_subquery()


def _face(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": DeliveryId(row.id),
        "connection": ConnectionName(row.connection),
        "event_id": row.event_id,
        "event_type": row.event_type,
        "received_at": row.received_at,
        "state": DeliveryState(row.state),
        "attempts": row.attempts,
        "due_at": row.due_at,
        "note": row.note,
    }
