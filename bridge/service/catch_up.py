"""Looking for what no delivery told: lost while the bridge was away, or given up by a platform that tries three times.

What has changed since the bookmark is marked, and what changed says only where to look, so nothing is replayed. The
bookmark moves when everything up to it is marked; after a crash between the two it is marked once more.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from bridge.domain.catch_up import Place
from bridge.domain.deliveries import Sighting
from bridge.domain.errors import BridgeError, NotFoundHere, TemporaryError, Unreachable, Unsupported, inert
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SiteKey
from bridge.ports.bookmarks import Bookmarks
from bridge.ports.clock import Clock
from bridge.ports.missed import SightingMarks
from bridge.ports.source import ChangedRental, ChangeLister
from bridge.ports.store import AlertSink, Priority
from bridge.service.alerts import Alerts
from bridge.service.listing import NotListed
from bridge.service.missed_moves import JOBS_SECONDS, MissedMoves, Moves
from bridge.telemetry import Metrics, get_logger

LOOK_BACK: Final = timedelta(days=3)
"""Without a bookmark: longer than a delivery is tried, so that what a first start finds is not told by one as well."""
MAX_AHEAD: Final = timedelta(hours=1)
"""The platform's clock may be this much ahead of ours; a stamp beyond moves no bookmark."""
LISTING_SECONDS: Final = 60.0
SITE_SECONDS: Final = LISTING_SECONDS + JOBS_SECONDS
"""For one site, what the store takes aside."""
MAX_NAME: Final = 64
MAX_NAMED: Final = 5
NOT_CAUGHT_UP: Final = "not_caught_up"
WEBHOOKS_MISSED: Final = "webhooks_missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUp:
    """What was found: changed rentals that were marked, tenants not known before, moves whose webhooks never came."""

    changed: int = 0
    found: int = 0
    missed: int = 0
    not_listed: tuple[NotListed, ...] = ()

    @property
    def asked_to_wait(self) -> float:
        """Return for how many seconds a platform that failed asks to be left alone."""
        errors = [failed.error for failed in self.not_listed]
        return max((error.retry_after or 0.0 for error in errors if isinstance(error, TemporaryError)), default=0.0)

    @classmethod
    def of(cls, parts: Collection[Self]) -> Self:
        """Return all parts as one."""
        return cls(
            changed=sum(part.changed for part in parts),
            found=sum(part.found for part in parts),
            missed=sum(part.missed for part in parts),
            not_listed=tuple(failed for part in parts for failed in part.not_listed),
        )


