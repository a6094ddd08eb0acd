"""Nothing is claimed that is not so, nobody is locked out by half a failure, and people are told."""

import asyncio
from datetime import date, timedelta

import pytest

from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.house import House

pytestmark = pytest.mark.anyio


async def test_a_typed_code_that_a_stranger_has_at_the_gate_leaves_the_tenant_the_old_one(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    old = house.code(rental)
    await house.stranger("739146", "B-021")

    house.edit(rental, pinCode="739146")
    await house.settle()

    assert house.code(rental) == old
    assert await house.keypad("B-014", old) == "ok"
    assert await house.keypad("B-014", "739146") == "no_access_here"
    assert [job.data.title for job in house.tasks()] == ["Gate access: the typed gate code cannot be used"]
    assert house.status(rental) == "granted"


async def test_a_gate_that_has_every_code_already_ends_after_a_few_codes_and_is_told(house: House) -> None:
    rental = house.move_in("B-014")
    await house.fault_gate(kind="error_in_200", code="code_in_use", text="taken", method="POST", count=None)
    await house.settle()

    assert house.code(rental) is None
    assert house.status(rental) == "error: refused_by_vendor"
    assert await house.alerts() == ["subject_dead"]
    assert house.ledger("code").count("made") <= 5
    await house.mend_gate()
    await house.sweep()
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_no_code_is_shown_that_no_gate_has_accepted(house: House) -> None:
    await house.fault_gate(kind="error_in_200", code="odd", text="no", method="POST", count=None)
    rental = house.move_in("B-014")
    await house.settle()
    assert (house.status(rental), house.code(rental)) == ("error: refused_by_vendor", None)


async def test_who_keeps_a_door_that_somebody_else_opened_is_told_when_they_leave(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    (person,) = await house.people()
    root = f"/sandbox/sites/{house.world.books.rentals.get(rental).site_id}/people/{person['id']}"
    await house.hands.put(f"{root}/access/B-027", json={"state": "active"})

    house.move_out(rental)
    await house.settle()

    assert await house.keypad("B-014", code) == "no_access_here"
    assert await house.keypad("B-027", code) == "ok", "what others opened is reported, not removed"
    assert await house.alerts() == ["foreign_entry"]
    other = house.move_in("B-014", "66f1a0c2b7d4e90015c01778")
    await house.settle()
    house.edit(other, pinCode=code)
    await house.settle()
    assert house.code(other) != code, "a code that still opens a door is nobody else's"


async def test_a_rental_that_is_gone_from_the_platform_holds_back_no_other(house: House) -> None:
    lost, kept = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    code = house.code(kept)
    del house.world.books.rentals._rows[lost]

    house.world.mark_overdue(kept)
    await house.settle()

    assert await house.keypad("B-021", code) == "suspended"
    assert await house.keypad("B-014", code) == "ok", "what cannot be read stays as it is"
    assert await house.alerts() == ["rental_unreadable"]


async def test_a_refused_write_back_does_not_miss_the_day_on_which_access_begins(house: House) -> None:
    tomorrow = date(2026, 3, 4) + timedelta(days=1)
    rental = house.move_in("B-014", start_date=tomorrow, auto_complete=False)
    house.world.complete_move_in(rental)
    await house.deliver()
    await house.resolve_due()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=400, remaining=100, path="unit-rentals/"))
    await house.converge_due()
    assert await house.alerts() == ["subject_dead"]
    house.fault_platform(None)

    await house.later(hours=13)

    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_removal_that_is_not_seen_yet_goes_on_beside_a_refused_grant(house: House) -> None:
    leaving = house.move_in("B-014")
    await house.settle()
    house.move_out(leaving)
    house.move_in("B-021")
    await house.fault_gate(kind="lose_write", method="DELETE", path="/access/B-014", count=1)
    await house.fault_gate(kind="error_in_200", code="odd", text="no", method="PUT", path="/access/B-021", count=None)
    await house.settle()
    code = (await house.people())[0]["code"]

    await house.later(seconds=5)
    await house.later(seconds=5)

    assert await house.keypad("B-014", code) == "no_access_here"


async def test_a_task_that_cannot_be_raised_keeps_what_staff_typed_until_they_are_told(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    good = house.code(rental)
    house.edit(rental, pinCode="1234")
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=1, path="jobs"))
    await house.settle()
    assert (house.code(rental), len(house.tasks())) == ("1234", 0)

    await house.later(seconds=5)

    assert (house.code(rental), len(house.tasks())) == (good, 1)


async def test_an_alert_whose_commit_failed_is_told_again(house: House) -> None:
    rental = house.move_in("B-014")
    await house.fault_gate(kind="error_in_200", code="odd", text="no", method="POST", count=None)
    await house.deliver()
    await house.resolve_due()
    (claim,) = await house.bridge.store.claim_subjects(1)
    house.gate.hold_answers("POST")
    first = asyncio.create_task(house.bridge.converger.run(claim))
    await house.gate.held.wait()
    house.clock.advance(minutes=10)
    (again,) = await house.bridge.store.claim_subjects(1)
    house.gate.release()
    await first
    assert await house.alerts() == [], "the run had lost its lease, so nothing of it was kept"
    await house.bridge.converger.run(again)
    assert await house.alerts() == ["subject_dead"]
    assert house.status(rental) == "error: refused_by_vendor"
