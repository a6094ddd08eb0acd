"""Explaining where a tenant has two sites, and where a vendor has one switch for a person."""

from pathlib import Path

import pytest

from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Suspends
from tests.service.building import open_house
from tests.service.explaining import check, not_passed, why
from tests.service.hilltop import UNITS, open_two_sites

pytestmark = pytest.mark.anyio


async def test_both_sides_of_a_transfer_that_waits_for_the_other_vendor_are_explained(tmp_path: Path) -> None:
    async with open_two_sites(tmp_path, gate_elsewhere=GateSettings()) as house:
        old = house.move_in("B-014")
        await house.settle()
        away = {"kind": "garbage", "count": None}
        (await house.hands_elsewhere.post("/sandbox/faults", json=away)).raise_for_status()
        new = house.world.transfer(old, UNITS["H-001"]).id
        await house.settle()
        left, coming = await why(house, old), await why(house, new)
        assert "until the new one" in check(left, "work").evidence
        assert check(coming, "at_vendor").verdict == "unknown"

        (await house.hands_elsewhere.delete("/sandbox/faults")).raise_for_status()
        await house.later(minutes=5)
        left, coming = await why(house, old), await why(house, new)
        assert (left.status, coming.status) == ("revoked", "granted")
        assert not_passed(coming) == {}


async def test_a_door_that_was_taken_away_because_the_person_has_one_switch_is_explained(tmp_path: Path) -> None:
    async with open_house(tmp_path, gate=GateSettings(kind=GateKind(suspends=Suspends.PERSON))) as house:
        owing, paid = house.move_in("B-014"), house.move_in("B-021")
        await house.settle()
        house.world.mark_overdue(owing)
        await house.settle()
        closed, opened = await why(house, owing), await why(house, paid)
    assert closed.status == "suspended: overdue"
    assert set(not_passed(closed)) == {"overdue"}, check(closed, "at_vendor").evidence
    assert not_passed(opened) == {}
