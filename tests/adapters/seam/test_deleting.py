"""With `suspend = "delete"`: nothing is at the lock while suspended, and the grant after it brings the code back."""

from contextlib import suppress

import pytest

from bridge.domain.access import AccessStatus
from bridge.domain.errors import BridgeError
from bridge.testing.conformance import Bench, Driver
from bridge.testing.conformance.crashes import AFTER, BEFORE, CUTS, Step
from bridge.testing.hands import Crash
from tests.adapters.seam.rig import CODE, OTHER, workspace

pytestmark = pytest.mark.anyio
MAX_CALLS = 60
STEPS = [step for step in Step if step is not Step.NEW_NAME]


async def test_a_suspended_code_is_gone_and_comes_back_with_a_payment() -> None:
    async with workspace(suspend="delete") as (bench, _):
        driver = bench.driver()
        for statuses, count in ((Step.MOVE_IN, 1), (Step.OVERDUE, 0), (Step.PAYMENT, 2)):
            _want(driver, AFTER[statuses])
            await driver.settle()
            assert bench.simulation.made() == count
        assert all(bench.simulation.opens(CODE.reveal(), door) for door in driver.doors[:2])


async def test_a_code_changed_during_a_suspension_works_after_it() -> None:
    async with workspace(suspend="delete") as (bench, _):
        driver = bench.driver()
        for step, code in ((Step.MOVE_IN, CODE), (Step.OVERDUE, OTHER), (Step.PAYMENT, OTHER)):
            _want(driver, AFTER[step])
            driver.code = code
            await driver.settle()
        assert bench.simulation.opens(OTHER.reveal(), driver.doors[0])
        assert not bench.simulation.opens(CODE.reveal(), driver.doors[0])


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("cut", ["crash", "lost_answer"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_step_cut_off_at_any_call_is_ended_by_the_next_run(
    step: Step,
    cut: str,
    forgets: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    for call in range(MAX_CALLS):
        async with workspace(suspend="delete") as (bench, _):
            driver = bench.driver()
            _want(driver, BEFORE[step])
            await driver.settle()
            _want(driver, AFTER[step])
            driver.code = OTHER if step is Step.NEW_CODE else CODE
            bench.wire.arm(CUTS[cut], at=call, times=2)
            await _cut_off(driver)
            had_its_turn = bench.wire.mend()
            driver.restart()
            driver.hands.ref = None if forgets else driver.hands.ref
            await driver.settle()
            _stands(bench, driver)
        if not had_its_turn:
            return
    raise AssertionError(f"{step} took more than {MAX_CALLS} calls")


def _want(driver: Driver, statuses: tuple[AccessStatus, ...]) -> None:
    driver.code = driver.code or CODE
    driver.wishes.update(zip(driver.doors, statuses, strict=False))


async def _cut_off(driver: Driver) -> None:
    with suppress(Crash, BridgeError):
        await driver.run()


def _stands(bench: Bench, driver: Driver) -> None:
    assert driver.code is not None
    for door, status in driver.wishes.items():
        is_granted = status is AccessStatus.GRANTED
        assert bench.simulation.opens(driver.code.reveal(), door) is is_granted
        assert bench.simulation.credentials(door) == int(is_granted)
