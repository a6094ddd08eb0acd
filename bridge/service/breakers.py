"""Leaving a vendor alone where it does not answer: its site's tenants wait, coalesced, and lose no attempt by it."""

import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.breaker import Breaker, BreakerState
from bridge.domain.changes import Change, Observed
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import (
    NotYetConsistent,
    OutcomeUnknown,
    PermanentError,
    StoreUnavailable,
    Unreachable,
)
from bridge.domain.ids import SiteKey, SubjectKey, TargetId
from bridge.ports.adapter import Adapter, Checkpoint, Person, Ref, Target
from bridge.ports.clock import Clock
from bridge.ports.findings import Finding
from bridge.ports.store import AlertSink
from bridge.service.alerts import Alerts
from bridge.service.sites import ManagedSite
from bridge.telemetry import Metrics, get_logger

ALERT_AFTER: Final = timedelta(minutes=1)
"""A shorter outage is nothing to call somebody for."""
_ANSWERS: Final = (PermanentError, NotYetConsistent)
"""Errors that a vendor which is well has told us."""
_jitter: Final = random.SystemRandom()


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a vendor has come to in the run of one subject."""

    subject: SubjectKey
    has_failed: bool = False
    was_answered: bool = False


_run: ContextVar[_Run | None] = ContextVar("run", default=None)
"""Only runs of the worker are counted and held back: what a person asks of the vendor is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAnswering:
    """A site whose vendor is left alone, as an operator sees it."""

    site: SiteKey
    adapter: str
    state: BreakerState
    since: datetime
    next_probe: datetime
    why: str


@dataclass(slots=True, kw_only=True)
class _Site:
    adapter: str
    breaker: Breaker = field(default_factory=Breaker)
    is_told: bool = False


