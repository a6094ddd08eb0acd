"""What is seen outside of a delivery, in a list of who rents or of what has changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey, TenantId
from bridge.ports.store import Priority
from bridge.store import records, subjects
from bridge.store.tables import access, subject

_COLUMNS: Final = [subject.c.connection, subject.c.site, subject.c.tenant, access.c.rental]


def mark_new(
    connection: sa.Connection, *, sightings: Sequence[Sighting], priority: Priority, now: datetime
) -> set[SubjectKey]:
    """Make new rentals known and their subjects due; return the subjects that were not known."""
    keys = sorted({seen.subject for seen in sightings})
    known = _known_rentals(connection, keys)
    new = [seen for seen in sightings if seen.rental not in known.get(seen.subject, ())]
    if new:
        subjects.mark(connection, sorted({seen.subject for seen in new}), priority=priority, now=now, since=now)
        records.make_known(connection, new)
    return set(keys) - known.keys()


def mark_seen(
    connection: sa.Connection, *, sightings: Sequence[Sighting], priority: Priority, now: datetime
) -> set[SubjectKey]:
    """Make all of these rentals known and their subjects due; return the subjects that were not known."""
    keys = sorted({seen.subject for seen in sightings})
    known = _known_rentals(connection, keys)
    subjects.mark(connection, keys, priority=priority, now=now, since=now)
    records.make_known(connection, sightings)
    return set(keys) - known.keys()


def mark_if_known(connection: sa.Connection, *, keys: Sequence[SubjectKey], priority: Priority, now: datetime) -> None:
    """Make those of these subjects due that are known. Their rentals are over, so doors may have to be closed."""
    known = sorted(_known_rentals(connection, keys))
    if known:
        subjects.mark(connection, known, priority=priority, now=now, since=now, closes=True)


def keep_transfers(
    connection: sa.Connection, *, name: ConnectionName, heirs: Mapping[RentalId, RentalId], now: datetime
) -> None:
    records.keep_transfers(connection, name, heirs, now)


def _known_rentals(connection: sa.Connection, keys: Sequence[SubjectKey]) -> dict[SubjectKey, set[RentalId]]:
    """Return the known ones of these subjects, each with the rentals that are known of it."""
    tenants: dict[SiteKey, list[TenantId]] = {}
    for key in keys:
        tenants.setdefault((key.connection, key.site), []).append(key.tenant)
    # Not one list of whole keys: PostgreSQL would think about 500 of them for longer than it looks them up.
    is_asked = sa.or_(
        sa.false(),
        *(
            sa.and_(subject.c.connection == name, subject.c.site == site, subject.c.tenant.in_(there))
            for (name, site), there in tenants.items()
        ),
    )
    joined = sa.select(*_COLUMNS).outerjoin_from(subject, access, access.c.subject_id == subject.c.id)
    known: dict[SubjectKey, set[RentalId]] = {}
    for row in connection.execute(joined.where(is_asked)):
        rentals = known.setdefault(subjects.key_of(row), set())
        if row.rental is not None:
            rentals.add(RentalId(row.rental))
    return known
