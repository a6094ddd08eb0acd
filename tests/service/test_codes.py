"""Gate codes: staff's, ours, and somebody else's."""

import pytest

from tests.service.house import JONAS, House

pytestmark = pytest.mark.anyio


async def test_a_valid_code_that_staff_type_is_taken_over_at_the_gate(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    old = house.code(rental)

    house.edit(rental, pinCode="482913")
    await house.settle()

    assert await house.keypad("B-014", "482913") == "ok"
    assert await house.keypad("B-014", old) == "unknown_code"
    assert house.code(rental) == "482913"
    assert house.tasks() == []


async def test_a_typed_code_reaches_the_tenants_other_rentals_too(house: House) -> None:
    first, second = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()

    house.edit(second, pinCode="482913")
    await house.settle()

    assert (house.code(first), house.code(second)) == ("482913", "482913")
    assert await house.keypad("B-014", "482913") == "ok"


@pytest.mark.parametrize("typed", ["1234", "111111", "123456", "abcdef", "900123"])
async def test_an_unusable_code_is_replaced_and_staff_are_told_once(house: House, typed: str) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    good = house.code(rental)

    house.edit(rental, pinCode=typed)
    await house.settle()
    await house.sweep()

    assert house.code(rental) == good
    assert await house.keypad("B-014", good) == "ok"
    assert len(house.tasks()) == 1
    assert typed not in (house.tasks()[0].data.desc or "")


async def test_another_tenants_code_is_not_taken_over(house: House) -> None:
    rental, other = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()
    own, taken = house.code(rental), house.code(other)

    house.edit(rental, pinCode=taken)
    await house.settle()

    assert house.code(rental) == own
    assert await house.keypad("B-021", taken) == "ok"
    assert await house.keypad("B-014", taken) == "no_access_here"
    assert len(house.tasks()) == 1


async def test_a_strangers_code_is_left_alone_and_another_one_taken(house: House) -> None:
    await house.stranger("482913", "B-014")
    rental = house.move_in("B-014")
    house.edit(rental, pinCode="482913")
    await house.settle()

    assert house.code(rental) not in {None, "482913"}
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert sorted(person["name"] for person in await house.people()) == ["Installer", "Mira Okafor"]
    assert await house.keypad("B-014", "482913") == "ok"


async def test_a_gate_that_refuses_one_code_after_another_gets_the_next(house: House) -> None:
    await house.fault_gate(kind="error_in_200", method="POST", code="code_in_use", text="taken", count=3)
    rental = house.move_in("B-014")
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert len(await house.people()) == 1
    assert house.ledger("code").count("made") == 4


async def test_a_tenant_who_comes_back_gets_a_new_code(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    old = house.code(rental)
    house.move_out(rental)
    await house.settle()

    again = house.move_in("B-021")
    await house.settle()

    assert house.code(again) not in {None, old}
    assert await house.keypad("B-021", house.code(again)) == "ok"


async def test_a_code_that_was_changed_at_the_gate_is_set_again_by_the_sweep(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    (person,) = await house.people()
    await house.hands.patch(
        f"/sandbox/sites/{house.world.books.rentals.get(rental).site_id}/people/{person['id']}", json={"code": "590274"}
    )

    await house.sweep()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.keypad("B-014", "590274") == "unknown_code"


async def test_rentals_of_one_tenant_that_show_different_codes_of_theirs_are_repaired(house: House) -> None:
    first, second = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    old = house.code(first)
    house.edit(first, resync="rotate")
    await house.settle()
    new = house.code(first)
    assert new != old
    house.edit(second, pinCode=old)  # as if the write to this one had been lost
    house.take_told()

    await house.sweep()

    assert (house.code(first), house.code(second)) == (new, new)
    assert await house.keypad("B-021", new) == "ok"
    assert await house.keypad("B-021", old) == "unknown_code"
    assert house.tasks() == []
