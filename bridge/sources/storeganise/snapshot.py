"""A tenant at a site, as the platform has them at this moment, and nothing that contradicts itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.sdk import (
    NOWHERE,
    Anomaly,
    BridgeError,
    Rejected,
    Rental,
    RentalId,
    RentalState,
    Secret,
    SiteId,
    Snapshot,
    SourceSite,
    SubjectKey,
    Tenant,
    Unit,
    UnitId,
    inert,
)
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.parallel import each, every
from bridge.sources.storeganise.row_reader import RowReader
from bridge.sources.storeganise.rows import (
    MAX_NAME,
    NAMELESS,
    OCCUPIED,
    has_unit,
    require_sense,
    tenant_of,
    why_unreadable,
)
from bridge.sources.storeganise.wire import RentalRow

AT_ONCE: Final = 8


@dataclass(slots=True)
class _Read:
    """What could be read so far, and why the rest could not be."""

    rentals: list[Rental] = field(default_factory=list)
    unreadable: dict[RentalId, str] = field(default_factory=dict)

    def take(self, rental_id: RentalId, result: Rental | BridgeError) -> None:
        """Take one rental. Raises what is not about it alone."""
        if isinstance(result, Rental):
            self.rentals.append(result)
        elif isinstance(result, Anomaly | Rejected):
            self.unreadable[rental_id] = why_unreadable(rental_id, result)
        else:
            raise result


class SnapshotReader:
    def __init__(self, *, sites: Sequence[SourceSite], api: StoreganiseApi, keyring: Keyring) -> None:
        self._sites = {site.id: site for site in sites}
        self._api = api
        self._keyring = keyring
        self._rows = RowReader(api)

    async def read(
        self,
        subject: SubjectKey,
        known: Mapping[RentalId, UnitId | None],
        elsewhere: Mapping[RentalId, SiteId] = NOWHERE,
    ) -> Snapshot:
        """Return the tenant and their rentals; see the port. One call where nothing is missing from the list."""
        site = self._sites.get(subject.site)
        if site is None:
            raise Rejected(f"site {subject.site} is not configured")
        key = self._keyring.of_site(site.id)
        listed = await self._listed(subject, key)
        if not listed and not known:
            raise Anomaly(f"unit-rentals of user {subject.tenant}: an empty list, and nothing is known")
        read = _Read()
        told = [row for row in listed if has_unit(row) or row.id in known]
        results = await each(lambda one: self._rows.rental(one, site, key), told, at_once=AT_ONCE)
        for row, result in zip(told, results, strict=True):
            read.take(RentalId(row.id), result)
        unlisted = {rental: known[rental] for rental in sorted(known.keys() - {row.id for row in listed})}
        rows = [*listed, *await self._unlisted(unlisted, subject, site, read)]
        return Snapshot(
            subject=subject,
            tenant=await self._tenant(subject, rows, key),
            rentals=tuple(sorted(read.rentals, key=lambda rental: rental.id)),
            unreadable=read.unreadable,
            elsewhere=await self._elsewhere(elsewhere, subject),
        )

    async def _elsewhere(self, rentals: Mapping[RentalId, SiteId], subject: SubjectKey) -> tuple[Rental, ...]:
        """Return what can be read of the tenant's rentals at other configured sites; trouble there stops nothing."""
        there = {rental: self._sites[site] for rental, site in sorted(rentals.items()) if site in self._sites}
        found = await each(lambda one: self._at_its_site(one, there[one], subject), list(there), at_once=AT_ONCE)
        return tuple(result for result in found if isinstance(result, Rental))

    async def _at_its_site(self, rental_id: RentalId, site: SourceSite, subject: SubjectKey) -> Rental:
        _, rental = await self._alone(rental_id, replace(subject, site=site.id), site, self._keyring.of_site(site.id))
        return rental

    async def _listed(self, subject: SubjectKey, key: Secret) -> list[RentalRow]:
        """Return what the platform lists. One row that contradicts the question makes the whole list worthless."""
        listed = await self._api.rentals_of(subject.tenant, subject.site, key)
        incomplete = [row.id for row in listed if row.custom_fields is None]
        again = await every(lambda one: self._rental(one, key), incomplete, at_once=AT_ONCE)
        rows = list({row.id: row for row in (*listed, *again)}.values())
        for row in rows:
            require_sense(row, subject)
        return rows

    async def _unlisted(
        self, known: Mapping[RentalId, UnitId | None], subject: SubjectKey, site: SourceSite, read: "_Read"
    ) -> list[RentalRow]:
        """Read rentals one by one, and return the rows of those that could be read.

        Raises what is not about one rental: a platform that is away, busy, or refuses the key.
        """
        key = self._keyring.of_site(site.id)
        results = await each(lambda one: self._alone(one, subject, site, key), known, at_once=AT_ONCE)
        rows: list[RentalRow] = []
        for (rental_id, unit_id), result in zip(known.items(), results, strict=True):
            if isinstance(result, tuple):
                rows.append(result[0])
                read.rentals.append(result[1])
            elif (
                isinstance(result, Anomaly | Rejected)
                and unit_id
                and (unit := await self._let_again(unit_id, rental_id, key))
            ):
                read.rentals.append(Rental(id=rental_id, unit=unit, state=RentalState.ENDED, is_gone=True))
            else:
                read.take(rental_id, result)
        return rows

    async def _let_again(self, unit_id: UnitId, rental_id: RentalId, key: Secret) -> Unit | None:
        """Return a unit that another rental has now, which proves that this one is over; else None."""
        row = await self._api.unit(unit_id, key)
        if row is None or row.state != OCCUPIED or row.rental_id in {None, rental_id}:
            return None
        return Unit(id=unit_id, name=inert(row.name or "", MAX_NAME), holder=RentalId(row.rental_id or ""))

    async def _alone(
        self, rental_id: RentalId, subject: SubjectKey, site: SourceSite, key: Secret
    ) -> tuple[RentalRow, Rental]:
        row = await self._rental(rental_id, key)
        require_sense(row, subject)
        return row, await self._rows.rental(row, site, key)

    async def _rental(self, rental_id: str, key: Secret) -> RentalRow:
        row = await self._api.rental(rental_id, key)
        if row is None:
            raise Anomaly(f"unit-rentals/{rental_id} is not found")
        return row

    async def _tenant(self, subject: SubjectKey, rows: Sequence[RentalRow], key: Secret) -> Tenant:
        """Return the owner, who may be gone only where no rental of theirs can be read either."""
        owner = next((row.owner for row in rows if row.owner is not None), None)
        if owner is None:
            owner = await self._api.owner(subject.tenant, key)
        if owner is None and rows:
            raise Anomaly(f"users/{subject.tenant} is not found")
        return Tenant(name=NAMELESS) if owner is None else tenant_of(owner)
