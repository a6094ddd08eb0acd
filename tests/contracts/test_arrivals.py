"""When deliveries came is told by every store, and a bookmark is kept with what goes to the ledger for it."""

from datetime import timedelta

import pytest

from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import ConnectionName
from bridge.domain.ledger import LedgerKind
from bridge.domain.silence import NOTHING, SLOT, slot_of
from bridge.ports.store import Store
from bridge.testing.memory_store import MemoryStore
from tests.contracts.store_builders import LAKESIDE, START, SetClock, a_delivery, an_entry

pytestmark = pytest.mark.anyio
HILLSIDE = ConnectionName("hillside")


async def test_nothing_came_where_nothing_was_stored(store: Store) -> None:
    assert await store.arrivals(LAKESIDE, after=NOTHING) is None


async def test_each_delivery_is_in_its_slot(store: Store) -> None:
    moments = [START, START + SLOT - timedelta(microseconds=1), START + SLOT, START + timedelta(hours=5)]
    for number, at in enumerate(moments):
        await store.put(a_delivery(str(number), at=at))
    arrived = await store.arrivals(LAKESIDE, after=NOTHING)
    assert arrived is not None
    assert arrived.slots == {slot_of(START), slot_of(START) + 1, slot_of(START) + 30}
    assert (arrived.first_at, arrived.last_at) == (moments[0], moments[-1])


async def test_what_was_told_is_not_told_again(store: Store) -> None:
    await store.put(a_delivery("1"))
    first = await store.arrivals(LAKESIDE, after=NOTHING)
    assert first is not None
    assert await store.arrivals(LAKESIDE, after=first.last) is None
    later = START + timedelta(hours=1)
    await store.put(a_delivery("2", at=later))
    again = await store.arrivals(LAKESIDE, after=first.last)
    assert again is not None
    assert (again.first_at, again.last_at, again.slots) == (later, later, frozenset({slot_of(later)}))


async def test_another_connections_deliveries_are_not_ones_own(store: Store) -> None:
    await store.put(a_delivery("1", connection=HILLSIDE))
    assert await store.arrivals(LAKESIDE, after=NOTHING) is None
    assert await store.arrivals(HILLSIDE, after=NOTHING) is not None


@pytest.mark.parametrize("state", [DeliveryState.IGNORED, DeliveryState.TEST, DeliveryState.QUARANTINED])
async def test_whatever_becomes_of_it_a_delivery_was_heard(store: Store, state: DeliveryState) -> None:
    await store.put(a_delivery("1", state=state))
    assert await store.arrivals(LAKESIDE, after=NOTHING) is not None


async def test_what_came_before_1970_by_a_broken_clock_is_told_like_the_rest(store: Store) -> None:
    moment = START.replace(year=1969)
    await store.put(a_delivery("1", at=moment))
    arrived = await store.arrivals(LAKESIDE, after=NOTHING)
    assert arrived is not None
    assert (arrived.first_at, arrived.slots) == (moment, frozenset({slot_of(moment)}))


async def test_what_a_bookmark_is_kept_for_is_in_the_ledger(store: Store) -> None:
    await store.keep_bookmark("a", "here", [an_entry("one", LedgerKind.ALERT), an_entry("two", LedgerKind.ALERT)])
    assert [row.entry.what for row in await store.list_alerts(limit=9)] == ["two", "one"]
    assert await store.bookmark("a") == "here"


async def test_a_store_that_is_away_tells_nothing_and_keeps_neither(clock: SetClock) -> None:
    store = MemoryStore(clock)
    store.failing = "away"
    for call in (store.arrivals(LAKESIDE, after=NOTHING), store.keep_bookmark("a", "here", [an_entry()])):
        with pytest.raises(StoreUnavailable):
            await call
    store.failing = None
    assert (await store.bookmark("a"), store.ledger) == (None, [])
