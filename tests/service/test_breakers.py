"""A vendor that does not answer is left alone at its site: work waits there, and elsewhere nobody notices."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from bridge.domain.breaker import LONGEST_PROBE, BreakerState
from bridge.domain.deliveries import ClaimedSubject, Sighting
from bridge.domain.errors import OutcomeUnknown, StoreUnavailable
from bridge.domain.ids import SiteId, SiteKey, SubjectKey, TenantId
from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement, Priority, SubjectQueue
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from bridge.service.reachable import ReachableSubjects
from tests.contracts.store_builders import a_delivery, a_sighting, mark
from tests.service.hilltop import HILLTOP, open_two_sites
from tests.service.house import CONNECTION, SITE, House

pytestmark = pytest.mark.anyio
LAKESIDE_KEY, HILLTOP_KEY = (CONNECTION, SITE), (CONNECTION, SiteId(HILLTOP))
SLOTS = 16
TENANTS = 25


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_two_sites(tmp_path) as opened:
        yield opened


class OneClaim:
    """A store that takes one claim, and is gone after it."""

    def __init__(self, store: SubjectQueue) -> None:
        self._store = store
        self._claims = 0

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        self._claims += 1
        if self._claims > 1:
            raise StoreUnavailable("the store is gone")
        return await self._store.claim_subjects(
            limit, without=without, closing_first=closing_first, only_emergencies=only_emergencies
        )

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        return await self._store.next_subject_due(without=without, only_emergencies=only_emergencies)

    async def mark_known(self, *, priority: Priority, site: SiteKey | None = None) -> int:
        return await self._store.mark_known(priority=priority, site=site)

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        return await self._store.mark_new(sightings, priority=priority)


def tenants(house: House, site: str = SITE, number: int = TENANTS) -> list[str]:
    """Have so many tenants move in, each into a unit of their own, and return the rentals."""
    rentals = []
    for place in range(number):
        name = f"{site[-1]}-{place:03}"
        unit = house.world.create_unit(site, name, fields={"gate_id": name})
        who = house.world.create_tenant(first_name="Tenant", last_name=name, email=f"{name}@example.test")
        rentals.append(house.world.move_in(who.id, unit.id).id)
    return rentals


async def work(house: House, at_once: int = SLOTS) -> int:
    """Work as the worker does until nothing is left to be begun now, and return the runs of subjects."""
    breakers, runs = house.bridge.breakers, 0
    queue = ReachableSubjects(queue=house.bridge.store, breakers=breakers)
    await house.post(*map(house.body, house.take_told()))
    while await house.resolve_due():
        pass
    while claims := await queue.claim_subjects(at_once):
        await asyncio.gather(*(breakers.watch(claim, house.bridge.converger.run) for claim in claims))
        runs += len(claims)
    return runs


async def later(house: House, seconds: float) -> int:
    """Let time pass in steps of a second or more, working at each."""
    step, runs = max(1.0, seconds / 120), 0
    for _ in range(round(seconds / step)):
        house.clock.advance(seconds=step)
        runs += await work(house)
    return runs


async def settled(house: House) -> None:
    await work(house)
    await later(house, 5)
    assert set(await house.subjects()) <= {"idle", "scheduled"}


def state(house: House) -> dict[str, BreakerState]:
    return {row.site[1]: row.state for row in house.bridge.breakers.not_answering()}


async def test_a_vendor_that_is_down_for_an_hour_hears_little_and_then_everything_is_put_right(house: House) -> None:
    rentals = tenants(house)
    await settled(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    asked = len(house.gate.requests)
    for _ in range(20):
        for rental in rentals:
            house.world.mark_overdue(rental)
            house.world.pay(rental)
    for rental in rentals:
        house.world.mark_overdue(rental)
    told = len(house.told)
    runs = await later(house, 3600)
    calls = len(house.gate.requests) - asked
    waiting = await house.subjects()
    assert told >= 1000
    assert runs <= 40
    assert calls <= 100, "16 runs that were under way, then one probe at a time; each read is tried twice"
    assert list(state(house)) == [SITE]
    assert waiting.get("dead", 0) == 0

    await house.mend_gate()
    await later(house, 301)
    assert state(house) == {}
    assert {house.status(rental) for rental in rentals} == {"suspended: overdue"}
    assert [word for word in await house.alerts() if word.startswith("vendor")] == ["vendor_down", "vendor_back"]
    assert house.bridge.breakers.recovering_sites() == {LAKESIDE_KEY}


async def test_what_waits_for_the_vendor_loses_no_attempt(house: House) -> None:
    rentals = tenants(house)
    await settled(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    for rental in rentals:
        house.world.mark_overdue(rental)
    await work(house)
    await later(house, 600)
    view = await house.bridge.desk.queue(limit=100)
    rows = view.next_tries
    assert view.oldest is not None
    assert (view.at - view.oldest).total_seconds() >= 600, "what waits grows old"
    assert len(rows) == TENANTS
    assert sum(row.attempts == 0 for row in rows) >= TENANTS - SLOTS - 12
    assert max(row.attempts for row in rows) < 10


async def test_another_site_of_the_same_adapter_does_not_notice(house: House) -> None:
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    here, there = tenants(house), tenants(house, HILLTOP)
    await work(house)
    assert list(state(house)) == [SITE]
    assert {house.status(rental) for rental in there} == {"granted"}
    assert {house.status(rental) for rental in here} == {None}


async def test_one_door_that_does_not_answer_is_no_outage(house: House) -> None:
    rentals = tenants(house, number=8)
    await house.fault_gate(kind="fail", status=500, count=None, path="/1-003", method="PUT")
    await work(house)
    await later(house, 60)
    assert state(house) == {}
    assert [house.status(rental) for rental in rentals].count("granted") == 7


async def test_writes_that_fail_open_it_too_though_reads_are_answered(house: House) -> None:
    await house.fault_gate(kind="fail", status=500, count=None, method="POST", site=SITE)
    tenants(house)
    await work(house, at_once=1)
    assert list(state(house)) == [SITE]


async def test_a_platform_that_is_down_opens_no_vendors_breaker(house: House) -> None:
    rentals = tenants(house)
    await house.deliver()
    while await house.resolve_due():
        pass
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=1000))
    await work(house)
    await later(house, 30)
    assert state(house) == {}
    house.fault_platform(None)
    await later(house, 120)
    assert {house.status(rental) for rental in rentals} == {"granted"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error_in_200", "code": "unknown_target", "text": "no such door", "method": "PUT"},
        {"kind": "fail", "status": 429, "retry_after": "5"},
        {"kind": "fail", "status": 401},
    ],
    ids=["refused", "too many requests", "key refused"],
)
async def test_a_vendor_that_says_no_is_well(house: House, fault: dict[str, object]) -> None:
    await house.fault_gate(**fault, count=None, site=SITE)
    tenants(house)
    await work(house)
    await later(house, 30)
    assert state(house) == {}


async def test_exactly_one_tenant_is_the_probe_and_an_emergency_before_others(house: House) -> None:
    rentals = tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    urgent = SubjectKey(
        connection=CONNECTION, site=SITE, tenant=TenantId(house.world.books.rentals.get(rentals[-1]).owner_id)
    )
    await mark(house.bridge.store, urgent, priority=Priority.EMERGENCY, at=house.clock.now())
    house.clock.advance(seconds=10)
    queue = ReachableSubjects(queue=house.bridge.store, breakers=house.bridge.breakers)
    (probe,) = await queue.claim_subjects(SLOTS)
    assert probe.key == urgent
    assert await queue.claim_subjects(SLOTS) == []
    assert state(house) == {SITE: BreakerState.HALF_OPEN}
    await house.mend_gate()
    await house.bridge.breakers.watch(probe, house.bridge.converger.run)
    assert state(house) == {}
    await later(house, 120)
    assert {house.status(rental) for rental in rentals} == {"granted"}


async def test_a_probe_that_is_cut_off_makes_room_for_another(house: House) -> None:
    tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    await house.mend_gate()
    house.clock.advance(seconds=10)
    queue = ReachableSubjects(queue=house.bridge.store, breakers=house.bridge.breakers)
    (probe,) = await queue.claim_subjects(SLOTS)
    house.gate.hold_answers("GET")
    task = asyncio.create_task(house.bridge.breakers.watch(probe, house.bridge.converger.run))
    await house.gate.held.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    house.gate.release()
    house.clock.advance(seconds=1)
    assert len(await queue.claim_subjects(SLOTS)) == 1


async def test_a_probe_is_not_lost_when_the_store_fails_on_the_way_to_others(house: House) -> None:
    rentals = tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    await house.mend_gate()
    house.clock.advance(seconds=10)
    queue = ReachableSubjects(queue=OneClaim(house.bridge.store), breakers=house.bridge.breakers)
    (probe,) = await queue.claim_subjects(SLOTS)
    await house.bridge.breakers.watch(probe, house.bridge.converger.run)
    assert state(house) == {}
    await later(house, 120)
    assert {house.status(rental) for rental in rentals} == {"granted"}


async def test_a_probe_that_was_never_run_holds_the_site_for_minutes_only(house: House) -> None:
    rentals = tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    await house.mend_gate()
    house.clock.advance(seconds=10)
    queue = ReachableSubjects(queue=house.bridge.store, breakers=house.bridge.breakers)
    assert len(await queue.claim_subjects(SLOTS)) == 1
    await later(house, LONGEST_PROBE.total_seconds() + 120)
    assert state(house) == {}
    assert [house.status(rental) for rental in rentals].count("granted") >= TENANTS - 1


async def test_the_worker_sleeps_until_the_next_probe(house: House) -> None:
    tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    queue = ReachableSubjects(queue=house.bridge.store, breakers=house.bridge.breakers)
    (row,) = house.bridge.breakers.not_answering()
    assert await queue.next_subject_due() == row.next_probe
    assert row.adapter == "simulator"
    assert "500" in row.why
    assert await queue.next_subject_due(without=[LAKESIDE_KEY]) is None
    house.clock.advance(seconds=10)
    await queue.claim_subjects(SLOTS)
    assert await queue.next_subject_due(without=[]) is None or row.next_probe < house.clock.now()


async def test_what_a_person_asks_is_asked_though_the_breaker_is_open(house: House) -> None:
    tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    assert list(state(house)) == [SITE]
    asked = len(house.gate.requests)
    with house.bridge.breakers.asking(LAKESIDE_KEY):
        pass
    with pytest.raises(OutcomeUnknown), house.bridge.breakers.asking(LAKESIDE_KEY):
        raise OutcomeUnknown("no answer")
    assert len(house.gate.requests) == asked
    assert list(state(house)) == [SITE]


async def test_a_replay_while_the_vendor_is_left_alone_waits_and_does_not_fail(house: House) -> None:
    rentals = tenants(house)
    await settled(house)
    delivery = (await house.bridge.desk.deliveries())[-1]
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    for rental in rentals:
        house.world.mark_overdue(rental)
    await work(house)
    await later(house, 120)
    await house.bridge.desk.replay(delivery.id, who="tester")
    asked = len(house.gate.requests)
    await work(house)
    assert (await house.bridge.desk.delivery(delivery.id)).state == "done"
    assert len(house.gate.requests) == asked
    await house.mend_gate()
    await later(house, 301)
    assert await house.subjects() == {}
    assert {house.status(rental) for rental in rentals} == {"suspended: overdue"}


async def test_after_an_outage_whoever_may_lose_a_door_goes_first(house: House) -> None:
    rentals = tenants(house)
    await settled(house)
    owners = [TenantId(house.world.books.rentals.get(rental).owner_id) for rental in rentals]
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await told_of(house, owners[:-1], closes=False)
    await work(house)
    house.clock.advance(seconds=5)
    await told_of(house, owners[-1:], closes=True)
    await house.mend_gate()
    house.clock.advance(seconds=5)
    queue = ReachableSubjects(queue=house.bridge.store, breakers=house.bridge.breakers)
    (probe,) = await queue.claim_subjects(SLOTS)
    await house.bridge.breakers.watch(probe, house.bridge.converger.run)
    first = await queue.claim_subjects(2)  # a share of the places is kept for others
    assert owners[-1] in {claim.key.tenant for claim in first}


async def told_of(house: House, owners: Sequence[TenantId], *, closes: bool) -> None:
    """Have a delivery tell of these tenants."""
    await house.bridge.store.put(a_delivery(f"closes-{closes}", at=house.clock.now()))
    (claim,) = await house.bridge.store.claim_deliveries(1)
    keys = [SubjectKey(connection=CONNECTION, site=SITE, tenant=owner) for owner in owners]
    seen = tuple(a_sighting(key) for key in keys)
    await house.bridge.store.settle_delivery(claim, DeliverySettlement(outcome=Done(), sightings=seen, closes=closes))


async def test_a_short_outage_alerts_nobody(house: House) -> None:
    tenants(house)
    await house.fault_gate(kind="fail", status=500, count=None, site=SITE)
    await work(house)
    await house.mend_gate()
    await later(house, 60)
    assert state(house) == {}
    assert await house.alerts() == []
