"""Moving in, moving out, moving between units."""

import pytest

from tests.service.house import JONAS, House

pytestmark = pytest.mark.anyio


async def test_a_move_in_opens_the_units_door_with_the_code_on_the_rental(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.keypad("B-021", house.code(rental)) == "no_access_here"
    assert house.status(rental) == "granted"


async def test_a_move_out_closes_the_door_removes_the_person_and_clears_the_code(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)

    house.move_out(rental)
    await house.settle()

    assert await house.keypad("B-014", code) == "unknown_code"
    assert await house.people() == []
    assert house.code(rental) is None
    assert house.status(rental) == "revoked"


async def test_two_units_of_one_tenant_share_one_code_and_one_person(house: House) -> None:
    first, second = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()

    assert house.code(first) == house.code(second)
    assert await house.keypad("B-014", house.code(first)) == "ok"
    assert await house.keypad("B-021", house.code(first)) == "ok"
    assert len(await house.people()) == 1


async def test_leaving_one_of_two_units_closes_that_door_only(house: House) -> None:
    left, kept = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    code = house.code(kept)

    house.move_out(left)
    await house.settle()

    assert await house.keypad("B-014", code) == "no_access_here"
    assert await house.keypad("B-021", code) == "ok"
    assert (house.status(left), house.status(kept)) == ("revoked", "granted")
    assert (house.code(left), house.code(kept)) == (None, code)


async def test_a_code_rests_after_its_tenant_left(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    old = house.code(rental)
    house.move_out(rental)
    await house.settle()

    next_rental = house.move_in("B-014", JONAS)
    house.edit(next_rental, pinCode=old)
    await house.settle()

    assert house.code(next_rental) not in {None, old}
    assert await house.keypad("B-014", old) == "unknown_code"


async def test_a_reserved_rental_opens_nothing_until_its_move_in_is_completed(house: House) -> None:
    rental = house.move_in("B-014", auto_complete=False)
    house.edit(rental, pinCode="482913")
    await house.settle()
    assert await house.people() == []

    house.world.complete_move_in(rental)
    await house.settle()

    assert await house.keypad("B-014", "482913") == "ok"


async def test_a_move_in_completed_ahead_opens_at_its_own_midnight(house: House) -> None:
    tomorrow = house.clock.now().date().replace(day=5)
    rental = house.move_in("B-014", start_date=tomorrow, auto_complete=False)
    house.world.complete_move_in(rental)
    await house.settle()
    assert house.status(rental) == "suspended: not_started"

    await house.later(hours=11, minutes=59)
    early = house.status(rental)
    await house.later(minutes=1)

    assert (early, house.status(rental)) == ("suspended: not_started", "granted")
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_transfer_keeps_the_code_and_swaps_the_doors(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)

    new = house.transfer(old, "B-021")
    await house.settle()

    assert await house.keypad("B-021", code) == "ok"
    assert await house.keypad("B-014", code) == "no_access_here"
    assert (house.code(old), house.code(new)) == (None, code)
    assert (house.status(old), house.status(new)) == ("revoked", "granted")
    assert len(await house.people()) == 1


async def test_a_transfer_of_an_overdue_tenant_opens_neither_door(house: House) -> None:
    old = house.move_in("B-014")
    house.world.mark_overdue(old)
    await house.settle()
    code = house.code(old)

    new = house.transfer(old, "B-021")
    await house.settle()
    before_paying = await house.keypad("B-021", code)
    house.world.pay(new)
    await house.settle()

    assert before_paying != "ok"
    assert await house.keypad("B-021", code) == "ok"
    assert await house.keypad("B-014", code) == "no_access_here"


async def test_the_old_door_stays_open_until_the_new_one_is(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)

    await house.fault_gate(kind="fail", status=503, method="PUT", path="B-021", count=None)
    new = house.transfer(old, "B-021")
    await house.settle()
    stranded = await house.keypad("B-014", code)
    shown = house.status(new)
    await house.mend_gate()
    await house.later(minutes=2)

    assert (stranded, shown) == ("ok", None)
    assert await house.keypad("B-021", code) == "ok"
    assert await house.keypad("B-014", code) == "no_access_here"


async def test_an_old_door_that_does_not_close_holds_back_nobody(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)

    await house.fault_gate(kind="fail", status=503, method="DELETE", path="B-014", count=None)
    new = house.transfer(old, "B-021")
    await house.settle()

    assert await house.keypad("B-021", code) == "ok"
    assert house.status(new) == "granted"
    assert house.status(old) == "granted"
    await house.mend_gate()
    await house.later(minutes=2)
    assert await house.keypad("B-014", code) == "no_access_here"
    assert house.status(old) == "revoked"
