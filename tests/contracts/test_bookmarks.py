"""Bookmarks are kept, who is seen is due, what deliveries spoke of is known, whatever the store is made of."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import ConnectionName, RentalId
from bridge.domain.outcome import Dead, RetryAt
from bridge.ports.store import Priority, Store
from bridge.testing.memory_store import MemoryStore
from tests.contracts.store_builders import (
    LAKESIDE,
    START,
    SetClock,
    a_delivery,
    a_key,
    a_sighting,
    claim_one,
    claimed,
    end,
    heirs,
    mark,
    tenants,
)
from tests.contracts.store_engines import opened

pytestmark = pytest.mark.anyio
MOVE_IN = "job.unit_moveIn.completed"
"""The type of all of the builders' deliveries."""


async def see(store: Store, *keys: str, if_known: tuple[str, ...] = (), priority: Priority = Priority.RETRY) -> int:
    return await store.mark_seen(
        [a_sighting(a_key(tenant)) for tenant in keys],
        if_known={a_key(tenant) for tenant in if_known},
        priority=priority,
        transfers={},
    )


async def test_there_is_no_bookmark_before_one_is_kept(store: Store) -> None:
    assert await store.bookmark("changed:lakeside:site1") is None


async def test_the_last_bookmark_of_a_name_is_in_force(store: Store) -> None:
    for value in ("first", "second", ""):
        await store.keep_bookmark("a", value)
    await store.keep_bookmark("b", "other")
    assert [await store.bookmark(name) for name in ("a", "b", "c")] == ["", "other", None]


async def test_bookmarks_and_pauses_are_not_in_each_others_way(store: Store) -> None:
    await store.keep_bookmark("pause:all:", "{}")
    assert list(await store.list_pauses()) == []


async def test_a_bookmark_outlives_a_restart(tmp_path: Path, clock: SetClock) -> None:
    async with opened("sqlite", tmp_path, clock) as store:
        await store.keep_bookmark("a", "here")
    async with opened("sqlite", tmp_path, clock) as store:
        assert await store.bookmark("a") == "here"


async def test_a_store_that_is_away_keeps_no_bookmark_and_says_so(clock: SetClock) -> None:
    store = MemoryStore(clock)
    store.failing = "away"
    for call in (store.bookmark("a"), store.keep_bookmark("a", "here"), see(store, "t1")):
        with pytest.raises(StoreUnavailable):
            await call


async def test_who_is_seen_is_due_known_or_not(store: Store) -> None:
    await end(store, await claimed(store, a_key("idle")))
    await end(store, await claimed(store, a_key("dead")), Dead(why="never"))
    assert await see(store, "idle", "dead", "new") == 1
    assert sorted(tenants(await store.claim_subjects(5))) == ["dead", "idle", "new"]
    assert set((await store.load(a_key("new"))).access) == {"rental-of-new"}


async def test_who_is_only_to_be_seen_if_known_stays_unknown_else(store: Store) -> None:
    await end(store, await claimed(store, a_key("known")))
    assert await see(store, if_known=("known", "stranger")) == 0
    assert tenants(await store.claim_subjects(5)) == ["known"]
    assert await see(store, "stranger") == 1


async def test_who_is_seen_to_have_left_is_ahead_where_doors_are_to_be_closed_first(store: Store) -> None:
    for tenant in ("comes", "leaves"):
        await end(store, await claimed(store, a_key(tenant)))
    await see(store, "comes", if_known=("leaves",))
    site = (LAKESIDE, a_key().site)
    assert tenants(await store.claim_subjects(1, closing_first={site})) == ["leaves"]


async def test_who_is_due_already_keeps_the_better_place(store: Store, clock: SetClock) -> None:
    await end(store, await claimed(store, a_key("later")), RetryAt(when=clock.now() + timedelta(hours=1), why="away"))
    await mark(store, a_key("live"))
    clock.move(seconds=1)
    await see(store, "live", "later", "seen")
    assert tenants(await store.claim_subjects(1)) == ["live"]
    assert sorted(tenants(await store.claim_subjects(5))) == ["later", "seen"]


async def test_a_rental_seen_during_a_run_is_looked_at_after_it(store: Store) -> None:
    claim = await claimed(store, a_key("t1"))
    await see(store, "t1")
    await end(store, claim)
    assert (await claim_one(store)).key == a_key("t1")


async def test_many_are_marked(store: Store) -> None:
    many = [f"t{number}" for number in range(1201)]
    assert await see(store, *many) == 1201
    assert await see(store, if_known=tuple(many)) == 0
    assert len(await store.claim_subjects(2000)) == 1201


async def test_transfers_are_kept_with_what_is_seen(store: Store) -> None:
    old, new = a_sighting(a_key("t1"), "old"), a_sighting(a_key("t1"), "new")
    links = {RentalId("old"): RentalId("new")}
    await store.mark_seen([old, new], priority=Priority.LIVE, transfers=links)
    assert heirs(await store.load(a_key("t1"))) == links


async def test_a_transfer_without_a_sighting_is_nothing_to_keep(store: Store) -> None:
    assert await store.mark_seen([], priority=Priority.LIVE, transfers={RentalId("old"): RentalId("new")}) == 0


async def test_a_word_that_stands_in_a_body_was_heard_by_its_type(store: Store) -> None:
    await store.put(a_delivery("e1", body=b'{"data":{"jobId":"j1","unitRentalId":"r1"}}'))
    heard = await store.heard(LAKESIDE, {MOVE_IN: ["j1", "r1", "j2"], "unit.updated": ["j1"]}, since=START)
    assert set(heard) == {(MOVE_IN, "j1"), (MOVE_IN, "r1")}


@pytest.mark.parametrize(
    "body", [b'{"id":"j12"}', b'{"id":"xj1"}', b'{"id":"j1-a"}', b'{"id":"j1_"}', b"", b"\xff\x00"]
)
async def test_a_word_within_another_was_not_heard(store: Store, body: bytes) -> None:
    await store.put(a_delivery("e1", body=body))
    assert set(await store.heard(LAKESIDE, {MOVE_IN: ["j1"]}, since=START)) == set()


async def test_what_another_connection_was_told_or_long_ago_was_not_heard(store: Store) -> None:
    body = b'{"jobId":"j1"}'
    await store.put(a_delivery("e1", body=body, connection=ConnectionName("hillside")))
    await store.put(a_delivery("e2", body=body, at=START - timedelta(seconds=1)))
    assert set(await store.heard(LAKESIDE, {MOVE_IN: ["j1"]}, since=START)) == set()


async def test_a_long_row_of_other_deliveries_hides_nothing(store: Store) -> None:
    await store.put(a_delivery("first", body=b'{"jobId":"j1"}'))
    for number in range(1100):
        await store.put(a_delivery(f"e{number}"))
    assert set(await store.heard(LAKESIDE, {MOVE_IN: ["j1"]}, since=START)) == {(MOVE_IN, "j1")}
