"""Looking at everybody again: what was missed, lost or set aside comes right here, and who was never heard of too.

A site is read from its list, and who is in step there is left in peace. The others are marked, and each run reads the
truth for itself: what is listed only adds, and a tenant who is missing in a list is looked at alone.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from bridge.domain.changes import Kind
from bridge.domain.deliveries import Sighting
from bridge.domain.errors import BridgeError, NotFoundHere, inert
from bridge.domain.evidence import FEW, Told
from bridge.domain.ids import ConnectionName, SiteId, SiteKey, SubjectKey
from bridge.domain.ledger import LedgerEntry
from bridge.domain.proposal import PlannedSubject
from bridge.ports.clock import Clock
from bridge.ports.listings import ListingBook
from bridge.ports.missed import SightingMarks
from bridge.ports.store import AlertSink, Priority, SubjectQueue
from bridge.service.alerts import Alerts
from bridge.service.everybody import Everybody, Somebody
from bridge.service.listing import LISTING_SECONDS, SITES_AT_ONCE, Listed, NotListed, SiteLists
from bridge.service.paces import Paces
from bridge.service.side_by_side import one_by_one, side_by_side
from bridge.service.sites import ManagedSite
from bridge.service.swept import Swept, Unbelieved
from bridge.service.tenant_plans import Answers, TenantPlans
from bridge.telemetry import get_logger

MAX_ID: Final = 64
NOT_LISTED: Final = "site_not_listed"
SOURCE_UNKNOWN: Final = "source_unknown"
LOOKING_SECONDS: Final = 25.0
"""Who was not looked at by then is marked: their runs look. With it, a delivery's run ends in its time."""
SITE_SECONDS: Final = LISTING_SECONDS + LOOKING_SECONDS
"""For one site, what the store takes aside."""
_CLOSES: Final = frozenset({Kind.SUSPEND, Kind.REVOKE, Kind.REMOVE_PERSON})
_AT_REST: Final = frozenset({"idle", "ready"})
"""Who is at work now, or set aside, is marked without a look."""


class SweepQueue(SubjectQueue, SightingMarks, Protocol):
    """What a sweep asks of the store's queue."""


@dataclass(slots=True)
class _Marks:
    """Whom to mark: those in the list, and known ones who are not in it. `in_step` are left in peace."""

    seen: dict[SubjectKey, Sighting] = field(default_factory=dict)
    missing: set[SubjectKey] = field(default_factory=set)
    in_step: int = 0

    def add(self, one: Somebody) -> None:
        if one.found.rentals:
            self.seen[one.subject] = Sighting(subject=one.subject, rental=min(one.found.rentals))
        else:
            self.missing.add(one.subject)


