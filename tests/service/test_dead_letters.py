"""What no retry mends: a person is told once, and the sweep tries again."""

from typing import Any

import pytest

from tests.service.house import House

pytestmark = pytest.mark.anyio


async def test_a_removal_that_is_refused_for_good_alerts_and_the_sweep_revives_it(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="error_in_200", method="DELETE", code="locked", text="not now", count=None)
    house.move_out(rental)
    await house.settle()
    dead, still_open = await house.subjects(), await house.keypad("B-014", code)

    await house.sweep()
    alerts = await house.alerts()
    await house.mend_gate()
    await house.sweep()

    assert (dead, still_open) == ({"dead": 1}, "ok")
    assert alerts == ["removal_dead"], "one alert an hour, not one a sweep"
    assert await house.keypad("B-014", code) == "unknown_code"
    assert (house.status(rental), await house.subjects()) == ("revoked", {})


async def test_a_removal_that_never_works_alerts_in_the_end(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await house.fault_gate(kind="fail", method="DELETE", status=503, count=None)
    house.move_out(rental)
    for _ in range(60):
        await house.later(minutes=16)

    assert await house.alerts() == ["removal_late", "removal_dead"]
    assert await house.subjects() == {"dead": 1}


async def test_a_dead_subject_wakes_with_the_next_event_about_it(house: House) -> None:
    rental = house.move_in("B-014")
    await house.fault_gate(kind="error_in_200", method="PUT", code="no", text="no", count=None)
    await house.settle()
    await house.mend_gate()

    house.edit(rental, pinCode="482913")
    await house.settle()

    assert await house.keypad("B-014", "482913") == "ok"
    assert house.status(rental) == "granted"


async def test_retries_are_quick_at_first_and_far_apart_later(house: House) -> None:
    await house.fault_gate(kind="fail", method="POST", status=503, count=None)
    house.move_in("B-014")
    await house.settle()
    tries = [len(house.gate.requests)]
    for seconds in (1, 60, 60, 60):
        await house.later(seconds=seconds)
        tries.append(len(house.gate.requests))

    assert tries[1] > tries[0], "the first retry comes within a second"
    for _ in range(20):
        await house.later(minutes=16)
    before = len(house.gate.requests)
    await house.later(minutes=5)
    assert len(house.gate.requests) == before


async def test_a_code_that_still_opens_a_door_stays_where_staff_see_it(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="error_in_200", method="DELETE", code="locked", text="not now", count=None)
    house.move_out(rental)
    await house.settle()
    shown = house.code(rental), house.status(rental)
    await house.mend_gate()
    await house.sweep()

    assert shown == (code, "error: refused_by_vendor")
    assert (house.code(rental), house.status(rental)) == (None, "revoked")


async def test_a_failed_removal_of_a_tenant_with_an_order_without_a_unit_is_told_to_staff(house: House) -> None:
    rental = house.move_in("B-014")
    order = house.move_in("B-021", auto_complete=False)
    house.world.cancel_move_in(order)
    house.edit(order, note="never mind")
    await house.settle()
    house.platform.spoil = _without_cancelled_units
    await house.fault_gate(kind="error_in_200", method="DELETE", path="/people/", code="locked", count=None)

    house.move_out(rental)
    await house.settle()

    assert await house.alerts() == ["removal_dead"]
    assert len(house.tasks()) == 1


def _without_cancelled_units(_: object, answer: Any) -> Any:
    rows = answer if isinstance(answer, list) else [answer]
    for row in rows:
        if row.get("state") == "cancelled":
            row.pop("unit", None)
            row.pop("unitId", None)
    return answer
