"""A plan says what a run then does, for each thing that can be the case, and why."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.domain.proposal import Standing
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Suspends
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.building import open_house
from tests.service.house import JONAS, House
from tests.service.planning import (
    all_steps,
    intents,
    item,
    last_line,
    planned,
    resynced,
    standings,
    steps,
    writes_planned,
)
from tests.service.situations import (
    Situation,
    move_in,
    move_out,
    overdue,
    paid,
    remapped,
    removed_by_hand,
    renamed,
    rotated,
    transfer,
    typed,
    unheard,
    unmapped,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("situation", "standing", "changes", "told"),
    [
        (move_in, Standing.GRANT, ["grant B-014"], ("granted", "rental_state: the rental is occupied")),
        (overdue, Standing.CHANGE, ["suspend B-014"], ("suspended: overdue", "overdue: is marked overdue")),
        (paid, Standing.CHANGE, ["resume B-014"], ("granted", "rental_state: the rental is occupied")),
        (
            move_out,
            Standing.REMOVAL,
            ["revoke B-014", "remove_person"],
            ("revoked", "rental_state: the rental is ended"),
        ),
        (transfer, Standing.GRANT, ["grant B-021"], ("granted", "rental_state: the rental is occupied")),
        (
            remapped,
            Standing.GRANT,
            ["grant B-030", "revoke B-014"],
            ("granted", "rental_state: the rental is occupied"),
        ),
        (rotated, Standing.CHANGE, ["change_code"], ("granted", "gate_code: ")),
        (typed, Standing.CHANGE, ["change_code"], ("granted", "gate_code: ")),
        (renamed, Standing.CHANGE, ["update_person"], ("granted", "the tenant's name, e-mail or phone")),
        (unmapped, Standing.CHANGE, [], ("error: no_mapping", "unit_mapped: ")),
        (removed_by_hand, Standing.GRANT, ["grant B-014"], ("granted", "rental_state: the rental is occupied")),
    ],
)
async def test_a_plan_says_what_the_run_then_does(
    house: House,
    situation: Situation,
    standing: Standing,
    changes: list[str],
    told: tuple[str, str],
) -> None:
    rental = await situation(house)
    proposal = await planned(house)
    one = await item(house, rental)
    status, reason = told
    assert (one.standing, steps(one), one.status) == (standing, changes, status)
    assert any(said.startswith(reason) for said in one.reasons), one.reasons

    line = last_line(house)
    house.platform.requests.clear()
    await resynced(house)
    assert intents(house, line) == all_steps(proposal)
    written = {call.rsplit("/", 1)[1] for call in house.platform.calls("PUT") if "unit-rentals" in call}
    assert written == writes_planned(proposal)
    again = await planned(house)
    assert set(standings(again).values()) == {Standing.UNCHANGED}
    assert again.calls == 0


async def test_a_transfers_old_door_is_a_removal_that_waits_for_the_new_one(house: House) -> None:
    new = await transfer(house)
    proposal = await planned(house)
    (old,) = [one for _, one in proposal.items() if one.rental != new]
    assert old.standing is Standing.REMOVAL
    assert [step.waits_for for step in old.steps] == [(new,)]


async def test_who_is_in_step_is_unchanged_and_takes_no_call(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    proposal = await planned(house)
    assert standings(proposal) == {rental: Standing.UNCHANGED}
    assert (proposal.to_run, proposal.calls, proposal.seconds) == ((), 0, 0.0)


async def test_a_strangers_entry_of_our_person_is_foreign_and_left_alone(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    (person,) = await house.people()
    root = f"/sandbox/sites/66f1a0c2b7d4e90015c0e001/people/{person['id']}"
    (await house.hands.put(f"{root}/access/B-040", json={"state": "active"})).raise_for_status()
    proposal = await planned(house)
    assert [one.foreign for one in proposal.subjects] == [("B-040",)]
    assert all_steps(proposal) == set()


async def test_a_rental_that_cannot_be_read_is_unknown_and_the_others_are_planned(house: House) -> None:
    rental, other = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    house.world.mark_overdue(other)
    unheard(house)

    def spoil(request: httpx.Request, answer: Any) -> Any:
        if request.url.path.endswith(f"/unit-rentals/{rental}"):
            return {"odd": True}
        return [row for row in answer if row["id"] != rental] if isinstance(answer, list) else answer

    house.platform.spoil = spoil
    proposal = await planned(house)
    assert standings(proposal) == {rental: Standing.UNKNOWN, other: Standing.CHANGE}
    (one,) = [one for _, one in proposal.items() if one.rental == rental]
    assert rental in one.reasons[0]
    assert (one.steps, one.calls) == ((), 0)


async def test_where_the_gate_is_away_nothing_is_planned_and_all_is_unknown(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    unheard(house)
    await house.fault_gate(kind="fail", status=503, count=None)
    one = await item(house, rental)
    assert (one.standing, one.steps, one.fields) == (Standing.UNKNOWN, (), ())
    assert one.reasons[0].startswith("the gate system could not be asked: ")


async def test_where_the_platform_is_away_who_is_known_is_unknown_with_a_note(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=100))
    proposal = await planned(house)
    assert standings(proposal) == {rental: Standing.UNKNOWN}
    assert "503" in next(proposal.items())[1].reasons[0]
    assert "only known tenants are in the plan" in proposal.notes[0]


async def test_an_empty_list_plans_no_removal(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.platform.spoil = lambda _, answer: [] if isinstance(answer, list) else answer
    assert standings(await planned(house)) == {rental: Standing.UNCHANGED}


async def test_a_person_who_is_suspended_whole_is_planned_once_for_both_rentals(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=GateSettings(kind=GateKind(suspends=Suspends.PERSON))) as house:
        first, second = house.move_in("B-014"), house.move_in("B-021")
        await house.settle()
        house.world.mark_overdue(first)
        house.world.mark_overdue(second)
        unheard(house)
        proposal = await planned(house)
        assert [steps(one) for _, one in proposal.items()] == [["suspend"], ["suspend"]]
        assert proposal.subjects[0].vendor_calls == 3, "look, suspend, look again"


async def test_no_gate_code_is_in_a_plan(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    house.edit(rental, pinCode="730519", resync="rotate")
    unheard(house)
    shown = repr(await planned(house))
    assert code is not None
    assert code not in shown
    assert "730519" not in shown
    assert "would make" not in shown


async def test_tenants_whom_nobody_knew_are_found_by_the_list(house: House) -> None:
    known = house.move_in("B-014")
    await house.settle()
    stranger = house.move_in("B-021", JONAS)
    unheard(house)
    assert standings(await planned(house)) == {known: Standing.UNCHANGED, stranger: Standing.GRANT}