class Sweeper:
    """Marks; the worker does the rest. Dead subjects are marked too, so that no removal is given up for ever.

    `sites` are the configured ones: those that are listed, and what an operator may ask for by the platform's id alone.
    """

    def __init__(
        self,
        *,
        sites: Collection[SiteKey],
        lists: SiteLists,
        everybody: Everybody,
        tenants: TenantPlans,
        queue: SweepQueue,
        book: ListingBook,
        alert_sink: AlertSink,
        alerts: Alerts,
        clock: Clock,
        paces: Paces | None = None,
        shut_sites: Callable[[], Collection[SiteKey]] = frozenset,
        in_shadow: Collection[SiteKey] = frozenset(),
    ) -> None:
        """Without `paces`, nothing is paced. At `shut_sites` the vendor is left alone, so nobody is looked at there.

        At sites `in_shadow` a look tells nothing either: it is their rehearsals that are in step, or are not.
        """
        self._sites = sorted(set(sites))
        self._lists = lists
        self._everybody = everybody
        self._tenants = tenants
        self._queue = queue
        self._book = book
        self._alert_sink = alert_sink
        self._alerts = alerts
        self._clock = clock
        self._paces = paces or Paces()
        self._shut_sites = shut_sites
        self._in_shadow = in_shadow
        self._listed: set[SiteKey] = set()
        self._log = get_logger()

    @property
    def sites(self) -> Sequence[SiteKey]:
        return self._sites

    def has_listed(self, site: SiteKey) -> bool:
        """Tell whether the site was listed since the start, and believed: then everybody there is known."""
        return site in self._listed

    async def sweep(self, sites: Collection[SiteKey] | None = None) -> Swept:
        """Do for these sites, or all, what `sweep_site` does for one; one that fails stops no other."""
        chosen = self._sites if sites is None else sorted(sites)
        parts: list[Swept] = []

        async def sweep_connection(name: ConnectionName) -> None:
            here = [site for site in chosen if site[0] == name]
            await side_by_side(one_by_one(here), sweep_one, at_once=SITES_AT_ONCE)

        async def sweep_one(site: SiteKey) -> None:
            parts.append(await self.sweep_site(*site))

        names = sorted({name for name, _ in chosen})
        await side_by_side(one_by_one(names), sweep_connection, at_once=len(names))
        return Swept.of(parts)

    async def sweep_site(self, connection: ConnectionName, site: SiteId) -> Swept:
        """List the site and mark who is not in step, who is new, and who is dead.

        Where it cannot be listed, all who are known there are marked: each is then read alone.
        """
        swept = await self.finish_site(connection, site)
        if not swept.not_listed:
            return swept
        return Swept.of([swept, Swept(known=await self._mark_known((connection, site)))])

    async def finish_site(self, connection: ConnectionName, site: SiteId) -> Swept:
        """Sweep again a site that could not be listed: without its list, nobody is marked a second time."""
        key = (connection, site)
        read = await self._lists.read(key)
        if isinstance(read, NotListed):
            self._log.warning("sweep.not_listed", connection=connection, site=site, why=read.why)
            await self._tell(read)
            return Swept(not_listed=(read,))
        return await self._look(key, read)

    async def sweep_named(self, site: SiteId) -> Swept:
        """Do as `sweep_site` does, whatever connection the site is of. Raises `NotFoundHere` if none has it."""
        found = [key for key in self._sites if key[1] == site]
        if not found:
            raise NotFoundHere(f"there is no site {inert(site, MAX_ID) or 'without an id'} in the configuration")
        return await self.sweep(found)

    async def _look(self, site: SiteKey, read: Listed) -> Swept:
        why = read.weighed.why
        await self._remember(site, read)
        known, in_step = await self._mark_out_of_step(site, read)
        found = await self._queue.mark_new(read.listing.sightings, priority=Priority.SWEEP)
        if why is None:
            self._listed.add(site)
        self._log.info(
            "sweep.done",
            connection=site[0],
            site=site[1],
            rentals=len(read.listing.sightings),
            found=found,
            marked=known,
            in_step=in_step,
            unknown=why,
        )
        unknown = () if why is None else (Unbelieved(connection=site[0], site=site[1], why=why),)
        return Swept(known=known, in_step=in_step, found=found, unknown=unknown)

    async def _mark_out_of_step(self, site: SiteKey, read: Listed) -> tuple[int, int]:
        """Mark the known ones who need a run, and return how many do and do not."""
        marks = _Marks()
        try:
            await self._look_at_all(site, read, marks)
        except BridgeError:
            raise
        except Exception:  # noqa: BLE001 - a defect in the looking: everybody is looked at by a run
            self._log.exception("sweep.defect", connection=site[0], site=site[1])
            return await self._mark_known(site), 0
        sightings = list(marks.seen.values())
        await self._queue.mark_seen(sightings, if_known=marks.missing, priority=Priority.SWEEP, transfers={})
        return len(marks.seen) + len(marks.missing), marks.in_step

    async def _look_at_all(self, site: SiteKey, read: Listed, marks: _Marks) -> None:
        answers, is_judged = Answers(), site not in self._in_shadow and site not in self._shut_sites()
        is_believed = read.weighed.is_complete
        doubted: list[Somebody] = []
        at_once = self._tenants.at_once(site)
        ends = asyncio.get_running_loop().time() + LOOKING_SECONDS

        async def look(one: Somebody) -> None:
            row = one.found.row
            if row is None or (one.told is Told.NOTHING_LEFT and not one.is_dead):
                return
            if one.told is Told.ALL and row.state in _AT_REST and is_judged:
                adds_only = not (is_believed or one.is_revoked)
                await self._judge(one, marks, answers, at_once, ends=ends, adds_only=adds_only)
            elif one.told is not Told.NOT_ALL or is_believed or one.is_dead or one.is_revoked:
                marks.add(one)
            else:
                doubted.append(one)

        readers = max(1, self._paces.readers([site[0], site]) // SITES_AT_ONCE)
        await side_by_side(self._everybody.at(site, read.listing), look, at_once=readers)
        for one in doubted if len(doubted) < FEW else ():
            marks.add(one)

    async def _judge(
        self,
        one: Somebody,
        marks: _Marks,
        answers: Answers,
        at_once: ManagedSite | None,
        *,
        ends: float,
        adds_only: bool,
    ) -> None:
        """Mark a tenant unless a look shows them in step; by a list that is not believed, nothing is closed."""
        try:
            async with asyncio.timeout_at(ends):
                planned = (await self._tenants.listed(one, answers, at_once)).planned
        except TimeoutError:
            marks.add(one)
            return
        if planned.in_step:
            marks.in_step += 1
        elif not (adds_only and _closes(planned)):
            marks.add(one)

    async def _remember(self, site: SiteKey, read: Listed) -> None:
        """Keep what the list was worth; an operator is told once when a site's lists cannot be believed any more."""
        weighed = read.weighed
        if weighed.last == read.before:
            return
        entries: tuple[LedgerEntry, ...] = ()
        if weighed.is_news:
            details = {"connection": str(site[0]), "site": str(site[1]), "why": weighed.why or ""}
            entries = (self._alerts.raised(SOURCE_UNKNOWN, at=self._clock.now(), details=details),)
        await self._book.keep_listing(site, weighed.last, entries)

    async def _tell(self, failed: NotListed) -> None:
        """Tell an operator once an hour that a site is not listed."""
        details = {"connection": str(failed.connection), "site": str(failed.site), "why": failed.why}
        scope = f"{failed.connection}/{failed.site}"
        entries = self._alerts.raised_once(NOT_LISTED, scope, at=self._clock.now(), details=details)
        try:
            if entries:
                await self._alert_sink.record(entries)
        except BridgeError as error:
            self._alerts.take_back(entries)
            self._log.warning("alert.not_recorded", what=NOT_LISTED, why=str(error))

    async def _mark_known(self, site: SiteKey) -> int:
        marked = await self._queue.mark_known(priority=Priority.SWEEP, site=site)
        self._log.info("sweep.marked", subjects=marked, connection=site[0], site=site[1])
        return marked


def _closes(planned: PlannedSubject) -> bool:
    return any(step.kind in _CLOSES for rental in planned.rentals for step in rental.steps)
