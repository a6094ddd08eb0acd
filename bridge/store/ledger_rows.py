"""The ledger's lines as they are stored, for whoever checks or copies it; one that was changed is no reason to stop."""

import json
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind
from bridge.ports.proof import Extract, LedgerRow
from bridge.store.tables import from_micros, ledger

_L: Final = ledger.c
_BEFORE: Final = ledger.alias("before")
_PREVIOUS: Final = (
    sa.select(_BEFORE.c.chain)
    .where(_BEFORE.c.id < _L.id)
    .order_by(_BEFORE.c.id.desc())
    .limit(1)
    .correlate(ledger)
    .scalar_subquery()
)
_STORED: Final = (
    *(_L.id, _L.kind, _L.what, _L.connection, _L.site, _L.tenant, _L.rental, _L.target, _L.chain),
    sa.type_coerce(_L.at, sa.BigInteger).label("micros"),
    sa.cast(_L.details, sa.Text).label("text"),
    _PREVIOUS.label("previous"),
)


def end(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(_L.id))) or 0


def read(connection: sa.Connection, *, which: Extract, after: int, through: int, limit: int) -> list[LedgerRow]:
    chosen = sa.select(*_STORED).where(_L.id > after, _L.id <= through).order_by(_L.id).limit(limit)
    if which.since is not None:
        chosen = chosen.where(_L.at >= which.since)
    if which.until is not None:
        chosen = chosen.where(_L.at < which.until)
    if which.site is not None:
        chosen = chosen.where(_L.site == which.site)
    if which.tenant is not None:
        chosen = chosen.where(_L.tenant == which.tenant)
    return [
        LedgerRow(number=row.id, entry=_entry(row), previous=row.previous or GENESIS, chain=str(row.chain))
        for row in connection.execute(chosen)
    ]


def _entry(row: Any) -> LedgerEntry | None:
    """Return the entry, or None where something stands in the line that the bridge never writes."""
    try:
        details = json.loads(row.text)
        kind, at = LedgerKind(row.kind), from_micros(row.micros)
    except (ValueError, TypeError, OverflowError):
        return None
    if not isinstance(details, Mapping) or (row.connection is None) != (row.tenant is None):
        return None
    subject = None
    if row.connection is not None:
        subject = SubjectKey(
            connection=ConnectionName(row.connection), site=SiteId(row.site), tenant=TenantId(row.tenant)
        )
    return LedgerEntry(
        kind=kind,
        at=at,
        what=row.what,
        subject=subject,
        rental=None if row.rental is None else RentalId(row.rental),
        target=None if row.target is None else TargetId(row.target),
        details=details,
    )
