"""One person's access is taken away at once at every door, and comes back only when a person says so."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.errors import NotFoundHere
from bridge.domain.pauses import Place, Scope
from bridge.domain.policy import Blackout, SitePolicy
from bridge.domain.whom import By, Whom
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from bridge.service.pauses import UnpausedSubjects
from tests.service.building import ZONE, open_house
from tests.service.hilltop import HILLTOP, UNITS, open_two_sites
from tests.service.house import JONAS, MIRA, SITE, UNIT_IDS, House
from tests.service.mass import move_in_many
from tests.service.revoking import doors, open_count, pauses_of, revocations_of, revoke, unrevoke
from tests.service.test_breakers import tenants
from tests.service.test_worker import PATIENCE, at_rest, at_work

pytestmark = pytest.mark.anyio
GONE = "revoked: emergency"


@pytest.fixture
async def two_sites(tmp_path: Path) -> AsyncIterator[House]:
    async with open_two_sites(tmp_path, gate_elsewhere=GateSettings()) as opened:
        yield opened


async def test_every_door_at_every_site_closes_and_is_told_with_its_times(two_sites: House) -> None:  # A11
    house = two_sites
    here = [house.move_in(door) for door in ("B-014", "B-021")]
    there = house.world.move_in(MIRA, UNITS["H-001"]).id
    other = house.move_in("B-027", JONAS)
    await house.settle()
    codes = {rental: house.code(rental) for rental in (*here, there, other)}
    house.clock.advance(minutes=5)
    told = await revoke(house)
    assert sum(not door.is_closed for site in told.sites for door in site.doors) == 3
    house.clock.advance(seconds=1)
    assert await house.converge_due() == 2
    assert await doors(house) == {"B-014": "closed", "B-021": "closed", "H-001": "closed"}
    for site in (await revocations_of(house).look(MIRA)).sites:
        assert {door.accepted_at for door in site.doors} == {house.clock.now()}
        assert {door.confirmed_at for door in site.doors} == {house.clock.now()}
    tried = [await house.keypad(door, codes[here[0]]) for door in ("B-014", "B-021")]
    assert "ok" not in (*tried, await house.keypad("H-001", codes[there], HILLTOP))
    assert [house.status(rental) for rental in (*here, there)] == [GONE] * 3
    assert [house.code(rental) for rental in (*here, there)] == [None] * 3
    assert await house.keypad("B-027", codes[other]) == "ok"
    assert house.ledger("operator") == ["access_revoked"] * 2
    assert await house.alerts() == []


async def test_at_one_site_only_that_one_is_closed(two_sites: House) -> None:
    house = two_sites
    here, there = house.move_in("B-014"), house.world.move_in(MIRA, UNITS["H-001"]).id
    await house.settle()
    await revoke(house, site=HILLTOP)
    await house.settle()
    assert (house.status(here), house.status(there)) == ("granted", GONE)
    with pytest.raises(NotFoundHere, match="not revoked"):
        await revocations_of(house).lift(MIRA, who="kim", reason="x", site=SITE)


async def test_no_event_opens_anything_until_it_is_given_back_with_a_new_code(house: House) -> None:  # A13
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await revoke(house)
    await house.settle()
    newer = house.move_in("B-021")
    house.world.mark_overdue(rental)
    house.world.pay(rental)
    await house.settle()
    await house.sweep()
    assert [house.status(one) for one in (rental, newer)] == [GONE, GONE]
    assert await house.people() == []
    assert await house.alerts() == ["move_in_while_revoked"], "once, however often it is looked at"
    assert await doors(house) == {"B-014": "closed"}
    await unrevoke(house)
    await house.settle()
    assert [house.status(one) for one in (rental, newer)] == ["granted", "granted"]
    assert house.code(rental) not in {None, code}
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.keypad("B-014", code) != "ok"


async def test_who_is_shut_out_beforehand_gets_nothing_when_they_come(house: House) -> None:
    with pytest.raises(NotFoundHere, match="never heard of"):
        await revoke(house, JONAS)
    await revocations_of(house).revoke(JONAS, who="sam", reason="known from elsewhere", connection="lakeside")
    rental = house.move_in("B-014", JONAS)
    await house.settle()
    assert (house.status(rental), house.code(rental)) == (GONE, None)
    assert house.gate.writes() == []


async def test_while_the_platform_is_away_the_doors_close_all_the_same(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, remaining=1000))
    await revoke(house)
    await house.converge_due()
    assert await house.keypad("B-014", code) != "ok"
    assert await doors(house) == {"B-014": "closed"}
    assert house.status(rental) == "granted", "nobody could write it yet"
    house.fault_platform(None)
    await house.later(minutes=1)
    assert (house.status(rental), house.code(rental)) == (GONE, None)


async def test_while_the_vendor_is_down_it_says_still_open_and_is_tried_each_minute(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="fail", status=500, count=None)
    await revoke(house)
    asked = len(house.gate.requests)
    for _ in range(20):
        await house.later(minutes=2)
    assert len(house.gate.requests) - asked >= 40, "two calls a try"
    assert await open_count(house) == 1
    (site,) = (await revocations_of(house).look(MIRA)).sites
    assert site.why
    assert "500" in site.why
    assert house.status(rental) == "granted", "what is not so is not shown"
    assert await house.alerts() == ["removal_late"], "and it is not given up"
    await house.mend_gate()
    await house.later(minutes=1)
    assert await doors(house) == {"B-014": "closed"}
    assert await house.keypad("B-014", code) != "ok"


async def test_it_is_neither_held_by_the_guard_nor_counted(tmp_path: Path) -> None:
    budgets = SiteBudgets(site=Budgets(removals=Budget(per_hour=1)))
    async with open_house(tmp_path, budgets=budgets) as house:
        renters = await move_in_many(house, 4)
        for one in renters[:2]:
            await revoke(house, one.tenant)
            await house.settle()
        house.move_out(renters[2].rental)
        await house.settle()
        house.move_out(renters[3].rental)
        await house.settle()
        told = [house.status(one.rental) for one in renters]
        assert told == [GONE, GONE, "revoked", "granted: removal_held"]
        await revoke(house, renters[3].tenant)
        await house.settle()
        assert house.status(renters[3].rental) == "revoked"
        assert list(await house.bridge.desk.holds.listed()) == []


async def test_neither_the_night_nor_a_transfer_keeps_a_door_open(tmp_path: Path) -> None:
    night = SitePolicy(zone=ZONE, blackout=Blackout(start=time(22), end=time(6)))
    async with open_house(tmp_path, policy=night, now=datetime(2026, 3, 4, 23, tzinfo=UTC)) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.map_unit("B-021", None)
        house.transfer(rental, "B-021")
        await house.settle()
        code = house.code(rental)
        assert await house.keypad("B-014", code) == "ok", "until the new door is open"
        await revoke(house)
        await house.settle()
        assert await house.people() == []


async def test_it_passes_a_pause_and_what_is_given_back_does_not(house: House) -> None:  # R22
    rental, other = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()
    pauses = pauses_of(house)
    queue = UnpausedSubjects(queue=house.bridge.store, pauses=pauses)

    async def work() -> int:
        claims = await queue.claim_subjects(9)
        await asyncio.gather(*(house.bridge.converger.run(claim) for claim in claims))
        return len(claims)

    for place in (Place(scope=Scope.ALL), Place(scope=Scope.SITE, name=SITE)):
        await pauses.pause(place, who="kim", reason="new locks")
        house.world.mark_overdue(other)
        told = await revoke(house)
        assert "new locks" in (told.sites[0].paused or "")
        assert await queue.next_subject_due() is not None
        assert await work() == 1
        await house.deliver()
        await house.resolve_due()
        assert await work() == 0
        assert (house.status(rental), house.status(other)) == (GONE, "granted")
        await unrevoke(house)
        assert await work() == 0, "nothing is opened at a site that is paused"
        await pauses.resume(place, who="kim")
        house.world.pay(other)
        await house.settle()
        assert (house.status(rental), house.status(other)) == ("granted", "granted")


async def test_a_restart_in_the_middle_loses_nothing_of_it(house: House) -> None:
    rentals = [house.move_in(door) for door in ("B-014", "B-021")]
    await house.settle()
    await revoke(house)
    house.gate.hold_answers("DELETE")
    (claim,) = await house.bridge.store.claim_subjects(1, only_emergencies=True)
    run = asyncio.create_task(house.bridge.converger.run(claim))
    await asyncio.wait_for(house.gate.held.wait(), PATIENCE)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    house.gate.release()
    await house.restart()
    assert await open_count(house) == 2, "the first may be closed, and nobody has seen it"
    await house.settle()
    assert await doors(house) == {"B-014": "closed", "B-021": "closed"}
    assert [house.status(rental) for rental in rentals] == [GONE, GONE]
    await house.restart()
    house.edit(rentals[0], resync="resync")
    await house.settle()
    assert await house.people() == []


async def test_what_the_bridge_did_not_make_is_left_and_told_as_open(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    (person,) = await house.people()
    await house.hands.put(f"/sandbox/sites/{SITE}/people/{person['id']}/access/B-040", json={"state": "active"})
    await revoke(house)
    await house.settle()
    assert await doors(house) == {"B-014": "closed", "B-040": "open"}
    assert "foreign_entry" in await house.alerts()


async def test_it_overtakes_a_worker_whose_places_are_all_taken(house: House) -> None:  # A11
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    others = tenants(house, number=8)
    await house.deliver()
    while await house.resolve_due():
        pass
    house.platform.hold_answers("GET")
    async with at_work(house.worker(concurrency=2)) as worker:
        async with asyncio.timeout(PATIENCE):
            while house.platform.running < 2:  # noqa: ASYNC110 - what is waited for has no event to offer
                await asyncio.sleep(0.01)
        await revoke(house)
        worker.nudge()
        async with asyncio.timeout(PATIENCE):
            while await house.keypad("B-014", code) == "ok":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        assert {house.status(one) for one in others} == {None}
        house.platform.release()
        await at_rest(house)
    assert house.status(rental) == GONE
    assert {house.status(one) for one in others} == {"granted"}


async def test_a_vendor_that_switches_the_whole_person_or_makes_the_codes_is_no_exception(tmp_path: Path) -> None:
    for number, kind in enumerate((GateKind(suspends="person"), GateKind(codes="made"), GateKind(one_occupant=True))):
        async with open_house(tmp_path / str(number), gate=GateSettings(kind=kind)) as house:
            rentals = [house.move_in(door) for door in ("B-014", "B-021")]
            await house.settle()
            house.world.mark_overdue(rentals[0])
            await house.settle()
            await revoke(house)
            await house.settle()
            assert await house.people() == []
            assert [house.status(one) for one in rentals] == [GONE, GONE]


async def test_a_plan_and_an_explanation_say_so_and_lead_to_the_way_back(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    await revoke(house)
    told = await house.bridge.explainer.explain(Whom(by=By.TENANT, id=MIRA))
    (rental,) = told.subjects[0].rentals
    assert rental.status == GONE
    assert any("by sam: threatened the staff" in check.evidence for check in rental.checks)
    assert any(f"gatebridge unrevoke --tenant {MIRA}" in line for line in rental.advice)
    await house.settle()
    writes = len(house.gate.writes()), len(house.platform.writes())
    await house.sweep()
    assert (len(house.gate.writes()), len(house.platform.writes())) == writes
    assert UNIT_IDS["B-014"] in str(rental.unit)
