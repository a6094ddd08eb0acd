"""What ends the process, or outlasts every lease, is set aside in the end, and the rest moves on."""

import pytest

from bridge.domain.dead_letters import Which
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import LeaseLost
from bridge.domain.outcome import Done, RetryAt
from bridge.domain.queueing import MAX_INTERRUPTED
from bridge.ports.store import DeliverySettlement, Store, SubjectCommit
from tests.contracts.store_builders import START, SetClock, a_delivery, a_key, claim_one, claimed, end, mark, tenants
from tests.contracts.store_engines import SQLITES_LEASE

pytestmark = pytest.mark.anyio


async def interrupt(store: Store, clock: SetClock, times: int) -> None:
    """Have leases of whatever is due run out, one after the other."""
    for _ in range(times):
        await store.claim_deliveries(9)
        await store.claim_subjects(9)
        clock.move(seconds=SQLITES_LEASE)


async def test_a_subject_whose_runs_never_come_to_an_end_is_set_aside_with_the_reason(
    store: Store, clock: SetClock
) -> None:
    await mark(store, a_key("poison"))
    await interrupt(store, clock, MAX_INTERRUPTED)
    assert await store.claim_subjects(9) == []
    (letter,) = await store.list_dead(Which(), limit=9)
    assert letter.tenant == "poison"
    assert letter.why.startswith("set aside")


async def test_one_run_before_that_it_is_still_tried(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("poison"))
    await interrupt(store, clock, MAX_INTERRUPTED - 1)
    assert tenants(await store.claim_subjects(9)) == ["poison"]


async def test_a_run_that_ends_in_any_way_is_counted_anew(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("slow"))
    await interrupt(store, clock, MAX_INTERRUPTED - 1)
    await end(store, await claim_one(store), RetryAt(when=clock.now(), why="no answer"))
    await interrupt(store, clock, MAX_INTERRUPTED - 1)
    assert tenants(await store.claim_subjects(9)) == ["slow"]


async def test_others_are_not_set_aside_with_it(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("poison"))
    await interrupt(store, clock, MAX_INTERRUPTED - 1)
    await mark(store, a_key("healthy"), at=clock.now())
    await interrupt(store, clock, 1)
    assert tenants(await store.claim_subjects(9)) == ["healthy"]


async def test_what_was_set_aside_is_tried_again_when_it_is_marked(store: Store, clock: SetClock) -> None:
    await mark(store, a_key("poison"))
    await interrupt(store, clock, MAX_INTERRUPTED)
    await store.claim_subjects(9)
    await mark(store, a_key("poison"), at=clock.now())
    claim = await claim_one(store)
    await store.commit(claim, SubjectCommit(outcome=Done()))
    assert await store.list_dead(Which(), limit=9) == []


async def test_a_late_write_of_what_was_set_aside_is_refused(store: Store, clock: SetClock) -> None:
    late = await claimed(store)
    clock.move(seconds=SQLITES_LEASE)
    await interrupt(store, clock, MAX_INTERRUPTED - 1)
    await store.claim_subjects(9)
    with pytest.raises(LeaseLost):
        await store.commit(late, SubjectCommit(outcome=Done()))


async def test_a_delivery_that_nobody_survives_is_set_aside_too(store: Store, clock: SetClock) -> None:
    await store.put(a_delivery("poison", at=START))
    await interrupt(store, clock, MAX_INTERRUPTED)
    await store.put(a_delivery("healthy", at=clock.now()))
    (claim,) = await store.claim_deliveries(9)
    await store.settle_delivery(claim, DeliverySettlement(outcome=Done()))
    rows = await store.list_deliveries(state=DeliveryState.DEAD, connection=None, limit=9, before=None)
    assert [(row.event_id, (row.note or "").split(":")[0]) for row in rows] == [("poison", "set aside")]
