"""Our own writes come back as events, and must end there."""

import asyncio

import pytest

from tests.service.house import House

pytestmark = pytest.mark.anyio


async def test_the_echo_of_our_own_write_causes_no_vendor_call_and_no_second_write(house: House) -> None:
    house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    await house.converge_due()
    called, written = len(house.gate.requests), len(house.platform.writes())

    await house.settle()

    assert len(house.gate.requests) == called
    assert len(house.platform.writes()) == written == 1
    assert await house.deliveries() == ["done", "ignored"]


async def test_an_echo_that_overtakes_our_commit_is_known_as_one(house: House) -> None:
    house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    (claim,) = await house.bridge.store.claim_subjects(1)
    run = asyncio.create_task(house.bridge.converger.run(claim))
    house.platform.hold_answers("PUT")
    await house.platform.held.wait()

    await house.deliver()
    await house.resolve_due()
    house.platform.release()
    await run

    assert await house.deliveries() == ["done", "ignored"]
    assert await house.subjects() == {}


async def test_a_real_change_beside_our_own_write_is_processed(house: House) -> None:
    rental = house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    await house.converge_due()
    (echo,) = house.take_told()
    house.edit(rental, overlocked=True)
    house.take_told()
    body = house.body(echo).replace(b'"changedKeys":[', b'"changedKeys":["customFields.gate_overlocked",')

    await house.post(body)
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "suspended"


async def test_an_update_without_changed_keys_is_looked_at(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, overlocked=True)
    (event,) = house.take_told()
    body = house.body(event).replace(b'"changedKeys":["customFields.gate_overlocked"]', b'"changedKeys":[]')

    await house.post(body)
    await house.settle()

    assert await house.keypad("B-014", house.code(rental)) == "suspended"


async def test_a_status_that_staff_overwrite_is_put_right_without_a_vendor_write(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    written = len(house.gate.writes())

    house.edit(rental, status="whatever")
    await house.settle()

    assert house.status(rental) == "granted"
    assert len(house.gate.writes()) == written


async def test_a_code_that_staff_clear_is_written_again(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)

    house.edit(rental, pinCode=None)
    await house.settle()

    assert house.code(rental) == code
    assert await house.keypad("B-014", code) == "ok"
