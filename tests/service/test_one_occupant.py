"""Where a unit takes one tenant at a time, the next one waits for the removal of the one before, and no longer."""

from pathlib import Path

import pytest

from bridge.sandbox.gate import GateKind, GateSettings
from tests.service.building import open_house
from tests.service.house import JONAS, MIRA, House

pytestmark = pytest.mark.anyio
SINGLE = GateSettings(kind=GateKind(one_occupant=True))


async def test_the_next_tenant_is_let_in_after_the_removal_of_one_whose_move_out_was_never_told(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=SINGLE) as house:
        first = house.move_in("B-014", MIRA)
        await house.settle()
        house.move_out(first)
        house.take_told()
        second = house.move_in("B-014", JONAS)
        await house.settle()
        assert await house.people() == []
        await house.later(seconds=2)
        assert await house.keypad("B-014", house.code(second)) == "ok"
        assert [person["name"].split()[0] for person in await house.people()] == ["Jonas"]
        assert house.status(second) == "granted"
        assert house.open_tasks() == []


async def test_two_tenants_change_places(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=SINGLE) as house:
        mira, jonas = await _change_places(house)
        await house.settle()
        await house.later(seconds=2)
        assert await house.keypad("B-021", house.code(mira)) == "ok"
        assert await house.keypad("B-014", house.code(jonas)) == "ok"


async def test_two_who_wait_for_each_other_do_not_wake_each_other_without_end(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=SINGLE) as house:
        mira, jonas = await _change_places(house)
        await house.fault_gate(kind="fail", method="DELETE", status=503, count=None)
        await house.settle()
        assert await house.later(minutes=1) < 20
        await house.mend_gate()
        await house.later(minutes=1)
        await house.later(minutes=1)
        assert await house.keypad("B-021", house.code(mira)) == "ok"
        assert await house.keypad("B-014", house.code(jonas)) == "ok"


async def _change_places(house: House) -> tuple[str, str]:
    """Let two tenants of the bridge move into each other's unit, and return the new rentals."""
    first, second = house.move_in("B-014", MIRA), house.move_in("B-021", JONAS)
    await house.settle()
    house.move_out(first)
    house.move_out(second)
    return house.move_in("B-021", MIRA), house.move_in("B-014", JONAS)


async def test_two_units_with_one_target_are_a_task_and_the_first_tenant_keeps_the_door(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=SINGLE) as house:
        first = house.move_in("B-014", MIRA)
        await house.settle()
        second = house.move_in("B-021", JONAS)
        house.map_unit("B-021", "B-014")
        await house.settle()
        assert await house.keypad("B-014", house.code(first)) == "ok"
        assert (house.status(second) or "").startswith("error")
        assert len(house.open_tasks()) == 1


async def test_a_unit_of_somebody_whom_the_bridge_did_not_let_in_is_a_task_for_staff(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=SINGLE) as house:
        await house.stranger("590274", "B-014")
        second = house.move_in("B-014", JONAS)
        await house.settle()
        assert (house.status(second) or "").startswith("error")
        assert len(house.open_tasks()) == 1
        assert await house.keypad("B-014", "590274") == "ok"


async def test_where_several_may_share_a_target_nobody_waits(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.move_in("B-014", MIRA)
        await house.settle()
        second = house.move_in("B-021", JONAS)
        house.map_unit("B-021", "B-014")
        await house.settle()
        assert await house.keypad("B-014", house.code(second)) == "ok"
