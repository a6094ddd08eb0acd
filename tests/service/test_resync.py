"""Putting tenants right on demand: a plan writes nothing, only what was approved is done, live events go first."""

from datetime import timedelta

import pytest

from bridge.domain.errors import NotFoundHere, Outdated
from bridge.domain.ids import SiteId, SubjectKey, TenantId
from bridge.domain.proposal import VALID_FOR, Standing
from bridge.domain.whom import Selection
from bridge.ports.store import Priority
from bridge.service.resync import FEW, Resyncer
from bridge.testing.memory_store import MemoryStore
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, UNIT_IDS, House
from tests.service.planning import HERE, everything, item, planned, resynced, standings, worked_on

pytestmark = pytest.mark.anyio


def key(tenant: str) -> SubjectKey:
    return SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(tenant))


def new_tenants(house: House, count: int) -> list[str]:
    """Move so many people in whom the bridge has not heard of, and return their rentals."""
    rentals = []
    for number in range(count):
        name = f"R-{number:03}"
        unit = house.world.create_unit(SITE, name, fields={"gate_id": name})
        tenant = house.world.create_tenant(
            first_name=f"Resync{number}", last_name="Tenant", email=f"r{number}@example.net"
        )
        rentals.append(house.world.move_in(tenant.id, unit.id).id)
    house.take_told()
    return rentals


async def three_at_odds(house: House) -> None:
    """Leave a new tenant, one who owes and one who has left, none of them heard of yet."""
    owing, left = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    house.world.mark_overdue(owing)
    house.move_out(left)
    house.move_in("B-027", JONAS)
    house.take_told()


async def test_a_plan_writes_nothing_at_gate_platform_or_store(house: House) -> None:
    await three_at_odds(house)
    before = everything(house)
    house.platform.requests.clear()
    house.gate.requests.clear()
    proposal = await planned(house)

    assert {one.standing for _, one in proposal.items()} == {Standing.GRANT, Standing.CHANGE, Standing.REMOVAL}
    assert (house.platform.writes(), house.gate.writes()) == ([], [])
    assert everything(house) == before


async def test_the_same_plan_has_the_same_digest_at_another_time(house: House) -> None:
    await three_at_odds(house)
    first = await planned(house)
    house.clock.advance(minutes=7)
    second = await planned(house)
    assert first.digest() == second.digest()
    assert first.expires_at == first.made_at + VALID_FOR


async def test_a_plan_that_does_something_else_has_another_digest(house: House) -> None:
    await three_at_odds(house)
    first = await planned(house)
    house.move_in("B-030", JONAS)
    house.take_told()
    assert (await planned(house)).digest() != first.digest()


async def test_a_new_code_is_the_same_change_whichever_it_is(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, pinCode="730519")
    first = await planned(house)
    house.edit(rental, pinCode="730591")
    assert (await planned(house)).digest() == first.digest()


async def test_a_resync_puts_right_whom_the_plan_named_and_nobody_else(house: House) -> None:
    rental, other = house.move_in("B-014"), house.move_in("B-027", JONAS)
    await house.settle()
    house.world.mark_overdue(rental)
    house.world.mark_overdue(other)
    house.take_told()
    assert await resynced(house, Selection(tenant=MIRA)) == {MIRA}
    assert (house.status(rental), house.status(other)) == ("suspended: overdue", "granted")


