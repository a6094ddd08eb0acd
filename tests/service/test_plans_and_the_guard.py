"""A plan foresees what the guard would hold, in the order in which the runs come, and changes nothing by it."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.budgets import Budget, Budgets, SiteBudgets
from bridge.domain.errors import Outdated
from bridge.domain.evidence import LastListing
from bridge.domain.ids import SiteId
from bridge.domain.judge import HELD_ALREADY, HOLD_STANDS
from bridge.domain.policy import SitePolicy
from bridge.domain.proposal import Proposal, Standing
from bridge.domain.whom import Selection
from tests.service.building import ZONE, open_house
from tests.service.house import CONNECTION, JONAS, SITE, House
from tests.service.mass import DEFAULTS, Renter, move_in_many
from tests.service.planning import HERE, everything, item, planned, steps

pytestmark = pytest.mark.anyio
HILLTOP = "66f1a0c2b7d4e90015c0e002"
EVERYBODY = Selection()
CHOICES = ("stay", "leave", "owe", "leave and rent anew", "swap")


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, budgets=DEFAULTS) as house:
        yield house


def held_in(proposal: Proposal) -> set[str]:
    return {one.rental for _, one in proposal.items() if one.held is not None}


async def held_now(house: House) -> set[str]:
    return {item.rental for hold in await house.bridge.desk.holds.listed() for item in hold.items}


async def run_one_by_one(house: House, selection: Selection = HERE) -> None:
    """Resync, with one worker who takes whoever is next."""
    await house.bridge.resyncer.resync(selection, who="olga")
    while claims := await house.bridge.store.claim_subjects(1):
        await house.bridge.converger.run(claims[0])


async def bear_out(house: House, *sites: SiteId) -> None:
    """Have the sites' lists believed however short they are, as after a second one that says the same."""
    for site in sites:
        await house.bridge.store.keep_listing((CONNECTION, site), LastListing(count=0), ())


async def gone(house: House, count: int, of: int = 9) -> list[Renter]:
    """Move so many of a site's tenants out, unheard of yet."""
    renters = await move_in_many(house, of)
    for one in renters[:count]:
        house.move_out(one.rental)
    house.take_told()
    await bear_out(house, SITE)
    return renters


async def test_removals_beyond_the_budget_would_be_held_and_the_first_would_not(guarded: House) -> None:
    renters = await gone(guarded, 4)
    proposal = await planned(guarded)
    assert held_in(proposal) == {one.rental for one in renters[2:4]}
    assert (proposal.totals()[Standing.REMOVAL], proposal.held) == (4, 2)
    late = await item(guarded, renters[2].rental)
    assert (late.standing, steps(late), late.status) == (Standing.REMOVAL, [], "granted: removal_held")
    assert late.does[0] == "access is kept, the removal would be held"
    assert "3 removals at this site within a day are more than 20 % of the 9 that had access" in late.reasons
    assert any(reason.startswith("rental_state: ") for reason in late.reasons)
    last = await item(guarded, renters[3].rental)
    assert last.held is not None
    assert last.held.why == HOLD_STANDS


async def test_foreseeing_it_holds_nothing_and_counts_nothing(guarded: House) -> None:
    await gone(guarded, 9)
    before = everything(guarded)
    assert (await planned(guarded)).held == 7
    assert everything(guarded) == before
    assert await guarded.alerts() == []


async def test_what_is_held_already_is_told_and_takes_no_run(guarded: House) -> None:
    renters = await gone(guarded, 4)
    await run_one_by_one(guarded)
    again = await planned(guarded)
    assert held_in(again) == await held_now(guarded) == {one.rental for one in renters[2:4]}
    assert (again.to_run, again.calls, again.lines()) == ((), 0, {})
    late = await item(guarded, renters[2].rental)
    assert (late.held is not None and late.held.why, late.fields) == (HELD_ALREADY, ())
    before = everything(guarded)
    await run_one_by_one(guarded)
    assert everything(guarded) == before


async def test_once_released_the_plan_removes_them_and_the_run_does(guarded: House) -> None:
    renters = await gone(guarded, 4)
    await run_one_by_one(guarded)
    (hold,) = await guarded.bridge.desk.holds.listed()
    await guarded.bridge.desk.holds.release(hold.digest, who="olga", reason="they have left")
    proposal = await planned(guarded)
    assert (proposal.held, proposal.totals()[Standing.REMOVAL]) == (0, 2)
    await run_one_by_one(guarded)
    assert [guarded.status(one.rental) for one in renters[:4]] == ["revoked"] * 4


