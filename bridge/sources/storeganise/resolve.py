"""From a delivery to the rentals that it speaks of, and whose they are now; or to the site that it has swept.

The owner and the site are the rental's own, as the platform tells them at this moment; a job's owner may be the user
of an API key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bridge.sdk import (
    Anomaly,
    ClaimedDelivery,
    ConnectionName,
    OwnFields,
    Rejected,
    RentalId,
    Resolution,
    Secret,
    Sighting,
    SiteId,
    SourceSite,
    SubjectKey,
    TenantId,
)
from bridge.sources.storeganise.addons import Addons
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.event import (
    ABOUT_A_UNIT,
    CLOSING,
    DAILY,
    HANDLED,
    MOVE_IN_CANCELLED,
    TRANSFER,
    UPDATED,
    USER_UPDATED,
    Event,
    read_event,
    rentals_of,
    require_own_account,
    transfer_of,
    unique,
)
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.rental_lookup import RentalLookup
from bridge.sources.storeganise.users import UserRentals
from bridge.sources.storeganise.wire import Job, RentalRow

UNHANDLED: Final = "unhandled type"
NOT_CONFIGURED: Final = "site not configured"
NO_RENTAL: Final = "the job has no rental"
NOT_RENTED: Final = "the unit is not rented"
NO_TENANT: Final = "the user rents nothing here"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """The rentals that an event leads to; `nothing` says why there is none."""

    rentals: tuple[RentalId, ...]
    nothing: str = NO_RENTAL
    transfer: tuple[RentalId, RentalId] | None = None


class DeliveryResolver:
    def __init__(
        self,
        *,
        connection: ConnectionName,
        root: str,
        sites: Sequence[SourceSite],
        api: StoreganiseApi,
        addons: Addons,
        users: UserRentals,
    ) -> None:
        self._connection = connection
        self._root = root
        self._sites = {site.id: site for site in sites}
        self._api = api
        self._addons = addons
        self._users = users
        self._lookup = RentalLookup(api)
        self._log = structlog.get_logger()

    async def resolve(self, delivery: ClaimedDelivery) -> Resolution:
        """Look up what the delivery is about; see the port. Only handled types are parsed."""
        if delivery.event_type not in HANDLED:
            return Resolution(ignored=UNHANDLED)
        event = read_event(delivery.body)
        require_own_account(event, self._root)
        key = await self._addons.key_for(event.addon_id) if self._sites else None
        if key is None:
            return Resolution(ignored=NOT_CONFIGURED)
        if delivery.event_type == DAILY:
            return await self._tick(event)
        if delivery.event_type == USER_UPDATED:
            return await self._about_user(event, key)
        return await self._about_rentals(delivery.event_type, event, key)

    async def _tick(self, event: Event) -> Resolution:
        """Return the site whose add-on gave its daily sign; the event has no data of its own."""
        if event.addon_id is None:
            raise Rejected("event: names no add-on")
        site = await self._addons.site_of(event.addon_id)
        return Resolution(ignored=NOT_CONFIGURED) if site is None else Resolution(sweeps=(site,))

    async def _about_user(self, event: Event, key: Secret) -> Resolution:
        rows = await self._users.find(await self._user(event, key))
        if not rows:
            return Resolution(ignored=NO_TENANT)
        return Resolution(sightings=tuple(self._sighting(RentalId(row.id), row) for row in rows))

    async def _user(self, event: Event, key: Secret) -> str:
        """Return whom the event names. A job's own owner may be the user of an API key; its result's is the tenant."""
        if event.data.user_id is not None:
            return event.data.user_id
        if event.data.job_id is None:
            raise Rejected("event: names neither a user nor a job")
        job = await self._job(event.data.job_id, key)
        if job.result is None or job.result.owner_id is None:
            raise Anomaly(f"jobs/{job.id} names no user")
        return job.result.owner_id

    async def _about_rentals(self, event_type: str, event: Event, key: Secret) -> Resolution:
        named = await self._named(event_type, event, key)
        if not named.rentals:
            return Resolution(ignored=named.nothing)
        found = await self._lookup.find(named.rentals, key)
        here = {rental_id: row for rental_id, row in found.rows.items() if row.site_id in self._sites}
        if not here and not found.missing:
            return Resolution(ignored=NOT_CONFIGURED)
        return Resolution(
            sightings=tuple(self._sighting(rental_id, row) for rental_id, row in here.items()),
            transfers=self._transfers(named.transfer, here),
            echoes=self._echoes(event, here) if event_type == UPDATED else {},
            unresolved=found.missing,
            closes=event_type in CLOSING,
        )

    async def _named(self, event_type: str, event: Event, key: Secret) -> _Named:
        """Return the rentals that the event names, asking for its job only where it must."""
        if event_type == TRANSFER:
            return await self._named_by_transfer(event, key)
        if event_type in ABOUT_A_UNIT:
            return await self._named_by_unit(event, key)
        if rentals := event.rentals():
            return _Named(rentals=rentals)
        if event.data.job_id is None:
            raise Rejected("event: names neither a rental nor a job")
        job = await self._job(event.data.job_id, key)
        rentals = rentals_of(job)
        # A move-in may be cancelled before it had a rental; then nothing was ever opened for it.
        if not rentals and event_type != MOVE_IN_CANCELLED:
            raise Anomaly(f"jobs/{job.id} names no rental")
        return _Named(rentals=rentals)

    async def _named_by_transfer(self, event: Event, key: Secret) -> _Named:
        old, new = transfer_of(event, None)
        if event.data.job_id is not None and (old is None or new is None):
            old, new = transfer_of(event, await self._job(event.data.job_id, key))
        rentals = unique(old, new, *event.rentals())
        if not rentals and event.data.job_id is None:
            raise Rejected("event: names neither rentals nor a job")
        if not rentals:
            raise Anomaly(f"jobs/{event.data.job_id} names no rental")
        return _Named(rentals=rentals, transfer=(old, new) if old and new and old != new else None)

    async def _named_by_unit(self, event: Event, key: Secret) -> _Named:
        """Return the rental that holds the unit now; a reserved unit has one too."""
        unit_id = event.data.unit_id
        if unit_id is None:
            raise Rejected("event: names no unit")
        unit = await self._api.unit(unit_id, key)
        if unit is None:
            raise Anomaly(f"units/{unit_id} is not found")
        if unit.site_id is not None and unit.site_id not in self._sites:
            return _Named(rentals=(), nothing=NOT_CONFIGURED)
        return _Named(rentals=unique(unit.rental_id), nothing=NOT_RENTED)

    async def _job(self, job_id: str, key: Secret) -> Job:
        job = await self._api.job(job_id, key)
        if job is None:
            raise Anomaly(f"jobs/{job_id} is not found")
        return job

    def _sighting(self, rental_id: RentalId, row: RentalRow) -> Sighting:
        subject = SubjectKey(connection=self._connection, site=SiteId(row.site_id), tenant=TenantId(row.owner_id))
        return Sighting(subject=subject, rental=rental_id)

    def _transfers(
        self, transfer: tuple[RentalId, RentalId] | None, here: Mapping[RentalId, RentalRow]
    ) -> Mapping[RentalId, RentalId]:
        """Return the link where both rentals are seen to be one tenant's: a code is never inherited by another."""
        if transfer is None or not all(rental_id in here for rental_id in transfer):
            return {}
        old, new = transfer
        if here[old].owner_id != here[new].owner_id:
            self._log.warning("transfer.not_linked", old=old, new=new, why="the rentals have different owners")
            return {}
        return {old: new}

    def _echoes(self, event: Event, here: Mapping[RentalId, RentalRow]) -> Mapping[RentalId, OwnFields]:
        echoes: dict[RentalId, OwnFields] = {}
        for rental_id, row in here.items():
            site = self._sites[SiteId(row.site_id)]
            codes = FieldCodes(prefix=site.field_prefix)
            if row.custom_fields is None or not codes.only_ours(event.data.changed_keys):
                continue
            try:
                fields = codes.read_rental(row.custom_fields, f"unit-rentals/{rental_id}", site.zone)
            except Anomaly:
                continue  # the subject's own run reads the same fields, and shows what is wrong with them
            echoes[rental_id] = OwnFields(code=fields.code, status=fields.status, resync=fields.resync)
        return echoes
