"""A transfer does not open what staff have locked, and their switch on the new rental is theirs."""

import pytest

from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.cutting_off import cut_off
from tests.service.house import House

pytestmark = pytest.mark.anyio


async def moved_while_locked(house: House) -> str:
    """Move a locked tenant to another unit and return the new rental; nothing of the move is told yet."""
    old = house.move_in("B-014")
    house.edit(old, overlocked=True)
    await house.settle()
    return house.transfer(old, "B-021")


async def test_the_new_rental_is_locked_from_the_start_and_its_switch_ticked(house: House) -> None:
    new = await moved_while_locked(house)
    await house.settle()

    assert house.fields(new)["overlocked"] is True
    assert house.status(new) == "suspended: manual"
    assert await house.keypad("B-021", house.code(new)) != "ok"


async def test_the_new_door_is_not_opened_for_a_moment(house: House) -> None:
    await moved_while_locked(house)
    opened = house.ledger("intent").count("grant")
    await house.settle()

    assert house.ledger("intent").count("grant") == opened


async def test_what_staff_untick_on_the_new_rental_stays_unticked(house: House) -> None:
    new = await moved_while_locked(house)
    await house.settle()

    house.edit(new, overlocked=False)
    await house.settle()
    await house.sweep()

    assert house.fields(new)["overlocked"] is False
    assert house.status(new) == "granted"
    assert await house.keypad("B-021", house.code(new)) == "ok"


async def test_a_tick_on_the_rental_that_was_left_comes_too_late(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    new = house.transfer(old, "B-021")
    await house.settle()

    house.edit(old, overlocked=True)
    await house.settle()

    assert house.status(new) == "granted"
    assert "overlocked" not in house.fields(new)


async def test_a_crash_after_the_tick_does_not_tick_again_what_staff_unticked(house: House) -> None:
    new = await moved_while_locked(house)
    await cut_off(house, at="PUT", of="platform")
    ticked = house.fields(new)["overlocked"]

    house.edit(new, overlocked=False)
    await house.later(minutes=3)
    await house.sweep()

    assert ticked is True
    assert house.fields(new)["overlocked"] is False
    assert house.status(new) == "granted"


async def test_a_tick_that_did_not_arrive_is_written_again_and_the_door_stays_shut(house: House) -> None:
    new = await moved_while_locked(house)
    await house.deliver()
    await house.resolve_due()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, path=f"unit-rentals/{new}", remaining=1))
    await house.settle()
    missed = house.fields(new).get("overlocked"), await house.keypad("B-021", house.code(new))
    await house.later(minutes=2)

    assert missed[0] is None
    assert missed[1] != "ok"
    assert house.fields(new)["overlocked"] is True
    assert house.status(new) == "suspended: manual"


async def test_the_lock_goes_on_to_the_unit_after_next(house: House) -> None:
    new = await moved_while_locked(house)
    await house.settle()

    third = house.transfer(new, "B-027")
    await house.settle()

    assert house.fields(third)["overlocked"] is True
    assert await house.keypad("B-027", house.code(third)) != "ok"


async def test_the_switch_is_written_once(house: House) -> None:
    new = await moved_while_locked(house)
    await house.settle()
    written = len(house.platform.writes())

    await house.sweep()
    house.world.mark_overdue(new)
    await house.settle()

    assert len(house.platform.writes()) == written + 1, "the status alone"
