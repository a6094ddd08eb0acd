"""A transfer to another site, perhaps of another vendor: the new door opens, then the old one closes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Codes, Suspends
from tests.service.hilltop import HILLTOP, UNITS, open_two_sites
from tests.service.house import JONAS, MIRA, House

pytestmark = pytest.mark.anyio
AWAY: dict[str, Any] = {"kind": "garbage", "count": None}
OTHER_VENDOR = GateSettings(kind=GateKind(codes=Codes.MADE, shows_codes=False, suspends=Suspends.PERSON))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_two_sites(tmp_path, gate_elsewhere=GateSettings()) as opened:
        yield opened


def moved(house: House, rental: str, unit: str = "H-001") -> str:
    return house.world.transfer(rental, UNITS[unit]).id


async def test_the_code_goes_along_and_the_old_door_closes(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)
    new = moved(house, old)
    await house.settle()

    assert await house.keypad("H-001", code, HILLTOP) == "ok"
    assert await house.keypad("B-014", code) == "unknown_code"
    assert (house.code(new), house.status(new)) == (code, "granted")
    assert (house.code(old), house.status(old)) == (None, "revoked")
    assert await house.subjects() == {}


async def test_a_code_that_is_taken_there_is_replaced(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    neighbour = house.world.move_in(JONAS, UNITS["H-002"]).id
    await house.settle()
    house.edit(neighbour, pinCode=house.code(old))
    await house.settle()
    new = moved(house, old)
    await house.settle()

    assert house.code(new) is not None
    assert house.code(new) != house.code(neighbour)
    assert await house.keypad("H-001", house.code(new), HILLTOP) == "ok"


async def test_staffs_lock_goes_along(house: House) -> None:
    old = house.move_in("B-014")
    house.edit(old, overlocked=True)
    await house.settle()
    new = moved(house, old)
    await house.settle()

    assert house.status(new) == "suspended: manual"
    assert house.fields(new)["overlocked"] is True
    assert await house.keypad("H-001", house.code(new), HILLTOP) != "ok"
    assert house.status(old) == "revoked"


async def test_the_old_door_stays_open_while_the_new_vendor_is_away(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)
    (await house.hands_elsewhere.post("/sandbox/faults", json=AWAY)).raise_for_status()
    new = moved(house, old)
    await house.settle()
    await house.later(minutes=10)
    assert await house.keypad("B-014", code) == "ok"

    await house.hands_elsewhere.delete("/sandbox/faults")
    await house.later(minutes=20)
    assert await house.keypad("H-001", house.code(new), HILLTOP) == "ok"
    assert await house.keypad("B-014", code) == "unknown_code"


async def test_but_not_for_ever(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)
    (await house.hands_elsewhere.post("/sandbox/faults", json=AWAY)).raise_for_status()
    moved(house, old)
    await house.settle()
    await house.later(hours=5)
    assert await house.keypad("B-014", code) == "ok"
    await house.later(hours=2)
    assert await house.keypad("B-014", code) == "unknown_code"


async def test_the_new_door_does_not_wait_for_the_old_vendor(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)
    await house.fault_gate(**AWAY)
    new = moved(house, old)
    await house.settle()
    assert await house.keypad("H-001", house.code(new), HILLTOP) == "ok"

    await house.mend_gate()
    await house.later(minutes=20)
    assert await house.keypad("B-014", code) == "unknown_code"
    assert house.status(old) == "revoked"


@pytest.mark.parametrize("copies", [2, 3])
async def test_doubled_events_change_nothing(house: House, copies: int) -> None:
    old = house.move_in("B-014")
    await house.settle()
    new = moved(house, old)
    await house.deliver(house.take_told() * copies)
    await house.settle()
    writes = len(house.gate.writes()), len(house.gate_elsewhere.writes())
    await house.deliver(house.past)
    await house.settle()
    await house.sweep()

    assert (len(house.gate.writes()), len(house.gate_elsewhere.writes())) == writes
    assert house.status(new) == "granted"


async def test_a_tenant_with_another_unit_keeps_it(house: House) -> None:
    kept, old = house.move_in("B-021"), house.move_in("B-014")
    await house.settle()
    code = house.code(kept)
    moved(house, old)
    await house.settle()

    assert await house.keypad("B-021", code) == "ok"
    assert await house.keypad("B-014", code) == "no_access_here"
    assert await house.keypad("H-001", code, HILLTOP) == "ok"


async def test_a_new_rental_that_staff_lock_before_it_opened_does_not_keep_the_old_open(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)
    (await house.hands_elsewhere.post("/sandbox/faults", json=AWAY)).raise_for_status()
    new = moved(house, old)
    await house.settle()
    house.edit(new, overlocked=True)
    await house.settle()
    await house.hands_elsewhere.delete("/sandbox/faults")
    await house.later(minutes=20)

    assert await house.keypad("B-014", code) == "unknown_code"
    assert house.status(new) == "suspended: manual"


async def test_both_units_stay_open_where_the_site_says_so(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path, overlap=timedelta(hours=24)) as house:
        old = house.move_in("B-014")
        await house.settle()
        code = house.code(old)
        moved(house, old)
        await house.settle()
        await house.later(hours=23)
        assert await house.keypad("B-014", code) == "ok"
        assert await house.keypad("H-001", code, HILLTOP) == "ok"
        assert house.status(old) == "granted"
        await house.later(hours=2)
        assert await house.keypad("B-014", code) == "unknown_code"
        assert await house.keypad("H-001", code, HILLTOP) == "ok"


async def test_another_vendor_makes_its_own_code(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path, gate_elsewhere=OTHER_VENDOR) as house:
        old = house.move_in("B-014")
        await house.settle()
        code = house.code(old)
        new = moved(house, old)
        await house.settle()
        assert house.code(new) not in {None, code}
        assert await house.keypad("H-001", house.code(new), HILLTOP) == "ok"
        assert await house.keypad("B-014", code) == "unknown_code"

        back = house.world.transfer(new, "66f1a0c2b7d4e90015c0d021").id
        await house.settle()
        assert await house.keypad("B-021", house.code(back)) == "ok"
        assert await house.people(HILLTOP) == []
        assert [person["name"] for person in await house.people()] == [house.world.books.users.get(MIRA).name]
