"""The worker: deliveries are resolved, subjects brought in step, and every known subject is swept on an interval."""

import asyncio
import contextlib
from typing import Final

from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject
from bridge.domain.errors import BridgeError
from bridge.ports.clock import Clock
from bridge.ports.store import DeliveryQueue, SubjectQueue
from bridge.service.converge import Converger
from bridge.service.resolve import Resolver
from bridge.service.sweep import Sweeper
from bridge.telemetry import get_logger
from bridge.worker.pump import Pump

GRACE_SECONDS: Final = 8.0


class Worker:
    def __init__(
        self,
        *,
        deliveries: DeliveryQueue,
        subjects: SubjectQueue,
        resolver: Resolver,
        converger: Converger,
        sweeper: Sweeper,
        clock: Clock,
        concurrency: int,
        sweep_seconds: float,
    ) -> None:
        self._sweeper = sweeper
        self._sweep_seconds = sweep_seconds
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
        self._log = get_logger()

    def nudge(self) -> None:
        """Say that a delivery was stored, or that something was marked due."""
        self._deliveries.nudge()
        self._subjects.nudge()

    async def run(self) -> None:
        """Work until cancelled; then let what is running end within the grace."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._deliveries.serve())
                group.create_task(self._subjects.serve())
                group.create_task(self._sweep())
        finally:
            await asyncio.gather(self._deliveries.drain(GRACE_SECONDS), self._subjects.drain(GRACE_SECONDS))

    async def _resolve(self, claim: ClaimedDelivery) -> None:
        await self._resolver.run(claim)
        self._subjects.nudge()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_seconds)
            with contextlib.suppress(BridgeError):
                await self._sweeper.sweep()
                self._subjects.nudge()
