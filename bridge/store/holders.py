"""Who has which door, and what the ledger tells of it, found by the indexes that were made for it."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.ids import SiteId, SubjectKey, TargetId
from bridge.domain.ledger import LedgerKind, NumberedEntry
from bridge.ports.proof import Held, Holder
from bridge.store import ledger as ledger_lines
from bridge.store import records, subjects
from bridge.store.tables import access, ledger, subject

_L, _S = ledger.c, subject.c
_OF_DOORS: Final = (LedgerKind.INTENT, LedgerKind.OUTCOME, LedgerKind.READ_BACK)


def list_holders(connection: sa.Connection, *, held: Held, after: int, limit: int) -> list[Holder]:
    chosen = sa.select(_S.id, _S.connection, _S.site, _S.tenant).where(_S.id > after).order_by(_S.id).limit(limit)
    if held.site is not None:
        chosen = chosen.where(_S.site == held.site)
    if held.tenant is not None:
        chosen = chosen.where(_S.tenant == held.tenant)
    if held.unit is not None:
        there = sa.select(access.c.subject_id).where(access.c.unit == held.unit)
        chosen = chosen.where(_S.id.in_(there))
    if held.door is not None:
        is_told = (_L.target == held.door, _L.connection == _S.connection, _L.site == _S.site, _L.tenant == _S.tenant)
        chosen = chosen.where(sa.select(_L.id).where(*is_told).correlate(subject).exists())
    return [_holder(connection, row) for row in connection.execute(chosen).all()]


def _holder(connection: sa.Connection, row: Any) -> Holder:
    found = sorted(records.access_of(connection, row.id), key=lambda record: record.rental)
    return Holder(number=row.id, subject=subjects.key_of(row), access=tuple(found))


def subjects_at_door(connection: sa.Connection, *, door: TargetId, site: SiteId | None) -> list[SubjectKey]:
    chosen = sa.select(_L.connection, _L.site, _L.tenant).where(_L.target == door, _L.tenant.is_not(None)).distinct()
    if site is not None:
        chosen = chosen.where(_L.site == site)
    return sorted(subjects.key_of(row) for row in connection.execute(chosen))


def door_entries(
    connection: sa.Connection, *, keys: Sequence[SubjectKey], door: TargetId | None
) -> dict[SubjectKey, list[NumberedEntry]]:
    return {key: _entries(connection, key, door) for key in keys}


def _entries(connection: sa.Connection, key: SubjectKey, door: TargetId | None) -> list[NumberedEntry]:
    chosen = (
        sa.select(ledger)
        .where(_L.tenant == key.tenant, _L.connection == key.connection, _L.site == key.site)
        .where(_L.kind.in_(_OF_DOORS))
        .order_by(_L.id)
    )
    if door is not None:
        chosen = chosen.where(sa.or_(_L.target == door, _L.target.is_(None)))
    return [NumberedEntry(number=row.id, entry=ledger_lines.entry_of(row)) for row in connection.execute(chosen)]
