"""The same tenant at other sites, as far as a transfer binds them together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bridge.domain.access import AccessRecord, Handover
from bridge.domain.credential import GateCode
from bridge.domain.ids import RentalId, SiteId, SubjectKey
from bridge.domain.transfers import Links, last_heir
from bridge.ports.store import RecordReader, SubjectRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What the bridge knows of linked rentals that are other subjects'. `codes` are those of the sites left."""

    owners: Mapping[RentalId, SubjectKey] = field(default_factory=dict)
    links: Links = field(default_factory=dict)
    records: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    codes: tuple[GateCode, ...] = ()

    def left_elsewhere(self, own: Mapping[RentalId, AccessRecord]) -> dict[RentalId, SiteId]:
        """Return the left rentals whose lock is still to be looked at, and their sites."""
        return {
            left: self.owners[left].site
            for left, link in self.links.items()
            if left in self.owners and not _is_handed_over(own.get(link.heir))
        }

    def waiting_for(self, changed: Collection[RentalId]) -> frozenset[SubjectKey]:
        """Return the subjects that still hold a door that was left for one of these rentals."""
        return frozenset(
            self.owners[left]
            for left in self.links
            if left in self.owners and last_heir(left, self.links) in changed and self._holds_a_door(left)
        )

    def _holds_a_door(self, rental: RentalId) -> bool:
        record = self.records.get(rental)
        return record is not None and bool(record.targets)


async def read_kin(records: RecordReader, record: SubjectRecord) -> Kin:
    """Return the subject's kin; without a transfer across sites, none, and no read."""
    if not record.elsewhere:
        return Kin(links=record.links)
    found = {owner: await records.load(owner) for owner in sorted(set(record.elsewhere.values()))}
    known = {rental: found[owner].access.get(rental) for rental, owner in record.elsewhere.items()}
    left = {record.elsewhere[rental] for rental in record.links if rental in record.elsewhere}
    codes = (found[owner].codes.current or next(reversed(found[owner].codes.earlier), None) for owner in sorted(left))
    return Kin(
        owners=record.elsewhere,
        links=record.links,
        records={rental: access for rental, access in known.items() if access is not None},
        codes=tuple(code for code in codes if code is not None),
    )


def _is_handed_over(record: AccessRecord | None) -> bool:
    return record is not None and record.handover is Handover.DONE
