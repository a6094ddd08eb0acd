"""Who rents at a site now, and what a run would read of them: from the pages of one list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.sdk import (
    Anomaly,
    BridgeError,
    ConnectionName,
    Rejected,
    Rental,
    RentalId,
    RentalState,
    Secret,
    Sighting,
    SiteListing,
    Snapshot,
    SourceSite,
    SubjectKey,
    Tenant,
    TenantId,
)
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.parallel import each, told
from bridge.sources.storeganise.row_reader import RowReader
from bridge.sources.storeganise.rows import STATE_BY_WORD, require_sense, tenant_of, why_unreadable
from bridge.sources.storeganise.wire import ListedRow, RentalRow, parse

MAY_EARN: Final = frozenset({RentalState.OCCUPIED, RentalState.UNKNOWN})
JOBS_AT_ONCE: Final = 8


@dataclass(slots=True)
class _Tenancy:
    """What the list says of one tenant; `is_whole` until a row of theirs says less than a run would want to know."""

    subject: SubjectKey
    tenant: Tenant | None = None
    rentals: list[Rental] = field(default_factory=list)
    unreadable: dict[RentalId, str] = field(default_factory=dict)
    is_whole: bool = True

    def take(self, row: RentalRow, result: Rental | BridgeError) -> None:
        if isinstance(result, Rental):
            self.rentals.append(result)
        elif isinstance(result, Anomaly | Rejected):
            self.unreadable[RentalId(row.id)] = why_unreadable(RentalId(row.id), result)
        else:
            self.is_whole = False

    def snapshot(self) -> Snapshot | None:
        if not self.is_whole or self.tenant is None:
            return None
        return Snapshot(
            subject=self.subject,
            tenant=self.tenant,
            rentals=tuple(sorted(self.rentals, key=lambda rental: rental.id)),
            unreadable=self.unreadable,
        )


class SiteLister:
    """Reads whole sites, `page` rentals a call."""

    def __init__(self, *, connection: ConnectionName, api: StoreganiseApi, keyring: Keyring, page: int) -> None:
        self._connection = connection
        self._api = api
        self._keyring = keyring
        self._page = page
        self._rows = RowReader(api)

    async def read(self, site: SourceSite) -> SiteListing:
        """Return the site's rentals that may earn access; see the port.

        The filters are asked for and not relied on: a row in another state is left out, one of another site makes the
        whole list worthless. A move-out's date is in no list: its job is read.
        """
        key, found = self._keyring.of_site(site.id), _Found(connection=self._connection, site=site)
        async for page in self._api.occupied_at(site.id, key, limit=self._page):
            await self._read(found.take(page), found, key)
        return found.listing()

    async def _read(self, rows: Sequence[RentalRow], found: "_Found", key: Secret) -> None:
        """Read rows, those that need no call one after the other: a task for each would cost more than its row."""

        async def read(row: RentalRow) -> Rental:
            return await self._rows.rental(row, found.site, key)

        asking = [row for row in rows if row.move_out_job_id is not None]
        plain = [row for row in rows if row.move_out_job_id is None]
        results = [*await each(read, asking, at_once=JOBS_AT_ONCE), *[await told(read, row) for row in plain]]
        for row, result in zip((*asking, *plain), results, strict=True):
            found.of(row.owner_id).take(row, result)


@dataclass(slots=True, kw_only=True)
class _Found:
    """What the pages have told so far."""

    connection: ConnectionName
    site: SourceSite
    tenancies: dict[str, _Tenancy] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    repeated: int = 0

    def of(self, owner: str) -> _Tenancy:
        found = self.tenancies.get(owner)
        if found is None:
            subject = SubjectKey(connection=self.connection, site=self.site.id, tenant=TenantId(owner))
            found = self.tenancies[owner] = _Tenancy(subject=subject)
        return found

    def take(self, page: Iterable[Any]) -> list[RentalRow]:
        """Note whose rentals these are, and return the rows that tell all that a run would want to know."""
        return [row for value in page if (row := self._whole_row(value)) is not None]

    def _whole_row(self, value: Any) -> RentalRow | None:
        what = f"unit-rentals of site {self.site.id}"
        row = _row(value, what)
        if row.site_id != self.site.id:
            raise Anomaly(f"{what}: another site's is among them")
        if STATE_BY_WORD.get(row.state, RentalState.UNKNOWN) not in MAY_EARN:
            return None
        tenancy = self.of(row.owner_id)
        before = self.sightings.get(row.id)
        if before is not None:
            self.repeated += 1
            if before.subject != tenancy.subject:
                self.of(before.subject.tenant).is_whole = tenancy.is_whole = False
            return None
        self.sightings[row.id] = Sighting(subject=tenancy.subject, rental=RentalId(row.id))
        if not isinstance(row, RentalRow) or not _tells_all(row, tenancy.subject):
            tenancy.is_whole = False
            return None
        tenancy.tenant = tenancy.tenant or (None if row.owner is None else tenant_of(row.owner))
        return row

    def listing(self) -> SiteListing:
        snapshots = (tenancy.snapshot() for tenancy in self.tenancies.values())
        return SiteListing(
            site=self.site.id,
            sightings=tuple(self.sightings.values()),
            snapshots={one.subject: one for one in snapshots if one is not None},
            repeated=self.repeated,
        )


def _row(value: Any, what: str) -> RentalRow | ListedRow:
    """Return the row, or as much of it as says whose it is. Raises `Anomaly` where not even that can be read."""
    try:
        return parse(RentalRow, value, what)
    except Anomaly:
        return parse(ListedRow, value, what)


def _tells_all(row: RentalRow, subject: SubjectKey) -> bool:
    """Tell whether the row is whole and makes sense; a tenant of whom one does not is read by themselves."""
    if row.owner is None or row.custom_fields is None or row.unit is None or row.unit.custom_fields is None:
        return False
    try:
        require_sense(row, subject)
    except Anomaly:
        return False
    return True
