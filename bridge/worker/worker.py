"""The worker: deliveries are resolved, subjects brought in step; other duties come back on their intervals."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject
from bridge.domain.errors import BridgeError
from bridge.domain.ids import ConnectionName, SiteKey
from bridge.ports.clock import Clock
from bridge.ports.store import DeliveryQueue, SubjectQueue, Turns
from bridge.service.catch_up import CatchUp
from bridge.service.leases import Leases
from bridge.service.resolve import Resolver
from bridge.service.retention import Retention
from bridge.service.shares import Shares
from bridge.service.sweep import Sweeper
from bridge.telemetry import get_logger
from bridge.worker.courtesy import Courtesy
from bridge.worker.portions import Portions
from bridge.worker.pump import POLL_SECONDS, Pump
from bridge.worker.rounds import Rounds

GRACE_SECONDS: Final = 8.0
EMERGENCY_PLACES: Final = 2
"""Beside those of all others: where all of these are taken, an emergency waits for none of them."""
FIRST_SWEEP_SECONDS: Final = 30.0
CATCH_UP_SECONDS: Final = 900.0
CATCH_UP_AGAIN_SECONDS: Final = 60.0
"""After one that failed, unless the platform asks for more time."""
FIRST_PRUNING_SECONDS: Final = 15.0
PRUNING_SECONDS: Final = 3600.0
SWEEP: Final = "sweep"
CATCH_UP: Final = "catch_up"
PRUNING: Final = "pruning"
EARLY: Final = 0.9
"""A turn may begin this much sooner than its interval, or clocks that differ a little would skip every other one."""
LONGEST_TURN_SECONDS: Final = 900.0


class SubjectRuns(Protocol):
    async def run(self, claim: ClaimedSubject, worked: Callable[[], None], /) -> None:
        """Bring the subject in step and settle it; call `worked` when only the settling is left."""


class Worker:
    def __init__(
        self,
        *,
        deliveries: DeliveryQueue,
        subjects: SubjectQueue,
        resolver: Resolver,
        converger: SubjectRuns,
        sweeper: Sweeper,
        retention: Retention,
        clock: Clock,
        leases: Leases,
        turns: Turns,
        concurrency: int,
        sweep_seconds: float,
        catch_up: CatchUp | None = None,
        catch_up_seconds: float = CATCH_UP_SECONDS,
        site_sweep_seconds: Mapping[SiteKey, float] | None = None,
        pruning_seconds: float = PRUNING_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        connection_shares: Shares[ConnectionName] | None = None,
        site_shares: Shares[SiteKey] | None = None,
    ) -> None:
        """Sites that are not in `site_sweep_seconds` are swept each `sweep_seconds`."""
        own = site_sweep_seconds or {}
        self._sweeper = sweeper
        self._sweep_every = {site: own.get(site, sweep_seconds) for site in sweeper.sites}
        self._catch_up = catch_up
        self._catch_up_seconds = catch_up_seconds
        self._retention = retention
        self._pruning_seconds = pruning_seconds
        self._resolver = resolver
        self._courtesy = Courtesy(concurrency)
        self._leases = leases
        self._turns = turns
        delivered = Portions[ClaimedDelivery, ConnectionName](
            connection_shares or Shares(()),
            claim=deliveries.claim_deliveries,
            whose=lambda claim: claim.connection,
            running=lambda: self._deliveries.running,
        )
        marked = Portions[ClaimedSubject, SiteKey](
            site_shares or Shares(()),
            claim=subjects.claim_subjects,
            whose=lambda claim: (claim.key.connection, claim.key.site),
            running=lambda: self._subjects.running,
        )
        self._deliveries = Pump[ClaimedDelivery](
            "deliveries",
            claim=delivered.claim,
            next_due=lambda: deliveries.next_delivery_due(without=delivered.without()),
            run=self._resolve,
            slots=concurrency,
            clock=clock,
            leases=leases,
            courtesy=self._courtesy,
            poll_seconds=poll_seconds,
        )
        self._subjects = Pump[ClaimedSubject](
            "subjects",
            claim=marked.claim,
            next_due=lambda: subjects.next_subject_due(without=marked.without()),
            run=converger.run,
            slots=concurrency,
            clock=clock,
            leases=leases,
            courtesy=self._courtesy,
            poll_seconds=poll_seconds,
        )
        self._emergencies = Pump[ClaimedSubject](
            "emergencies",
            claim=self._claim_emergencies,
            next_due=self._next_emergency,
            run=converger.run,
            slots=EMERGENCY_PLACES,
            clock=clock,
            leases=leases,
            poll_seconds=poll_seconds,
        )
        self._clock = clock
        self._queue = subjects
        self._stop = asyncio.Event()
        self._log = get_logger()

    def nudge(self) -> None:
        """Say that something was marked due, or that another process has stored a delivery."""
        self._deliveries.nudge()
        self._subjects.nudge()
        self._emergencies.nudge()

    def stored(self) -> None:
        """Say that this process has stored a delivery."""
        self._courtesy.saw_delivery()
        self._deliveries.nudge()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped or cancelled; then let what is running end within the grace."""
        works = (
            self._deliveries.serve(),
            self._subjects.serve(),
            self._emergencies.serve(),
            self._renew(),
            self._catch_up_at_once(),
            self._sweep(),
            self._prune(),
        )
        loops = [asyncio.create_task(work) for work in works]
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([*loops, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*loops, stop):
                task.cancel()
            ends = await asyncio.gather(*loops, return_exceptions=True)
            pumps = self._deliveries, self._subjects, self._emergencies
            await asyncio.gather(*(pump.drain(GRACE_SECONDS) for pump in pumps))
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _resolve(self, claim: ClaimedDelivery, worked: Callable[[], None]) -> None:
        await self._resolver.run(claim, worked)
        self._subjects.nudge()

    async def _next_emergency(self) -> datetime | None:
        return await self._queue.next_subject_due(only_emergencies=True)

    async def _claim_emergencies(self, limit: int) -> Sequence[ClaimedSubject]:
        """Claim what others would have to wait for, if it is there: to look costs less than to claim."""
        due = await self._next_emergency()
        if due is None or due > self._clock.now():
            return []
        return await self._queue.claim_subjects(limit, only_emergencies=True)

    async def _renew(self) -> None:
        """Keep what is at work, and cut off what is lost."""
        while True:
            await asyncio.sleep(self._leases.pause)
            lost = await self._leases.renew()
            cut_off = sum(pump.cancel(lost) for pump in (self._deliveries, self._subjects, self._emergencies))
            if cut_off:
                self._log.warning("leases.lost", claims=cut_off)

    async def _has_turn(self, duty: str, every: float) -> bool:
        """Tell whether it is for this process to do it now: of several on one store, one is enough."""
        try:
            return await self._turns.take_turn(duty, every=every * EARLY, longest=LONGEST_TURN_SECONDS)
        except BridgeError as error:
            self._log.warning("worker.no_turn", duty=duty, why=str(error))
            return False

    async def _end_turn(self, duty: str) -> None:
        with contextlib.suppress(BridgeError):  # it ends by itself after the longest that it may take
            await self._turns.end_turn(duty)

    async def _catch_up_at_once(self) -> None:
        """Look at the start for what was missed meanwhile, then on the interval, and sooner after a failure.

        At its start each process looks: it cannot know who else was away.
        """
        if self._catch_up is None:
            await self._stop.wait()
            return
        wait, is_first = self._catch_up_seconds, True
        while True:
            if not await self._has_turn(CATCH_UP, wait) and not is_first:
                await asyncio.sleep(wait)
                continue
            wait, is_first = self._catch_up_seconds, False
            try:
                caught_up = await self._catch_up.catch_up()
                if caught_up.not_listed:
                    wait = min(wait, max(CATCH_UP_AGAIN_SECONDS, caught_up.asked_to_wait))
            except Exception:  # noqa: BLE001 - one defect must not end the catching up
                self._log.exception("catch_up.defect")
            await self._end_turn(CATCH_UP)
            self._subjects.nudge()
            await asyncio.sleep(wait)

    async def _sweep(self) -> None:
        """Sweep soon after the start, so that frequent restarts do not put it off for ever, then on the intervals.

        Each process lists its sites once, since some of what it serves rests on that; after it, they take turns.
        """
        clock = asyncio.get_running_loop().time
        rounds, swept = Rounds(self._sweep_every, now=clock(), first=FIRST_SWEEP_SECONDS), set[SiteKey]()
        while (wait := rounds.wait(clock())) is not None:
            await asyncio.sleep(wait)
            due = rounds.take(clock())
            turns = {site: await self._has_turn(_sweep_of(site), self._sweep_every[site]) for site in due}
            sites = [site for site in due if turns[site] or site not in swept]
            swept.update(sites)
            try:
                if sites:
                    await self._sweeper.sweep(sites)
            except BridgeError as error:
                self._log.warning("sweep.failed", why=str(error))
            except Exception:  # noqa: BLE001 - one defect must not end the sweeps
                self._log.exception("sweep.defect")
            for site in sites:
                await self._end_turn(_sweep_of(site))
            self._subjects.nudge()
        await self._stop.wait()

    async def _prune(self) -> None:
        """Prune soon after the start, behind what waited, then on the interval."""
        wait = min(FIRST_PRUNING_SECONDS, self._pruning_seconds)
        while True:
            await asyncio.sleep(wait)
            wait = self._pruning_seconds
            if await self._has_turn(PRUNING, wait):
                await self._retention.run()
                await self._end_turn(PRUNING)


def _sweep_of(site: SiteKey) -> str:
    return f"{SWEEP}:{site[0]}:{site[1]}"
