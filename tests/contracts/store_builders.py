"""What the store's tests say short: a clock that moves when told, keys, deliveries, marks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bridge.domain.deliveries import ClaimedSubject, DeliveryState, NewDelivery, Sighting
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TenantId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.outcome import Done, Outcome
from bridge.ports.store import DeliverySettlement, Priority, Store, SubjectCommit, SubjectRecord

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LAKESIDE = ConnectionName("lakeside")


class SetClock:
    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def move(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


def a_key(tenant: str = "tenant1", site: str = "site1") -> SubjectKey:
    return SubjectKey(connection=LAKESIDE, site=SiteId(site), tenant=TenantId(tenant))


def a_delivery(
    event_id: str = "event1",
    *,
    state: DeliveryState = DeliveryState.NEW,
    at: datetime = START,
    connection: str = LAKESIDE,
    body: bytes = b"{}",
    priority: Priority = Priority.LIVE,
) -> NewDelivery:
    return NewDelivery(
        connection=ConnectionName(connection),
        event_id=event_id,
        event_type="job.unit_moveIn.completed",
        received_at=at,
        body=body,
        headers={"user-agent": "sender"},
        state=state,
        priority=priority,
    )


def an_entry(what: str = "granted", kind: LedgerKind = LedgerKind.INTENT) -> LedgerEntry:
    return LedgerEntry(kind=kind, at=START, what=what, subject=a_key(), details={"why": "because"})


def heirs(record: SubjectRecord) -> dict[RentalId, RentalId]:
    return {left: link.heir for left, link in record.links.items()}


def a_sighting(key: SubjectKey, rental: str | None = None) -> Sighting:
    return Sighting(subject=key, rental=RentalId(rental or f"rental-of-{key.tenant}"))


async def mark(
    store: Store, *keys: SubjectKey, priority: Priority = Priority.LIVE, at: datetime = START, event: str = ""
) -> None:
    """Have a delivery mark the subjects, all through the port."""
    event = event or f"event-{at.isoformat()}-{priority}-{[(key.site, key.tenant) for key in keys]}"
    await store.put(a_delivery(event, at=at))
    claims = await store.claim_deliveries(100)
    for claim in claims:
        sightings = tuple(a_sighting(key) for key in keys) if claim.event_id == event else ()
        await store.settle_delivery(claim, DeliverySettlement(outcome=Done(), sightings=sightings, priority=priority))


async def claim_one(store: Store) -> ClaimedSubject:
    (claim,) = await store.claim_subjects(1)
    return claim


async def claimed(store: Store, key: SubjectKey | None = None) -> ClaimedSubject:
    """Mark a subject and claim it."""
    await mark(store, key or a_key())
    return await claim_one(store)


async def end(store: Store, claim: ClaimedSubject, outcome: Outcome | None = None) -> None:
    await store.commit(claim, SubjectCommit(outcome=outcome or Done()))


def tenants(claims: Sequence[ClaimedSubject]) -> list[str]:
    return [claim.key.tenant for claim in claims]
