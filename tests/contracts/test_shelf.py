"""What an adapter keeps in the bridge's own store: found again, by its own site only."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.outcome import Done, RetryAt
from bridge.ports.shelf import Shelf
from bridge.ports.store import Store
from tests.contracts.store_builders import LAKESIDE, SetClock, a_key, claim_one, claimed, end, mark

pytestmark = pytest.mark.anyio
HERE, ELSEWHERE = (LAKESIDE, SiteId("site1")), (LAKESIDE, SiteId("site2"))
ROW: dict[str, Any] = {
    "code": "048213",
    "doors": {"B-014": {"state": "active", "number": 3}},
    "name": "Zoë \N{SNOWMAN}",
}


@pytest.fixture
def shelf(store: Store) -> Shelf:
    return store.shelf(HERE)


async def test_a_new_shelf_is_empty(shelf: Shelf) -> None:
    assert (await shelf.get("row"), await shelf.entries()) == (None, {})


async def test_what_was_put_last_is_found_whoever_asks(store: Store, shelf: Shelf) -> None:
    await shelf.put("row", {"code": "1"})
    await shelf.put("row", ROW)
    assert await store.shelf(HERE).get("row") == ROW
    assert await store.shelf(HERE).entries() == {"row": ROW}


async def test_what_was_removed_is_gone_and_may_go_twice(shelf: Shelf) -> None:
    await shelf.put("row", ROW)
    await shelf.put("other", {})
    for _ in range(2):
        await shelf.remove("row")
        assert (await shelf.get("row"), await shelf.entries()) == (None, {"other": {}})


async def test_entries_come_by_rising_key(shelf: Shelf) -> None:
    for key in ("b", "a", "c", "B"):
        await shelf.put(key, {"key": key})
    assert list(await shelf.entries()) == ["B", "a", "b", "c"]


async def test_sites_and_connections_never_mix(store: Store, shelf: Shelf) -> None:
    strangers = store.shelf(ELSEWHERE), store.shelf((ConnectionName("hillside"), HERE[1]))
    await shelf.put("row", ROW)
    for other in strangers:
        assert (await other.get("row"), await other.entries()) == (None, {})
        await other.put("row", {"code": "2"})
        await other.remove("row")
    assert await shelf.entries() == {"row": ROW}


async def test_what_is_handed_out_is_a_copy(shelf: Shelf) -> None:
    kept = {"doors": ["B-014"]}
    await shelf.put("row", kept)
    kept["doors"].append("B-021")
    found = await shelf.get("row")
    assert found is not None
    found["doors"].append("B-030")
    assert await shelf.get("row") == {"doors": ["B-014"]}


async def test_many_at_once_are_all_kept(shelf: Shelf) -> None:
    await asyncio.gather(*(shelf.put(str(number), {"number": number}) for number in range(50)))
    assert len(await shelf.entries()) == 50


async def test_odd_keys_are_keys_like_any_other(shelf: Shelf) -> None:
    keys = sorted(["", "%", "' OR 1=1 --", "a" * 1000, "lakeside:site1:t-1", "ü"])
    for key in keys:
        await shelf.put(key, {"key": key})
    assert list(await shelf.entries()) == keys


@pytest.mark.parametrize("item", [{"n": float("nan")}, {"secret": object()}])
async def test_what_is_no_json_is_refused_and_changes_nothing(shelf: Shelf, item: dict[str, Any]) -> None:
    await shelf.put("row", ROW)
    with pytest.raises((ValueError, TypeError)):
        await shelf.put("row", item)
    assert await shelf.get("row") == ROW


async def test_a_closed_store_answers_nobody_and_never_with_nothing(store: Store, shelf: Shelf) -> None:
    await shelf.put("row", ROW)
    await store.close()
    for call in (shelf.get("row"), shelf.entries(), shelf.put("row", {}), shelf.remove("row"), store.is_busy(HERE)):
        with pytest.raises(StoreUnavailable):
            await call


async def test_a_site_is_busy_while_somebody_is_due_or_being_looked_at(store: Store) -> None:
    assert not await store.is_busy(HERE)
    await mark(store, a_key())
    assert await store.is_busy(HERE)
    claim = await claim_one(store)
    assert await store.is_busy(HERE)
    assert not await store.is_busy(ELSEWHERE)
    await end(store, claim)
    assert not await store.is_busy(HERE)


async def test_a_later_look_and_a_dead_subject_keep_nobody_waiting(store: Store, clock: SetClock) -> None:
    await end(store, await claimed(store), Done(next_due=clock.now() + timedelta(hours=11)))
    assert not await store.is_busy(HERE)
    clock.move(hours=12)
    assert await store.is_busy(HERE)


async def test_the_first_retries_are_waited_for_and_the_later_ones_are_not(store: Store, clock: SetClock) -> None:
    claim, busy = await claimed(store), []
    for _ in range(7):
        await end(store, claim, RetryAt(when=clock.now() + timedelta(hours=1), why="no answer"))
        busy.append(await store.is_busy(HERE))
        clock.move(hours=2)
        claim = await claim_one(store)
    assert busy == [True] * 5 + [False] * 2
