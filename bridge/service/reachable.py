"""Working on tenants whose vendor answers: those of a site that is left alone stay where they are, but for a probe."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from bridge.domain.deliveries import ClaimedSubject, Sighting
from bridge.domain.errors import BridgeError
from bridge.domain.ids import SiteKey
from bridge.ports.store import Priority, SubjectQueue
from bridge.service.breakers import Breakers

Run = Callable[[ClaimedSubject, Callable[[], None]], Awaitable[None]]


class ReachableSubjects:
    """The queue of subjects without those of sites whose vendor does not answer; these are marked and counted as ever.

    The probe is who would be next at its site: an emergency, if one waits. After an outage removals go first.
    """

    def __init__(self, *, queue: SubjectQueue, breakers: Breakers) -> None:
        self._queue = queue
        self._breakers = breakers

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        shut = self._breakers.shut_sites()
        claims: list[ClaimedSubject] = []
        try:
            for site in self._breakers.wanting_probe():
                if site not in without and len(claims) < limit:
                    claims += await self._probe(site, without, only_emergencies=only_emergencies)
            if len(claims) < limit:
                first = {*closing_first, *self._breakers.recovering_sites()}
                others, left = {*without, *shut}, limit - len(claims)
                claims += await self._queue.claim_subjects(
                    left, without=others, closing_first=first, only_emergencies=only_emergencies
                )
        except BridgeError:
            if not claims:
                raise
            # A probe that nobody runs would keep its site shut for ever.
        return claims

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        shut = self._breakers.shut_sites()
        next_due = partial(self._queue.next_subject_due, only_emergencies=only_emergencies)
        dues = [await next_due(without={*without, *shut})]
        for site in shut - {*without}:
            probe_at = self._breakers.next_probe(site)
            due = None if probe_at is None else await next_due(without=self._all_but(site, without))
            dues.append(None if probe_at is None or due is None else max(due, probe_at))
        return min((due for due in dues if due is not None), default=None)

    async def mark_known(self, *, priority: Priority, site: SiteKey | None = None) -> int:
        return await self._queue.mark_known(priority=priority, site=site)

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        return await self._queue.mark_new(sightings, priority=priority)

    async def _probe(
        self, site: SiteKey, without: Collection[SiteKey], *, only_emergencies: bool
    ) -> Sequence[ClaimedSubject]:
        """Claim one tenant of the site, or else one of a site that is not configured any more."""
        elsewhere = self._all_but(site, without)
        claims = await self._queue.claim_subjects(1, without=elsewhere, only_emergencies=only_emergencies)
        for claim in claims:
            if (claim.key.connection, claim.key.site) == site:
                self._breakers.probing(site, claim.key)
        return claims

    def _all_but(self, site: SiteKey, without: Collection[SiteKey]) -> frozenset[SiteKey]:
        return frozenset({*self._breakers.sites, *without}) - {site}


class WatchedRuns:
    """Runs of subjects, by which the vendors are judged."""

    def __init__(self, run: Run, breakers: Breakers) -> None:
        self._run = run
        self._breakers = breakers

    async def run(self, claim: ClaimedSubject, worked: Callable[[], None] = lambda: None) -> None:
        await self._breakers.watch(claim, lambda watched: self._run(watched, worked))
