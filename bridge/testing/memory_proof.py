"""The memory store's ledger as a chain, and what is found in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bridge.domain.deliveries import DeliveryState
from bridge.domain.erasure import PersonalData, held_doors
from bridge.domain.ids import SiteId, SiteKey, SubjectKey, TargetId
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind, NumberedEntry, link
from bridge.ports.proof import Extract, Held, Holder, LedgerRow
from bridge.testing.memory_rows import KeptDelivery, KeptSubject

_OF_DOORS = frozenset({LedgerKind.INTENT, LedgerKind.OUTCOME, LedgerKind.READ_BACK})


def read_ledger(entries: Sequence[LedgerEntry], which: Extract, *, after: int, through: int) -> list[LedgerRow]:
    return [
        row
        for row in _rows(entries)
        if after < row.number <= through and row.entry is not None and _is_meant(row.entry, which)
    ]


def _rows(entries: Sequence[LedgerEntry]) -> Iterator[LedgerRow]:
    chain = GENESIS
    for number, given in enumerate(entries, start=1):
        entry = replace(given, at=given.at.astimezone(UTC))
        previous, chain = chain, link(chain, entry)
        yield LedgerRow(number=number, entry=entry, previous=previous, chain=chain)


def _is_meant(entry: LedgerEntry, which: Extract) -> bool:
    return (
        (which.since is None or entry.at >= which.since)
        and (which.until is None or entry.at < which.until)
        and (which.site is None or (entry.subject is not None and entry.subject.site == which.site))
        and (which.tenant is None or (entry.subject is not None and entry.subject.tenant == which.tenant))
    )


def shadow_notes(entries: Sequence[LedgerEntry], site: SiteKey, since: datetime | None) -> list[LedgerEntry]:
    return [
        entry
        for entry in entries
        if entry.kind is LedgerKind.SHADOW
        and (since is None or entry.at >= since)
        and entry.subject is not None
        and (entry.subject.connection, entry.subject.site) == site
    ]


def list_holders(
    subjects: Mapping[int, KeptSubject], entries: Sequence[LedgerEntry], held: Held, *, after: int
) -> list[Holder]:
    at_door = None if held.door is None else subjects_at_door(entries, held.door, site=None)
    return [
        Holder(number=number, subject=row.key, access=tuple(row.access[rental] for rental in sorted(row.access)))
        for number, row in sorted(subjects.items())
        if number > after
        and held.site in {None, row.key.site}
        and held.tenant in {None, row.key.tenant}
        and (held.unit is None or any(record.unit == held.unit for record in row.access.values()))
        and (at_door is None or row.key in at_door)
    ]


def subjects_at_door(entries: Sequence[LedgerEntry], door: TargetId, *, site: SiteId | None) -> list[SubjectKey]:
    found = {entry.subject for entry in entries if entry.target == door and entry.subject is not None}
    return sorted(key for key in found if site in {None, key.site})


def door_entries(
    entries: Sequence[LedgerEntry], keys: Sequence[SubjectKey], door: TargetId | None
) -> dict[SubjectKey, list[NumberedEntry]]:
    numbered = [NumberedEntry(number=number, entry=entry) for number, entry in enumerate(entries, start=1)]
    return {
        key: [
            one
            for one in numbered
            if one.entry.subject == key
            and one.entry.kind in _OF_DOORS
            and (door is None or one.entry.target in {None, door})
        ]
        for key in keys
    }


def personal(row: KeptSubject, deliveries: Sequence[KeptDelivery]) -> PersonalData:
    """Return what is kept of a subject; `deliveries` are those that marked it and are not emptied."""
    under_way = any(one.state in {DeliveryState.NEW, DeliveryState.RUNNING} for one in deliveries)
    is_asked_for = row.state == "ready" and row.marked_since is not None
    return PersonalData(
        subject=row.key,
        deliveries=len(deliveries),
        codes=len(row.codes),
        has_reference=row.ref is not None,
        open_doors=held_doors(row.access.values()),
        is_busy=row.state == "running" or is_asked_for or under_way,
    )
