"""Pausing and resuming a site, a vendor or all work at the gates, while deliveries come in and are looked up."""

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic

from bridge.domain.deliveries import ClaimedSubject, Sighting
from bridge.domain.errors import BridgeError, NotFoundHere, inert
from bridge.domain.ids import SiteKey
from bridge.domain.ledger import LedgerEntry
from bridge.domain.pauses import MAX_WORDS, Pause, Place, Scope
from bridge.ports.clock import Clock
from bridge.ports.pauses import PauseBook
from bridge.ports.store import Priority, SubjectQueue
from bridge.service.alerts import Alerts


class Pauses:
    """Knows what is paused. Of a store that is shared, what was read is believed for a moment only."""

    def __init__(
        self,
        *,
        book: PauseBook,
        adapters: Mapping[SiteKey, str],
        alerts: Alerts,
        clock: Clock,
        believed_for: float = math.inf,
    ) -> None:
        """`adapters` are the configured sites with the keys of their adapters; `believed_for` is in seconds."""
        self._book = book
        self._adapters = adapters
        self._alerts = alerts
        self._clock = clock
        self._believed_for = believed_for
        self._known: tuple[Pause, ...] | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def current(self) -> Sequence[Pause]:
        """Return what is paused, the oldest first."""
        known = self._known
        if known is None or monotonic() - self._read_at > self._believed_for:
            async with self._lock:  # what was read before a change must not be remembered after it
                read_at = monotonic()
                known = self._known = tuple(await self._book.list_pauses())
                self._read_at = read_at
        return known

    async def of(self, site: SiteKey) -> Sequence[Pause]:
        """Return the pauses that keep the bridge from working at this site."""
        adapter = self._adapters.get(site, "")
        return [pause for pause in await self.current() if pause.place.covers(site[1], adapter)]

    async def paused_sites(self) -> frozenset[SiteKey] | None:
        """Return the configured sites at which nothing is done, or None for every site there is."""
        pauses = await self.current()
        if any(pause.place.scope is Scope.ALL for pause in pauses):
            return None
        return frozenset(
            key
            for key, adapter in self._adapters.items()
            if any(pause.place.covers(key[1], adapter) for pause in pauses)
        )

    async def counts(self) -> Mapping[str, int]:
        """Return how many pauses there are, as `pause.all`, `pause.adapter` and `pause.site`."""
        scopes = [pause.place.scope for pause in await self.current()]
        return {f"pause.{scope}": scopes.count(scope) for scope in Scope}

    async def pause(self, place: Place, *, who: str, reason: str) -> Pause:
        """Pause it until it is resumed; a run that is under way ends. A place that is paused already stays so.

        Raises `NotFoundHere` for a site or an adapter that is not in the configuration.
        """
        known = {
            Scope.ALL: {""},
            Scope.ADAPTER: set(self._adapters.values()),
            Scope.SITE: {str(site) for _, site in self._adapters},
        }
        if place.name not in known[place.scope]:
            raise NotFoundHere(f"there is no {place.scope} {inert(place.name, 64)} in the configuration")
        async with self._changing():
            for kept in await self._book.list_pauses():
                if kept.place == place:
                    return kept
            now, who, reason = self._clock.now(), inert(who, MAX_WORDS), inert(reason, MAX_WORDS)
            told = Pause(place=place, since=now, who=who, reason=reason)
            await self._book.keep_pause(told, self._entry("paused", place, at=now, who=who, reason=reason))
            return told

    async def resume(self, place: Place, *, who: str, reason: str = "") -> None:
        """Go on there. Raises `NotFoundHere` where it is not paused."""
        async with self._changing():
            if place not in {kept.place for kept in await self._book.list_pauses()}:
                raise NotFoundHere(f"{inert(str(place))} is not paused")
            entry = self._entry("resumed", place, at=self._clock.now(), who=who, reason=reason)
            await self._book.end_pause(place, entry)

    def _entry(self, what: str, place: Place, *, at: datetime, who: str, reason: str) -> LedgerEntry:
        """Return an alert for both: doors stay as they are from the one to the other."""
        details = {"place": str(place), "who": inert(who, MAX_WORDS), "reason": inert(reason, MAX_WORDS)}
        return self._alerts.raised(what, at=at, details={name: text for name, text in details.items() if text})

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        """Forget what is known when the block is left, however it is left."""
        async with self._lock:
            try:
                yield
            finally:
                self._known = None


class UnpausedSubjects:
    """The queue of subjects without those of paused sites. They are marked and counted as ever.

    An emergency passes: somebody has said by name, later than whoever paused, that this person is to be shut out.
    """

    def __init__(self, *, queue: SubjectQueue, pauses: Pauses) -> None:
        self._queue = queue
        self._pauses = pauses

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        paused = await self._pauses.paused_sites()
        if only_emergencies or paused == frozenset():
            return await self._queue.claim_subjects(
                limit, without=without, closing_first=closing_first, only_emergencies=only_emergencies
            )
        claims = list(await self._queue.claim_subjects(limit, without=without, only_emergencies=True))
        if paused is None or len(claims) == limit:
            return claims
        try:
            others = {*without, *paused}
            claims += await self._queue.claim_subjects(limit - len(claims), without=others, closing_first=closing_first)
        except BridgeError:
            if not claims:
                raise
        return claims

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        paused = await self._pauses.paused_sites()
        if only_emergencies or paused == frozenset():
            return await self._queue.next_subject_due(without=without, only_emergencies=only_emergencies)
        dues = [await self._queue.next_subject_due(without=without, only_emergencies=True)]
        if paused is not None:
            dues.append(await self._queue.next_subject_due(without={*without, *paused}))
        return min((due for due in dues if due is not None), default=None)

    async def mark_known(self, *, priority: Priority, site: SiteKey | None = None) -> int:
        return await self._queue.mark_known(priority=priority, site=site)

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        return await self._queue.mark_new(sightings, priority=priority)
