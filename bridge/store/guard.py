"""The blast-radius guard's book: what was lost of late and what is held, judged by one run of a connection at a time.

Whoever needs more than one lock takes the subjects' first, then the book's, and the ledger's last.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.access import Loss
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import LeaseLost
from bridge.domain.holds import alerts_of
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey
from bridge.domain.judge import DAY, Book, Held, Losing, Taken, judge
from bridge.ports.store import Announcement, Judged
from bridge.store import ledger, records, subjects, trust
from bridge.store.dialect import insert_into, is_postgresql
from bridge.store.tables import access, hold, loss, subject

KEPT: Final = timedelta(days=30)
"""A loss that is older is no longer tried, or is counted anew."""
_LOCK: Final = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("number", type_=sa.BigInteger)))
_NO_DOORS: Final = "[]"


def announce(
    connection: sa.Connection, *, claimed: ClaimedSubject, announcement: Announcement, now: datetime
) -> Judged:
    """Take the budgets and keep the intent, or keep what is held. Raises `LeaseLost`."""
    numbers = subjects.hold(connection, [claimed])
    if claimed not in numbers:
        raise LeaseLost("the subject is no longer ours")
    ours, key = numbers[claimed], claimed.key
    lock(connection, key.connection)
    book = read_book(connection, ours, key, announcement, now)
    verdict = judge(announcement.losing, book, announcement.budgets, now, spared=announcement.spared)
    if verdict.held:
        rows = [
            {"subject_id": ours, "kind": kind, "rental": rental, "since": now, "why": why}
            for (kind, rental), why in verdict.held.items()
        ]
        connection.execute(insert_into(connection, hold).on_conflict_do_nothing(), rows)
        alerts = alerts_of(key, verdict, book, now)
        ledger.append(connection, alerts)
        return Judged(held=verdict.held, alerts=alerts)
    _take(connection, key, book, verdict.taken, now)
    records.replace_access(connection, ours, announcement.access)
    ledger.append(connection, announcement.entries)
    return Judged()


def lock(connection: sa.Connection, name: ConnectionName) -> None:
    """Have the connection's book to ourselves until the unit ends; on SQLite every unit that writes has."""
    if is_postgresql(connection):
        number = int.from_bytes(hashlib.sha256(f"gatebridge losses {name}".encode()).digest()[:8], signed=True)
        connection.execute(_LOCK, {"number": number})


def let_go(connection: sa.Connection, subject_id: int, over: Collection[Held]) -> None:
    """Forget what is not held, and not released, any more."""
    for kind, rental in over:
        which = sa.and_(hold.c.subject_id == subject_id, hold.c.kind == kind, hold.c.rental == rental)
        connection.execute(sa.delete(hold).where(which))


def read_book(connection: sa.Connection, ours: int, key: SubjectKey, asked: Announcement, now: datetime) -> Book:
    """Return the book as far as this asker needs it: of what is held, its own and one of others for each kind."""
    here = sa.and_(subject.c.connection == key.connection, subject.c.site == key.site)
    held, released = set[Held](), set[Held]()
    for row in connection.execute(sa.select(hold).where(hold.c.subject_id == ours)):
        (held if row.released_at is None else released).add((Loss(row.kind), RentalId(row.rental)))
    # Asked from the few that are held, not from the many of the site.
    is_here = sa.select(subject.c.id).where(subject.c.id == hold.c.subject_id, here).correlate(hold).exists()
    waits = sa.and_(hold.c.subject_id != ours, hold.c.released_at.is_(None), is_here)
    is_open = False
    for kind in sorted({one.loss for one in asked.losing}):
        of_others = sa.select(hold.c.rental).where(hold.c.kind == kind, waits).limit(1)
        another = connection.scalar(of_others)
        is_open |= another is None
        held |= set() if another is None else {(kind, RentalId(another))}
    rentals = sorted({one.rental for one in asked.losing})
    of_all = sa.select(loss).where(loss.c.connection == key.connection)
    of_late = connection.execute(of_all.where(loss.c.at > now - DAY, loss.c.at < now + DAY)).all()
    # By both kinds, or the key's index would end at the site.
    same = of_all.where(loss.c.site == key.site, loss.c.kind.in_(list(Loss)), loss.c.rental.in_(rentals))
    before = connection.execute(same).all()
    return Book(
        site=key.site,
        taken=[_taken(row) for row in (*of_late, *before)],
        held=held,
        released=released,
        # Where others are held, nothing is counted anew: a site whose tenants are all held is not counted for each.
        site_had=_count(connection, here) if is_open else 0,
        connection_had=_count(connection, subject.c.connection == key.connection)
        if is_open and asked.budgets.counts_connection
        else 0,
        is_doubted=trust.doubted(connection) is not None,
    )


def _count(connection: sa.Connection, where: sa.ColumnElement[bool]) -> int:
    """Return how many rentals have a door."""
    has_doors = sa.cast(access.c.targets, sa.Text) != _NO_DOORS
    counted = sa.select(sa.func.count()).select_from(access.join(subject)).where(where, has_doors)
    return connection.execute(counted).scalar_one()


def _taken(row: sa.Row[Any]) -> Taken:
    return Taken(
        site=SiteId(row.site),
        loss=Loss(row.kind),
        rental=RentalId(row.rental),
        at=row.at,
        site_had=row.site_had,
        connection_had=row.connection_had,
    )


def _take(connection: sa.Connection, key: SubjectKey, book: Book, taken: Collection[Losing], now: datetime) -> None:
    if not taken:
        return
    old = sa.and_(loss.c.connection == key.connection, loss.c.at < now - KEPT)
    connection.execute(sa.delete(loss).where(old))
    insert = insert_into(connection, loss)
    new = {name: insert.excluded[name] for name in ("at", "site_had", "connection_had")}
    rows = [
        {
            "connection": key.connection,
            "site": key.site,
            "kind": one.loss,
            "rental": one.rental,
            "at": now,
            "site_had": book.site_had,
            "connection_had": book.connection_had,
        }
        for one in taken
    ]
    keep = insert.on_conflict_do_update(index_elements=["connection", "site", "kind", "rental"], set_=new)
    connection.execute(keep, rows)
