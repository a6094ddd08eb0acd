"""From a delivery to the rentals that it speaks of, and whose they are now.

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
    HANDLED,
    MOVE_IN_CANCELLED,
    TRANSFER,
    UPDATED,
    Event,
    read_event,
    rentals_of,
    require_own_account,
    transfer_of,
    unique,
)
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.rental_lookup import RentalLookup
from bridge.sources.storeganise.wire import Job, RentalRow

UNHANDLED: Final = "unhandled type"
NOT_CONFIGURED: Final = "site not configured"
NO_RENTAL: Final = "the job has no rental"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    rentals: tuple[RentalId, ...]
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
    ) -> None:
        self._connection = connection
        self._root = root
        self._sites = {site.id: site for site in sites}
        self._api = api
        self._addons = addons
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
        named = await self._named(delivery.event_type, event, key)
        if not named.rentals:
            return Resolution(ignored=NO_RENTAL)
        found = await self._lookup.find(named.rentals, key)
        here = {rental_id: row for rental_id, row in found.rows.items() if row.site_id in self._sites}
        if not here and not found.missing:
            return Resolution(ignored=NOT_CONFIGURED)
        return Resolution(
            sightings=tuple(self._sighting(rental_id, row) for rental_id, row in here.items()),
            transfers=self._transfers(named.transfer, here),
            echoes=self._echoes(event, here) if delivery.event_type == UPDATED else {},
            unresolved=found.missing,
        )

    async def _named(self, event_type: str, event: Event, key: Secret) -> _Named:
        """Return the rentals that the event names, asking for its job only where it must."""
        if event_type == TRANSFER:
            return await self._named_by_transfer(event, key)
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
            codes = FieldCodes(prefix=self._sites[SiteId(row.site_id)].field_prefix)
            if row.custom_fields is None or not codes.only_ours(event.data.changed_keys):
                continue
            try:
                fields = codes.read_rental(row.custom_fields, f"unit-rentals/{rental_id}")
            except Anomaly:
                continue  # the subject's own run reads the same fields, and shows what is wrong with them
            echoes[rental_id] = OwnFields(code=fields.code, status=fields.status)
        return echoes
