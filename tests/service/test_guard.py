"""Nobody is locked out by mistake: removals beyond the budgets of a site wait for a person, and all else goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.errors import NotFoundHere
from bridge.domain.holds import Hold
from bridge.domain.ids import SiteId
from bridge.domain.policy import SitePolicy
from bridge.domain.whom import By, Whom
from bridge.sandbox.gate import GateKind, GateSettings
from tests.service.building import ZONE, open_house
from tests.service.house import JONAS, SITE, House
from tests.service.mass import DEFAULTS, Renter, codes_of, move_in_many, open_doors

pytestmark = pytest.mark.anyio
HILLTOP = "66f1a0c2b7d4e90015c0e002"
HELD = "granted: removal_held"


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[House]:
    policies = dict.fromkeys((SITE, SiteId(HILLTOP)), SitePolicy(zone=ZONE))
    async with open_house(tmp_path, budgets=DEFAULTS, policies=policies) as house:
        house.world.create_site(code="hilltop", title="Hilltop", site_id=HILLTOP)
        yield house


async def the_hold(house: House) -> Hold:
    (hold,) = await house.bridge.desk.holds.listed()
    return hold


def statuses(house: House, renters: list[Renter]) -> dict[str, int]:
    found = [str(house.status(one.rental)) for one in renters]
    return {word: found.count(word) for word in sorted(set(found))}


async def test_on_nine_units_the_third_removal_of_a_day_is_held_and_stays_open(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    codes = codes_of(guarded, renters)
    for one in renters[:3]:
        guarded.move_out(one.rental)
        await guarded.settle()
    assert [guarded.status(one.rental) for one in renters[:3]] == ["revoked", "revoked", HELD]
    assert await open_doors(guarded, renters, codes) == 7
    assert guarded.code(renters[2].rental) == codes[renters[2].rental]
    assert (await the_hold(guarded)).why == (
        "3 removals at this site within a day are more than 20 % of the 9 that had access"
    )
    assert await guarded.subjects() == {"ready": 1}, "it is looked at again, and is no failure"


async def test_one_tenant_with_three_rentals_loses_two_and_keeps_the_code(guarded: House) -> None:
    await move_in_many(guarded, 6)
    rentals = [guarded.move_in(door) for door in ("B-014", "B-021", "B-027")]
    await guarded.settle()
    code = guarded.code(rentals[0])
    for rental in rentals:
        guarded.move_out(rental)
    await guarded.settle()
    assert sorted(str(guarded.status(rental)) for rental in rentals) == [HELD, "revoked", "revoked"]
    assert [await guarded.keypad(door, code) for door in ("B-014", "B-021", "B-027")].count("ok") == 1


async def test_half_of_the_tenants_gone_trips_and_is_listed_while_grants_go_on(guarded: House) -> None:
    renters = await move_in_many(guarded, 30)
    codes = codes_of(guarded, renters)
    for one in renters[:15]:
        guarded.move_out(one.rental)
    newcomer = guarded.move_in("B-014", JONAS)
    await guarded.settle()
    assert statuses(guarded, renters) == {"granted": 15, HELD: 9, "revoked": 6}
    assert await open_doors(guarded, renters, codes) == 24
    assert guarded.status(newcomer) == "granted"
    hold = await the_hold(guarded)
    assert {item.rental for item in hold.items} == {r.rental for r in renters if guarded.status(r.rental) == HELD}
    assert await guarded.alerts() == ["removals_held"]


@pytest.mark.parametrize("count", [1, 2])
async def test_a_small_site_is_never_blocked_for_its_first_two(guarded: House, count: int) -> None:
    renters = await move_in_many(guarded, count)
    for one in renters:
        guarded.move_out(one.rental)
    await guarded.settle()
    assert statuses(guarded, renters) == {"revoked": count}
    assert list(await guarded.bridge.desk.holds.listed()) == []


async def test_removals_that_trickle_in_by_webhook_trip_it_with_one_alert(tmp_path: Path) -> None:
    budgets = SiteBudgets(site=Budgets(removals=Budget(per_hour=5, percent_per_day=100)))
    async with open_house(tmp_path, budgets=budgets) as house:
        renters = await move_in_many(house, 12)
        for one in renters:
            house.move_out(one.rental)
            await house.later(minutes=11)
        assert statuses(house, renters) == {HELD: 7, "revoked": 5}, "the sixth of an hour stops them all"
        assert await house.alerts() == ["removals_held"]


async def test_another_site_of_the_connection_is_not_affected(guarded: House) -> None:
    here, there = await move_in_many(guarded, 9), await move_in_many(guarded, 9, HILLTOP)
    for one in here:
        guarded.move_out(one.rental)
    await guarded.settle()
    for one in there[:2]:
        guarded.move_out(one.rental)
    await guarded.settle()
    assert statuses(guarded, here) == {HELD: 7, "revoked": 2}
    assert statuses(guarded, there) == {"granted": 7, "revoked": 2}
    assert await guarded.alerts() == ["removals_held"]


async def test_what_a_connection_shares_is_counted_over_its_sites(tmp_path: Path) -> None:
    shared = SiteBudgets(connection=Budgets(removals=Budget(per_hour=3)))
    policies = dict.fromkeys((SITE, SiteId(HILLTOP)), SitePolicy(zone=ZONE))
    async with open_house(tmp_path, budgets=shared, policies=policies) as house:
        house.world.create_site(code="hilltop", title="Hilltop", site_id=HILLTOP)
        here, there = await move_in_many(house, 3), await move_in_many(house, 3, HILLTOP)
        for one in (*here[:2], *there):
            house.move_out(one.rental)
            await house.settle()
        assert statuses(house, there) == {HELD: 2, "revoked": 1}
        assert (await the_hold(house)).why == "more than 3 removals at this connection within an hour"


async def test_a_restart_leaves_it_tripped_without_another_alert(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    codes = codes_of(guarded, renters)
    for one in renters[:4]:
        guarded.move_out(one.rental)
    await guarded.settle()
    before = await the_hold(guarded)
    await guarded.restart()
    await guarded.later(hours=30)
    await guarded.sweep()
    assert await the_hold(guarded) == before, "time that has gone by is no evidence"
    assert await open_doors(guarded, renters, codes) == 7
    assert await guarded.alerts() == ["removals_held"]


async def test_what_a_person_releases_goes_and_nothing_else(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for one in renters[:4]:
        guarded.move_out(one.rental)
    await guarded.settle()
    digest = (await the_hold(guarded)).digest
    released = await guarded.bridge.desk.holds.release(digest, who="sam", reason="end of\nthe season")
    assert len(released.items) == 2
    await guarded.settle()
    assert statuses(guarded, renters) == {"granted": 5, "revoked": 4}
    assert list(await guarded.bridge.desk.holds.listed()) == []
    assert guarded.ledger("operator") == ["removal_released"] * 2
    guarded.move_out(renters[4].rental)
    await guarded.settle()
    assert guarded.status(renters[4].rental) == HELD
    assert await guarded.alerts() == ["removals_held"] * 2


async def test_a_release_is_refused_when_the_list_has_grown(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for one in renters[:3]:
        guarded.move_out(one.rental)
    await guarded.settle()
    digest = (await the_hold(guarded)).digest
    guarded.move_out(renters[3].rental)
    await guarded.settle()
    for decide in (guarded.bridge.desk.holds.release, guarded.bridge.desk.holds.drop):
        with pytest.raises(NotFoundHere, match=digest):
            await decide(digest, who="sam", reason="looked at it")
    await guarded.settle()
    assert statuses(guarded, renters) == {"granted": 5, HELD: 2, "revoked": 2}


async def test_what_is_dropped_is_judged_anew(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for one in renters[:4]:
        guarded.move_out(one.rental)
    await guarded.settle()
    await guarded.bridge.desk.holds.drop((await the_hold(guarded)).digest, who="sam", reason="again")
    await guarded.settle()
    assert statuses(guarded, renters) == {"granted": 5, HELD: 2, "revoked": 2}, "the budget is as used up as it was"
    guarded.clock.advance(hours=25)
    await guarded.bridge.desk.holds.drop((await the_hold(guarded)).digest, who="sam", reason="a day later")
    await guarded.settle()
    assert statuses(guarded, renters) == {"granted": 5, "revoked": 4}


async def test_a_mistake_that_is_taken_back_needs_no_hands(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    codes = codes_of(guarded, renters)
    for one in renters:
        guarded.world.edit_unit(unit_of(guarded, one), {"gate_id": "NONE"})
    await guarded.sweep()
    assert await open_doors(guarded, renters, codes) == 7
    for one in renters:
        guarded.world.edit_unit(unit_of(guarded, one), {"gate_id": one.door})
    await guarded.sweep()
    assert statuses(guarded, renters) == {"granted": 9}
    assert list(await guarded.bridge.desk.holds.listed()) == []
    assert await guarded.alerts() == ["removals_held"]


async def test_a_removal_that_the_gate_refuses_for_hours_is_counted_once(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    await guarded.fault_gate(kind="fail", status=500, count=None)
    guarded.move_out(renters[0].rental)
    for _ in range(8):
        await guarded.later(minutes=10)
    await guarded.mend_gate()
    guarded.move_out(renters[1].rental)
    await guarded.later(hours=1)
    assert statuses(guarded, renters) == {"granted": 7, "revoked": 2}


async def test_what_comes_again_after_it_was_open_is_counted_again(tmp_path: Path) -> None:
    budgets = SiteBudgets(site=Budgets(removals=Budget(per_hour=2)))
    async with open_house(tmp_path, budgets=budgets) as house:
        renters = await move_in_many(house, 3)
        unit = unit_of(house, renters[0])
        for minutes, target in ((0, "NONE"), (100, renters[0].door), (1, "NONE")):
            house.clock.advance(minutes=minutes)
            house.world.edit_unit(unit, {"gate_id": target})
            await house.sweep()
        assert house.status(renters[0].rental) == "revoked: opted_out"
        for one in renters[1:]:
            house.move_out(one.rental)
            await house.settle()
        assert [house.status(one.rental) for one in renters[1:]] == ["revoked", HELD]


async def test_a_changed_mapping_and_a_transfer_lose_at_most_what_they_leave(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for number, one in enumerate(renters):
        guarded.world.edit_unit(unit_of(guarded, one), {"gate_id": f"new-{number}"})
    await guarded.sweep()
    assert statuses(guarded, renters) == {"granted": 9}, "who has another door has lost nothing"
    new = [guarded.transfer(one.rental, door) for one, door in zip(renters, ("B-014", "B-021", "B-027"), strict=False)]
    await guarded.settle()
    assert [guarded.status(rental) for rental in new] == ["granted"] * 3
    assert statuses(guarded, renters) == {"granted": 6, HELD: 1, "revoked": 2}


async def test_suspensions_have_a_budget_of_their_own_which_is_off_by_default(tmp_path: Path) -> None:
    budgets = SiteBudgets(site=Budgets(suspensions=Budget(per_hour=2), removals=Budget(per_hour=10)))
    async with open_house(tmp_path, budgets=budgets) as house:
        renters = await move_in_many(house, 6)
        codes = codes_of(house, renters)
        for one in renters[:5]:
            house.world.mark_overdue(one.rental)
        await house.settle()
        assert statuses(house, renters) == {"granted": 1, "granted: suspension_held": 3, "suspended: overdue": 2}
        assert await open_doors(house, renters, codes) == 4
        house.move_out(renters[5].rental)
        await house.settle()
        assert house.status(renters[5].rental) == "revoked", "a hold is for its kind only"
        for one in renters[:5]:
            house.world.pay(one.rental)
        await house.settle()
        assert statuses(house, renters) == {"granted": 5, "revoked": 1}
        assert await house.alerts() == ["suspensions_held"]


async def test_without_a_budget_for_them_everybody_overdue_is_suspended(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for one in renters:
        guarded.world.mark_overdue(one.rental)
    await guarded.settle()
    assert statuses(guarded, renters) == {"suspended: overdue": 9}


async def test_where_only_a_whole_person_can_be_suspended_nobody_loses_more(tmp_path: Path) -> None:
    gate = GateSettings(kind=GateKind(suspends="person"))
    budgets = SiteBudgets(site=Budgets(removals=Budget(per_hour=0)))
    async with open_house(tmp_path, gate=gate, budgets=budgets) as house:
        kept, owed, left = (house.move_in(door) for door in ("B-014", "B-021", "B-027"))
        await house.settle()
        code = house.code(kept)
        house.move_out(left)
        await house.settle()
        house.world.mark_overdue(owed)
        house.world.mark_overdue(kept)
        await house.settle()
        assert house.status(left) == HELD
        assert await house.keypad("B-027", code) == "ok", "suspending the person would have taken it away"
        assert [await house.keypad(door, code) for door in ("B-014", "B-021")].count("ok") == 0
        house.world.pay(kept)
        await house.settle()
        assert [await house.keypad(door, code) for door in ("B-014", "B-027")] == ["ok", "ok"]


async def test_a_sweep_of_a_tripped_site_writes_nothing(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for one in renters:
        guarded.move_out(one.rental)
    await guarded.settle()
    writes = guarded.ledger("write_back"), guarded.ledger("intent"), guarded.ledger("outcome")
    await guarded.sweep()
    assert (guarded.ledger("write_back"), guarded.ledger("intent"), guarded.ledger("outcome")) == writes


async def test_an_explanation_leads_to_the_hold(guarded: House) -> None:
    renters = await move_in_many(guarded, 9)
    for one in renters[:3]:
        guarded.move_out(one.rental)
        await guarded.settle()
    told = await guarded.bridge.explainer.explain(Whom(by=By.TENANT, id=renters[2].tenant))
    (explained,) = told.subjects[0].rentals
    assert any("gatebridge holds list" in line for line in explained.advice)


def unit_of(house: House, renter: Renter) -> str:
    return house.world.books.rentals.get(renter.rental).unit_id
