"""Who must leave first, where a unit at the vendor takes one tenant at a time."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, SubjectKey, TargetId, UnitId
from bridge.service.sites import ManagedSite


class HolderReader(Protocol):
    async def holders(self, subject: SubjectKey, units: Collection[UnitId]) -> Sequence[SubjectKey]:
        """Return the other subjects of the site for which the bridge still holds a door of one of these units."""


async def occupied_targets(
    holders: HolderReader,
    subject: SubjectKey,
    site: ManagedSite,
    desired: Desired,
    records: Mapping[RentalId, AccessRecord],
) -> dict[TargetId, frozenset[SubjectKey]]:
    """Return the targets to be granted that one tenant only can have, and another is remembered to have."""
    if not site.capabilities.one_occupant:
        return {}
    had = {target for record in records.values() for target in record.targets}
    occupied = {}
    for access in desired.rentals:
        if access.target is None or access.target in had or access.status is not AccessStatus.GRANTED:
            continue
        if found := await holders.holders(subject, {access.unit}):
            occupied[access.target] = frozenset(found)
    return occupied
