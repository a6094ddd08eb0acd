"""A plan and the run agree at vendors of every kind, across sites, and where one tenant waits for another."""

from pathlib import Path

import pytest

from bridge.domain.changes import Kind
from bridge.domain.ids import SiteId
from bridge.domain.proposal import Standing
from bridge.domain.proposing import OCCUPIED
from bridge.domain.whom import Selection
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Codes, Suspends
from tests.service.building import open_house
from tests.service.hilltop import HILLTOP, UNITS, open_two_sites
from tests.service.house import JONAS, MIRA, House
from tests.service.planning import all_steps, intents, item, last_line, planned, resynced, standings, steps
from tests.service.situations import (
    Situation,
    move_in,
    move_out,
    overdue,
    paid,
    remapped,
    renamed,
    rotated,
    transfer,
    unheard,
)

pytestmark = pytest.mark.anyio
KINDS = {
    "one switch": GateKind(suspends=Suspends.PERSON),
    "makes the codes": GateKind(codes=Codes.MADE),
    "makes and masks them": GateKind(codes=Codes.MADE, shows_codes=False),
    "masks them": GateKind(shows_codes=False),
    "one occupant": GateKind(one_occupant=True),
}


async def one_of_two_owes(house: House) -> str:
    rental = house.move_in("B-014")
    house.move_in("B-021")
    await house.settle()
    house.world.mark_overdue(rental)
    unheard(house)
    return rental


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize(
    "situation", [move_in, overdue, paid, move_out, transfer, remapped, rotated, renamed, one_of_two_owes]
)
async def test_the_run_does_what_the_plan_said(tmp_path: Path, kind: GateKind, situation: Situation) -> None:
    async with open_house(tmp_path, gate=GateSettings(kind=kind)) as house:
        await situation(house)
        proposal, line = await planned(house), last_line(house)
        assert all_steps(proposal)
        await resynced(house)
        assert intents(house, line) == all_steps(proposal)
        assert set(standings(await planned(house)).values()) == {Standing.UNCHANGED}


async def test_who_must_wait_for_the_tenant_before_is_told_why(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=GateSettings(kind=KINDS["one occupant"])) as house:
        left = house.move_in("B-014", MIRA)
        await house.settle()
        house.move_out(left)
        coming = house.move_in("B-014", JONAS)
        unheard(house)
        assert OCCUPIED in (await item(house, coming)).reasons
        await resynced(house, Selection(tenant=MIRA))
        assert OCCUPIED not in (await item(house, coming)).reasons


async def test_a_transfer_to_another_site_is_planned_at_both(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path, gate_elsewhere=GateSettings()) as house:
        old = house.move_in("B-014")
        await house.settle()
        new = house.world.transfer(old, UNITS["H-001"]).id
        await house.deliver()
        await house.resolve_due()
        proposal = await planned(house, Selection(tenant=MIRA))
        assert standings(proposal) == {old: Standing.REMOVAL, new: Standing.GRANT}
        (left,) = [one for _, one in proposal.items() if one.rental == old]
        assert left.steps[0].kind is Kind.REVOKE
        assert left.steps[0].waits_for == (new,)
        assert [steps(one) for _, one in proposal.items() if one.rental == new] == [["grant H-001"]]


async def test_a_site_narrows_what_else_is_named(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path) as house:
        here = house.move_in("B-014")
        there = house.world.move_in(MIRA, UNITS["H-002"]).id
        unheard(house)
        assert standings(await planned(house, Selection(tenant=MIRA))) == dict.fromkeys([here, there], Standing.GRANT)
        narrowed = await planned(house, Selection(tenant=MIRA, site=SiteId(HILLTOP)))
        assert standings(narrowed) == {there: Standing.GRANT}


async def test_a_site_that_cannot_be_listed_keeps_no_other_out_of_the_plan(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path) as house:
        known, stranger = house.move_in("B-014"), house.world.move_in(JONAS, UNITS["H-002"]).id
        house.take_told()

        def spoil(request: object, answer: object) -> object:
            url = str(getattr(request, "url", ""))
            return {"odd": True} if HILLTOP in url and "state=occupied" in url else answer

        house.platform.spoil = spoil
        proposal = await planned(house, Selection())
        assert standings(proposal) == {known: Standing.GRANT}
        assert stranger not in standings(proposal)
        (note,) = proposal.notes
        assert note.startswith(f"site {HILLTOP} of lakeside was not listed, so only known tenants are in the plan: ")


async def test_a_rental_that_changes_too_often_is_left_as_it_is(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    for _ in range(20):
        house.world.mark_overdue(rental)
        await house.settle()
        house.world.pay(rental)
        await house.settle()
    house.world.mark_overdue(rental)
    unheard(house)
    assert (await item(house, rental)).standing is Standing.UNCHANGED
