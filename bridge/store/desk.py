"""What people ask and do."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.access import AccessStatus
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, DeliveryId, SiteKey, SubjectKey, TenantId
from bridge.domain.ledger import LedgerEntry
from bridge.domain.whom import By, Whom
from bridge.ports.store import DeliveryRow, Known, SubjectRow
from bridge.store import ledger, records, subjects
from bridge.store.keyring import Keyring
from bridge.store.tables import SubjectState, access, delivery, delivery_subject, literally, subject

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
    found = tuple(_subject_face(known) for known in connection.execute(linked))
    body = None if row.is_emptied else row.body
    return DeliveryRow(**_face(row), body=body, headers=row.headers, subjects=found)


def replay_delivery(connection: sa.Connection, wanted: DeliveryId, entry: LedgerEntry, now: datetime) -> DeliveryRow:
    """Make it due again; a worker that has it at this moment loses it. Raises `NotFoundHere` without its body."""
    if show_delivery(connection, wanted).body is None:
        raise NotFoundHere(f"the body of delivery {wanted} is no longer kept: sweep its site instead")
    again = (
        sa.update(delivery)
        .where(delivery.c.id == wanted)
        .values(
            state=DeliveryState.NEW,
            due_at=now,
            attempts=0,
            note=None,
            fence=delivery.c.fence + 1,
            lease_until=None,
            lease_owner=None,
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


def find_subjects(connection: sa.Connection, whom: Whom, sites: Collection[SiteKey]) -> list[SubjectRow]:
    """Return the known subjects at these sites whom a question is about, each once."""
    if "\0" in whom.id:  # PostgreSQL cannot even be asked for it
        return []
    rows = _by_tenant(connection, whom.id, sites) if whom.by is By.TENANT else _by_access(connection, whom)
    found = {row.id: _subject_face(row) for row in rows}
    return sorted(
        (face for face in found.values() if (face.key.connection, face.key.site) in sites), key=lambda face: face.key
    )


def list_subjects(connection: sa.Connection, *, site: SiteKey, limit: int, after: TenantId | None) -> list[SubjectRow]:
    """Return a page of the site's subjects, in the order of the index that begins with connection and site."""
    return [_subject_face(row) for row in _page(connection, site, limit, after)]


def known_at(
    connection: sa.Connection, *, site: SiteKey, limit: int, after: TenantId | None, keyring: Keyring
) -> list[Known]:
    """Return the same page with all that is known of each."""
    rows = _page(connection, site, limit, after)
    found = records.load_many(connection, [row.id for row in rows], keyring)
    return [Known(row=face, record=found[face.key]) for face in map(_subject_face, rows) if face.key in found]


def _page(connection: sa.Connection, site: SiteKey, limit: int, after: TenantId | None) -> Sequence[sa.Row[Any]]:
    here = sa.and_(subject.c.connection == site[0], subject.c.site == site[1], subject.c.tenant > (after or ""))
    return connection.execute(sa.select(subject).where(here).order_by(subject.c.tenant).limit(limit)).all()


def _by_tenant(connection: sa.Connection, tenant: str, sites: Collection[SiteKey]) -> Iterator[sa.Row[Any]]:
    """Yield a tenant's rows, site by site: the index begins with connection and site."""
    for name, site in sorted(sites):
        key = SubjectKey(connection=name, site=site, tenant=TenantId(tenant))
        yield from connection.execute(sa.select(subject).where(subjects.is_key(key)))


def _by_access(connection: sa.Connection, whom: Whom) -> Iterator[sa.Row[Any]]:
    """Yield who has a record of the rental, or one of the unit that is not over."""
    column = access.c.rental if whom.by is By.RENTAL else access.c.unit
    chosen = sa.select(subject, access.c.status, access.c.targets).join(access, subject.c.id == access.c.subject_id)
    for row in connection.execute(chosen.where(column == whom.id)):
        if whom.by is By.RENTAL or row.targets or row.status != AccessStatus.NONE:
            yield row


def _subject_face(row: sa.Row[Any]) -> SubjectRow:
    return SubjectRow(
        key=subjects.key_of(row), state=row.state, due_at=row.due_at, attempts=row.attempts, note=row.note
    )


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
