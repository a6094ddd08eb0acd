"""What staff ask for in a rental's fields: goodwill, another look, a new code."""

import pytest

from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.cutting_off import cut_off
from tests.service.house import House

pytestmark = pytest.mark.anyio


async def test_goodwill_opens_an_overdue_tenants_door_and_ends_by_itself_at_midnight(house: House) -> None:
    rental = house.move_in("B-014")
    house.world.mark_overdue(rental)
    await house.settle()
    owing = house.status(rental)

    house.edit(rental, overdueUntil="2026-03-05")
    await house.settle()
    forgiven = house.status(rental), await house.keypad("B-014", house.code(rental))
    await house.later(hours=35, minutes=59)
    last_minute = house.status(rental)
    await house.later(minutes=1)

    assert owing == "suspended: overdue"
    assert forgiven == ("granted", "ok")
    assert (last_minute, house.status(rental)) == ("granted", "suspended: overdue")
    assert await house.keypad("B-014", house.code(rental)) == "suspended"
    assert house.fields(rental)["overdueUntil"] == "2026-03-05", "staff's field stays as they wrote it"


async def test_goodwill_that_is_no_date_changes_nothing_at_the_gate(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    written = len(house.gate.writes())

    house.world.mark_overdue(rental)
    house.edit(rental, overdueUntil="next week")
    await house.settle()

    assert len(house.gate.writes()) == written
    assert await house.subjects() == {"ready": 1}, "it is tried again, and shown until somebody mends the field"
    house.edit(rental, overdueUntil=None)
    await house.settle()
    assert house.status(rental) == "suspended: overdue"


@pytest.mark.parametrize("word", ["resync", True, "true"])
async def test_a_resync_looks_at_the_gate_again_and_empties_the_field(house: House, *, word: str | bool) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    (person,) = await house.people()
    site = house.world.books.rentals.get(rental).site_id
    await house.hands.delete(f"/sandbox/sites/{site}/people/{person['id']}")

    house.edit(rental, resync=word)
    await house.settle()

    assert await house.keypad("B-014", code) == "ok"
    assert "resync" not in house.fields(rental)
    assert house.code(rental) == code


async def test_the_echo_of_an_emptied_field_causes_no_vendor_call_and_no_second_write(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, resync="resync")
    await house.deliver()
    await house.resolve_due()
    await house.converge_due()
    called, written = len(house.gate.requests), len(house.platform.writes())

    await house.settle()

    assert (len(house.gate.requests), len(house.platform.writes())) == (called, written)
    assert (await house.deliveries())[-1] == "ignored"


async def test_a_resync_waits_for_a_gate_that_is_away(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    await house.fault_gate(kind="fail", status=503, count=None)
    house.edit(rental, resync="resync")
    await house.settle()
    waiting = house.fields(rental).get("resync")
    await house.mend_gate()
    await house.later(minutes=2)

    assert waiting == "resync"
    assert "resync" not in house.fields(rental)


async def test_any_other_word_is_left_alone(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    written = len(house.platform.writes())

    house.edit(rental, resync="later")
    await house.settle()

    assert house.fields(rental)["resync"] == "later"
    assert len(house.platform.writes()) == written


async def test_a_rotation_gives_all_of_the_tenants_rentals_one_new_code(house: House) -> None:
    first, second = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    old = house.code(first)

    house.edit(second, resync="rotate")
    await house.settle()

    new = house.code(first)
    assert new not in {None, old}
    assert house.code(second) == new
    assert await house.keypad("B-014", new) == await house.keypad("B-021", new) == "ok"
    assert await house.keypad("B-014", old) == "unknown_code"
    assert "resync" not in house.fields(second)


async def test_each_rotation_that_staff_ask_for_is_made(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    codes = [house.code(rental)]

    for _ in range(2):
        house.edit(rental, resync="rotate")
        await house.settle()
        codes.append(house.code(rental))

    assert len(set(codes)) == 3
    assert house.ledger("code") == ["made", "rotated", "rotated"]


async def test_a_rotation_keeps_the_old_code_working_until_the_gate_has_the_new_one(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    old = house.code(rental)

    await house.fault_gate(kind="fail", status=503, count=None)
    house.edit(rental, resync="rotate")
    await house.settle()
    await house.later(seconds=5)
    await house.mend_gate()
    meanwhile = await house.keypad("B-014", old), house.code(rental)
    await house.later(minutes=2)

    assert meanwhile == ("ok", old)
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert house.ledger("code").count("rotated") == 1


@pytest.mark.parametrize(("at", "of"), [("GET", "gate"), ("PATCH", "gate"), ("PUT", "platform")])
async def test_a_crash_in_the_middle_does_not_rotate_twice(house: House, at: str, of: str) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    house.edit(rental, resync="rotate")
    await cut_off(house, at=at, of=of)
    await house.later(minutes=3)

    assert house.ledger("code") == ["made", "rotated"]
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert "resync" not in house.fields(rental)
    house.edit(rental, resync="rotate")
    await house.settle()
    assert house.ledger("code") == ["made", "rotated", "rotated"], "the next request is a new one"


async def test_a_field_that_could_not_be_emptied_does_not_rotate_twice(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    house.edit(rental, resync="rotate")
    await house.deliver()
    await house.resolve_due()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, path=f"unit-rentals/{rental}", remaining=1))
    await house.settle()
    stuck = house.fields(rental).get("resync")
    await house.later(minutes=2)

    assert stuck == "rotate"
    assert "resync" not in house.fields(rental)
    assert house.ledger("code") == ["made", "rotated"]


async def test_a_code_that_staff_type_with_a_rotation_is_the_new_code(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    house.edit(rental, resync="rotate", pinCode="482913")
    await house.settle()

    assert house.code(rental) == "482913"
    assert house.ledger("code") == ["made", "adopted_from_staff"]
    assert "resync" not in house.fields(rental)


async def test_a_rotation_on_a_rental_still_to_come_makes_no_code(house: House) -> None:
    rental = house.move_in("B-014", auto_complete=False)
    house.edit(rental, resync="rotate")
    await house.settle()

    assert house.ledger("code") == []
    assert "resync" not in house.fields(rental)
