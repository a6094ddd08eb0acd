"""What people ask and do, in front of the store: the operator API, and through it the CLI, are its users."""

from collections.abc import Mapping, Sequence
from typing import Final

from bridge.domain.deliveries import DeliveryState
from bridge.domain.ids import ConnectionName, DeliveryId, SiteId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.ports.clock import Clock
from bridge.ports.queue import QueueView
from bridge.ports.store import AlertRow, DeliveryRow, DeskStore
from bridge.service.dead_letters import DeadLetters
from bridge.service.drift import DriftView, LookForStrangers
from bridge.service.holds import Holds

MAX_ROWS: Final = 500
MAX_WORK: Final = 100


class Desk:
    def __init__(self, *, store: DeskStore, clock: Clock, strangers: LookForStrangers | None = None) -> None:
        self.dead_letters = DeadLetters(box=store, clock=clock)
        self.holds = Holds(book=store, clock=clock)
        self.drift = DriftView(book=store, strangers=strangers)
        self._store = store
        self._clock = clock

    async def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        connection: ConnectionName | None = None,
        limit: int = 50,
        before: DeliveryId | None = None,
    ) -> Sequence[DeliveryRow]:
        """Return deliveries, the newest first; `before` continues after the last row of an earlier answer."""
        return await self._store.list_deliveries(
            state=state, connection=connection, limit=min(max(limit, 1), MAX_ROWS), before=before
        )

    async def delivery(self, delivery: DeliveryId) -> DeliveryRow:
        """Return one with its body. Raises `NotFoundHere`."""
        return await self._store.show_delivery(delivery)

    async def replay(self, delivery: DeliveryId, *, who: str) -> DeliveryRow:
        """Look the delivery up again. Harmless at any age: an event says where to look, never what the state is."""
        entry = LedgerEntry(
            kind=LedgerKind.OPERATOR,
            at=self._clock.now(),
            what="delivery_replayed",
            details={"delivery": str(delivery), "who": who},
        )
        return await self._store.replay_delivery(delivery, entry)

    async def alerts(self, *, limit: int = 50) -> Sequence[AlertRow]:
        """Return alerts, the newest first."""
        return await self._store.list_alerts(limit=min(max(limit, 1), MAX_ROWS))

    async def counts(self) -> Mapping[str, int]:
        """Return the rows that wait or need a person, as `delivery.new`, `subject.dead` and so on."""
        return await self._store.counts()

    async def queue(self, *, site: SiteId | None = None, limit: int = 10) -> QueueView:
        """Return how the work stands, of one site or of all, with up to `limit` of the next tries and running work."""
        return await self._store.view_queue(site=site, limit=min(max(limit, 1), MAX_WORK))
