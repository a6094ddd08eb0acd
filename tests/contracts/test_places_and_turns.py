"""Who goes first, who has which duty, and what a lease lasts: the same over every store."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bridge.domain.deliveries import ClaimedDelivery
from bridge.domain.errors import LeaseLost
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.outcome import Done, RetryAt
from bridge.domain.queueing import ELDEST_EVERY
from bridge.ports.store import DeliverySettlement, Priority, Store, SubjectCommit
from tests.contracts.store_builders import (
    LAKESIDE,
    START,
    SetClock,
    a_delivery,
    a_key,
    a_sighting,
    claimed,
    end,
    mark,
    tenants,
)
from tests.contracts.store_engines import SQLITES_LEASE

pytestmark = pytest.mark.anyio
SITE1, SITE2 = (LAKESIDE, SiteId("site1")), (LAKESIDE, SiteId("site2"))
LEASE = timedelta(seconds=SQLITES_LEASE)


def events(claims: Sequence[ClaimedDelivery]) -> list[str]:
    return [claim.event_id for claim in claims]


async def mark_closing(store: Store, *names: str, site: str = "site1", closes: bool = True) -> None:
    """Have a delivery of its own mark each tenant."""
    for name in names:
        await store.put(a_delivery(f"event-{site}-{name}"))
        (claim,) = await store.claim_deliveries(1)
        seen = (a_sighting(a_key(name, site)),)
        await store.settle_delivery(claim, DeliverySettlement(outcome=Done(), sightings=seen, closes=closes))


class TestDeliveries:
    async def test_those_of_a_connection_are_passed_over_and_keep_their_place(self, store: Store) -> None:
        for number, name in enumerate(["lakeside", "hillside", "lakeside"]):
            await store.put(a_delivery(str(number), connection=name))
        without = {ConnectionName("lakeside")}
        assert events(await store.claim_deliveries(9, without=without)) == ["1"]
        assert await store.claim_deliveries(9, without=without) == []
        assert events(await store.claim_deliveries(9)) == ["0", "2"]

    async def test_what_is_passed_over_wakes_nobody(self, store: Store) -> None:
        later = START + timedelta(minutes=5)
        await store.put(a_delivery("0"))
        await store.put(a_delivery("1", connection="hillside", at=later))
        assert await store.next_delivery_due() == START
        assert await store.next_delivery_due(without={LAKESIDE}) == later
        assert await store.next_delivery_due(without={LAKESIDE, ConnectionName("hillside")}) is None

    async def test_live_ones_go_before_bulk(self, store: Store, clock: SetClock) -> None:
        for number, priority in enumerate([Priority.BULK, Priority.LIVE, Priority.BULK, Priority.LIVE]):
            await store.put(a_delivery(str(number), priority=priority))
        claims = await store.claim_deliveries(9)
        assert events(claims) == ["1", "3", "0", "2"]
        assert [claim.priority for claim in claims] == [Priority.LIVE] * 2 + [Priority.BULK] * 2
        clock.move(minutes=1)

    async def test_the_eldest_has_each_eighth_place(self, store: Store, clock: SetClock) -> None:
        await store.put(a_delivery("old", at=START - timedelta(hours=1), priority=Priority.BULK))
        for number in range(2 * ELDEST_EVERY):
            await store.put(a_delivery(f"live-{number}"))
        order = [event for _ in range(ELDEST_EVERY) for event in events(await store.claim_deliveries(1))]
        assert order.index("old") == ELDEST_EVERY - 1
        assert clock.now() == START


class TestSubjects:
    async def test_what_closes_is_ahead_at_the_sites_where_that_is_asked_for(self, store: Store) -> None:
        await mark_closing(store, "a", "b", closes=False)
        await mark_closing(store, "c", "d")
        await mark_closing(store, "e", site="site2")
        claims = await store.claim_subjects(3, closing_first={SITE1})
        assert tenants(claims) == ["c", "d", "a"]
        assert tenants(await store.claim_subjects(9)) == ["b", "e"]

    async def test_what_closes_at_a_site_that_is_left_out_stays_where_it_is(self, store: Store) -> None:
        await mark_closing(store, "a", "b")
        assert await store.claim_subjects(9, closing_first={SITE1}, without={SITE1}) == []
        assert tenants(await store.claim_subjects(9, closing_first={SITE2})) == ["a", "b"]

    async def test_a_share_is_kept_for_what_opens_though_it_is_the_youngest(
        self, store: Store, clock: SetClock
    ) -> None:
        await mark_closing(store, *(f"closes-{number}" for number in range(6)))
        clock.move(minutes=1)
        await mark_closing(store, "opens", closes=False)
        assert tenants(await store.claim_subjects(4, closing_first={SITE1}))[3] == "opens"

    async def test_whoever_was_served_closes_nothing_any_more(self, store: Store) -> None:
        await mark_closing(store, "a")
        (claim,) = await store.claim_subjects(1, closing_first={SITE1})
        await end(store, claim)
        await mark(store, a_key("b"), at=START)
        await mark(store, a_key("a"), at=START, event="again")
        assert tenants(await store.claim_subjects(2, closing_first={SITE1})) == ["a", "b"]

    async def test_a_run_that_is_to_close_and_failed_is_ahead_when_it_is_due(
        self, store: Store, clock: SetClock
    ) -> None:
        claim = await claimed(store, a_key("a"))
        retry = RetryAt(when=START + timedelta(seconds=5), why="no answer")
        await store.commit(claim, SubjectCommit(outcome=retry, closes=True))
        await mark(store, a_key("b"))
        clock.move(seconds=6)
        assert tenants(await store.claim_subjects(1, closing_first={SITE1})) == ["a"]

    async def test_an_emergency_comes_before_what_closes(self, store: Store) -> None:
        await mark_closing(store, "closes")
        await mark(store, a_key("urgent"), priority=Priority.EMERGENCY)
        assert tenants(await store.claim_subjects(2, closing_first={SITE1})) == ["urgent", "closes"]

    async def test_all_priorities_have_their_turn_in_their_order(self, store: Store) -> None:
        for priority in reversed(Priority):
            await mark(store, a_key(priority.name), priority=priority)
        assert tenants(await store.claim_subjects(9)) == [priority.name for priority in Priority]

    async def test_the_eldest_has_each_eighth_place(self, store: Store, clock: SetClock) -> None:
        await mark(store, a_key("old"), priority=Priority.SWEEP)
        clock.move(minutes=1)
        await mark(store, *(a_key(f"live-{number}") for number in range(2 * ELDEST_EVERY)), at=clock.now())
        order = [name for _ in range(ELDEST_EVERY) for name in tenants(await store.claim_subjects(1))]
        assert order.index("old") == ELDEST_EVERY - 1


class TestLeases:
    async def test_a_renewed_lease_lasts_as_if_it_were_taken_now(self, store: Store, clock: SetClock) -> None:
        subject = await claimed(store)
        await store.put(a_delivery("second"))
        (delivery,) = await store.claim_deliveries(1)
        clock.move(seconds=SQLITES_LEASE - 1)
        assert list(await store.renew([subject, delivery])) == []
        assert await store.next_subject_due() == await store.next_delivery_due() == clock.now() + LEASE
        clock.move(seconds=SQLITES_LEASE - 1)
        assert list(await store.claim_subjects(1)) == []
        assert list(await store.claim_deliveries(1)) == []
        await end(store, subject)
        await store.settle_delivery(delivery, DeliverySettlement(outcome=Done()))

    async def test_what_another_has_by_now_is_lost_and_stays_theirs(self, store: Store, clock: SetClock) -> None:
        subject, until = await claimed(store), clock.now() + 2 * LEASE
        await store.put(a_delivery("second"))
        (delivery,) = await store.claim_deliveries(1)
        clock.move(seconds=SQLITES_LEASE)
        (newer,), (again,) = await store.claim_subjects(1), await store.claim_deliveries(1)
        clock.move(seconds=1)
        assert set(await store.renew([subject, delivery])) == {subject, delivery}
        assert await store.next_subject_due() == await store.next_delivery_due() == until
        assert list(await store.renew([newer, again])) == []

    async def test_what_is_over_is_lost(self, store: Store) -> None:
        claim = await claimed(store)
        await end(store, claim)
        assert list(await store.renew([claim])) == [claim]
        with pytest.raises(LeaseLost):
            await end(store, claim)

    async def test_nothing_is_renewed_with_nothing_at_work(self, store: Store) -> None:
        assert list(await store.renew([])) == []


class TestTurns:
    async def test_a_duty_comes_back_when_it_is_time(self, store: Store, clock: SetClock) -> None:
        assert await store.take_turn("sweep", every=60, longest=600)
        await store.end_turn("sweep")
        clock.move(seconds=59)
        assert not await store.take_turn("sweep", every=60, longest=600)
        clock.move(seconds=1)
        assert await store.take_turn("sweep", every=60, longest=600)

    async def test_a_duty_that_somebody_is_at_is_left_to_them_for_its_longest(
        self, store: Store, clock: SetClock
    ) -> None:
        assert await store.take_turn("sweep", every=60, longest=600)
        clock.move(seconds=599)
        assert not await store.take_turn("sweep", every=60, longest=600)
        clock.move(seconds=1)
        assert await store.take_turn("sweep", every=60, longest=600)

    async def test_duties_do_not_wait_for_each_other(self, store: Store) -> None:
        assert await store.take_turn("sweep", every=60, longest=600)
        assert await store.take_turn("prune", every=60, longest=600)

    async def test_a_duty_that_nobody_has_can_be_ended(self, store: Store) -> None:
        await store.end_turn("sweep")
        assert await store.take_turn("sweep", every=60, longest=600)

    async def test_a_clock_that_went_back_stops_no_duty(self, store: Store, clock: SetClock) -> None:
        assert await store.take_turn("sweep", every=60, longest=600)
        await store.end_turn("sweep")
        clock.move(days=-1)
        assert await store.take_turn("sweep", every=60, longest=600)
