"""Forgetting old deliveries, so slowly that nobody who posts one notices.

The access record, gate codes and the ledger stay. A delivery that is repeated after its row is gone is worked on again:
it says where to look, never what the state is.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

from bridge.domain.errors import BridgeError
from bridge.ports.clock import Clock
from bridge.ports.pruning import Before, Pruned, Pruner
from bridge.ports.store import AlertSink
from bridge.service.alerts import Alerts
from bridge.telemetry import get_logger

BATCH: Final = 100
PAUSE_SECONDS: Final = 0.02
REST: Final = 4
"""A batch is followed by a pause this many times as long as it took: under load, pruning steps back."""
PRUNING_FAILED: Final = "pruning_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long bodies and settled deliveries are kept; quarantined ones twice as long, the dead until discarded."""

    bodies: timedelta
    deliveries: timedelta

    def before(self, now: datetime) -> Before:
        """Return what is old at `now`."""
        return Before(bodies=now - self.bodies, settled=now - self.deliveries, quarantined=now - 2 * self.deliveries)


class Retention:
    """Prunes in small batches with pauses between; a failure is told once, until a run succeeds again."""

    def __init__(self, *, pruner: Pruner, keep: Keep, alert_sink: AlertSink, alerts: Alerts, clock: Clock) -> None:
        self._pruner = pruner
        self._keep = keep
        self._alert_sink = alert_sink
        self._alerts = alerts
        self._clock = clock
        self._is_told = False
        self._log = get_logger()

    async def run(self) -> Pruned:
        """Prune all that is old and return how much that was; after a failure, as far as it came."""
        before, pruned = self._keep.before(self._clock.now()), Pruned()
        try:
            while True:
                began = perf_counter()
                batch = await self._pruner.prune(before, limit=BATCH)
                if batch == Pruned():
                    break
                pruned += batch
                await asyncio.sleep(max(PAUSE_SECONDS, REST * (perf_counter() - began)))
        except BridgeError as error:
            await self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever pruning fails of, it must not touch the work
            self._log.exception("pruning.defect")
            await self._failed(f"unexpected {type(error).__name__}")
        else:
            self._is_told = False
        if pruned != Pruned():
            self._log.info("pruning.done", emptied=pruned.emptied, removed=pruned.removed)
        return pruned

    async def _failed(self, why: str) -> None:
        self._log.warning("pruning.failed", why=why)
        if self._is_told:
            return
        entry = self._alerts.raised(PRUNING_FAILED, at=self._clock.now(), details={"why": why})
        try:
            await self._alert_sink.record([entry])
            self._is_told = True
        except BridgeError as error:
            self._log.warning("alert.not_recorded", what=PRUNING_FAILED, why=str(error))
