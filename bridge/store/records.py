"""What the bridge remembers of a subject beside its codes: access, the adapter's reference, transfers, open tasks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Handover
from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, RentalId, SubjectKey, TargetId, UnitId
from bridge.ports.store import OpenTask, SubjectRecord
from bridge.store import codes, subjects
from bridge.store.keyring import Keyring
from bridge.store.tables import access, subject, task, transfer

_ACCESS_VALUES: Final = (
    "unit",
    "targets",
    "status",
    "reasons",
    "certainty",
    "written_status",
    "since",
    "rotated",
    "handover",
)


def load(connection: sa.Connection, key: SubjectKey, keyring: Keyring) -> SubjectRecord:
    """Return all that is known of the subject; an unknown one has an empty record."""
    row = connection.execute(sa.select(subject.c.id, subject.c.ref).where(subjects.is_key(key))).one_or_none()
    if row is None:
        return SubjectRecord()
    known = connection.execute(sa.select(access).where(access.c.subject_id == row.id)).all()
    tasks = connection.execute(
        sa.select(task.c.unit, task.c.problem, task.c.platform_id).where(task.c.subject_id == row.id)
    )
    return SubjectRecord(
        access={RentalId(found.rental): _record(found) for found in known},
        codes=codes.load(connection, row.id, key, keyring),
        ref=row.ref,
        transfers=_transfers(connection, key.connection, row.id),
        open_tasks={UnitId(found.unit): OpenTask(problem=found.problem, id=found.platform_id) for found in tasks},
    )


def _record(row: sa.Row[Any]) -> AccessRecord:
    return AccessRecord(
        rental=RentalId(row.rental),
        unit=None if row.unit is None else UnitId(row.unit),
        targets=frozenset(TargetId(target) for target in row.targets),
        status=None if row.status is None else AccessStatus(row.status),
        reasons=frozenset(row.reasons),
        certainty=Certainty(row.certainty),
        written_status=row.written_status,
        since=row.since,
        rotated=row.rotated,
        handover=None if row.handover is None else Handover(row.handover),
    )


def _transfers(connection: sa.Connection, name: ConnectionName, subject_id: int) -> dict[RentalId, RentalId]:
    """Return the links that touch a rental of the subject, on either side: a transfer may cross sites."""
    rentals = sa.select(access.c.rental).where(access.c.subject_id == subject_id)
    touches = sa.or_(transfer.c.left_rental.in_(rentals), transfer.c.heir.in_(rentals))
    rows = connection.execute(sa.select(transfer).where(transfer.c.connection == name, touches))
    return {RentalId(row.left_rental): RentalId(row.heir) for row in rows}


def make_known(connection: sa.Connection, sightings: Sequence[Sighting]) -> None:
    """Give each rental that is seen for the first time an empty record."""
    connection.execute(
        _empty_record(), [{"of_rental": seen.rental, **subjects.bound(seen.subject)} for seen in sightings]
    )


@cache
def _empty_record() -> sa.Insert:
    chosen = sa.select(subject.c.id, sa.bindparam("of_rental", type_=sa.String)).where(subjects.IS_BOUND)
    return sqlite.insert(access).from_select(["subject_id", "rental"], chosen).on_conflict_do_nothing()


def replace_access(connection: sa.Connection, subject_id: int, changed: Sequence[AccessRecord]) -> None:
    """Replace the records of these rentals; the last of two for one rental counts."""
    if not changed:
        return
    insert = sqlite.insert(access)
    replace = insert.on_conflict_do_update(
        index_elements=["subject_id", "rental"], set_={name: insert.excluded[name] for name in _ACCESS_VALUES}
    )
    rows = [
        {
            "subject_id": subject_id,
            "rental": record.rental,
            "unit": record.unit,
            "targets": sorted(record.targets),
            "status": record.status,
            "reasons": sorted(record.reasons),
            "certainty": record.certainty,
            "written_status": record.written_status,
            "since": record.since,
            "rotated": record.rotated,
            "handover": record.handover,
        }
        for record in changed
    ]
    connection.execute(replace, rows)


def keep_ref(connection: sa.Connection, subject_id: int, ref: Mapping[str, Any] | None) -> None:
    value = None if ref is None else dict(ref)
    connection.execute(sa.update(subject).where(subject.c.id == subject_id).values(ref=value))


def keep_transfers(connection: sa.Connection, name: ConnectionName, heirs: Mapping[RentalId, RentalId]) -> None:
    """Keep who followed whom; a later word on the same left rental counts."""
    if not heirs:
        return
    insert = sqlite.insert(transfer)
    keep = insert.on_conflict_do_update(
        index_elements=["connection", "left_rental"], set_={"heir": insert.excluded.heir}
    )
    rows = [{"connection": name, "left_rental": left, "heir": heir} for left, heir in sorted(heirs.items())]
    connection.execute(keep, rows)


def keep_tasks(connection: sa.Connection, subject_id: int, told: Mapping[UnitId, OpenTask], now: datetime) -> None:
    """Keep what staff were told of at each unit, in place of what they were told before."""
    if not told:
        return
    insert = sqlite.insert(task)
    names = ("problem", "platform_id", "told_at")
    keep = insert.on_conflict_do_update(
        index_elements=["subject_id", "unit"], set_={name: insert.excluded[name] for name in names}
    )
    rows = [
        {"subject_id": subject_id, "unit": unit, "problem": one.problem, "platform_id": one.id, "told_at": now}
        for unit, one in told.items()
    ]
    connection.execute(keep, rows)


def drop_tasks(connection: sa.Connection, subject_id: int, mended: Collection[UnitId]) -> None:
    if mended:
        connection.execute(sa.delete(task).where(task.c.subject_id == subject_id, task.c.unit.in_(sorted(mended))))
