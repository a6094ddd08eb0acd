"""Which moves nobody told us of: their jobs are over, and no stored delivery speaks of them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.catch_up import Place
from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Anomaly, BridgeError, Rejected, Unreachable
from bridge.domain.ids import RentalId, SiteKey
from bridge.ports.missed import Hearing
from bridge.ports.source import ChangedRental, ChangeLister, MoveJob, NamedJob
from bridge.telemetry import get_logger

LATE: Final = timedelta(minutes=10)
"""A delivery may still be on its way for so long. How far apart the platform's tries are is not known."""
HEARD_BEFORE: Final = timedelta(hours=1)
"""Deliveries received so long before a job's end, by another clock, are listened to as well."""
AT_ONCE: Final = 4
JOBS_SECONDS: Final = 60.0
"""Who has changed is marked all the same then, and the jobs that are left are read with the next look."""
MAX_REMEMBERED: Final = 20_000


@dataclass(slots=True, kw_only=True)
class Moves:
    """What was found about the moves. `live` are rentals whose move is news of which nothing was heard.

    `missed` are jobs whose delivery will not come any more, with their stamps; the rentals in `waiting` have one that
    still may, or that could not be read because of `broken_off`.
    """

    live: set[RentalId] = field(default_factory=set)
    waiting: set[RentalId] = field(default_factory=set)
    missed: dict[str, datetime] = field(default_factory=dict)
    sightings: set[Sighting] = field(default_factory=set)
    transfers: dict[RentalId, RentalId] = field(default_factory=dict)
    broken_off: BridgeError | None = None

    def add(self, rental: RentalId, job_id: str, job: MoveJob, *, missed_at: datetime | None) -> None:
        """Add the news of one rental; without `missed_at` its delivery may still come."""
        self.live.add(rental)
        self.sightings.update(job.sightings)
        self.transfers.update(job.transfers)
        if missed_at is None:
            self.waiting.add(rental)
        else:
            self.missed[job_id] = missed_at


class MissedMoves:
    """Remembers until the next start which jobs are no news: a rental's old job is not read at each change."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._no_news: dict[str, None] = {}
        self._log = get_logger()

    async def find(
        self,
        site: SiteKey,
        lister: ChangeLister,
        changes: Sequence[ChangedRental],
        place: Place,
        *,
        since: datetime,
        now: datetime,
    ) -> Moves:
        """Return what no delivery told of these changes; only what is over since then, by the platform, is news."""
        moves = Moves()
        unheard = await self._unheard(site, changes, place, since=since)
        unread, slots = set(unheard), asyncio.Semaphore(AT_ONCE)

        async def judge(rental: RentalId, named: NamedJob) -> None:
            async with slots:
                if moves.broken_off is None:
                    await self._judge(site, lister, rental, named.id, moves, since=since, now=now)
                if moves.broken_off is None:
                    unread.discard((rental, named))

        try:
            async with asyncio.timeout(JOBS_SECONDS), asyncio.TaskGroup() as group:
                for rental, named in unheard:
                    group.create_task(judge(rental, named))
        except TimeoutError:
            moves.broken_off = Unreachable(f"jobs were not read within {JOBS_SECONDS:.0f} s")
        moves.waiting |= {rental for rental, _ in unread}
        return moves

    async def _unheard(
        self, site: SiteKey, changes: Sequence[ChangedRental], place: Place, *, since: datetime
    ) -> Sequence[tuple[RentalId, NamedJob]]:
        """Return the jobs, with their rentals, of which people were not told and no stored delivery speaks."""
        asked = [pair for pair in _jobs_of(changes) if pair[1].id not in place.told and pair[1].id not in self._no_news]
        if not asked:
            return []
        words = defaultdict[str, set[str]](set)
        for rental, named in asked:
            for event_type in named.told_by:
                words[event_type] |= {named.id, rental}
        heard = await self._hearing.heard(site[0], words, since=since - HEARD_BEFORE)
        return [
            (rental, named)
            for rental, named in asked
            if not any((event_type, word) in heard for event_type in named.told_by for word in (named.id, rental))
        ]

    async def _judge(
        self,
        site: SiteKey,
        lister: ChangeLister,
        rental: RentalId,
        job_id: str,
        moves: Moves,
        *,
        since: datetime,
        now: datetime,
    ) -> None:
        try:
            job = await lister.read_job(site[1], job_id)
        except (Anomaly, Rejected) as error:
            self._log.warning("job.unreadable", connection=site[0], site=site[1], job=job_id, why=str(error))
        except BridgeError as error:
            moves.broken_off = error
        else:
            if job is None or (job.is_over and (job.changed_at is None or job.changed_at <= since)):
                self._remember(job_id)
            elif job.is_over and job.changed_at is not None:
                moves.add(rental, job_id, job, missed_at=job.changed_at if now - job.changed_at >= LATE else None)

    def _remember(self, job_id: str) -> None:
        if len(self._no_news) >= MAX_REMEMBERED:
            self._no_news.clear()
        self._no_news[job_id] = None


def _jobs_of(changes: Sequence[ChangedRental]) -> Iterator[tuple[RentalId, NamedJob]]:
    for change in changes:
        for named in change.jobs:
            yield change.sighting.rental, named
