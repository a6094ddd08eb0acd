"""What a process holds is renewed in time, and nothing more is done for what it may have lost."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from bridge.domain.deliveries import ClaimedSubject, DeliveryState, NewDelivery, Sighting
from bridge.domain.errors import LeaseLost
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TenantId
from bridge.domain.outcome import Done
from bridge.ports.clock import SystemClock
from bridge.ports.store import DeliverySettlement
from bridge.service.leases import Leases
from bridge.testing.memory_store import LEASE, MemoryStore
from bridge.worker.pump import Pump
from tests.contracts.store_builders import SetClock

pytestmark = pytest.mark.anyio
LENGTH = LEASE.total_seconds()
KEY = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("site1"), tenant=TenantId("mira"))


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Absent(MemoryStore):
    """A store whose server has not heard of this process for a while."""

    @property
    def is_certain(self) -> bool:
        return False


async def claimed(store: MemoryStore, clock: SetClock) -> ClaimedSubject:
    delivery = NewDelivery(
        connection=KEY.connection,
        event_id=f"event at {clock.now()}",
        event_type="unitRental.updated",
        received_at=clock.now(),
        body=b"{}",
        state=DeliveryState.NEW,
    )
    await store.put(delivery)
    (found,) = await store.claim_deliveries(1)
    seen = (Sighting(subject=KEY, rental=RentalId("rental1")),)
    await store.settle_delivery(found, DeliverySettlement(outcome=Done(), sightings=seen))
    (claim,) = await store.claim_subjects(1)
    return claim


async def test_a_lease_is_counted_from_before_it_was_asked_for() -> None:
    clock, watch = SetClock(), Stopwatch()
    store = MemoryStore(clock)
    leases = Leases(store, seconds=watch)
    asked_at = leases.now()
    claim = await claimed(store, clock)
    watch.seconds += LENGTH  # the answer took as long as the lease
    leases.begin([claim], asked_at=asked_at)
    with pytest.raises(LeaseLost):
        leases.check(claim)


async def test_a_renewed_lease_holds_on_both_sides() -> None:
    clock, watch = SetClock(), Stopwatch()
    store = MemoryStore(clock)
    leases = Leases(store, seconds=watch)
    claim = await claimed(store, clock)
    leases.begin([claim], asked_at=leases.now())
    for _ in range(4):
        watch.seconds += LENGTH / 2
        clock.move(seconds=LENGTH / 2)
        assert await leases.renew() == []
    leases.check(claim)
    assert await store.claim_subjects(1) == []


async def test_what_another_has_taken_over_is_lost() -> None:
    clock = SetClock()
    store = MemoryStore(clock)
    leases = Leases(store)
    claim = await claimed(store, clock)
    leases.begin([claim], asked_at=leases.now())
    clock.move(seconds=LENGTH + 1)
    (taken_over,) = await store.claim_subjects(1)
    assert taken_over.fence > claim.fence
    assert await leases.renew() == [claim]


async def test_a_store_that_is_away_costs_nothing_until_the_lease_has_run_out() -> None:
    clock, watch = SetClock(), Stopwatch()
    store = MemoryStore(clock)
    leases = Leases(store, seconds=watch)
    claim = await claimed(store, clock)
    leases.begin([claim], asked_at=leases.now())
    store.failing = "the database is down"
    watch.seconds += LENGTH / 2
    assert await leases.renew() == []
    leases.check(claim)
    watch.seconds += LENGTH
    assert await leases.renew() == [claim]


async def test_nothing_is_done_while_others_may_take_this_process_for_dead() -> None:
    clock = SetClock()
    store = Absent(clock)
    leases = Leases(store)
    claim = await claimed(store, clock)
    leases.begin([claim], asked_at=leases.now())
    with pytest.raises(LeaseLost):
        leases.check(claim)


async def test_what_has_ended_is_not_renewed() -> None:
    clock = SetClock()
    store = MemoryStore(clock)
    leases = Leases(store)
    claim = await claimed(store, clock)
    leases.begin([claim], asked_at=leases.now())
    leases.end(claim)
    clock.move(seconds=LENGTH + 1)
    assert await leases.renew() == []
    assert len(await store.claim_subjects(1)) == 1


class Twice:
    """A queue that hands out one subject a second time while it is worked on, as after a long sleep."""

    def __init__(self) -> None:
        self.fence = 0
        self.at_work = 0
        self.most_at_work = 0
        self.begun = asyncio.Event()

    async def claim(self, limit: int) -> Sequence[ClaimedSubject]:
        del limit
        if self.fence == 2:
            return []
        self.fence += 1
        return [ClaimedSubject(key=KEY, generation=1, attempts=0, fence=self.fence, since=datetime.now(UTC))]

    async def next_due(self) -> datetime | None:
        return None

    async def run(self, claim: ClaimedSubject, worked: Callable[[], None]) -> None:
        del worked
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        if claim.fence == 2:
            self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work -= 1


async def test_a_process_that_takes_over_from_itself_ends_its_earlier_run_first() -> None:
    queue = Twice()
    pump = Pump[ClaimedSubject](
        "test",
        claim=queue.claim,
        next_due=queue.next_due,
        run=queue.run,
        slots=2,
        clock=SystemClock(),
        leases=Leases(MemoryStore(SystemClock())),
    )
    serving = asyncio.create_task(pump.serve())
    try:
        while not queue.begun.is_set():
            pump.nudge()
            await asyncio.sleep(0.01)
        assert (queue.at_work, queue.most_at_work) == (1, 1)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await pump.drain(0)
