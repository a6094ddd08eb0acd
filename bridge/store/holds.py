"""What a person decides about losses that are held."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bridge.domain.access import Loss
from bridge.domain.dead_letters import Signature
from bridge.domain.holds import HeldLoss, Hold, decided, holds_of, of_digest
from bridge.domain.ids import RentalId
from bridge.ports.store import Priority
from bridge.store import guard, ledger, subjects
from bridge.store.tables import hold, subject


def list_holds(connection: sa.Connection) -> list[Hold]:
    """Return what is held, by site and kind; what was released is not."""
    chosen = (
        sa.select(subject.c.connection, subject.c.site, subject.c.tenant, hold)
        .join(subject, subject.c.id == hold.c.subject_id)
        .where(hold.c.released_at.is_(None))
    )
    return holds_of(
        HeldLoss(
            subject=subjects.key_of(row),
            rental=RentalId(row.rental),
            loss=Loss(row.kind),
            since=row.since,
            why=row.why,
        )
        for row in connection.execute(chosen)
    )


def release_hold(connection: sa.Connection, *, digest: str, by: Signature, now: datetime) -> Hold:
    """Let these rentals lose their access. Raises `NotFoundHere` where the list is not, or no longer, this one."""
    found = _held(connection, digest, now)
    connection.execute(sa.update(hold).where(_are_of(found)).values(released_at=now))
    ledger.append(connection, decided(found, "released", by))
    return found


def drop_hold(connection: sa.Connection, *, digest: str, by: Signature, now: datetime) -> Hold:
    """Forget that they are held. Raises `NotFoundHere` as `release_hold` does."""
    found = _held(connection, digest, now)
    connection.execute(sa.delete(hold).where(_are_of(found)))
    ledger.append(connection, decided(found, "dropped", by))
    return found


def _held(connection: sa.Connection, digest: str, now: datetime) -> Hold:
    """Return the hold, with its tenants due at once and the book ours."""
    seen = _one(connection, digest)
    keys = sorted({item.subject for item in seen.items})
    subjects.mark(connection, keys, priority=Priority.LIVE, now=now, since=now, closes=True)
    guard.lock(connection, seen.site[0])
    return _one(connection, digest)  # another run may have held something while we waited


def _one(connection: sa.Connection, digest: str) -> Hold:
    return of_digest(list_holds(connection), digest)


def _are_of(found: Hold) -> sa.ColumnElement[bool]:
    keys = {item.subject.tenant for item in found.items}
    rentals: Collection[str] = {item.rental for item in found.items}
    whose = sa.select(subject.c.id).where(
        subject.c.connection == found.site[0], subject.c.site == found.site[1], subject.c.tenant.in_(sorted(keys))
    )
    return sa.and_(
        hold.c.subject_id.in_(whose),
        hold.c.kind == found.loss,
        hold.c.rental.in_(sorted(rentals)),
        hold.c.released_at.is_(None),
    )
