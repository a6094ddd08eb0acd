"""What to remember of each rental after a run."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, RentalAccess
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.plan import Change, Kind, Observed

_OPENS = frozenset({Kind.GRANT, Kind.RESUME})


def before_changes(records: Mapping[RentalId, AccessRecord], changes: Iterable[Change]) -> dict[RentalId, AccessRecord]:
    """Return the records as they must be on disk before `changes` are sent: what is about to open is ours already."""
    updated = dict(records)
    for change in changes:
        for rental in change.rentals:
            record = updated.get(rental, AccessRecord(rental=rental))
            opens = change.kind in _OPENS and change.target is not None
            targets = record.targets | {change.target} if opens and change.target is not None else record.targets
            updated[rental] = replace(record, targets=targets, certainty=Certainty.SENT)
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
    wished = {r.target for r in desired.rentals if r.target is not None and _has_access(r)}
    updated = dict(records)
    for rental in desired.unreadable & records.keys():
        updated[rental] = replace(records[rental], certainty=Certainty.UNKNOWN)
        wished |= records[rental].targets
    for access in desired.rentals:
        record = updated.get(access.rental, AccessRecord(rental=access.rental))
        status = AccessStatus.NONE if access.opted_out else access.status
        seen = Certainty.CONFIRMED if access.problem is None else Certainty.UNKNOWN
        updated[access.rental] = replace(
            record,
            unit=access.unit or record.unit,
            targets=_targets(access, record, observed.entries, wished),
            status=status,
            reasons=frozenset(str(reason) for reason in access.reasons),
            certainty=certainty.get(access.rental, seen),
            since=record.since if record.status is status and record.since is not None else now,
        )
    return updated


def _targets(
    access: RentalAccess, record: AccessRecord, entries: Collection[TargetId], wished: Collection[TargetId]
) -> frozenset[TargetId]:
    if _has_access(access):
        own = {access.target} if access.target is not None else set(record.targets)
        kept = {t for t in record.targets if t in entries or t in own}
        return frozenset(kept | (own & set(entries)))
    return frozenset(t for t in record.targets if t in entries and t not in wished)


def _has_access(access: RentalAccess) -> bool:
    return access.status is not AccessStatus.NONE and not access.opted_out
