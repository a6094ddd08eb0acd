"""Verify, store, answer: everything else comes later."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from bridge.domain.deliveries import DeliveryState, NewDelivery, Receipt
from bridge.domain.errors import BridgeError, RefusalCause, Refused, StoreUnavailable
from bridge.domain.ids import ConnectionName
from bridge.domain.ledger import LedgerEntry
from bridge.domain.queueing import Priority
from bridge.ports.clock import Clock
from bridge.ports.source import Envelope, Verifier
from bridge.ports.store import AlertSink, Inbox
from bridge.service.alerts import Alerts
from bridge.telemetry import Metrics, get_logger

REFUSALS_IN_A_ROW: Final = 3
LOG_EVERY_SECONDS: Final = 1.0
_UNKNOWN: Final = ConnectionName("unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A connection as the receiver needs it."""

    verifier: Verifier
    kept_headers: tuple[str, ...] = ()


class Receiver:
    """The receiver's whole work between the raw bytes and the answer."""

    def __init__(
        self,
        *,
        entrances: Mapping[ConnectionName, Entrance],
        inbox: Inbox,
        alert_sink: AlertSink,
        alerts: Alerts,
        clock: Clock,
        metrics: Metrics,
        on_stored: Callable[[], None] = lambda: None,
    ) -> None:
        self._entrances = entrances
        self._decoy = next(iter(entrances.values()), None)
        self._inbox = inbox
        self._clock = clock
        self._metrics = metrics
        self._on_stored = on_stored
        self._refusals = RefusalWatch(alerts=alerts, sink=alert_sink, clock=clock)

    async def receive(self, connection: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return the answer's message once the delivery is on disk.

        `headers` has lower-case names. Raises `Refused` for a delivery that proves nothing, `StoreUnavailable` when it
        cannot be kept now.
        """
        began = perf_counter()
        name = ConnectionName(connection)
        try:
            entrance = self._verified(name, headers, body)
        except Refused as refusal:
            known = name if name in self._entrances else _UNKNOWN
            self._metrics.deliveries.labels(known, "refused").inc()
            self._metrics.refusals.labels(refusal.cause).inc()
            self._refusals.saw_refusal(known, refusal)
            raise
        self._refusals.saw_good(name)
        envelope = entrance.verifier.read_envelope(body)
        kept = {header: headers[header] for header in entrance.kept_headers if header in headers}
        delivery = self._delivery(name, envelope, kept, body)
        try:
            receipt = await self._inbox.put(delivery)
        except StoreUnavailable:
            self._metrics.deliveries.labels(name, "unavailable").inc()
            raise
        if receipt is Receipt.ACCEPTED:
            self._on_stored()
        message = _message(delivery.state, receipt)
        self._metrics.deliveries.labels(name, message).inc()
        self._metrics.ack.observe(perf_counter() - began)
        return message

    async def probe(self) -> None:
        """Return if a delivery could be stored now. Raises `StoreUnavailable`."""
        await self._inbox.probe()

    def _verified(self, name: ConnectionName, headers: Mapping[str, str], body: bytes) -> Entrance:
        entrance = self._entrances.get(name)
        if entrance is not None:
            entrance.verifier.verify(headers, body)
            return entrance
        if self._decoy is not None:  # an unknown name takes as long as a wrong signature
            try:
                self._decoy.verifier.verify(headers, body)
            except Refused as refusal:
                raise Refused(RefusalCause.UNKNOWN_CONNECTION) from refusal
        raise Refused(RefusalCause.UNKNOWN_CONNECTION)

    def _delivery(
        self, connection: ConnectionName, envelope: Envelope, headers: Mapping[str, str], body: bytes
    ) -> NewDelivery:
        unusable = envelope.unusable is not None
        state = DeliveryState.QUARANTINED if unusable else DeliveryState.NEW
        return NewDelivery(
            connection=connection,
            event_id=hashlib.sha256(body).hexdigest() if unusable else envelope.event_id,
            event_type=envelope.event_type,
            received_at=self._clock.now(),
            body=body,
            headers=headers,
            state=DeliveryState.TEST if envelope.is_test and not unusable else state,
            note=envelope.unusable,
            priority=Priority.BULK if envelope.can_wait else Priority.LIVE,
        )


def _message(state: DeliveryState, receipt: Receipt) -> str:
    if receipt is Receipt.DUPLICATE or state is DeliveryState.NEW:
        return str(receipt)
    return str(state)


class RefusalWatch:
    """Tells an operator that a secret no longer fits, once an hour a connection, and keeps a flood out of the log."""

    def __init__(self, *, alerts: Alerts, sink: AlertSink, clock: Clock) -> None:
        self._alerts = alerts
        self._sink = sink
        self._clock = clock
        self._log = get_logger()
        self._in_a_row: dict[ConnectionName, int] = {}
        self._logged: dict[ConnectionName, float] = {}
        self._recording: set[asyncio.Task[None]] = set()

    def saw_good(self, connection: ConnectionName) -> None:
        self._in_a_row.pop(connection, None)

    def saw_refusal(self, connection: ConnectionName, refusal: Refused) -> None:
        count = self._in_a_row[connection] = self._in_a_row.get(connection, 0) + 1
        if self._may_log(connection):
            self._log.warning(
                "delivery.refused", connection=connection, cause=str(refusal.cause), hint=refusal.hint, in_a_row=count
            )
        if connection == _UNKNOWN or count < REFUSALS_IN_A_ROW:
            return
        details = {"connection": str(connection), "cause": str(refusal.cause), "in_a_row": str(count)}
        entries = self._alerts.raised_once("signatures_refused", connection, at=self._clock.now(), details=details)
        if entries:  # beside the answer: a refusal takes no longer for it
            task = asyncio.create_task(self._record(entries))
            self._recording.add(task)
            task.add_done_callback(self._recording.discard)

    async def _record(self, entries: Sequence[LedgerEntry]) -> None:
        try:
            await self._sink.record(entries)
        except BridgeError as error:
            self._alerts.take_back(entries)
            self._log.warning("alert.not_recorded", what="signatures_refused", why=str(error))

    def _may_log(self, connection: ConnectionName) -> bool:
        now = perf_counter()
        if now - self._logged.get(connection, float("-inf")) < LOG_EVERY_SECONDS:
            return False
        self._logged[connection] = now
        return True
