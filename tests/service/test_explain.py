"""Why a tenant can enter or not, told as a run would decide it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.domain.checks import Verdict
from bridge.domain.ids import TargetId
from bridge.domain.policy import CommonDoorsPolicy, SitePolicy
from tests.service.building import ZONE, open_house
from tests.service.explaining import about, check, not_passed, summary, why
from tests.service.house import House

pytestmark = pytest.mark.anyio

RULES = [
    "rental_state",
    "unit_mapped",
    "not_started",
    "overdue",
    "manual",
    "move_out_passed",
    "unit_blocked",
    "transfer_unclear",
]
BESIDE = ["loop_breaker", "common_doors", "gate_code", "at_vendor", "platform_fields", "work"]
OPEN = "Nothing: the gate is open for this rental."


async def test_an_open_gate_passes_every_check_in_order(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    told = await why(house, rental)

    assert [one.name for one in told.checks] == RULES + BESIDE
    assert summary(told) == ("granted", {}, OPEN)
    assert (told.since, told.follows, told.next_change) == (house.clock.now(), (), None)
    assert check(told, "at_vendor").evidence == "B-014 active"
    assert check(told, "platform_fields").evidence == "gate_status says granted"
    assert check(told, "gate_code").evidence == "one is in force; gate_pinCode shows it; the gate system has it"


async def test_an_overdue_rental_is_told_with_the_time_it_was_marked_and_the_way_out(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.world.mark_overdue(rental)
    await house.settle()
    told = await why(house, rental)

    assert (told.status, not_passed(told)) == ("suspended: overdue", {"overdue": "fail"})
    assert check(told, "overdue").evidence == "is marked overdue since 2026-03-04 12:00 GMT"
    assert check(told, "overdue").since == house.clock.now()
    assert "gate_overdueUntil" in told.advice[0]
    assert check(told, "at_vendor").evidence == "B-014 suspended"


async def test_staffs_lock_is_told_with_the_field_to_untick(house: House) -> None:
    rental = house.move_in("B-014")
    house.edit(rental, overlocked=True)
    await house.settle()

    assert summary(await why(house, rental)) == (
        "suspended: manual",
        {"manual": "fail"},
        "Untick gate_overlocked on the rental.",
    )


async def test_a_unit_without_mapping_is_told_with_the_field_to_fill(house: House) -> None:
    house.map_unit("B-014", None)
    rental = house.move_in("B-014")
    await house.settle()
    told = await why(house, rental)

    assert told.status == "error: no_mapping"
    assert not_passed(told) == {"unit_mapped": "fail"}
    assert told.advice[0].startswith("Write the gate system's name of the unit into gate_id of the unit")


async def test_a_unit_that_is_left_out_is_told(house: House) -> None:
    house.map_unit("B-014", "NONE")
    rental = house.move_in("B-014")
    await house.settle()
    told = await why(house, rental)

    assert (told.status, not_passed(told)) == ("revoked: opted_out", {"unit_mapped": "fail"})
    assert "in place of NONE" in told.advice[0]


async def test_goodwill_and_how_to_end_it(house: House) -> None:
    rental = house.move_in("B-014")
    house.world.mark_overdue(rental)
    house.edit(rental, overdueUntil="2026-03-05")
    await house.settle()
    told = await why(house, rental)

    assert summary(told) == ("granted", {}, OPEN)
    assert check(told, "overdue").evidence.endswith("staff want that ignored through 2026-03-05")
    assert told.next_change == datetime(2026, 3, 6, tzinfo=UTC)
    assert told.advice[1] == "To end the goodwill sooner, clear gate_overdueUntil on the rental."
    assert check(told, "work").evidence == "waits until 2026-03-06 00:00 GMT"


async def test_a_transfer_that_is_not_through_tells_both_rentals(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    await house.fault_gate(kind="fail", status=503, method="PUT", path="B-021", count=None)
    new = house.transfer(old, "B-021")
    await house.settle()
    first, second = await about(house)

    assert (first.rental, first.status, first.since) == (new, "granted", None)
    assert check(first, "at_vendor").evidence == "B-021 missing; still to do: open B-021"
    assert "503" in check(first, "work").evidence
    assert first.follows[0] == "at the gate system: open B-021"
    assert (second.rental, second.status) == (old, "revoked")
    assert check(second, "rental_state").verdict is Verdict.FAIL
    assert f"waits for rental {new}" in check(second, "at_vendor").evidence


async def test_a_lock_that_may_have_come_along_is_pending(house: House) -> None:
    old = house.move_in("B-014")
    house.edit(old, overlocked=True)
    await house.settle()
    house.move_out(old)
    new = house.move_in("B-021")
    await house.settle()
    told = await why(house, new)

    assert (told.status, not_passed(told)) == ("pending: transfer_unclear", {"transfer_unclear": "fail"})
    assert "gate_overlocked" in told.advice[0]


async def test_a_rental_that_is_over_is_told_in_few_checks(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.move_out(rental)
    await house.settle()
    told = await why(house, rental)

    assert [one.name for one in told.checks] == ["rental_state", "at_vendor", "platform_fields", "work"]
    assert (told.status, not_passed(told)) == ("revoked", {"rental_state": "fail"})
    assert told.advice == ("Nothing: the rental is ended. Who is to enter needs a new move-in.",)


async def test_a_reserved_rental_needs_its_move_in(house: House) -> None:
    rental = house.move_in("B-014", auto_complete=False)
    told = await why(house, rental)
    assert told.advice[0].startswith("Complete the move-in in the platform")


async def test_common_doors_are_told_where_another_rental_closes_them(tmp_path: Path) -> None:
    doors = SitePolicy(zone=ZONE, common_doors=(TargetId("B-040"),), common_doors_open=CommonDoorsPolicy.NONE_OVERDUE)
    async with open_house(tmp_path, policy=doors) as house:
        paid, owing = house.move_in("B-014"), house.move_in("B-021")
        house.world.mark_overdue(owing)
        await house.settle()
        told, other = await why(house, paid), await why(house, owing)

    assert (told.status, not_passed(told)) == ("granted: common_doors_closed", {"common_doors": "fail"})
    assert told.advice == (f"The common doors open when no rental of the tenant is overdue: see rental {owing}.",)
    assert check(told, "at_vendor").evidence == "B-014 active, B-040 missing"
    assert other.status == "suspended: overdue"
    assert len(other.advice) == 1
