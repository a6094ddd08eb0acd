"""From a delivery to the subjects that it is about: look up, then mark."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.domain.deliveries import ClaimedDelivery, DeliveryState, Sighting
from bridge.domain.errors import Anomaly, BridgeError, LeaseLost, Unauthorized, Unreachable
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.ledger import LedgerEntry
from bridge.domain.outcome import Dead, Done
from bridge.ports.clock import Clock
from bridge.ports.source import Reader, Resolution
from bridge.ports.store import DeliveryQueue, DeliverySettlement, SubjectRecords
from bridge.service.alerts import Alerts
from bridge.service.settling import RUN_SECONDS, outcome_of
from bridge.service.sweep import Sweeper
from bridge.service.swept import Swept
from bridge.telemetry import Metrics, get_logger

NOTHING_LEFT = "echo of our own write"


class Resolver:
    """Runs claimed deliveries to their end; what they mark is carried on by the subjects."""

    def __init__(
        self,
        *,
        readers: Mapping[ConnectionName, Reader],
        queue: DeliveryQueue,
        records: SubjectRecords,
        sweeper: Sweeper,
        alerts: Alerts,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._readers = readers
        self._queue = queue
        self._records = records
        self._sweeper = sweeper
        self._alerts = alerts
        self._clock = clock
        self._metrics = metrics
        self._log = get_logger()

    async def run(self, claim: ClaimedDelivery, worked: Callable[[], None] = lambda: None) -> None:
        """Look up what `claim` is about and settle it; whatever fails is settled as a retry or a dead letter.

        `worked` is called when it is looked up, and only the store is left.
        """
        log = self._log.bind(delivery=claim.id, connection=claim.connection, type=claim.event_type)
        try:
            with self._metrics.time_step("resolve"):
                async with asyncio.timeout(RUN_SECONDS):
                    settlement = await self._look_up(claim)
        except TimeoutError:
            settlement = self._failed(claim, Unreachable(f"the look-up was cut off after {RUN_SECONDS:.0f} s"))
        except Exception as error:  # every failure becomes a settlement, so that nothing is lost
            settlement = self._failed(claim, error)
            if not isinstance(error, BridgeError):
                log.exception("delivery.defect")
        worked()
        outcome = type(settlement.outcome).__name__.lower()
        try:
            await self._queue.settle_delivery(claim, settlement)
        except LeaseLost:
            self._alerts.take_back(settlement.entries)
            log.warning("delivery.lease_lost")
            return
        except BridgeError:
            self._alerts.take_back(settlement.entries)
            raise
        self._metrics.settled.labels("deliveries", outcome).inc()
        log.info(
            "delivery.settled",
            outcome=outcome,
            state=str(settlement.state),
            subjects=len({sighting.subject for sighting in settlement.sightings}),
            note=settlement.note,
        )

    async def _look_up(self, claim: ClaimedDelivery) -> DeliverySettlement:
        reader = self._readers.get(claim.connection)
        if reader is None:
            return DeliverySettlement(
                outcome=Done(), state=DeliveryState.IGNORED, note="the connection is no longer configured"
            )
        resolution = await reader.resolve(claim)
        if resolution.ignored is not None:
            return DeliverySettlement(outcome=Done(), state=DeliveryState.IGNORED, note=resolution.ignored)
        if resolution.sweeps:
            return await self._swept(claim, resolution.sweeps)
        sightings = await self._without_echoes(resolution)
        if resolution.unresolved:
            missing = ", ".join(resolution.unresolved[:5])
            error = Anomaly(f"{len(resolution.unresolved)} rentals could not be read: {missing}")
            failed = self._failed(claim, error)
            return replace(failed, **_seen(claim, resolution, sightings))
        if not sightings:
            return DeliverySettlement(outcome=Done(), state=DeliveryState.IGNORED, note=NOTHING_LEFT)
        return DeliverySettlement(outcome=Done(), **_seen(claim, resolution, sightings))

    async def _swept(self, claim: ClaimedDelivery, sites: Sequence[SiteId]) -> DeliverySettlement:
        """Mark before settling: after a crash between the two, the sites are swept once more and never not at all.

        A site that cannot be listed is tried again as any look-up is, without marking all who are known at each try.
        """
        sweep = self._sweeper.finish_site if claim.attempts else self._sweeper.sweep_site
        swept = Swept.of([await sweep(claim.connection, site) for site in sites])
        if swept.not_listed:
            return self._failed(claim, swept.not_listed[0].error)
        note = f"known tenants to be looked at again: {swept.known}, found anew: {swept.found}"
        return DeliverySettlement(outcome=Done(), note=note)

    async def _without_echoes(self, resolution: Resolution) -> tuple[Sighting, ...]:
        """Leave out the rentals of which only our own last write is heard again."""
        return tuple([s for s in resolution.sightings if not await self._is_echo(s, resolution)])

    async def _is_echo(self, sighting: Sighting, resolution: Resolution) -> bool:
        seen = resolution.echoes.get(sighting.rental)
        if seen is None or seen.resync is not None:
            return False
        record = await self._records.load(sighting.subject)
        access = record.access.get(sighting.rental)
        if access is None or access.written_status is None or access.written_status != seen.status:
            return False
        return seen.code == record.codes.current or (seen.code is None and not access.shows_code)

    def _failed(self, claim: ClaimedDelivery, error: Exception) -> DeliverySettlement:
        now = self._clock.now()
        outcome = outcome_of(error, failed_before=claim.attempts, now=now)
        details = {"delivery": str(claim.id), "connection": str(claim.connection), "why": outcome.why}
        entries: tuple[LedgerEntry, ...] = ()
        if isinstance(outcome, Dead):
            entries = (self._alerts.raised("delivery_dead", at=now, details=details),)
        elif isinstance(error, Unauthorized):
            entries = self._alerts.raised_once("platform_refuses_key", claim.connection, at=now, details=details)
        return DeliverySettlement(outcome=outcome, note=outcome.why, entries=entries)


def _seen(claim: ClaimedDelivery, resolution: Resolution, sightings: tuple[Sighting, ...]) -> dict[str, Any]:
    """Return what is marked, whatever the outcome; how soon, the delivery says."""
    return {
        "sightings": sightings,
        "transfers": resolution.transfers,
        "priority": claim.priority,
        "closes": resolution.closes,
    }