class Breakers:
    """A breaker for each site that is configured. A restart closes them all."""

    def __init__(
        self,
        adapters: Mapping[SiteKey, str],
        *,
        alert_sink: AlertSink,
        alerts: Alerts,
        clock: Clock,
        metrics: Metrics,
        jitter: Callable[[], float] = _jitter.random,
    ) -> None:
        """`adapters` are the sites with the keys of their adapters."""
        self._sites = {key: _Site(adapter=adapter) for key, adapter in adapters.items()}
        self._alert_sink = alert_sink
        self._alerts = alerts
        self._clock = clock
        self._metrics = metrics
        self._jitter = jitter
        self._log = get_logger()
        self._count()

    @property
    def sites(self) -> Collection[SiteKey]:
        return self._sites.keys()

    def not_answering(self) -> Sequence[NotAnswering]:
        """Return the sites whose vendor is left alone, the longest first."""
        now = self._clock.now()
        found = [
            NotAnswering(
                site=key,
                adapter=site.adapter,
                state=one.state(now),
                since=one.since,
                next_probe=one.probe_at,
                why=one.why,
            )
            for key, site in self._sites.items()
            if (one := site.breaker).since is not None and one.probe_at is not None
        ]
        return sorted(found, key=lambda row: row.since)

    def shut_sites(self) -> frozenset[SiteKey]:
        """Return the sites of which nobody is to be worked on, but for a probe."""
        now = self._clock.now()
        return frozenset(k for k, site in self._sites.items() if site.breaker.state(now) is not BreakerState.CLOSED)

    def wanting_probe(self) -> Sequence[SiteKey]:
        """Return the sites of which one tenant is to be worked on, to see whether the vendor answers."""
        now = self._clock.now()
        return [key for key, site in self._sites.items() if site.breaker.wants_probe(now)]

    def probing(self, site: SiteKey, subject: SubjectKey) -> None:
        """Let this tenant through."""
        self._sites[site].breaker = self._sites[site].breaker.probing(subject, now=self._clock.now())
        self._log.info("breaker.probing", connection=site[0], site=site[1], tenant=subject.tenant)

    def recovering_sites(self) -> frozenset[SiteKey]:
        """Return the sites whose vendor answers again since a short while."""
        now = self._clock.now()
        return frozenset(key for key, site in self._sites.items() if site.breaker.is_recovering(now))

    def next_probe(self, site: SiteKey) -> datetime | None:
        """Return when somebody may be let through: None while somebody is."""
        breaker = self._sites[site].breaker
        return None if breaker.probe is not None else breaker.probe_at

    @contextmanager
    def asking(self, key: SiteKey) -> Iterator[None]:
        """Let a call to the vendor be made inside of the block, and take note of what comes of it.

        Raises `Unreachable` where the vendor is left alone.
        """
        run = _run.get()
        site = self._sites.get(key)
        if run is None or site is None:
            yield
            return
        if not site.breaker.lets(run.subject):
            raise Unreachable("the gate system does not answer: it is left alone until a probe is answered")
        try:
            yield
        except (Unreachable, OutcomeUnknown) as error:
            if not run.has_failed:
                run.has_failed = True
                self._change(
                    key,
                    site.breaker.failed(run.subject, str(error), now=self._clock.now(), jitter=self._jitter()),
                )
            raise
        except _ANSWERS:
            run.was_answered = True
            raise
        else:
            run.was_answered = True

    async def watch(self, claim: ClaimedSubject, run: Callable[[ClaimedSubject], Awaitable[None]]) -> None:
        """Run it, and judge the vendor by it in the end."""
        key = (claim.key.connection, claim.key.site)
        site = self._sites.get(key)
        if site is None:
            await run(claim)
            return
        noted = _Run(subject=claim.key)
        before = _run.set(noted)
        try:
            await run(claim)
        finally:
            _run.reset(before)
            if not noted.has_failed:
                now = self._clock.now()
                after = site.breaker.answered if noted.was_answered else site.breaker.untold
                self._change(key, after(claim.key, now=now))
        await self._tell(key, site)

    def _change(self, key: SiteKey, breaker: Breaker) -> None:
        site = self._sites[key]
        before, site.breaker = site.breaker, breaker
        if before == breaker:
            return
        log = self._log.bind(connection=key[0], site=key[1], adapter=site.adapter)
        if before.probe_at is None and breaker.probe_at is not None:
            log.warning("breaker.opened", why=breaker.why, next_probe=breaker.probe_at.isoformat())
        elif before.since is not None and breaker.probe_at is None:
            log.info("breaker.closed", seconds=round((self._clock.now() - before.since).total_seconds()))
        self._count()

    async def _tell(self, key: SiteKey, site: _Site) -> None:
        """Tell the operator of an outage that lasts, once, and of its end."""
        now, breaker = self._clock.now(), site.breaker
        is_down = breaker.since is not None and now - breaker.since >= ALERT_AFTER
        if is_down == site.is_told or (breaker.since is not None and not is_down):
            return
        site.is_told = is_down
        details = {"connection": str(key[0]), "site": str(key[1]), "adapter": site.adapter}
        details |= {"why": breaker.why} if is_down else {}
        entry = self._alerts.raised("vendor_down" if is_down else "vendor_back", at=now, details=details)
        try:
            await self._alert_sink.record([entry])
        except StoreUnavailable:
            site.is_told = not is_down  # the next run tells it

    def _count(self) -> None:
        """Keep the gauge: a half-open breaker is an open one there, since that changes by the clock."""
        states = [(site.adapter, site.breaker.probe_at is None) for site in self._sites.values()]
        for adapter in {adapter for adapter, _ in states}:
            self._metrics.breakers.labels(adapter, "closed").set(states.count((adapter, True)))
            self._metrics.breakers.labels(adapter, "open").set(states.count((adapter, False)))


def guarded(site: ManagedSite, breakers: Breakers) -> ManagedSite:
    """Return the site with its adapter behind its breaker."""
    return replace(site, adapter=GuardedAdapter(site.adapter, (site.connection, site.id), breakers))


class GuardedAdapter:
    """An adapter behind its site's breaker. What only people ask for goes through."""

    def __init__(self, adapter: Adapter, site: SiteKey, breakers: Breakers) -> None:
        self._adapter = adapter
        self._site = site
        self._breakers = breakers

    async def check(self) -> Sequence[Finding]:
        return await self._adapter.check()

    async def targets(self) -> Sequence[Target]:
        return await self._adapter.targets()

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        with self._breakers.asking(self._site):
            return await self._adapter.observe(person, ref, targets)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        with self._breakers.asking(self._site):
            return await self._adapter.apply(change, person, ref, checkpoint)
