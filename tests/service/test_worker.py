"""The worker: it wakes, it works side by side but never twice on one subject, and it ends decently."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.ports.clock import SystemClock
from bridge.service.leases import Leases
from bridge.testing.memory_store import MemoryStore
from bridge.worker import Worker
from bridge.worker import pump as pumping
from bridge.worker.courtesy import Courtesy
from bridge.worker.pump import Pump
from tests.service.house import JONAS, House

pytestmark = pytest.mark.anyio
PATIENCE = 10.0


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[Worker]:
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def at_rest(house: House, *, subjects_too: bool = True) -> None:
    """Wait until no delivery, and no subject either, is due or runs."""
    waiting = {"delivery.new", "delivery.running"} | ({"subject.ready", "subject.running"} if subjects_too else set())
    async with asyncio.timeout(PATIENCE):
        while True:
            counts = await house.bridge.desk.counts()
            if not any(counts[row] for row in waiting):
                return
            await asyncio.sleep(0.01)


async def test_a_delivery_is_worked_on_as_soon_as_it_is_stored(house: House) -> None:
    rental = house.move_in("B-014")
    async with at_work(house.worker()) as worker:
        await house.deliver()
        worker.nudge()
        await at_rest(house)

    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_what_waited_while_nobody_worked_is_taken_up_at_the_start(house: House) -> None:
    rental = house.move_in("B-014")
    await house.deliver()
    async with at_work(house.worker()):
        await at_rest(house)

    assert house.status(rental) == "granted"


async def test_a_hundred_events_during_a_run_never_start_a_second_one_beside_it(house: House) -> None:
    rental = house.move_in("B-014")
    house.gate.hold_answers("GET")
    async with at_work(house.worker()) as worker:
        await house.deliver()
        worker.nudge()
        await house.gate.held.wait()
        for number in range(101):
            house.edit(rental, overlocked=number % 2 == 0)
        await house.deliver()
        worker.nudge()
        await at_rest(house, subjects_too=False)
        beside = house.gate.running
        house.gate.release()
        await at_rest(house)

    assert beside == 1
    assert house.gate.most_at_once == 1
    assert house.status(rental) == "suspended: manual"
    assert await house.keypad("B-014", house.code(rental)) != "ok"
    assert len([call for call in house.platform.calls("GET") if call == "GET admin/unit-rentals"]) == 2


async def test_different_tenants_are_served_side_by_side(house: House) -> None:
    rentals = [house.move_in("B-014"), house.move_in("B-021", JONAS)]
    house.gate.hold_answers("GET")
    async with at_work(house.worker()) as worker:
        await house.deliver()
        worker.nudge()
        async with asyncio.timeout(PATIENCE):
            while house.gate.running < 2:  # noqa: ASYNC110 - what is waited for has no event to offer
                await asyncio.sleep(0.01)
        house.gate.release()
        await at_rest(house)

    assert [house.status(rental) for rental in rentals] == ["granted", "granted"]


async def test_a_worker_that_is_stopped_ends_what_it_has_begun(house: House) -> None:
    rental = house.move_in("B-014")
    house.gate.hold_answers("PUT")
    async with at_work(house.worker()) as worker:
        await house.deliver()
        worker.nudge()
        await house.gate.held.wait()
        asyncio.get_running_loop().call_later(0.1, house.gate.release)

    assert house.status(rental) == "granted"
    assert await house.subjects() == {}


async def test_the_sweep_comes_by_itself(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    house.take_told()

    async with at_work(house.worker(sweep_seconds=0.05)), asyncio.timeout(PATIENCE):
        while house.status(rental) != "suspended: overdue":  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)


def claim_of(tenant: str, fence: int) -> ClaimedSubject:
    key = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("site1"), tenant=TenantId(tenant))
    return ClaimedSubject(key=key, generation=1, attempts=0, fence=fence, since=datetime.now(UTC))


class Queue:
    """Work that is just there, and a store that can be out of order."""

    def __init__(self, *items: str) -> None:
        self.items = list(items)
        self.failures = 0
        self.done: list[str] = []
        self.fence = 0
        self.leases = Leases(MemoryStore(SystemClock()))

    async def claim(self, limit: int) -> Sequence[ClaimedSubject]:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the disk is full")
        taken, self.items = self.items[:limit], self.items[limit:]
        self.fence += 1
        return [claim_of(item, self.fence) for item in taken]

    async def next_due(self) -> datetime | None:
        return datetime.now(UTC) if self.items else None

    async def run(self, claim: ClaimedSubject, worked: Callable[[], None]) -> None:
        item = str(claim.key.tenant)
        if item == "bad":
            raise RuntimeError("a defect")
        if item.startswith("endless"):
            await asyncio.Event().wait()
        worked()
        await self.settle()
        self.done.append(item)

    async def settle(self) -> None:
        """Store what came of a run."""

    def pump(self, slots: int = 2, courtesy: Courtesy | None = None) -> Pump[ClaimedSubject]:
        return Pump(
            "test",
            claim=self.claim,
            next_due=self.next_due,
            run=self.run,
            slots=slots,
            clock=SystemClock(),
            leases=self.leases,
            courtesy=courtesy,
        )


async def _pumped(queue: Queue, pump: Pump[ClaimedSubject], until: int) -> None:
    task = asyncio.create_task(pump.serve())
    async with asyncio.timeout(PATIENCE):
        while len(queue.done) < until:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_one_defect_does_not_end_the_pump() -> None:
    queue = Queue("bad", "a", "bad", "b", "c")
    await _pumped(queue, queue.pump(), until=3)

    assert sorted(queue.done) == ["a", "b", "c"]


async def test_a_pump_goes_on_by_itself_when_the_store_takes_work_again() -> None:
    queue = Queue("a")
    queue.failures = 1
    await _pumped(queue, queue.pump(), until=1)

    assert queue.done == ["a"]


async def test_work_that_outlasts_the_grace_is_cut_off() -> None:
    queue = Queue("endless", "a")
    pump = queue.pump()
    await _pumped(queue, pump, until=1)
    async with asyncio.timeout(PATIENCE):
        await pump.drain(0.05)

    assert queue.done == ["a"]


async def test_a_pump_that_is_stopped_as_work_arrives_stops() -> None:
    pump = Queue().pump()
    task = asyncio.create_task(pump.serve())
    await asyncio.sleep(0.05)

    pump.nudge()
    task.cancel()

    _, running = await asyncio.wait({task}, timeout=1)
    task.cancel()
    assert not running


async def test_a_place_that_gets_free_is_taken_by_what_was_claimed_ahead_and_no_more_run_at_once() -> None:
    queue = Queue(*(str(number) for number in range(40)))
    at_work, most = 0, 0
    run = queue.run

    async def counted(claim: ClaimedSubject, worked: Callable[[], None]) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.001)
        at_work -= 1
        await run(claim, worked)

    queue.run = counted  # type: ignore[method-assign]  # a run that counts itself
    await _pumped(queue, queue.pump(slots=8), until=40)
    assert sorted(queue.done, key=int) == [str(number) for number in range(40)]
    assert most == 8


async def _running(pump: Pump[ClaimedSubject], wanted: int) -> asyncio.Task[None]:
    """Start the pump; return when it has so many claims."""
    task = asyncio.create_task(pump.serve())
    async with asyncio.timeout(PATIENCE):
        while len(pump.running) < wanted:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)
    return task


async def _ended(task: asyncio.Task[None], pump: Pump[ClaimedSubject]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await pump.drain(0)


async def test_what_was_claimed_ahead_is_left_to_others_when_the_pump_ends() -> None:
    quick, endless = (str(number) for number in range(80)), (f"endless {number}" for number in range(20))
    queue = Queue(*quick, *endless)
    pump = queue.pump(slots=8)
    task = await _running(pump, 10)
    await _ended(task, pump)
    assert list(pump.running) == []
    assert await queue.leases.renew() == []


async def test_nothing_is_claimed_ahead_of_slow_runs_since_who_comes_later_may_be_more_urgent() -> None:
    queue = Queue(*(f"endless {number}" for number in range(20)))
    pump = queue.pump(slots=8)
    task = await _running(pump, 8)
    await asyncio.sleep(0.05)
    assert (len(pump.running), len(queue.items)) == (8, 12)
    await _ended(task, pump)


class SlowStore(Queue):
    """One that takes what came of runs, but not yet."""

    def __init__(self, *items: str) -> None:
        super().__init__(*items)
        self.opened = asyncio.Event()
        self.settling = 0

    async def settle(self) -> None:
        self.settling += 1
        await self.opened.wait()


async def test_others_begin_while_the_store_takes_its_time_but_not_without_end() -> None:
    queue = SlowStore(*(str(number) for number in range(20)))
    pump = queue.pump(slots=4)
    task = asyncio.create_task(pump.serve())
    await asyncio.sleep(0.1)
    assert 4 <= queue.settling <= 8
    assert len(queue.items) >= 12, "what cannot be stored is not claimed"
    queue.opened.set()
    async with asyncio.timeout(PATIENCE):
        while len(queue.done) < 20:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)
    await _ended(task, pump)


async def test_who_only_stores_what_came_of_it_is_not_cut_off_with_its_lease() -> None:
    queue = SlowStore("a")
    pump = queue.pump()
    task = asyncio.create_task(pump.serve())
    await asyncio.sleep(0.05)
    assert queue.settling == 1
    assert pump.cancel([claim_of("a", 1)]) == 0
    queue.opened.set()
    await asyncio.sleep(0.01)
    assert queue.done == ["a"]
    await _ended(task, pump)


async def test_what_was_marked_during_its_run_begins_as_soon_as_its_end_is_stored() -> None:
    queue = SlowStore("a")
    pump = queue.pump()
    task = asyncio.create_task(pump.serve())
    await asyncio.sleep(0.05)
    queue.opened.set()
    queue.items.append("a again")  # as its row was running until now, nobody could claim it
    async with asyncio.timeout(1):
        while len(queue.done) < 2:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)
    await _ended(task, pump)


class LosingStore(Queue):
    """One that does not take what came of `lost` the first time."""

    def __init__(self, *items: str, lost: str) -> None:
        super().__init__(*items)
        self.lost = lost
        self.begun: list[str] = []

    async def run(self, claim: ClaimedSubject, worked: Callable[[], None]) -> None:
        item = str(claim.key.tenant)
        self.begun.append(item)
        if item == self.lost and self.begun.count(item) == 1:
            worked()
            raise StoreUnavailable("once")
        await asyncio.sleep(0.2)
        self.done.append(item)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    async def kept(*_: object) -> bool:
        return True

    monkeypatch.setattr(pumping, "STORE_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(Leases, "is_kept", kept)


@pytest.mark.usefixtures("_impatient")
async def test_a_claim_that_is_kept_is_run_again_without_waiting_for_the_poll() -> None:
    queue = LosingStore("a", lost="a")
    pump = queue.pump(slots=4)
    task = asyncio.create_task(pump.serve())
    async with asyncio.timeout(1):
        while queue.done != ["a"]:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)
    await _ended(task, pump)


@pytest.mark.usefixtures("_impatient")
async def test_nothing_begins_while_the_pump_is_drained() -> None:
    queue = LosingStore("a", "b", lost="a")
    pump = queue.pump(slots=4)
    task = asyncio.create_task(pump.serve())
    await asyncio.sleep(0.02)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await pump.drain(5)
    await asyncio.sleep(0.05)
    assert (queue.begun, queue.done) == (["a", "b"], ["b"])
    assert list(pump.running) == []


class Burst(Courtesy):
    """A burst that leaves one place, until it is over."""

    is_over = False

    def room(self) -> int:
        return super().room() if self.is_over else 1


async def test_after_a_burst_all_places_are_filled_though_the_run_from_its_time_never_ends() -> None:
    queue, burst = Queue("endless", "a", "b", "c"), Burst(8)
    pump = queue.pump(slots=8, courtesy=burst)
    task = asyncio.create_task(pump.serve())
    await asyncio.sleep(0.05)
    assert len(pump.running) == 1, "in the burst, nothing is held that others could work on"
    burst.is_over = True
    async with asyncio.timeout(2):
        while len(queue.done) < 3:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await pump.drain(0)