async def test_a_resync_of_who_is_in_step_marks_and_writes_nothing(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    before = everything(house)
    house.platform.requests.clear()
    house.gate.requests.clear()
    assert await resynced(house) == set()
    assert (house.platform.writes(), house.gate.writes()) == ([], [])
    assert everything(house) == before


async def test_a_second_resync_right_after_the_first_writes_nothing(house: House) -> None:
    await three_at_odds(house)
    assert await resynced(house) == {MIRA, JONAS}
    house.take_told()
    house.platform.requests.clear()
    house.gate.requests.clear()
    assert await resynced(house) == set()
    assert (house.platform.writes(), house.gate.writes()) == ([], [])


async def test_only_what_was_approved_is_done(house: House) -> None:
    await three_at_odds(house)
    digest = (await planned(house)).digest()
    assert await resynced(house, approved=f" {digest.upper()} ") == {MIRA, JONAS}


async def test_after_the_world_has_changed_an_approved_plan_is_refused_with_what_differs(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    approved = (await planned(house)).digest()
    house.world.pay(rental)
    before = everything(house)
    with pytest.raises(Outdated, match=rf"rental {rental}: suspend B-014, field status then, nothing now") as raised:
        await house.bridge.resyncer.resync(HERE, who="olga", approved=approved)
    assert str(raised.value).isprintable()
    assert everything(house) == before


async def test_an_approval_is_over_after_a_quarter_of_an_hour(house: House) -> None:
    await three_at_odds(house)
    digest = (await planned(house)).digest()
    house.clock.advance(seconds=VALID_FOR.total_seconds())
    with pytest.raises(Outdated, match="make a new one"):
        await house.bridge.resyncer.resync(HERE, who="olga", approved=digest)
    assert await house.subjects() == {}


@pytest.mark.parametrize("digest", ["0123456789abcdef", "", "\x1b[2J" * 99])
async def test_a_plan_that_nobody_made_is_refused_in_one_inert_line(house: House, digest: str) -> None:
    await three_at_odds(house)
    with pytest.raises(Outdated) as raised:
        await house.bridge.resyncer.resync(HERE, who="olga", approved=digest)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 120


async def test_a_resync_is_in_the_ledger_once_with_who_asked_for_whom(house: House) -> None:
    await three_at_odds(house)
    await house.bridge.resyncer.resync(Selection(tenant=MIRA, site=SITE), who="olga\n\x1b", approved=None)
    assert house.ledger("operator") == ["resync"]
    (row,) = [row for row in everything(house)["ledger"] if "resync" in row]
    assert f"--tenant {MIRA} --site {SITE}" in repr(row)
    assert "\\x1b" not in repr(row)


async def test_a_live_move_in_goes_before_a_resync_of_many(house: House) -> None:
    rentals = new_tenants(house, 300)
    told = await house.bridge.resyncer.resync(HERE, who="olga")
    assert (len(told.marked), told.priority) == (300, Priority.SWEEP)

    house.clock.advance(minutes=1)
    rental = house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    (first,) = await house.bridge.store.claim_subjects(1)
    assert first.key == key(MIRA)
    await house.bridge.converger.run(first)
    assert house.status(rental) == "granted"
    assert house.status(rentals[-1]) is None


async def test_a_few_are_put_right_as_if_they_stood_at_the_gate(house: House) -> None:
    new_tenants(house, FEW)
    assert (await house.bridge.resyncer.resync(HERE, who="olga")).priority is Priority.LIVE


async def test_two_resyncs_at_once_are_one_run_each(house: House) -> None:
    await three_at_odds(house)
    for who in ("olga", "otto"):
        await house.bridge.resyncer.resync(HERE, who=who)
    assert await house.converge_due() == 2
    assert await house.converge_due() == 0


async def test_a_resync_that_is_marked_goes_on_after_a_restart(house: House) -> None:
    rentals = new_tenants(house, FEW + 1)
    await house.bridge.resyncer.resync(HERE, who="olga")
    await house.restart()
    while await worked_on(house):
        pass
    assert {house.status(rental) for rental in rentals} == {"granted"}


async def test_who_was_given_up_is_looked_at_again(house: House) -> None:
    await house.fault_gate(kind="error_in_200", method="PUT", code="locked", text="not now", count=None)
    rental = house.move_in("B-014")
    await house.settle()
    assert await house.subjects() == {"dead": 1}
    await house.mend_gate()
    assert await resynced(house, Selection(rental=rental)) == {MIRA}
    assert await house.subjects() == {}
    assert house.status(rental) == "granted"


async def test_an_approval_outlives_a_restart_and_still_says_what_differs(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    house.take_told()
    approved = (await planned(house)).digest()
    await house.restart()
    assert await resynced(house, approved=approved) == {MIRA}
    house.world.pay(rental)
    with pytest.raises(Outdated, match=rf"rental {rental}: suspend B-014, field status then, resume B-014, field"):
        await resynced(house, approved=approved)


async def test_an_approval_that_expired_while_the_bridge_was_away_is_refused(house: House) -> None:
    await three_at_odds(house)
    approved = (await planned(house)).digest()
    await house.restart()
    house.clock.advance(seconds=VALID_FOR.total_seconds())
    with pytest.raises(Outdated, match="make a new one"):
        await resynced(house, approved=approved)
    assert await house.subjects() == {}


async def test_a_store_that_takes_no_writes_still_lets_a_plan_be_seen(house: House) -> None:
    await three_at_odds(house)
    full = MemoryStore(house.clock)
    full.failing = "the disk is full"
    resyncer = Resyncer(
        make_plan=house.bridge.resyncer.plan,
        operations=house.bridge.desk.operations,
        approvals=full,
        sights=full,
        clock=house.clock,
    )
    assert (await resyncer.plan(HERE)).totals()[Standing.GRANT] == 1


@pytest.mark.parametrize(
    ("selection", "tenants"),
    [
        (Selection(), {MIRA, JONAS}),
        (Selection(site=SITE), {MIRA, JONAS}),
        (Selection(tenant=MIRA), {MIRA}),
        (Selection(unit="B-027"), {JONAS}),
        (Selection(unit=UNIT_IDS["B-027"], site=SITE), {JONAS}),
        (Selection(tenant=JONAS, unit="B-027"), {JONAS}),
    ],
)
async def test_filters_combine(house: House, selection: Selection, tenants: set[str]) -> None:
    house.move_in("B-014")
    house.move_in("B-027", JONAS)
    house.take_told()
    assert {one.subject.tenant for one in (await planned(house, selection)).subjects} == tenants


@pytest.mark.parametrize(
    "selection",
    [
        Selection(tenant=MIRA, unit="B-027"),
        Selection(tenant=MIRA, site=SiteId("elsewhere")),
        Selection(site=SiteId("elsewhere")),
        Selection(tenant="nobody"),
        Selection(rental="\x1b[2J" * 500),
    ],
)
async def test_who_is_not_there_is_one_inert_line(house: House, selection: Selection) -> None:
    house.move_in("B-014")
    house.move_in("B-027", JONAS)
    await house.settle()
    with pytest.raises(NotFoundHere) as raised:
        await planned(house, selection)
    assert str(raised.value).isprintable()


async def test_the_tenants_other_rentals_are_in_the_plan_too_for_the_work_is_done_for_all(house: House) -> None:
    asked, beside = house.move_in("B-014"), house.move_in("B-021")
    house.take_told()
    proposal = await planned(house, Selection(rental=asked))
    assert standings(proposal) == {asked: Standing.GRANT, beside: Standing.GRANT}


async def test_it_says_about_how_long_it_takes(house: House) -> None:
    new_tenants(house, 10)
    proposal = await planned(house)
    assert proposal.calls == 10 * (2 + 3)
    assert timedelta() < timedelta(seconds=proposal.seconds) < timedelta(minutes=1)


async def test_a_rental_is_told_with_the_calls_that_it_takes(house: House) -> None:
    rental = house.move_in("B-014")
    house.take_told()
    one = await item(house, rental)
    assert (one.calls, one.fields) == (2, ("status", "pinCode"))


async def test_a_plan_of_a_site_reads_it_and_the_gate_from_their_lists(house: House) -> None:
    new_tenants(house, 40)
    house.platform.requests.clear()
    house.gate.requests.clear()
    await planned(house)
    assert house.platform.calls() == ["GET admin/unit-rentals"] * 2
    assert len(house.gate.requests) == 2, "forty are two pages of the gate's list, or one and its end"
