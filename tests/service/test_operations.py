"""A resync of many is an operation: it survives restarts, is cancelled at once, and applies nothing twice."""

import asyncio
from collections import Counter

import pytest

from bridge.domain.errors import AlreadyRunning
from bridge.domain.operations import PORTION, ItemState, Operation, OperationState
from bridge.domain.whom import Selection
from bridge.service.operations import MAX_ROWS
from bridge.service.resync import FEW
from tests.service.house import MIRA, House
from tests.service.planning import HERE, resynced, worked_on
from tests.service.test_resync import new_tenants

pytestmark = pytest.mark.anyio
MANY = 100


async def begun(house: House) -> Operation:
    operation = (await house.bridge.resyncer.resync(HERE, who="olga")).operation
    assert operation is not None
    return operation


async def run_some(house: House, count: int) -> None:
    claims = await house.bridge.store.claim_subjects(count)
    await asyncio.gather(*(house.bridge.converger.run(claim) for claim in claims))


async def now(house: House, operation: Operation) -> Operation:
    await house.bridge.desk.operations.advance()
    return await house.bridge.desk.operations.show(operation.id)


def granted(house: House, rentals: list[str]) -> int:
    return sum(house.status(rental) == "granted" for rental in rentals)


async def test_a_bridge_that_dies_at_item_40_of_100_finishes_after_its_restart_and_opens_no_door_twice(
    house: House,
) -> None:
    rentals = new_tenants(house, MANY)
    operation = await begun(house)
    await run_some(house, 40)
    await house.bridge.store.claim_subjects(7)  # at work when it dies
    await house.restart()
    assert (await now(house, operation)).counts[ItemState.DONE] == 40
    while await worked_on(house):
        pass
    over = await now(house, operation)
    assert (over.state, over.counts[ItemState.DONE]) == (OperationState.DONE, MANY)
    assert granted(house, rentals) == MANY
    made, opened = house.gate.calls("POST"), Counter(house.gate.calls("PUT"))
    assert (len(made), len(opened), set(opened.values())) == (MANY, MANY, {1})


async def test_only_a_portion_is_due_so_that_a_cancellation_leaves_the_rest_alone(house: House) -> None:
    rentals = new_tenants(house, MANY)
    operation = await begun(house)
    assert await house.subjects() == {"ready": PORTION}
    await run_some(house, 10)
    cancelled = await house.bridge.desk.operations.cancel(operation.id, who="otto")
    assert (cancelled.never_begun, cancelled.taken_back, cancelled.at_work) == (MANY - PORTION, PORTION - 10, 10)
    assert await house.subjects() == {}
    assert (await now(house, operation)).state is OperationState.CANCELLED
    assert granted(house, rentals) == 10

    await house.bridge.desk.operations.resume(operation.id, who="otto")
    while await worked_on(house):
        pass
    assert (await now(house, operation)).state is OperationState.DONE
    assert granted(house, rentals) == MANY
    assert house.ledger("operator") == ["resync", "operation_cancelled", "operation_resumed"]


async def test_who_cannot_be_put_right_is_told_with_why_and_the_others_are_done(house: House) -> None:
    rentals = new_tenants(house, FEW)
    await house.fault_gate(kind="error_in_200", method="PUT", code="locked", text="not now", count=1)
    operation = await begun(house)
    while await worked_on(house):
        pass
    over = await now(house, operation)
    assert (over.counts[ItemState.DONE], over.counts[ItemState.DEAD]) == (FEW - 1, 1)
    (dead,) = [one for one in await house.bridge.desk.operations.items(operation.id) if one.state is ItemState.DEAD]
    assert "not now" in (dead.why or "")
    assert granted(house, rentals) == FEW - 1


async def test_a_gate_that_is_away_ends_the_operation_and_not_the_work(house: House) -> None:
    (rental,) = new_tenants(house, 1)
    operation = await begun(house)
    await house.fault_gate(kind="fail", status=503, count=None)
    for _ in range(12):
        await worked_on(house)
        over = await now(house, operation)
        house.clock.advance(seconds=40)
    assert (over.state, over.counts[ItemState.RETRYING]) == (OperationState.DONE, 1)
    await house.mend_gate()
    await house.later(minutes=2)
    assert house.status(rental) == "granted"


async def test_a_second_resync_of_many_names_the_first_and_one_tenant_is_put_right_all_the_same(house: House) -> None:
    new_tenants(house, MANY)
    operation = await begun(house)
    with pytest.raises(AlreadyRunning, match=f"operation {operation.id}, which olga asked for"):
        await house.bridge.resyncer.resync(HERE, who="otto")
    assert len(await house.bridge.desk.operations.listed()) == 1

    rental = house.move_in("B-014")
    house.take_told()
    few = await house.bridge.resyncer.resync(Selection(tenant=MIRA), who="otto")
    assert few.is_live
    await run_some(house, 1)
    assert house.status(rental) == "granted"


async def test_a_worker_feeds_it_to_the_end_by_itself(house: House) -> None:
    rentals = new_tenants(house, MANY)
    operation = await begun(house)
    worker = house.worker()
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        while (await house.bridge.desk.operations.show(operation.id)).state is OperationState.RUNNING:  # noqa: ASYNC110 - nothing tells of its end
            await asyncio.sleep(0.05)
    worker.stop()
    await running
    assert granted(house, rentals) == MANY


async def test_time_to_go_is_by_who_is_left(house: House) -> None:
    new_tenants(house, MANY)
    operation = await begun(house)
    assert operation.seconds_left == pytest.approx(operation.seconds)
    await run_some(house, 50)
    assert (await now(house, operation)).seconds_left == pytest.approx(operation.seconds / 2)
    while await worked_on(house):
        pass
    assert (await now(house, operation)).seconds_left == 0.0


async def test_so_many_rows_are_listed_and_no_more(house: House) -> None:
    new_tenants(house, 3)
    operation = await begun(house)
    assert len(await house.bridge.desk.operations.items(operation.id, limit=0)) == 1
    assert len(await house.bridge.desk.operations.items(operation.id, limit=MAX_ROWS * 9)) == 3


async def test_a_resync_of_nobody_is_no_operation(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    assert await resynced(house) == set()
    assert list(await house.bridge.desk.operations.listed()) == []
