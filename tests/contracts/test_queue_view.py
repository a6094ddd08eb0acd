"""How the work stands is told alike, whatever the store is made of."""

from datetime import timedelta

import pytest

from bridge.domain.ids import SiteId
from bridge.domain.outcome import Dead, Done, RetryAt
from bridge.ports.store import DeliverySettlement, Store
from bridge.store import LEASE
from tests.contracts.store_builders import START, SetClock, a_delivery, a_key, claimed, end, mark

pytestmark = pytest.mark.anyio
NOTHING = {"due": 0, "retrying": 0, "scheduled": 0, "running": 0, "dead": 0}
HOUR = timedelta(hours=1)


async def test_an_empty_store_has_nothing_to_tell(store: Store) -> None:
    view = await store.view_queue(site=None, limit=10)
    assert view.deliveries == {"new": 0, "running": 0, "quarantined": 0, "dead": 0}
    assert (view.subjects, view.oldest, list(view.next_tries), list(view.running)) == (NOTHING, None, [], [])


async def test_each_subject_is_counted_once_by_what_it_waits_for(store: Store) -> None:
    await end(store, await claimed(store, a_key("rests")))
    await end(store, await claimed(store, a_key("dated")), Done(next_due=START + HOUR))
    await end(store, await claimed(store, a_key("failed")), RetryAt(when=START + HOUR, why="no answer"))
    await end(store, await claimed(store, a_key("parked")), RetryAt(when=START + HOUR, why="key", is_parked=True))
    await end(store, await claimed(store, a_key("dead")), Dead(why="never"))
    await claimed(store, a_key("runs"))
    await mark(store, a_key("due"))
    view = await store.view_queue(site=None, limit=10)
    assert view.subjects == {"due": 1, "retrying": 2, "scheduled": 1, "running": 1, "dead": 1}
    assert view.at == START


async def test_the_next_tries_say_whom_when_and_why_the_soonest_first(store: Store) -> None:
    await end(store, await claimed(store, a_key("late")), RetryAt(when=START + 2 * HOUR, why="no answer"))
    await end(store, await claimed(store, a_key("soon")), RetryAt(when=START + HOUR, why="too many calls"))
    await end(store, await claimed(store, a_key("dated")), Done(next_due=START + 3 * HOUR))
    await store.put(a_delivery("waits"))
    view = await store.view_queue(site=None, limit=3)
    assert [(work.tenant, work.at, work.attempts, work.why) for work in view.next_tries] == [
        (None, START, 0, None),
        ("soon", START + HOUR, 1, "too many calls"),
        ("late", START + 2 * HOUR, 1, "no answer"),
    ]
    assert [str(work.id)[0] for work in view.next_tries] == ["d", "s", "s"]


async def test_what_runs_is_told_with_the_end_of_its_lease(store: Store) -> None:
    await store.put(a_delivery("runs"))
    await store.claim_deliveries(1)
    claim = await claimed(store, a_key("t1"))
    view = await store.view_queue(site=None, limit=10)
    assert [(work.site, work.tenant, work.at, work.since) for work in view.running] == [
        (claim.key.site, "t1", START + LEASE, START),
        (None, None, START + LEASE, START),
    ]
    assert view.deliveries["running"] == 1
    assert list(view.next_tries) == []


async def test_the_oldest_event_is_that_of_whatever_still_owes_it(store: Store, clock: SetClock) -> None:
    async def oldest() -> timedelta | None:
        view = await store.view_queue(site=None, limit=1)
        return None if view.oldest is None else view.oldest - START

    await end(store, await claimed(store, a_key("dated")), Done(next_due=START + HOUR))
    assert await oldest() is None, "a date is no event"
    clock.move(minutes=5)
    await store.put(a_delivery("new", at=clock.now()))
    assert await oldest() == timedelta(minutes=5)
    (claim,) = await store.claim_deliveries(1)
    assert await oldest() == timedelta(minutes=5), "one that runs is not done"
    await store.settle_delivery(claim, DeliverySettlement(outcome=Done()))
    assert await oldest() is None
    await mark(store, a_key("t1"), at=START + timedelta(minutes=2))
    assert await oldest() == timedelta(minutes=2)
    (run,) = await store.claim_subjects(1)
    assert await oldest() == timedelta(minutes=2)
    await end(store, run, RetryAt(when=START + HOUR, why="key refused", is_parked=True))
    assert await oldest() == timedelta(minutes=2), "what is parked still owes its events"


async def test_a_site_is_told_by_itself(store: Store) -> None:
    await mark(store, a_key("t1"), a_key("t2", site="site2"))
    await store.put(a_delivery("waits", at=START - HOUR))
    view = await store.view_queue(site=SiteId("site2"), limit=10)
    assert view.subjects == {**NOTHING, "due": 1}
    assert [work.tenant for work in view.next_tries] == ["t2"]
    assert (view.deliveries["new"], view.oldest) == (1, START), "no delivery is of a site before it is looked up"
    assert (await store.view_queue(site=SiteId("nowhere"), limit=10)).subjects == NOTHING
