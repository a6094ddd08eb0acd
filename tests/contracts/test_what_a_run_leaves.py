"""What a subject's run leaves for later ones, its own and others', in every store."""

from datetime import timedelta

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.credential import GateCode
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.ids import RentalId, SubjectKey, TargetId, UnitId
from bridge.domain.outcome import Done, RetryAt
from bridge.domain.transfers import Link
from bridge.ports.store import DeliverySettlement, OpenTask, Store, SubjectCommit
from tests.contracts.store_builders import (
    START,
    SetClock,
    a_delivery,
    a_key,
    a_sighting,
    an_entry,
    claim_one,
    claimed,
    end,
    mark,
    tenants,
)

pytestmark = pytest.mark.anyio
CODE, OTHER_CODE = GateCode("482913"), GateCode("730216")
LEFT, HEIR = RentalId("left"), RentalId("heir")


async def transferred(store: Store, old: SubjectKey, new: SubjectKey, heir: RentalId = HEIR, event: str = "t") -> None:
    await store.put(a_delivery(event))
    (delivery,) = await store.claim_deliveries(1)
    sightings = (a_sighting(old, LEFT), a_sighting(new, heir))
    settlement = DeliverySettlement(outcome=Done(), sightings=sightings, transfers={LEFT: heir})
    await store.settle_delivery(delivery, settlement)


async def claimed_again(store: Store, event: str) -> ClaimedSubject:
    await mark(store, a_key(), event=event)
    return await claim_one(store)


async def test_since_when_and_how_often_are_read_back(store: Store) -> None:
    claim = await claimed(store)
    flips = (START, START + timedelta(minutes=5, microseconds=7))
    record = AccessRecord(rental=RentalId("r1"), overdue_since=START, flips=flips)
    await store.commit(claim, SubjectCommit(outcome=Done(), access=(record,)))
    kept = (await store.load(claim.key)).access[RentalId("r1")]
    assert (kept.overdue_since, kept.flips) == (START, flips)


async def test_what_the_vendor_was_told_of_the_person_is_kept_until_it_is_told_anew(store: Store) -> None:
    claim = await claimed(store)
    assert (await store.load(claim.key)).profile is None
    await store.commit(claim, SubjectCommit(outcome=Done(), profile="one"))
    await end(store, await claimed_again(store, "second"))
    assert (await store.load(claim.key)).profile == "one"
    await store.commit(await claimed_again(store, "third"), SubjectCommit(outcome=Done(), profile="two"))
    assert (await store.load(claim.key)).profile == "two"


async def test_the_code_that_the_vendor_took_last_is_told_from_the_one_in_force(store: Store) -> None:
    claim = await claimed(store)
    await store.take_code(claim, CODE, an_entry())
    assert (await store.load(claim.key)).codes.taken is None
    await store.commit(claim, SubjectCommit(outcome=Done(), taken_code=CODE))
    again = await claimed_again(store, "second")
    await store.take_code(again, OTHER_CODE, an_entry())
    await end(store, again)
    codes = (await store.load(claim.key)).codes
    assert (codes.current, codes.taken) == (OTHER_CODE, CODE)
    last = await claimed_again(store, "third")
    await store.commit(last, SubjectCommit(outcome=Done(), taken_code=OTHER_CODE))
    assert (await store.load(claim.key)).codes.taken == OTHER_CODE


async def test_a_transfer_keeps_the_time_at_which_it_was_seen_first(store: Store, clock: SetClock) -> None:
    old, new = a_key("t1"), a_key("t1", "site2")
    await transferred(store, old, new)
    seen = clock.time
    clock.time += timedelta(hours=1)
    await transferred(store, old, new, event="again")
    assert (await store.load(old)).links == {LEFT: Link(heir=HEIR, seen_at=seen)}
    await transferred(store, old, new, RentalId("other"), event="another heir")
    assert (await store.load(old)).links == {LEFT: Link(heir=RentalId("other"), seen_at=clock.time)}


async def test_each_side_of_a_transfer_across_sites_knows_whose_the_other_is(store: Store) -> None:
    old, new = a_key("t1"), a_key("t1", "site2")
    await transferred(store, old, new)
    assert (await store.load(old)).elsewhere == {HEIR: new}
    assert (await store.load(new)).elsewhere == {LEFT: old}


async def test_a_transfer_within_a_site_leads_nowhere_else(store: Store) -> None:
    await transferred(store, a_key("t1"), a_key("t1"))
    assert (await store.load(a_key("t1"))).elsewhere == {}


async def test_all_that_is_known_of_a_tenant_is_read_at_once_and_each_thing_once(store: Store) -> None:
    await transferred(store, a_key(), a_key(), event="first")
    claim = await claim_one(store)
    await store.take_code(claim, CODE, an_entry())
    await store.take_code(claim, OTHER_CODE, an_entry())
    access = tuple(AccessRecord(rental=rental, targets=frozenset({TargetId(rental)})) for rental in (LEFT, HEIR))
    tasks = {UnitId(unit): OpenTask(problem="no_mapping", id=f"task-{unit}") for unit in ("u1", "u2", "u3")}
    await store.commit(claim, SubjectCommit(outcome=Done(), access=access, taken_code=OTHER_CODE, tasks=tasks))
    record = await store.load(claim.key)
    assert record.access == {one.rental: one for one in access}
    assert (record.codes.current, record.codes.earlier, record.codes.taken) == (OTHER_CODE, (CODE,), OTHER_CODE)
    assert record.open_tasks == tasks
    assert {left: link.heir for left, link in record.links.items()} == {LEFT: HEIR}


async def test_a_run_wakes_who_waits_for_it(store: Store, clock: SetClock) -> None:
    first, second = a_key("t1"), a_key("t2")
    waiting = await claimed(store, first)
    await store.commit(
        waiting, SubjectCommit(outcome=RetryAt(when=START + timedelta(hours=6), why="waits", is_parked=True))
    )
    done = await claimed(store, second)
    await store.commit(done, SubjectCommit(outcome=Done(), wake={first}))
    clock.time += timedelta(seconds=1)
    assert tenants(await store.claim_subjects(5)) == ["t1"]


async def test_waking_somebody_at_work_is_a_run_after_it(store: Store) -> None:
    first = await claimed(store, a_key("t1"))
    second = await claimed(store, a_key("t2"))
    await store.commit(second, SubjectCommit(outcome=Done(), wake={first.key}))
    assert await store.claim_subjects(5) == []
    await end(store, first)
    assert (await claim_one(store)).key == first.key


async def test_whoever_still_has_a_door_of_a_unit_is_found(store: Store) -> None:
    keys = [a_key("t1"), a_key("t2"), a_key("t3"), a_key("t4", "site2"), a_key("t5")]
    units = ["u1", "u1", "u1", "u1", "u2"]
    doors = [{"D1"}, {"D1"}, set(), {"D1"}, {"D2"}]
    for key, unit, held in zip(keys, units, doors, strict=True):
        targets = frozenset(TargetId(door) for door in held)
        record = AccessRecord(
            rental=RentalId(f"r-{key.tenant}"), unit=UnitId(unit), targets=targets, status=AccessStatus.NONE
        )
        claim = await claimed(store, key)
        await store.commit(claim, SubjectCommit(outcome=Done(), access=(record,)))
    assert await store.holders(a_key("t1"), [UnitId("u1")]) == [a_key("t2")]
    assert await store.holders(a_key("new"), [UnitId("u1"), UnitId("u2")]) == [a_key("t1"), a_key("t2"), a_key("t5")]
    assert await store.holders(a_key("t1"), []) == []
