"""Which unit is which door: what staff say in the unit's field, and what happens when they do not."""

import pytest

from tests.service.house import House

pytestmark = pytest.mark.anyio


async def test_a_unit_without_a_mapping_is_an_error_on_the_rental_and_one_task(house: House) -> None:
    house.map_unit("B-014", None)
    rental = house.move_in("B-014")
    await house.settle()
    for _ in range(3):
        await house.sweep()

    assert house.status(rental) == "error: no_mapping"
    assert [task.data.target_id for task in house.tasks()] == [house.world.books.rentals.get(rental).unit_id]
    assert await house.people() == []


async def test_a_mapping_that_staff_add_is_taken_up_by_the_sweep(house: House) -> None:
    house.map_unit("B-014", None)
    rental = house.move_in("B-014")
    await house.settle()

    house.map_unit("B-014", "B-014")
    await house.sweep()

    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_problem_that_comes_back_is_told_again(house: House) -> None:
    house.map_unit("B-014", None)
    house.move_in("B-014")
    await house.settle()
    house.map_unit("B-014", "B-014")
    await house.sweep()
    house.map_unit("B-014", None)
    await house.sweep()

    assert len(house.tasks()) == 2


async def test_an_emptied_mapping_locks_nobody_out(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    house.map_unit("B-014", None)
    await house.sweep()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert house.status(rental) == "error: no_mapping"


async def test_a_changed_mapping_opens_the_new_door_and_closes_the_old(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.map_unit("B-014", "Annex 3/b")
    await house.sweep()

    assert await house.keypad("Annex 3/b", house.code(rental)) == "ok"
    assert await house.keypad("B-014", house.code(rental)) == "no_access_here"


async def test_a_unit_that_opts_out_is_left_alone(house: House) -> None:
    rental = house.move_in("B-040")
    await house.settle()

    assert house.gate.writes() == []
    assert house.fields(rental) == {}
    assert house.tasks() == []


async def test_a_unit_that_opts_out_later_loses_what_the_bridge_made_there_once(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)

    house.map_unit("B-014", "NONE")
    await house.sweep()
    written = len(house.gate.writes()), len(house.platform.writes())
    await house.sweep()

    assert await house.keypad("B-014", code) == "unknown_code"
    assert house.status(rental) == "revoked: opted_out"
    assert (len(house.gate.writes()), len(house.platform.writes())) == written


async def test_one_unmapped_unit_does_not_hold_back_the_tenants_other(house: House) -> None:
    house.map_unit("B-014", None)
    unmapped, mapped = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()

    assert (house.status(unmapped), house.status(mapped)) == ("error: no_mapping", "granted")
    assert await house.keypad("B-021", house.code(mapped)) == "ok"
