"""Everybody at a site, one after the other: who is known, and who is only listed; each with what the list tells."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from bridge.domain.evidence import Told, resting, told_of
from bridge.domain.ids import RentalId, SiteKey, SubjectKey
from bridge.domain.shadow import from_json
from bridge.domain.tenancy import Snapshot
from bridge.ports.clock import Clock
from bridge.ports.source import SiteListing
from bridge.ports.store import Known, KnownSubjects, SubjectRecord
from bridge.service.whereabouts import Found

PAGE: Final = 100
_NOBODYS: Final[frozenset[RentalId]] = frozenset()
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A tenant: `found.row` is None where the bridge has not heard of them, `found.rentals` are those in the list.

    `resting` are known rentals of which nobody needs to ask any more.
    """

    found: Found
    told: Told
    record: SubjectRecord = field(default_factory=SubjectRecord)
    snapshot: Snapshot | None = None
    resting: frozenset[RentalId] = _NOBODYS

    @property
    def subject(self) -> SubjectKey:
        return self.found.subject

    @property
    def is_revoked(self) -> bool:
        """Tell whether a person has taken all access away: then nothing waits for what a list proves."""
        return self.record.revocation is not None

    @property
    def is_dead(self) -> bool:
        return self.found.row is not None and self.found.row.state == DEAD


class Everybody:
    """Goes through a site page by page, so that no more than a page of records is in memory."""

    def __init__(self, known: KnownSubjects, clock: Clock) -> None:
        self._known = known
        self._clock = clock

    async def at(self, site: SiteKey, listing: SiteListing | None) -> AsyncIterator[Somebody]:
        """Yield everybody once: the known ones in the store's order, then whom nobody knew.

        Without a list, it tells too little of everybody who is known.
        """
        rentals: dict[SubjectKey, set[RentalId]] = {}
        for seen in () if listing is None else listing.sightings:
            rentals.setdefault(seen.subject, set()).add(seen.rental)
        page = await self._known.known_at(site, limit=PAGE)
        while page:
            for one in page:
                yield self._known_one(one, listing, frozenset(rentals.pop(one.row.key, ())))
            page = await self._known.known_at(site, limit=PAGE, after=page[-1].row.key.tenant)
        for key in sorted(rentals):
            snapshot = None if listing is None else listing.snapshots.get(key)
            yield Somebody(
                found=Found(subject=key, rentals=frozenset(rentals[key])),
                told=Told.TOO_LITTLE if snapshot is None else Told.ALL,
                snapshot=snapshot,
            )

    def _known_one(self, known: Known, listing: SiteListing | None, listed: frozenset[RentalId]) -> Somebody:
        key, record, now = known.row.key, known.record, self._clock.now()
        snapshot = None if listing is None else listing.snapshots.get(key)
        told = Told.TOO_LITTLE
        # What was rehearsed counts as held: its end is to be rehearsed too.
        access = record.access if record.shadow is None else {**record.access, **from_json(record.shadow).records}
        if listing is not None:
            told = told_of(access, record.links, listed, now, is_read=snapshot is not None)
        is_owed = known.row.state == DEAD or known.row.attempts > 0
        return Somebody(
            found=Found(subject=key, row=known.row, rentals=listed),
            told=Told.TOO_LITTLE if told is Told.NOTHING_LEFT and is_owed else told,
            record=record,
            snapshot=snapshot,
            resting=resting(access, record.links, now),
        )
