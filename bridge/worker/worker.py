"""The worker: deliveries are resolved, subjects brought in step; other duties come back on their intervals."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject
from bridge.domain.errors import BridgeError
from bridge.domain.ids import ConnectionName, SiteKey
from bridge.domain.operations import OperationId
from bridge.ports.clock import Clock
from bridge.ports.store import DeliveryQueue, SubjectQueue, Turns
from bridge.service.catch_up import CatchUp
from bridge.service.leases import Leases
from bridge.service.operations import Operations
from bridge.service.resolve import Resolver
from bridge.service.retention import Retention
from bridge.service.shares import Shares
from bridge.service.sweep import Sweeper
from bridge.telemetry import get_logger
from bridge.worker.courtesy import Courtesy
from bridge.worker.duty import Duty
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
FIRST_DUTY_SECONDS: Final = 15.0
PRUNING_SECONDS: Final = 3600.0
FEEDING_SECONDS: Final = 0.25
"""So soon is looked again at operations of which something has ended."""
SLOW_FEEDING_SECONDS: Final = 2.0
"""And so late at those of which nothing does: their site may be paused for days."""
SWEEP: Final = "sweep"
CATCH_UP: Final = "catch_up"
PRUNING: Final = "pruning"
EARLY: Final = 0.9
"""A turn may begin this much sooner than its interval, or clocks that differ a little would skip every other one."""
LONGEST_TURN_SECONDS: Final = 900.0
LONGEST_REST_SECONDS: Final = 3600.0
"""A duty that is due less often asks for its turn so often: it may have been put off by a restart."""


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
        operations: Operations | None = None,
        catch_up: CatchUp | None = None,
        catch_up_seconds: float = CATCH_UP_SECONDS,
        site_sweep_seconds: Mapping[SiteKey, float] | None = None,
        pruning_seconds: float = PRUNING_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        connection_shares: Shares[ConnectionName] | None = None,
        site_shares: Shares[SiteKey] | None = None,
        duties: Sequence[Duty] = (),
    ) -> None:
        """Sites that are not in `site_sweep_seconds` are swept each `sweep_seconds`."""
        own = site_sweep_seconds or {}
        self._sweeper = sweeper
        self._sweep_every = {site: own.get(site, sweep_seconds) for site in sweeper.sites}
        self._operations = operations
        self._asked = asyncio.Event()
        self._poll_seconds = poll_seconds
        self._catch_up = catch_up
        self._catch_up_seconds = catch_up_seconds
        self._duties = (Duty(name=PRUNING, every=pruning_seconds, run=retention.run), *duties)
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
        self._asked.set()
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
            self._operate(),
            *(self._come_back(duty) for duty in self._duties),
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

    async def _operate(self) -> None:
        """Feed operations to the queue while any is open; those of others are looked for on the poll."""
        if self._operations is None:
            await self._stop.wait()
            return
        wait, before = FEEDING_SECONDS, dict[OperationId, int]()
        while True:
            self._asked.clear()
            try:
                open_now = dict(await self._operations.advance())
                is_moving = open_now != before
                wait = FEEDING_SECONDS if is_moving else min(wait * 2, SLOW_FEEDING_SECONDS)
                wait, before = wait if open_now else self._poll_seconds, open_now
                if is_moving:
                    self._subjects.nudge()
            except BridgeError as error:
                self._log.warning("operations.paused", why=str(error))
            except Exception:  # noqa: BLE001 - one defect must not end the feeding
                self._log.exception("operations.defect")
            await asyncio.sleep(FEEDING_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait - FEEDING_SECONDS, 0)):
                    await self._asked.wait()

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

    async def _come_back(self, duty: Duty) -> None:
        """Do it soon after the start, behind what waited, then on its interval."""
        wait = min(FIRST_DUTY_SECONDS, duty.every)
        while True:
            await asyncio.sleep(wait)
            wait = min(duty.every, LONGEST_REST_SECONDS)
            if not await self._has_turn(duty.name, duty.every):
                continue
            try:
                await duty.run()
            except Exception:  # noqa: BLE001 - one defect must not end a duty
                self._log.exception("duty.defect", duty=duty.name)
            await self._end_turn(duty.name)


def _sweep_of(site: SiteKey) -> str:
    return f"{SWEEP}:{site[0]}:{site[1]}"
