"""What a listing tells that is new becomes known and due; the rest changes nothing."""

import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.ids import RentalId
from bridge.domain.outcome import Dead, RetryAt
from bridge.ports.store import Priority, Store
from tests.contracts.store_builders import SetClock, a_key, a_sighting, claim_one, claimed, end, mark, tenants

pytestmark = pytest.mark.anyio


async def see(store: Store, *sightings: Sighting) -> int:
    return await store.mark_new(sightings, priority=Priority.SWEEP)


async def test_a_tenant_who_was_never_heard_of_is_known_and_due(store: Store) -> None:
    assert await see(store, a_sighting(a_key(), "r1"), a_sighting(a_key(), "r2")) == 1
    claim = await claim_one(store)
    assert claim.key == a_key()
    assert set((await store.load(a_key())).access) == {"r1", "r2"}


async def test_what_is_known_is_left_as_it_is(store: Store) -> None:
    claim = await claimed(store)
    await end(store, claim, Dead(why="never"))
    assert await see(store, a_sighting(a_key())) == 0
    assert await store.claim_subjects(1) == []


async def test_a_new_rental_of_a_known_tenant_makes_them_due(store: Store) -> None:
    await end(store, await claimed(store))
    assert await see(store, a_sighting(a_key(), "another")) == 0
    assert tenants(await store.claim_subjects(1)) == ["tenant1"]
    assert set((await store.load(a_key())).access) == {"rental-of-tenant1", "another"}


async def test_the_same_rental_of_another_tenant_is_new(store: Store) -> None:
    await end(store, await claimed(store))
    assert await see(store, a_sighting(a_key("tenant2"), "rental-of-tenant1")) == 1
    assert tenants(await store.claim_subjects(2)) == ["tenant2"]


async def test_what_was_seen_waits_behind_live_work_and_retries(store: Store, clock: SetClock) -> None:
    await end(store, await claimed(store, a_key("retry")), RetryAt(when=clock.now(), why="no answer"))
    await see(store, a_sighting(a_key("seen")))
    await mark(store, a_key("live"), at=clock.move(seconds=1))
    assert tenants(await store.claim_subjects(3)) == ["live", "retry", "seen"]


async def test_a_tenant_who_is_due_already_keeps_their_place(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("first"))
    await see(store, a_sighting(a_key("first"), "another"))
    await mark(store, a_key("second"), at=clock.move(seconds=1))
    assert tenants(await store.claim_subjects(2)) == ["first", "second"]


async def test_a_rental_seen_during_a_run_is_looked_at_after_it(store: Store) -> None:
    claim = await claimed(store)
    await see(store, a_sighting(a_key(), "another"))
    assert await store.claim_subjects(1) == []
    await end(store, claim)
    assert tenants(await store.claim_subjects(1)) == ["tenant1"]


async def test_nothing_seen_is_nothing_done(store: Store) -> None:
    assert await see(store) == 0


async def test_more_sightings_than_a_page_are_each_counted_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.store.store.SWEEP_PAGE", 2)
    seen = [a_sighting(a_key(f"t{number % 3}"), f"r{number}") for number in range(7)]
    assert await see(store, *seen) == 3
    assert sorted(tenants(await store.claim_subjects(9))) == ["t0", "t1", "t2"]
    assert [RentalId(f"r{number}") in (await store.load(a_key("t1"))).access for number in range(7)] == [
        number % 3 == 1 for number in range(7)
    ]


async def test_seeing_the_same_again_marks_nobody(store: Store) -> None:
    seen = [a_sighting(a_key(f"t{number}")) for number in range(3)]
    await see(store, *seen)
    for claim in await store.claim_subjects(3):
        await end(store, claim)
    assert await see(store, *seen) == 0
    assert await store.claim_subjects(3) == []
