"""What the bridge remembers of a subject beside its codes: access, the adapter's reference, transfers, open tasks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Handover, Loss
from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, RentalId, SubjectKey, TargetId, UnitId
from bridge.domain.judge import Held
from bridge.domain.transfers import Link, Links
from bridge.ports.store import OpenTask, SubjectRecord
from bridge.store import codes, revocations, sights, subjects
from bridge.store.dialect import each, insert_for, insert_into
from bridge.store.keyring import Keyring
from bridge.store.tables import access, code, from_micros, hold, revocation, sight, subject, task, to_micros, transfer

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
    "overdue_since",
    "flips",
    "staff_lock",
    "unsure",
)
_OF: Final = sa.bindparam("of", type_=sa.BigInteger)
_ACCESS: Final = sa.select(access).where(access.c.subject_id == _OF)
_TOUCHES: Final = sa.or_(transfer.c.left_rental == access.c.rental, transfer.c.heir == access.c.rental)
_ALL: Final[sa.Select[Any]] = (
    sa.select(
        *(subject.c.id, subject.c.connection, subject.c.site, subject.c.tenant),
        *(subject.c.ref, subject.c.profile, subject.c.shadow),
        access.c.rental,
        *(access.c[name] for name in _ACCESS_VALUES),
        code.c.id.label("code_id"),
        *(code.c.state, code.c.sealed, code.c.taken),
        task.c.unit.label("told_at_unit"),
        *(task.c.problem, task.c.platform_id),
        *(transfer.c.left_rental, transfer.c.heir, transfer.c.seen_at),
        sa.select(hold.c.subject_id)
        .where(hold.c.subject_id == subject.c.id)
        .correlate(subject)
        .exists()
        .label("waits"),
        sa.select(revocation.c.tenant)
        .where(
            revocation.c.connection == subject.c.connection,
            revocation.c.tenant == subject.c.tenant,
            sa.or_(revocation.c.site == revocations.EVERYWHERE, revocation.c.site == subject.c.site),
        )
        .correlate(subject)
        .exists()
        .label("is_revoked"),
        sight.c.seen,
    )
    .select_from(subject)
    .outerjoin(access, access.c.subject_id == subject.c.id)
    .outerjoin(code, code.c.subject_id == subject.c.id)
    .outerjoin(task, task.c.subject_id == subject.c.id)
    .outerjoin(sight, sight.c.subject_id == subject.c.id)
    .outerjoin(transfer, sa.and_(transfer.c.connection == subject.c.connection, _TOUCHES))
)
"""All of a subject in one question: its rentals, codes, tasks and transfers are few, and each question costs a turn."""
_ALL_OF_ONE: Final = _ALL.where(subjects.IS_BOUND)
_ALL_OF_MANY: Final = _ALL.where(subject.c.id.in_(sa.bindparam("those", expanding=True)))
_KEEP_REF: Final = (
    sa.update(subject).where(subject.c.id == _OF).values(ref=sa.bindparam("ref", type_=subject.c.ref.type))
)
_KEEP_PROFILE: Final = (
    sa.update(subject).where(subject.c.id == _OF).values(profile=sa.bindparam("profile", type_=sa.String))
)


def load(connection: sa.Connection, key: SubjectKey, keyring: Keyring) -> SubjectRecord:
    """Return all that is known of the subject; of an unknown one, only whether its access is revoked."""
    rows = connection.execute(_ALL_OF_ONE, subjects.bound(key)).all()
    if not rows:
        return SubjectRecord(revocation=revocations.of_subject(connection, key))
    return _of_rows(connection, rows, key, keyring)


def load_many(connection: sa.Connection, numbers: Sequence[int], keyring: Keyring) -> dict[SubjectKey, SubjectRecord]:
    """Return all that is known of the subjects with these numbers."""
    rows: dict[SubjectKey, list[sa.Row[Any]]] = {}
    for row in connection.execute(_ALL_OF_MANY, {"those": numbers}):
        rows.setdefault(subjects.key_of(row), []).append(row)
    return {key: _of_rows(connection, own, key, keyring) for key, own in rows.items()}


def _of_rows(
    connection: sa.Connection, rows: Sequence[sa.Row[Any]], key: SubjectKey, keyring: Keyring
) -> SubjectRecord:
    told = {row.told_at_unit: row for row in rows if row.told_at_unit is not None}
    sealed = {row.code_id: row for row in rows if row.code_id is not None}
    linked = {row.left_rental: row for row in rows if row.left_rental is not None}
    links = {RentalId(left): Link(heir=RentalId(row.heir), seen_at=row.seen_at) for left, row in linked.items()}
    return SubjectRecord(
        access={RentalId(row.rental): _record(row) for row in rows if row.rental is not None},
        codes=codes.opened([sealed[number] for number in sorted(sealed)], key, keyring),
        ref=rows[0].ref,
        profile=rows[0].profile,
        shadow=rows[0].shadow,
        links=links,
        elsewhere=_elsewhere(connection, rows[0].id, links),
        open_tasks={UnitId(unit): OpenTask(problem=row.problem, id=row.platform_id) for unit, row in told.items()},
        holds=_holds(connection, rows[0].id) if rows[0].waits else frozenset(),
        revocation=revocations.of_subject(connection, key) if rows[0].is_revoked else None,
        sight=None if rows[0].seen is None else sights.from_json(rows[0].seen),
    )


def _holds(connection: sa.Connection, subject_id: int) -> frozenset[Held]:
    """Return the losses that wait for a person, or that one has released and that are not done yet."""
    rows = connection.execute(sa.select(hold.c.kind, hold.c.rental).where(hold.c.subject_id == subject_id))
    return frozenset((Loss(row.kind), RentalId(row.rental)) for row in rows)


def access_of(connection: sa.Connection, subject_id: int) -> list[AccessRecord]:
    return [_record(row) for row in connection.execute(_ACCESS, {"of": subject_id})]


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
        overdue_since=row.overdue_since,
        flips=tuple(from_micros(moment) for moment in row.flips),
        staff_lock=row.staff_lock,
        unsure=frozenset(TargetId(target) for target in row.unsure),
    )


def _elsewhere(connection: sa.Connection, subject_id: int, links: Links) -> dict[RentalId, SubjectKey]:
    """Return whose the linked rentals are that belong to another subject of the connection."""
    linked = {*links, *(link.heir for link in links.values())}
    if not linked:
        return {}
    own = sa.select(subject.c.connection).where(subject.c.id == subject_id).scalar_subquery()
    chosen = (
        sa.select(access.c.rental, subject.c.connection, subject.c.site, subject.c.tenant)
        .join(subject, subject.c.id == access.c.subject_id)
        .where(access.c.rental.in_(sorted(linked)), subject.c.id != subject_id, subject.c.connection == own)
    )
    return {RentalId(row.rental): subjects.key_of(row) for row in connection.execute(chosen)}


def holders(connection: sa.Connection, key: SubjectKey, units: Collection[UnitId]) -> list[SubjectKey]:
    """Return the other subjects of the site for which a door of one of these units is still held."""
    chosen = (
        sa.select(subject.c.connection, subject.c.site, subject.c.tenant, access.c.targets)
        .join(subject, subject.c.id == access.c.subject_id)
        .where(
            access.c.unit.in_(sorted(units)),
            subject.c.connection == key.connection,
            subject.c.site == key.site,
            subject.c.tenant != key.tenant,
        )
    )
    return sorted({subjects.key_of(row) for row in connection.execute(chosen) if row.targets})


def make_known(connection: sa.Connection, sightings: Sequence[Sighting]) -> None:
    """Give each rental that is seen for the first time an empty record."""
    connection.execute(
        _empty_record(connection.dialect.name),
        each([{"of_rental": seen.rental, **subjects.bound(seen.subject)} for seen in sightings]),
    )


@cache
def _empty_record(dialect: str) -> sa.Insert:
    chosen = sa.select(subject.c.id, sa.bindparam("of_rental", type_=sa.String)).where(subjects.IS_BOUND)
    return insert_for(dialect, access).from_select(["subject_id", "rental"], chosen).on_conflict_do_nothing()


def replace_access(connection: sa.Connection, subject_id: int, changed: Sequence[AccessRecord]) -> None:
    """Replace the records of these rentals; the last of two for one rental counts."""
    if not changed:
        return
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
            "overdue_since": record.overdue_since,
            "flips": [to_micros(moment) for moment in record.flips],
            "staff_lock": record.staff_lock,
            "unsure": sorted(record.unsure),
        }
        for record in changed
    ]
    connection.execute(_replace_access(connection.dialect.name), each(rows))


@cache
def _replace_access(dialect: str) -> sa.Insert:
    insert = insert_for(dialect, access)
    new = {name: insert.excluded[name] for name in _ACCESS_VALUES}
    return insert.on_conflict_do_update(index_elements=["subject_id", "rental"], set_=new)


def keep_ref(connection: sa.Connection, subject_id: int, ref: Mapping[str, Any] | None) -> None:
    value = None if ref is None else dict(ref)
    connection.execute(_KEEP_REF, {"of": subject_id, "ref": value})


def keep_transfers(
    connection: sa.Connection, name: ConnectionName, heirs: Mapping[RentalId, RentalId], now: datetime
) -> None:
    """Keep who followed whom, and when that was seen first; a later word on the same left rental counts."""
    if not heirs:
        return
    insert = insert_into(connection, transfer)
    new, is_old = insert.excluded, insert.excluded.heir == transfer.c.heir
    keep = insert.on_conflict_do_update(
        index_elements=["connection", "left_rental"],
        set_={"heir": new.heir, "seen_at": sa.case((is_old, transfer.c.seen_at), else_=new.seen_at)},
    )
    rows = [
        {"connection": name, "left_rental": left, "heir": heir, "seen_at": now} for left, heir in sorted(heirs.items())
    ]
    connection.execute(keep, rows)


def keep_shadow(connection: sa.Connection, subject_id: int, shadow: Mapping[str, Any]) -> None:
    connection.execute(sa.update(subject).where(subject.c.id == subject_id).values(shadow=dict(shadow) or None))


def keep_profile(connection: sa.Connection, subject_id: int, profile: str) -> None:
    connection.execute(_KEEP_PROFILE, {"of": subject_id, "profile": profile})


def keep_tasks(connection: sa.Connection, subject_id: int, told: Mapping[UnitId, OpenTask], now: datetime) -> None:
    """Keep what staff were told of at each unit, in place of what they were told before."""
    if not told:
        return
    insert = insert_into(connection, task)
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
