"""Looking at everybody again: what was missed, lost or set aside comes right here, and who was never heard of too.

Listing and marking are apart. What is listed only adds; a tenant who is missing from a list is looked at like all that
are known, and their rentals are read by their ids.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Self

from bridge.domain.errors import BridgeError, NotFoundHere, Unreachable, inert
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.ports.clock import Clock
from bridge.ports.source import Lister, SiteListing
from bridge.ports.store import AlertSink, Priority, SubjectQueue
from bridge.service.alerts import Alerts
from bridge.telemetry import get_logger

MAX_ID: Final = 64
NOT_LISTED: Final = "site_not_listed"
LISTING_SECONDS: Final = 60.0
"""A site's listing that takes longer is given up; with it, a delivery's run ends in its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotListed:
    """A site whose rentals could not be had, and why."""

    connection: ConnectionName
    site: SiteId
    error: Exception

    @property
    def why(self) -> str:
        """Return the reason as one line without secrets."""
        return str(self.error) if isinstance(self.error, BridgeError) else f"unexpected {type(self.error).__name__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep came to: known tenants that were marked, tenants found that were not known, sites not listed."""

    known: int = 0
    found: int = 0
    not_listed: tuple[NotListed, ...] = ()

    @classmethod
    def of(cls, parts: Collection[Self]) -> Self:
        """Return all parts as one."""
        return cls(
            known=sum(part.known for part in parts),
            found=sum(part.found for part in parts),
            not_listed=tuple(failed for part in parts for failed in part.not_listed),
        )


class Sweeper:
    """Marks; the worker does the rest. Dead subjects are marked too, so that no removal is given up for ever.

    `sites` are the configured ones: those that are listed, and what an operator may ask for by the platform's id alone.
    """

    def __init__(
        self,
        *,
        sites: Collection[tuple[ConnectionName, SiteId]],
        listers: Mapping[ConnectionName, Lister],
        queue: SubjectQueue,
        alert_sink: AlertSink,
        alerts: Alerts,
        clock: Clock,
    ) -> None:
        self._sites = sorted(set(sites))
        self._listers = listers
        self._queue = queue
        self._alert_sink = alert_sink
        self._alerts = alerts
        self._clock = clock
        self._listed: set[SiteKey] = set()
        self._log = get_logger()

    def has_listed(self, site: SiteKey) -> bool:
        """Tell whether the site was listed since the start: then everybody there is known."""
        return site in self._listed

    async def sweep(self) -> Swept:
        """Mark all known subjects, then list each site and mark whom nobody knew.

        What is known is marked whatever becomes of the lists, and one site that cannot be listed stops no other.
        """
        known = await self._mark_known(None)
        return Swept.of([Swept(known=known), *[await self._add(*site) for site in self._sites]])

    async def sweep_site(self, connection: ConnectionName, site: SiteId) -> Swept:
        """Do for one site what `sweep` does for all."""
        known = await self._mark_known((connection, site))
        return Swept.of([Swept(known=known), await self._add(connection, site)])

    async def finish_site(self, connection: ConnectionName, site: SiteId) -> Swept:
        """Sweep again a site that could not be listed: without its list, nobody is marked a second time."""
        listing = await self._list(connection, site)
        if isinstance(listing, NotListed):
            return Swept(not_listed=(listing,))
        known = await self._mark_known((connection, site))
        return Swept(known=known, found=await self._mark_new(connection, listing))

    async def sweep_named(self, site: SiteId) -> Swept:
        """Do as `sweep_site` does, whatever connection the site is of. Raises `NotFoundHere` if none has it."""
        found = [key for key in self._sites if key[1] == site]
        if not found:
            raise NotFoundHere(f"there is no site {inert(site, MAX_ID) or 'without an id'} in the configuration")
        return Swept.of([await self.sweep_site(*key) for key in found])

    async def _add(self, connection: ConnectionName, site: SiteId) -> Swept:
        listing = await self._list(connection, site)
        if isinstance(listing, NotListed):
            return Swept(not_listed=(listing,))
        return Swept(found=await self._mark_new(connection, listing))

    async def _list(self, connection: ConnectionName, site: SiteId) -> SiteListing | NotListed:
        """Return the whole list or why there is none; an operator is told once an hour."""
        try:
            async with asyncio.timeout(LISTING_SECONDS):
                return await self._listers[connection].list_site(site)
        except TimeoutError:
            error: Exception = Unreachable(f"the rentals were not listed within {LISTING_SECONDS:.0f} s")
        except Exception as caught:  # noqa: BLE001 - whatever one site's list fails of, the others are swept
            error = caught
            if not isinstance(caught, BridgeError):
                self._log.exception("sweep.defect", connection=connection, site=site)
        failed = NotListed(connection=connection, site=site, error=error)
        self._log.warning("sweep.not_listed", connection=connection, site=site, why=failed.why)
        await self._tell(failed)
        return failed

    async def _tell(self, failed: NotListed) -> None:
        details = {"connection": str(failed.connection), "site": str(failed.site), "why": failed.why}
        scope = f"{failed.connection}/{failed.site}"
        entries = self._alerts.raised_once(NOT_LISTED, scope, at=self._clock.now(), details=details)
        try:
            if entries:
                await self._alert_sink.record(entries)
        except BridgeError as error:
            self._alerts.take_back(entries)
            self._log.warning("alert.not_recorded", what=NOT_LISTED, why=str(error))

    async def _mark_known(self, site: tuple[ConnectionName, SiteId] | None) -> int:
        marked = await self._queue.mark_known(priority=Priority.SWEEP, site=site)
        where = {} if site is None else {"connection": site[0], "site": site[1]}
        self._log.info("sweep.marked", subjects=marked, **where)
        return marked

    async def _mark_new(self, connection: ConnectionName, listing: SiteListing) -> int:
        found = await self._queue.mark_new(listing.sightings, priority=Priority.SWEEP)
        self._listed.add((connection, listing.site))
        self._log.info(
            "sweep.listed", connection=connection, site=listing.site, rentals=len(listing.sightings), found=found
        )
        return found