class CatchUp:
    """Marks; the worker does the rest. Each site has a bookmark of its own, and one that fails stops no other.

    A move of which nothing was heard is live: somebody may stand at the gate. What merely changed, most of it heard of
    or written by ourselves, goes before the sweep and behind whatever is live. It costs reads where it is in step.
    """

    def __init__(
        self,
        *,
        sites: Collection[SiteKey],
        listers: Mapping[ConnectionName, ChangeLister],
        bookmarks: Bookmarks,
        marks: SightingMarks,
        moves: MissedMoves,
        alert_sink: AlertSink,
        alerts: Alerts,
        clock: Clock,
        metrics: Metrics,
        overlap: timedelta,
    ) -> None:
        self._sites = sorted(set(sites))
        self._listers = listers
        self._bookmarks = bookmarks
        self._marks = marks
        self._moves = moves
        self._alert_sink = alert_sink
        self._alerts = alerts
        self._clock = clock
        self._metrics = metrics
        self._overlap = overlap
        self._one_at_a_time = asyncio.Lock()
        self._waiting: dict[str, Mapping[RentalId, datetime]] = {}
        """Whom the bookmark waits for and who is marked already, with their stamps; after a restart once more."""
        self._log = get_logger()

    async def catch_up(self, *, connection: ConnectionName | None = None, since: datetime | None = None) -> CaughtUp:
        """Look at what has changed at every site, or at those of one connection.

        `since` looks further back than the bookmark does, never less far. Raises `NotFoundHere` for a connection that
        has no site in the configuration.
        """
        sites = [site for site in self._sites if connection in {None, site[0]}]
        if connection is not None and not sites:
            raise NotFoundHere(f"no site of a connection {inert(connection, MAX_NAME)} is in the configuration")
        async with self._one_at_a_time:
            return CaughtUp.of([await self._guarded(*site, since) for site in sites])

    async def _guarded(self, connection: ConnectionName, site: SiteId, since: datetime | None) -> CaughtUp:
        try:
            return await self._site(connection, site, since)
        except Unsupported:
            return CaughtUp()
        except Exception as caught:  # noqa: BLE001 - whatever one site fails of, the others are caught up with
            error: Exception = caught
            if not isinstance(caught, BridgeError):
                self._log.exception("catch_up.defect", connection=connection, site=site)
        failed = NotListed(connection=connection, site=site, error=error)
        self._log.warning("catch_up.failed", connection=connection, site=site, why=failed.why)
        await self._tell_failed(failed)
        return CaughtUp(not_listed=(failed,))

    async def _site(self, connection: ConnectionName, site: SiteId, since: datetime | None) -> CaughtUp:
        lister, now, name = self._listers[connection], self._clock.now(), f"changed:{connection}:{site}"
        kept = self._read(name, await self._bookmarks.bookmark(name))
        place = kept or Place(at=now - LOOK_BACK)
        news_since = place.at - self._overlap
        changes = await _listed(lister, site, after=news_since if since is None else min(since, news_since))
        fresh = [one for one in changes if place.seen.get(one.sighting.rental) != one.updated]
        stamps = {one.sighting.rental: one.updated for one in changes}
        moves = Moves()
        if kept is not None:
            present = max(now, *stamps.values()) if stamps else now
            moves = await self._moves.find((connection, site), lister, fresh, kept, since=news_since, now=present)
        waiting = self._waiting.get(name, {})
        news = [
            one for one in fresh if one.sighting.rental in moves.live or waiting.get(one.sighting.rental) != one.updated
        ]
        found = await self._mark(news, moves)
        self._waiting[name] = {rental: stamps[rental] for rental in moves.waiting}
        await self._tell_missed(connection, site, moves, now)
        moved = place.moved_on(
            stamps, waiting=moves.waiting, told=moves.missed, overlap=self._overlap, latest=now + MAX_AHEAD
        )
        if moved != kept:
            await self._bookmarks.keep_bookmark(name, moved.to_text())
        if moves.broken_off is not None:
            raise moves.broken_off
        came_to = CaughtUp(changed=len(news), found=found, missed=len(moves.missed))
        self._log.info(
            "catch_up.done",
            connection=connection,
            site=site,
            changed=came_to.changed,
            found=found,
            missed=came_to.missed,
            bookmark=moved.at.isoformat(),
        )
        return came_to

    def _read(self, name: str, text: str | None) -> Place | None:
        try:
            return None if text is None else Place.from_text(text)
        except ValueError:
            self._log.warning("bookmark.unreadable", name=name)
            return None

    async def _mark(self, fresh: Sequence[ChangedRental], moves: Moves) -> int:
        """Mark, and return how many tenants are new. Who may earn nothing is looked at only if already known."""
        live = [one for one in fresh if one.sighting.rental in moves.live]
        rest = [one for one in fresh if one.sighting.rental not in moves.live]
        found = await self._mark_all(live, moves.sightings, Priority.LIVE, moves.transfers)
        return found + await self._mark_all(rest, (), Priority.RETRY, {})

    async def _mark_all(
        self,
        changes: Sequence[ChangedRental],
        beside: Collection[Sighting],
        priority: Priority,
        transfers: Mapping[RentalId, RentalId],
    ) -> int:
        if not (changes or beside):
            return 0
        return await self._marks.mark_seen(
            [*(one.sighting for one in changes if one.may_earn), *beside],
            if_known={one.sighting.subject for one in changes if not one.may_earn},
            priority=priority,
            transfers=transfers,
        )

    async def _tell_missed(self, connection: ConnectionName, site: SiteId, moves: Moves, now: datetime) -> None:
        if not moves.missed:
            return
        count, jobs = len(moves.missed), sorted(moves.missed)
        named = ", ".join(inert(job, MAX_NAME) for job in jobs[:MAX_NAMED]) + (", ..." if count > MAX_NAMED else "")
        details = {
            "connection": str(connection),
            "site": str(site),
            "count": str(count),
            "jobs": named,
            "why": f"{count} webhook{'' if count == 1 else 's'} never came; the moves were found by what has changed",
        }
        self._metrics.missed.labels(connection).inc(count)
        await self._alert_sink.record([self._alerts.raised(WEBHOOKS_MISSED, at=now, details=details)])

    async def _tell_failed(self, failed: NotListed) -> None:
        details = {"connection": str(failed.connection), "site": str(failed.site), "why": failed.why}
        scope = f"{failed.connection}/{failed.site}"
        entries = self._alerts.raised_once(NOT_CAUGHT_UP, scope, at=self._clock.now(), details=details)
        try:
            if entries:
                await self._alert_sink.record(entries)
        except BridgeError as error:
            self._alerts.take_back(entries)
            self._log.warning("alert.not_recorded", what=NOT_CAUGHT_UP, why=str(error))


async def _listed(lister: ChangeLister, site: SiteId, *, after: datetime) -> Sequence[ChangedRental]:
    try:
        async with asyncio.timeout(LISTING_SECONDS):
            return await lister.list_changed(site, after=after)
    except TimeoutError:
        raise Unreachable(f"what has changed was not listed within {LISTING_SECONDS:.0f} s") from None
