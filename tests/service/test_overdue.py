"""Owing and paying: access goes and comes, the code stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.domain.policy import OverduePolicy
from bridge.sandbox.platform import LAKESIDE, BatchForm, Variant
from tests.service.building import open_house
from tests.service.house import JONAS, MIRA, House

pytestmark = pytest.mark.anyio


async def test_overdue_closes_the_door_and_payment_opens_it_with_the_same_code(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)

    house.world.mark_overdue(rental)
    await house.settle()
    owing = await house.keypad("B-014", code), house.status(rental), house.code(rental)
    house.world.pay(rental)
    await house.settle()

    assert owing == ("suspended", "suspended: overdue", code)
    assert await house.keypad("B-014", code) == "ok"
    assert (house.status(rental), house.code(rental)) == ("granted", code)


async def test_payment_leaves_staffs_own_lock_in_place(house: House) -> None:
    rental = house.move_in("B-014")
    house.edit(rental, overlocked=True)
    house.world.mark_overdue(rental)
    await house.settle()
    both = house.status(rental)

    house.world.pay(rental)
    await house.settle()

    assert both == "suspended: overdue, manual"
    assert house.status(rental) == "suspended: manual"
    assert await house.keypad("B-014", house.code(rental)) != "ok"


async def test_a_switch_that_staff_turn_back_opens_the_door_again(house: House) -> None:
    rental = house.move_in("B-014")
    house.edit(rental, overlocked=True)
    await house.settle()
    house.edit(rental, overlocked=False)
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert house.fields(rental)["overlocked"] is False


async def test_one_overdue_unit_leaves_the_tenants_other_unit_open(house: House) -> None:
    owing, paid = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    house.world.mark_overdue(owing)
    await house.settle()

    assert await house.keypad("B-014", house.code(owing)) == "suspended"
    assert await house.keypad("B-021", house.code(paid)) == "ok"


@pytest.fixture
async def strict_house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, overdue=OverduePolicy.TENANT) as opened:
        yield opened


async def test_by_policy_one_overdue_unit_closes_all_of_the_tenants(strict_house: House) -> None:
    house = strict_house
    owing, paid = house.move_in("B-014"), house.move_in("B-021")
    await house.settle()
    house.world.mark_overdue(owing)
    await house.settle()

    assert await house.keypad("B-021", house.code(paid)) == "suspended"
    house.world.pay(owing)
    await house.settle()
    assert await house.keypad("B-021", house.code(paid)) == "ok"


async def test_an_overdue_mark_on_an_ended_rental_locks_nothing(house: House) -> None:
    ended = house.move_in("B-014")
    await house.settle()
    house.move_out(ended)
    await house.settle()
    successor = house.move_in("B-014", JONAS)
    await house.settle()
    written = len(house.gate.writes())

    house.world.mark_overdue(ended)
    await house.settle()

    assert await house.keypad("B-014", house.code(successor)) == "ok"
    assert house.status(successor) == "granted"
    assert len(house.gate.writes()) == written


async def test_payment_of_an_ended_rental_opens_nothing(house: House) -> None:
    ended = house.move_in("B-014")
    house.world.mark_overdue(ended)
    await house.settle()
    code = house.code(ended)
    house.move_out(ended)
    await house.settle()

    house.world.pay(ended)
    await house.settle()

    assert await house.keypad("B-014", code) == "unknown_code"
    assert await house.people() == []


@pytest.mark.parametrize("variant", list(Variant), ids=lambda variant: f"envelope {variant.value}")
async def test_every_envelope_leads_to_the_same_lock_out(house: House, variant: Variant) -> None:
    house.variant = variant
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    house.world.mark_overdue(rental)
    await house.settle()

    assert await house.keypad("B-014", code) == "suspended"
    assert set(await house.deliveries()) <= {"done", "ignored"}


@pytest.mark.parametrize("variant", [Variant.LEGACY, Variant.PLAIN], ids=["by a job", "by ids"])
async def test_one_event_about_250_rentals_marks_250_subjects(house: House, variant: Variant) -> None:
    rentals = []
    for number in range(250):
        unit = house.world.create_unit(LAKESIDE, f"C-{number}", fields={"gate_id": f"C-{number}"})
        tenant = house.world.create_tenant(first_name="Tenant", last_name=str(number), email=f"{number}@example.net")
        rentals.append(house.world.move_in(tenant.id, unit.id).id)
    house.take_told()

    house.world.mark_overdue_batch(rentals, BatchForm.ONE_EVENT)
    house.variant = variant
    await house.deliver()
    await house.resolve_due()

    (delivery,) = await house.bridge.desk.deliveries()
    assert len((await house.bridge.desk.delivery(delivery.id)).subjects) == 250
    assert await house.subjects() == {"ready": 250}


async def test_a_batch_of_the_thirteen_oclock_run_closes_each_of_its_doors(house: House) -> None:
    rentals = [house.move_in(door, tenant) for door, tenant in (("B-014", MIRA), ("B-021", JONAS))]
    await house.settle()
    codes = [house.code(rental) for rental in rentals]

    house.world.mark_overdue_batch(rentals, BatchForm.ONE_EVENT)
    await house.settle()

    assert [await house.keypad(door, code) for door, code in zip(("B-014", "B-021"), codes, strict=True)] == [
        "suspended",
        "suspended",
    ]


async def test_one_unreadable_rental_of_a_batch_does_not_hold_back_the_others(house: House) -> None:
    known, other = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()
    codes = house.code(known), house.code(other)
    ghost = "66f1a0c2b7d4e90015c0dead"

    house.world.mark_overdue_batch([known, other], BatchForm.ONE_EVENT)
    (event,) = house.take_told()
    await house.post(house.body(event).replace(b'"unitRentalIds":[', f'"unitRentalIds":["{ghost}",'.encode()))
    await house.settle()

    assert await house.keypad("B-014", codes[0]) == "suspended"
    assert await house.keypad("B-021", codes[1]) == "suspended"
    assert "new" in await house.deliveries(), "the delivery is tried again for the one that is missing"
