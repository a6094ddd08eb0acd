"""What has changed at a site: where to look for what no delivery told (reference, sections 2.4 and 5).

What `updatedAfter` covers is not documented. That it shows changes of the rental itself is taken for granted; whether
it does so of its unit or its owner is not known, and those are left to the sweep.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from bridge.sdk import (
    Anomaly,
    ChangedRental,
    ConnectionName,
    MoveJob,
    NamedJob,
    PermanentError,
    RentalId,
    RentalState,
    Secret,
    Sighting,
    SiteId,
    SourceSite,
    SubjectKey,
    TenantId,
    Unsupported,
)
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.event import Event, EventData, transfer_of, unique
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.listing import MAY_EARN
from bridge.sources.storeganise.options import CatchUpBy
from bridge.sources.storeganise.rental_lookup import RentalLookup
from bridge.sources.storeganise.rows import STATE_BY_WORD, moment_of
from bridge.sources.storeganise.wire import ChangedRow, Job

TRANSFER_TYPE: Final = "unit_transfer"
MOVES: Final = frozenset({"unit_moveIn", "unit_moveOut", TRANSFER_TYPE})
OVER: Final = frozenset({"completed", "failed"})
"""The platform marks a job failed when nobody took its delivery [official 19]; of a cancelled one no end is told."""
TOLD_BY_MOVE_IN: Final = ("job.unit_moveIn.completed", "job.unit_transfer.completed")
TOLD_BY_MOVE_OUT: Final = ("job.unit_moveOut.completed", "job.unit_transfer.completed")
LISTS: Final[Mapping[CatchUpBy, Sequence[str | None]]] = {
    CatchUpBy.ENDED_APART: (None, RentalState.ENDED.value),
    CatchUpBy.ONE_LIST: (None,),
}
_NOTHING_SAID: Final = Event(data=EventData())


class ChangeReader:
    def __init__(
        self,
        *,
        connection: ConnectionName,
        sites: Sequence[SourceSite],
        api: StoreganiseApi,
        keyring: Keyring,
        by: CatchUpBy,
    ) -> None:
        self._connection = connection
        self._sites = frozenset(site.id for site in sites)
        self._api = api
        self._keyring = keyring
        self._by = by
        self._lookup = RentalLookup(api)
        self._log = structlog.get_logger()

    async def list_changed(self, site: SiteId, *, after: datetime) -> Sequence[ChangedRental]:
        """Return what has changed; see the port.

        The filters are asked for and not relied on: a row that is older is left out, one of another site makes the
        whole list worthless.
        """
        if self._by not in LISTS:
            raise Unsupported("catch_up is off for this connection")
        key, newest = self._keyring.of_site(site), dict[RentalId, ChangedRental]()
        for state in LISTS[self._by]:
            for row in await self._api.changed_at(site, after, key, state=state):
                change = self._change(row, site)
                kept = newest.get(change.sighting.rental)
                if change.updated > after and (kept is None or kept.updated < change.updated):
                    newest[change.sighting.rental] = change
        return tuple(newest.values())

    async def read_job(self, site: SiteId, job_id: str) -> MoveJob | None:
        key = self._keyring.of_site(site)
        job = await self._api.job(job_id, key)
        if job is None or job.type not in MOVES:
            return None
        is_over, changed_at = job.state in OVER, moment_of(job.updated)
        if job.type != TRANSFER_TYPE or not is_over:
            return MoveJob(is_over=is_over, changed_at=changed_at)
        old, new = transfer_of(_NOTHING_SAID, job)
        tenants = await self._tenants(job, old, new, key)
        is_one_tenants = len(tenants) > 1 and len(set(tenants.values())) == 1
        return MoveJob(
            is_over=is_over,
            changed_at=changed_at,
            sightings=tuple(
                Sighting(subject=self._subject(site, tenant), rental=rental)
                for (rental, site), tenant in tenants.items()
                if site in self._sites
            ),
            transfers={old: new} if old is not None and new is not None and is_one_tenants else {},
        )

    async def _tenants(
        self, job: Job, old: RentalId | None, new: RentalId | None, key: Secret
    ) -> Mapping[tuple[RentalId, SiteId], str]:
        """Return whose the transfer's rentals are now, and where; only what can be read proves a link."""
        try:
            found = await self._lookup.find(unique(old, new), key)
        except (Anomaly, PermanentError) as error:
            self._log.warning("transfer.not_linked", job=job.id, why=str(error))
            return {}
        return {(rental, SiteId(row.site_id)): row.owner_id for rental, row in found.rows.items()}

    def _change(self, row: ChangedRow, site: SiteId) -> ChangedRental:
        if row.site_id != site:
            raise Anomaly(f"unit-rentals of site {site}: another site's is among them")
        updated = moment_of(row.updated)
        if updated is None:
            raise Anomaly(f"unit-rentals/{row.id}: updated is no time stamp")
        named = ((row.move_in_job_id, TOLD_BY_MOVE_IN), (row.move_out_job_id, TOLD_BY_MOVE_OUT))
        return ChangedRental(
            sighting=Sighting(subject=self._subject(site, row.owner_id), rental=RentalId(row.id)),
            updated=updated,
            may_earn=STATE_BY_WORD.get(row.state, RentalState.UNKNOWN) in MAY_EARN,
            jobs=tuple(NamedJob(id=job, told_by=told_by) for job, told_by in named if job is not None),
        )

    def _subject(self, site: SiteId, owner: str) -> SubjectKey:
        return SubjectKey(connection=self._connection, site=site, tenant=TenantId(owner))
