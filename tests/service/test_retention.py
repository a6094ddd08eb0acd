"""Old deliveries are forgotten while the bridge lives; who has access, and the proof of it, are not."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.deliveries import DeliveryState, NewDelivery
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, DeliveryId
from bridge.ports.pruning import Before, Pruned
from bridge.service.alerts import Alerts
from bridge.service.retention import BATCH, PRUNING_FAILED, Keep, Retention
from bridge.telemetry import Metrics
from bridge.testing.memory_store import MemoryStore
from tests.service.house import House, MovableClock
from tests.service.test_worker import PATIENCE, at_work

pytestmark = pytest.mark.anyio
KEEP = Keep(bodies=timedelta(days=30), deliveries=timedelta(days=90))


def retention(pruner: MemoryStore, sink: MemoryStore, clock: MovableClock) -> Retention:
    return Retention(pruner=pruner, keep=KEEP, alert_sink=sink, alerts=Alerts(Metrics()), clock=clock)


async def put_ignored(store: MemoryStore, clock: MovableClock, rows: int) -> None:
    for number in range(rows):
        await store.put(
            NewDelivery(
                connection=ConnectionName("lakeside"),
                event_id=f"{clock.now().isoformat()} {number}",
                event_type="x",
                received_at=clock.now(),
                body=b"{}",
                state=DeliveryState.IGNORED,
            )
        )


def test_quarantined_ones_are_kept_twice_as_long() -> None:
    now = datetime(2026, 12, 31, tzinfo=UTC)
    assert KEEP.before(now) == Before(
        bodies=now - timedelta(days=30), settled=now - timedelta(days=90), quarantined=now - timedelta(days=180)
    )


async def test_a_run_goes_on_until_nothing_old_is_left() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    await put_ignored(store, clock, BATCH + 2)
    clock.advance(days=31)
    await put_ignored(store, clock, 1)
    pruning = retention(store, store, clock)
    assert [await pruning.run(), await pruning.run()] == [Pruned(emptied=BATCH + 2), Pruned()]
    clock.advance(days=60)
    assert await pruning.run() == Pruned(removed=BATCH + 2)


async def test_a_failure_is_told_once_until_it_is_over() -> None:
    clock = MovableClock()
    store, sink = MemoryStore(clock), MemoryStore(clock)
    pruning = retention(store, sink, clock)
    store.failing = "the disk is full"
    for _ in range(3):
        assert await pruning.run() == Pruned()
        clock.advance(hours=2)
    assert [(entry.what, entry.details) for entry in sink.ledger] == [(PRUNING_FAILED, {"why": "the disk is full"})]
    store.failing = None
    await pruning.run()
    store.failing = "the disk is full again"
    await pruning.run()
    assert [entry.details["why"] for entry in sink.ledger] == ["the disk is full", "the disk is full again"]


async def test_an_alert_that_could_not_be_kept_is_told_at_the_next_failure() -> None:
    clock = MovableClock()
    store, sink = MemoryStore(clock), MemoryStore(clock)
    pruning = retention(store, sink, clock)
    store.failing = sink.failing = "the disk is full"
    await pruning.run()
    sink.failing = None
    await pruning.run()
    assert [entry.what for entry in sink.ledger] == [PRUNING_FAILED]


async def pruned(house: House, is_so: Callable[[bytes | None], bool]) -> None:
    """Wait until the first delivery's body is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if is_so((await house.bridge.store.show_delivery(DeliveryId(1))).body):
                return
            await asyncio.sleep(0.01)


async def test_a_living_bridge_forgets_by_its_clock_and_keeps_access_and_ledger(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code, ledger = house.code(rental), house.ledger("intent")
    house.clock.advance(days=31)
    house.move_in("B-021")
    await house.settle()
    async with at_work(house.worker(pruning_seconds=0.02)):
        await pruned(house, lambda body: body is None)
        house.clock.advance(days=60)
        with pytest.raises(NotFoundHere):
            await pruned(house, lambda _: False)

    assert await house.keypad("B-014", code) == "ok"
    assert house.ledger("intent")[: len(ledger)] == ledger
    assert await house.alerts() == []


async def test_an_event_that_is_repeated_after_its_row_is_gone_changes_nothing(house: House) -> None:
    rental = house.move_in("B-014")
    told = list(house.told)
    await house.settle()
    code = house.code(rental)
    house.clock.advance(days=91)
    house.move_in("B-021")
    await house.settle()
    assert (await house.bridge.retention.run()).removed > 0
    intents = house.ledger("intent")
    before = len(await house.deliveries())
    await house.deliver(told)
    assert len(await house.deliveries()) == before + len(told) > before
    await house.settle()

    assert house.ledger("intent") == intents
    assert (house.code(rental), await house.keypad("B-014", code)) == (code, "ok")
