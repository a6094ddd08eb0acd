"""Accepted is not confirmed: what a vendor does not show is looked at again, ever more rarely, and told."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from bridge.domain.whom import By, Whom
from tests.service.house import CONNECTION, MIRA, SITE, House

pytestmark = pytest.mark.anyio


async def certainty_of(house: House, rental: str) -> str:
    (row,) = await house.bridge.store.find_subjects(Whom(by=By.TENANT, id=MIRA), [(CONNECTION, SITE)])
    records = (await house.bridge.store.load(row.key)).access
    return next(str(one.certainty) for one in records.values() if one.rental == rental)


async def for_minutes(house: House, minutes: int) -> None:
    for _ in range(minutes):
        await house.later(minutes=1)


def times_of(house: House, method: str) -> list[datetime]:
    """Have the moments noted at which the gate is called with this method."""
    noted: list[datetime] = []

    def note(request: httpx.Request, answer: Any) -> Any:
        if request.method == method:
            noted.append(house.clock.now())
        return answer

    house.gate.spoil = note
    return noted


async def test_what_is_taken_and_never_shown_stays_accepted_is_told_once_and_ends_when_it_is_seen(house: House) -> None:
    await house.fault_gate(kind="lose_write", method="PUT", count=None)
    tried = times_of(house, "PUT")
    rental = house.move_in("B-014")
    await house.settle()
    await for_minutes(house, 60)
    assert (house.status(rental), house.code(rental), await certainty_of(house, rental)) == (None, None, "accepted")
    assert await house.alerts() == ["subject_late"]
    assert "confirmed" not in house.ledger("read_back")
    gaps = [after - before for before, after in pairwise(tried)]
    assert gaps[0] <= timedelta(minutes=1) < gaps[-1]
    await house.mend_gate()
    await for_minutes(house, 16)
    assert (house.status(rental), await certainty_of(house, rental)) == ("granted", "confirmed")
    assert await house.alerts() == ["subject_late"]


async def test_a_removal_that_is_taken_and_still_shown_is_still_open_and_told(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="lose_write", method="DELETE", count=None)
    house.move_out(rental)
    await house.settle()
    await for_minutes(house, 30)
    assert (house.status(rental), house.code(rental), await certainty_of(house, rental)) == (
        "granted",
        code,
        "accepted",
    )
    assert await house.keypad("B-014", code) == "ok"
    assert await house.alerts() == ["removal_late"]
    await house.mend_gate()
    await for_minutes(house, 16)
    assert (house.status(rental), await house.keypad("B-014", code)) == ("revoked", "unknown_code")


async def test_what_was_confirmed_is_kept_when_the_first_look_after_a_restart_fails(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await house.restart()
    await house.fault_gate(kind="fail", method="GET", status=503, count=None)
    house.gate.requests.clear()
    await house.sweep()
    assert house.gate.writes() == []
    assert (house.status(rental), await certainty_of(house, rental)) == ("granted", "confirmed")
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.subjects() == {"ready": 1}, "it is looked at again"


async def test_a_debt_that_comes_while_the_vendor_is_down_is_not_shown_as_locked(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    await house.fault_gate(kind="fail", status=503, count=None)
    house.world.mark_overdue(rental)
    await house.settle()
    await for_minutes(house, 30)
    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.alerts() == ["subject_late"]
    await house.mend_gate()
    await for_minutes(house, 20)
    assert house.status(rental) == "suspended: overdue"
    assert await house.keypad("B-014", house.code(rental)) == "suspended"


async def test_a_move_out_while_the_vendor_is_down_is_still_open_and_told(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    await house.fault_gate(kind="fail", status=503, count=None)
    house.move_out(rental)
    await house.settle()
    await for_minutes(house, 30)
    assert house.status(rental) == "granted"
    assert await house.keypad("B-014", code) == "ok"
    assert await house.alerts() == ["removal_late"]
    await house.mend_gate()
    await for_minutes(house, 20)
    assert (house.status(rental), await house.keypad("B-014", code)) == ("revoked", "unknown_code")
