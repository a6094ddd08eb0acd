"""The truth about a tenant from a site's list, as a run would read it alone."""

from collections.abc import Collection, Mapping

from bridge.domain.ids import RentalId, SiteId, SubjectKey, UnitId
from bridge.domain.tenancy import Snapshot
from bridge.ports.source import NOWHERE, TruthReader


class ListedTruth:
    """Answers for one tenant. What the list does not tell is asked of the platform; of what rests nobody is asked."""

    def __init__(self, listed: Snapshot, platform: TruthReader, *, resting: Collection[RentalId]) -> None:
        self._listed = listed
        self._platform = platform
        self._told = {rental.id for rental in listed.rentals} | listed.unreadable.keys() | set(resting)

    async def snapshot(
        self,
        subject: SubjectKey,
        known: Mapping[RentalId, UnitId | None],
        elsewhere: Mapping[RentalId, SiteId] = NOWHERE,
    ) -> Snapshot:
        if subject != self._listed.subject or elsewhere or not known.keys() <= self._told:
            return await self._platform.snapshot(subject, known, elsewhere)
        return self._listed