async def test_where_others_are_held_one_more_would_be_too(guarded: House) -> None:
    renters = await gone(guarded, 3)
    await run_one_by_one(guarded)
    guarded.move_out(renters[5].rental)
    guarded.take_told()
    guarded.clock.advance(hours=30)
    late = await item(guarded, renters[5].rental)
    assert late.held is not None
    assert late.held.why == HOLD_STANDS


async def test_a_plan_that_was_approved_is_refused_once_something_would_be_held_of_it(guarded: House) -> None:
    renters = await gone(guarded, 2)
    approved = (await planned(guarded, Selection(rental=renters[1].rental))).digest()
    for one in renters[4:6]:
        guarded.move_out(one.rental)
        await guarded.settle()
        guarded.take_told()
    with pytest.raises(Outdated, match=r"remove_person, revoke A-001, field .* then, .*removal held now"):
        await guarded.bridge.resyncer.resync(Selection(rental=renters[1].rental), who="olga", approved=approved)


async def test_a_tenant_with_three_rentals_would_keep_one_and_the_code(guarded: House) -> None:
    await move_in_many(guarded, 6)
    rentals = [guarded.move_in(door) for door in ("B-014", "B-021", "B-027")]
    await guarded.settle()
    for rental in rentals:
        guarded.move_out(rental)
    guarded.take_told()
    proposal = await planned(guarded)
    assert proposal.held == 1
    assert all("remove_person" not in steps(one) for _, one in proposal.items())
    await run_one_by_one(guarded)
    assert held_in(proposal) == await held_now(guarded)


async def test_a_site_without_budgets_holds_nothing(house: House) -> None:
    await gone(house, 9)
    assert (await planned(house)).held == 0


def limits(percent: int, per_hour: int, shared: int, suspensions: int) -> SiteBudgets:
    return SiteBudgets(
        site=Budgets(
            removals=Budget(per_hour=per_hour, percent_per_day=percent), suspensions=Budget(per_hour=suspensions)
        ),
        connection=Budgets(removals=Budget(per_hour=shared, percent_per_day=percent)),
    )


def befall(house: House, renter: Renter, what: str) -> None:
    """Let something happen to a tenant that the bridge is not told of."""
    unit = house.world.books.rentals.get(renter.rental).unit_id
    if what == "owe":
        house.world.mark_overdue(renter.rental)
    elif what != "stay":
        house.move_out(renter.rental)
    if what == "leave and rent anew":
        house.world.move_in(renter.tenant, unit)
    elif what == "swap":
        house.world.move_in(JONAS, unit)


@settings(max_examples=12, deadline=None)
@given(
    budgets=st.builds(
        limits,
        percent=st.sampled_from([5, 20, 50, 100]),
        per_hour=st.integers(0, 6),
        shared=st.integers(0, 6),
        suspensions=st.integers(0, 4),
    ),
    before=st.lists(st.sampled_from(CHOICES), min_size=10, max_size=10),
    after=st.lists(st.sampled_from(CHOICES), min_size=10, max_size=10),
)
async def test_what_a_plan_says_is_held_is_held_by_the_run_and_nothing_else(
    budgets: SiteBudgets, before: list[str], after: list[str]
) -> None:
    policies: Mapping[SiteId, SitePolicy] = dict.fromkeys((SITE, SiteId(HILLTOP)), SitePolicy(zone=ZONE))
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Path(folder), budgets=budgets, policies=policies) as house:
            house.world.create_site(code="hilltop", title="Hilltop", site_id=HILLTOP)
            renters = await move_in_many(house, 6) + await move_in_many(house, 4, HILLTOP)
            await bear_out(house, SITE, SiteId(HILLTOP))
            is_over = set[str]()
            for choices in (before, after):
                for renter, what in zip(renters, choices, strict=True):
                    if renter.rental not in is_over:
                        befall(house, renter, what)
                    is_over |= set() if what in {"stay", "owe"} else {renter.rental}
                house.take_told()
                foreseen = held_in(await planned(house, EVERYBODY))
                await run_one_by_one(house, EVERYBODY)
                house.take_told()
                assert foreseen == await held_now(house)
