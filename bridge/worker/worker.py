"""The worker: deliveries are resolved, subjects brought in step; sweeping and pruning come back on their intervals."""

import asyncio
from typing import Final

from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject
from bridge.domain.errors import BridgeError
from bridge.ports.clock import Clock
from bridge.ports.store import DeliveryQueue, SubjectQueue
from bridge.service.converge import Converger
from bridge.service.resolve import Resolver
from bridge.service.retention import Retention
from bridge.service.sweep import Sweeper
from bridge.telemetry import get_logger
from bridge.worker.pump import Pump

GRACE_SECONDS: Final = 8.0
FIRST_SWEEP_SECONDS: Final = 30.0
FIRST_PRUNING_SECONDS: Final = 15.0
PRUNING_SECONDS: Final = 3600.0


class Worker:
    def __init__(
        self,
        *,
        deliveries: DeliveryQueue,
        subjects: SubjectQueue,
        resolver: Resolver,
        converger: Converger,
        sweeper: Sweeper,
        retention: Retention,
        clock: Clock,
        concurrency: int,
        sweep_seconds: float,
        pruning_seconds: float = PRUNING_SECONDS,
    ) -> None:
        self._sweeper = sweeper
        self._sweep_seconds = sweep_seconds
        self._retention = retention
        self._pruning_seconds = pruning_seconds
        self._resolver = resolver
        self._deliveries = Pump[ClaimedDelivery](
            "deliveries",
            claim=deliveries.claim_deliveries,
            next_due=deliveries.next_delivery_due,
            run=self._resolve,
            slots=concurrency,
            clock=clock,
        )
        self._subjects = Pump[ClaimedSubject](
            "subjects",
            claim=subjects.claim_subjects,
            next_due=subjects.next_subject_due,
            run=converger.run,
            slots=concurrency,
            clock=clock,
        )
        self._stop = asyncio.Event()
        self._log = get_logger()

    def nudge(self) -> None:
        """Say that a delivery was stored, or that something was marked due."""
        self._deliveries.nudge()
        self._subjects.nudge()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped or cancelled; then let what is running end within the grace."""
        works = (self._deliveries.serve(), self._subjects.serve(), self._sweep(), self._prune())
        loops = [asyncio.create_task(work) for work in works]
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([*loops, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*loops, stop):
                task.cancel()
            ends = await asyncio.gather(*loops, return_exceptions=True)
            await asyncio.gather(self._deliveries.drain(GRACE_SECONDS), self._subjects.drain(GRACE_SECONDS))
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _resolve(self, claim: ClaimedDelivery) -> None:
        await self._resolver.run(claim)
        self._subjects.nudge()

    async def _sweep(self) -> None:
        """Sweep soon after the start, so that frequent restarts do not put it off for ever, then on the interval."""
        wait = min(FIRST_SWEEP_SECONDS, self._sweep_seconds)
        while True:
            await asyncio.sleep(wait)
            wait = self._sweep_seconds
            try:
                await self._sweeper.sweep()
            except BridgeError as error:
                self._log.warning("sweep.failed", why=str(error))
            except Exception:  # noqa: BLE001 - one defect must not end the sweeps
                self._log.exception("sweep.defect")
            self._subjects.nudge()

    async def _prune(self) -> None:
        """Prune soon after the start, behind what waited, then on the interval."""
        wait = min(FIRST_PRUNING_SECONDS, self._pruning_seconds)
        while True:
            await asyncio.sleep(wait)
            wait = self._pruning_seconds
            await self._retention.run()
