"""What to remember of each rental after a run."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, RentalAccess
from bridge.domain.changes import Change, Kind, Observed
from bridge.domain.desired import Desired
from bridge.domain.flips import recent_flips
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.tenancy import Rental

_OPENS = frozenset({Kind.GRANT, Kind.RESUME})


def as_read(
    records: Mapping[RentalId, AccessRecord], rentals: Iterable[Rental], now: datetime
) -> dict[RentalId, AccessRecord]:
    """Return the records with what each rental says of debts and staff's lock, for when it cannot be read.

    A debt counts from the platform's word, or else from our first sight of it.
    """
    updated = dict(records)
    for rental in rentals:
        record = updated.get(rental.id, AccessRecord(rental=rental.id))
        since = min(rental.overdue_since or record.overdue_since or now, now) if rental.overdue else None
        if (since, rental.fields.overlocked) != (record.overdue_since, record.staff_lock):
            updated[rental.id] = replace(record, overdue_since=since, staff_lock=rental.fields.overlocked)
    return updated


def before_changes(records: Mapping[RentalId, AccessRecord], changes: Iterable[Change]) -> dict[RentalId, AccessRecord]:
    """Return the records as they must be on disk before `changes` are sent: what is about to open is ours already."""
    updated = dict(records)
    for change in changes:
        for rental in change.rentals:
            record = updated.get(rental, AccessRecord(rental=rental))
            opens = change.kind in _OPENS and change.target is not None
            opened = {change.target} if opens and change.target is not None else frozenset[TargetId]()
            updated[rental] = replace(
                record,
                targets=record.targets | opened,
                unsure=record.unsure | (opened - record.targets),
                certainty=Certainty.SENT,
            )
    return updated


def after_run(
    desired: Desired,
    records: Mapping[RentalId, AccessRecord],
    observed: Observed,
    certainty: Mapping[RentalId, Certainty],
    now: datetime,
) -> dict[RentalId, AccessRecord]:
    """Return the records after the last observation.

    A door that a rental has lost is forgotten only when it is seen closed, or another rental of the tenant earns it.
    A door that it earns and has at the vendor is ours to close later, whoever remembers having opened it.
    """
    wished = {r.target for r in desired.rentals if r.target is not None and r.is_served}
    wished |= {door.target for door in desired.common_doors}
    updated = dict(records)
    for rental in desired.frozen & records.keys():
        updated[rental] = replace(records[rental], certainty=Certainty.UNKNOWN)
        wished |= records[rental].targets
    for access in desired.rentals:
        record = updated.get(access.rental, AccessRecord(rental=access.rental))
        status = AccessStatus.NONE if access.opted_out else access.status
        seen = Certainty.CONFIRMED if access.problem is None else Certainty.UNKNOWN
        updated[access.rental] = replace(
            record,
            unit=access.unit or record.unit,
            targets=_targets(access, _shared_with(access, desired), record, observed.entries, wished),
            unsure=record.unsure - observed.entries.keys(),
            status=status,
            reasons=frozenset(str(reason) for reason in access.reasons),
            certainty=certainty.get(access.rental, seen),
            since=record.since if record.status is status and record.since is not None else now,
            flips=(*recent_flips(record, now), now)
            if record.status not in {None, status}
            else recent_flips(record, now),
        )
    return updated


def as_held(record: AccessRecord) -> AccessRecord:
    """Return the record of a rental whose loss is held: its doors were seen, and stay as they are."""
    has_access = record.status in {AccessStatus.GRANTED, AccessStatus.SUSPENDED}
    status = record.status if has_access else AccessStatus.GRANTED
    return replace(record, status=status, certainty=Certainty.CONFIRMED)


def _shared_with(access: RentalAccess, desired: Desired) -> frozenset[TargetId]:
    return frozenset(door.target for door in desired.common_doors if access.rental in door.rentals)


def _targets(
    access: RentalAccess,
    shared: Collection[TargetId],
    record: AccessRecord,
    entries: Collection[TargetId],
    wished: Collection[TargetId],
) -> frozenset[TargetId]:
    if access.is_served:
        own = {access.target, *shared} if access.target is not None else {*record.targets, *shared}
        kept = {t for t in record.targets if t in entries or t in own}
        return frozenset(kept | (own & set(entries)))
    return frozenset(t for t in record.targets if t in entries and t not in wished)
