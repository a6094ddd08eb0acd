"""The append-only record, chained; the database itself refuses to change or drop a line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind, link
from bridge.ports.store import AlertRow
from bridge.store.dialect import each, is_postgresql
from bridge.store.tables import ledger, literally

_GATHERED: Final = "gatebridge ledger"
_END: Final = sa.select(ledger.c.chain).order_by(ledger.c.id.desc()).limit(1)
_APPEND: Final = sa.insert(ledger).inline()
_LOCK_THE_END: Final = sa.text("SELECT pg_advisory_xact_lock(1735550567)")


@contextmanager
def gathered(connection: sa.Connection) -> Iterator[None]:
    """Append what is appended inside of the block at its end, for units that share a transaction."""
    entries: list[LedgerEntry] = []
    notes = connection.info  # asked for again, that of a connection that was lost would hide how it was lost
    notes[_GATHERED] = entries
    try:
        yield
    finally:
        del notes[_GATHERED]
    append(connection, entries)


def append(connection: sa.Connection, entries: Sequence[LedgerEntry]) -> None:
    """Add the entries in their order. Comes last in a unit: the chain would fork without a lock on its end."""
    if not entries:
        return
    if _GATHERED in connection.info:
        connection.info[_GATHERED] += entries
        return
    if is_postgresql(connection):
        connection.execute(_LOCK_THE_END)
    chain = connection.scalar(_END) or GENESIS
    rows = []
    for given in entries:
        entry = replace(given, at=given.at.astimezone(UTC))
        chain = link(chain, entry)
        rows.append(_row(entry, chain))
    connection.execute(_APPEND, each(rows))


def read_chain(connection: sa.Connection) -> Iterator[tuple[LedgerEntry, str]]:
    """Return all entries with their chain values, the oldest first, as `first_break` wants them."""
    for row in connection.execute(sa.select(ledger).order_by(ledger.c.id)):
        yield entry_of(row), row.chain


def list_alerts(connection: sa.Connection, *, limit: int) -> list[AlertRow]:
    """Return the newest alerts, the newest first."""
    alerts = sa.select(ledger).where(ledger.c.kind == literally(LedgerKind.ALERT))
    rows = connection.execute(alerts.order_by(ledger.c.id.desc()).limit(limit))
    return [AlertRow(id=row.id, entry=entry_of(row)) for row in rows]


def _row(entry: LedgerEntry, chain: str) -> dict[str, Any]:
    return {
        "at": entry.at,
        "kind": entry.kind,
        "what": entry.what,
        "connection": entry.subject and entry.subject.connection,
        "site": entry.subject and entry.subject.site,
        "tenant": entry.subject and entry.subject.tenant,
        "rental": entry.rental,
        "target": entry.target,
        "details": dict(entry.details),
        "chain": chain,
    }


def entry_of(row: sa.Row[Any]) -> LedgerEntry:
    subject = None
    if row.connection is not None:
        subject = SubjectKey(
            connection=ConnectionName(row.connection), site=SiteId(row.site), tenant=TenantId(row.tenant)
        )
    return LedgerEntry(
        kind=LedgerKind(row.kind),
        at=row.at,
        what=row.what,
        subject=subject,
        rental=None if row.rental is None else RentalId(row.rental),
        target=None if row.target is None else TargetId(row.target),
        details=row.details,
    )
