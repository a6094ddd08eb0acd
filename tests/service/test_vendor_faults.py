"""What a gate controller does wrong, and what the bridge then says, does and does not do."""

import pytest

from bridge.sandbox.gate import GateKind, GateSettings
from tests.service.building import open_house
from tests.service.house import JONAS, House

pytestmark = pytest.mark.anyio


async def test_an_error_inside_a_200_is_a_failure(house: House) -> None:
    await house.fault_gate(kind="error_in_200", method="PUT", code="unknown_target", text="no such door", count=None)
    rental = house.move_in("B-014")
    await house.settle()

    assert house.status(rental) == "error: refused_by_vendor"
    assert len(house.tasks()) == 1
    assert await house.alerts() == ["subject_dead"]


async def test_a_refusal_that_is_mended_ends_in_access_at_the_next_sweep(house: House) -> None:
    await house.fault_gate(kind="error_in_200", method="PUT", code="unknown_target", text="no such door", count=None)
    rental = house.move_in("B-014")
    await house.settle()
    await house.mend_gate()
    await house.sweep()

    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert len(house.tasks()) == 1


@pytest.mark.parametrize("method", ["POST", "PUT"], ids=["the person was made", "the door was opened"])
async def test_a_write_without_an_answer_is_read_back_and_makes_one_person(house: House, method: str) -> None:
    await house.fault_gate(kind="after_write", method=method, status=504)
    rental = house.move_in("B-014")
    await house.settle()
    await house.later(seconds=1)

    assert len(await house.people()) == 1
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert house.status(rental) == "granted"
    assert "unknown" in house.ledger("outcome")


async def test_a_lost_write_is_not_shown_as_granted_and_is_tried_until_it_is_seen(house: House) -> None:
    await house.fault_gate(kind="lose_write", method="PUT", count=2)
    rental = house.move_in("B-014")
    await house.settle()
    first = house.status(rental), house.code(rental)
    await house.later(seconds=1)
    second = house.status(rental)
    await house.later(seconds=2)

    assert (first, second) == ((None, None), None)
    assert house.status(rental) == "granted"
    assert house.ledger("read_back") == ["not_seen", "not_seen", "confirmed"]


async def test_a_removal_that_is_not_found_counts_as_done_once_the_listing_agrees(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="after_write", method="DELETE", status=404, code="not_found")

    house.move_out(rental)
    await house.settle()
    await house.later(minutes=2)

    assert await house.keypad("B-014", code) == "unknown_code"
    assert house.status(rental) == "revoked"


async def test_a_removal_that_only_seems_done_is_still_open_and_tried_again(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="lose_write", method="DELETE", count=2)

    house.move_out(rental)
    await house.settle()
    shown = house.status(rental), house.code(rental)
    still_open = await house.keypad("B-014", code)
    await house.later(minutes=1)

    assert (shown, still_open) == (("granted", code), "ok")
    assert await house.keypad("B-014", code) == "unknown_code"
    assert house.status(rental) == "revoked"


@pytest.mark.parametrize(("asked", "waits"), [("30", 30), ("999999999", 3600)])
async def test_a_gate_that_asks_for_time_gets_it_up_to_an_hour(house: House, asked: str, waits: int) -> None:
    await house.fault_gate(kind="fail", method="PUT", status=429, retry_after=asked)
    rental = house.move_in("B-014")
    await house.settle()
    called = len(house.gate.requests)

    await house.later(seconds=waits - 1)
    calls_before = len(house.gate.requests)
    await house.later(seconds=2)

    assert calls_before == called
    assert house.status(rental) == "granted"


async def test_a_strangers_person_and_code_outlive_everything(house: House) -> None:
    await house.stranger("590274", "B-014", "Office")
    rental = house.move_in("B-014")
    await house.settle()
    house.move_out(rental)
    await house.settle()
    await house.sweep()

    assert await house.keypad("B-014", "590274") == "ok"
    assert await house.keypad("Office", "590274") == "ok"
    assert [person["name"] for person in await house.people()] == ["Installer"]


async def test_a_door_that_somebody_gave_our_person_by_hand_is_not_taken_away(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    (person,) = await house.people()
    site = house.world.books.rentals.get(rental).site_id
    await house.hands.put(f"/sandbox/sites/{site}/people/{person['id']}/access/Office", json={"state": "active"})

    house.move_out(rental)
    await house.settle()
    await house.sweep()

    assert await house.keypad("Office", code) == "ok"
    assert await house.keypad("B-014", code) == "no_access_here"


async def test_a_gate_that_answers_nonsense_proves_nothing(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await house.fault_gate(kind="garbage")

    house.world.mark_overdue(rental)
    await house.settle()
    shown = house.status(rental)
    await house.later(minutes=1)

    assert shown == "granted"
    assert house.status(rental) == "suspended: overdue"


async def test_a_gate_that_answers_for_another_site_is_stopped_at_once(house: House) -> None:
    house.gate.spoil = lambda _, answer: {**answer, "site": "somewhere else"}
    rental = house.move_in("B-014")
    await house.settle()
    written = house.gate.writes()
    house.gate.spoil = None
    await house.later(seconds=1)

    assert written == []
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_gate_that_refuses_our_key_is_left_in_peace_for_minutes(house: House) -> None:
    await house.fault_gate(kind="fail", status=401, count=1)
    rental = house.move_in("B-014")
    await house.settle()
    called = len(house.gate.requests)
    await house.later(minutes=4)
    calls_before = len(house.gate.requests)
    await house.later(minutes=2)

    assert await house.alerts() == ["key_refused"]
    assert calls_before == called
    assert house.status(rental) == "granted"


async def test_one_failing_door_leaves_the_tenants_other_door_open(house: House) -> None:
    await house.fault_gate(kind="fail", method="PUT", path="B-014", status=500, count=None)
    stuck, open_ = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()

    assert (house.status(stuck), house.status(open_)) == (None, "granted")
    assert await house.keypad("B-021", house.code(open_)) == "ok"


async def test_a_full_gate_is_an_error_for_staff_not_a_storm(house: House) -> None:
    async with open_house(house.database.parent / "full", gate=GateSettings(capacity=1)) as full:
        first, second = full.move_in("B-014"), full.move_in("B-021", JONAS)
        await full.settle()
        called = len(full.gate.requests)
        await full.later(hours=1)

        statuses = {full.status(first), full.status(second)}
        assert statuses == {"granted", "error: no_capacity"}
        assert len(full.gate.requests) == called
        assert len(full.tasks()) == 1


async def test_masked_codes_cause_no_endless_setting(house: House) -> None:
    gate = GateSettings(kind=GateKind(shows_codes=False))
    async with open_house(house.database.parent / "masked", gate=gate) as masked:
        rental = masked.move_in("B-014")
        await masked.settle()
        written = len(masked.gate.writes())
        await masked.sweep()

        assert await masked.keypad("B-014", masked.code(rental)) == "ok"
        assert len(masked.gate.writes()) == written
