# ruff: noqa: S101 - pytest asserts
"""Every step, cut off at every one of its calls, in every way: the next run ends with what was wanted, and once."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

import pytest

from bridge.domain.access import AccessStatus
from bridge.domain.errors import BridgeError, OutcomeUnknown
from bridge.testing import wire as faults
from bridge.testing.conformance.bench import Bench, Driver
from bridge.testing.conformance.suite import GRANTED, NONE, SHUT, Suite
from bridge.testing.hands import Crash, Keeping
from bridge.testing.wire import Fault

MAX_CALLS: Final = 60
"""More calls than any step needs: an adapter that makes more for one tenant is at fault."""


GRANT_CALLS: Final = 20
"""A move-in's first calls, its writes among them."""


class Step(StrEnum):
    """What happens to a tenant, from where to where."""

    MOVE_IN = "move_in"
    SECOND_UNIT = "second_unit"
    NEW_CODE = "new_code"
    OVERDUE = "overdue"
    PAYMENT = "payment"
    NEW_NAME = "new_name"
    TRANSFER = "transfer"
    ONE_MOVE_OUT = "one_move_out"
    LAST_MOVE_OUT = "last_move_out"


BEFORE: Final[Mapping[Step, tuple[AccessStatus, ...]]] = {
    Step.MOVE_IN: (NONE,),
    Step.SECOND_UNIT: (GRANTED,),
    Step.NEW_CODE: (GRANTED, GRANTED),
    Step.OVERDUE: (GRANTED, GRANTED),
    Step.PAYMENT: (SHUT, SHUT),
    Step.NEW_NAME: (GRANTED,),
    Step.TRANSFER: (GRANTED,),
    Step.ONE_MOVE_OUT: (GRANTED, GRANTED),
    Step.LAST_MOVE_OUT: (GRANTED, GRANTED),
}
AFTER: Final[Mapping[Step, tuple[AccessStatus, ...]]] = {
    Step.MOVE_IN: (GRANTED,),
    Step.SECOND_UNIT: (GRANTED, GRANTED),
    Step.NEW_CODE: (GRANTED, GRANTED),
    Step.OVERDUE: (SHUT, SHUT),
    Step.PAYMENT: (GRANTED, GRANTED),
    Step.NEW_NAME: (GRANTED,),
    Step.TRANSFER: (NONE, GRANTED),
    Step.ONE_MOVE_OUT: (GRANTED, NONE),
    Step.LAST_MOVE_OUT: (NONE, NONE),
}

CUTS: Final[Mapping[str, Fault]] = {
    "crash": faults.crashes,
    "lost_answer": faults.loses_the_answer,
    "lost_request": faults.loses_the_request,
}


class CrashChecks(Suite):
    @pytest.mark.parametrize("step", Step)
    @pytest.mark.parametrize("cut", CUTS)
    async def test_a_step_cut_off_at_any_call_is_ended_by_the_next_run(self, step: Step, cut: str) -> None:
        await self._at_each_call(step, CUTS[cut], restarts=cut == "crash")

    @pytest.mark.parametrize("step", Step)
    async def test_a_step_cut_off_and_its_reference_lost_is_ended_by_the_next_run(self, step: Step) -> None:
        await self._at_each_call(step, faults.crashes, restarts=True, forgets=True)

    @pytest.mark.parametrize("step", Step)
    async def test_a_step_cancelled_at_any_call_is_ended_by_the_next_run(self, step: Step) -> None:
        await self._at_each_call(step, None)

    @pytest.mark.parametrize("keeping", Keeping)
    async def test_a_move_in_cut_off_at_its_checkpoint_is_ended_by_the_next_run(self, keeping: Keeping) -> None:
        self.only_if(keeping is Keeping.REF or self.makes_codes, "no code is made at this vendor")
        async with self.bench() as bench:
            driver = await self._before(bench, Step.MOVE_IN)
            self._wanted(driver, Step.MOVE_IN)
            driver.hands.crashes_at = keeping
            try:
                await driver.run()
            except Crash:
                driver.restart()
            driver.hands.crashes_at = None
            await self._ends(bench, driver)

    async def test_a_new_code_cut_off_at_its_checkpoint_leaves_no_doubt(self) -> None:
        self.only_if(self.makes_codes, "no code is made at this vendor")
        async with self.bench() as bench:
            driver = await self._before(bench, Step.NEW_CODE)
            self._wanted(driver, Step.NEW_CODE)
            driver.hands.crashes_at = Keeping.CODE
            with pytest.raises(Crash):
                await driver.run()
            assert bench.capabilities.reads_codes or (await driver.hands.observe()).code_in_doubt
            driver.restart()
            await self._ends(bench, driver)

    async def test_a_write_without_an_answer_is_said_to_be_unknown(self) -> None:
        said = {await self._said_of_a_move_in_without_answers_from(call) for call in range(GRANT_CALLS)}
        assert OutcomeUnknown in said or said == {None}

    async def _said_of_a_move_in_without_answers_from(self, call: int) -> type[BridgeError] | None:
        async with self.bench() as bench:
            bench.wire.arm(faults.loses_the_answer, at=call, times=None)
            try:
                await self.grant(bench, bench.hands(), bench.simulation.doors[0])
            except BridgeError as error:
                return type(error)
            return None

    async def _at_each_call(
        self, step: Step, fault: Fault | None, *, restarts: bool = False, forgets: bool = False
    ) -> None:
        """Cut `step` off at its first call, its second and so on; without a fault, cancel it there."""
        self.only_if(step is not Step.NEW_NAME or self.declared.updates_person, "this vendor changes no names")
        for call in range(MAX_CALLS):
            async with self.bench() as bench:
                driver = await self._before(bench, step)
                self._wanted(driver, step)
                hang = faults.Hang()
                bench.wire.arm(fault or hang, at=call)
                await (_cut_off(driver) if fault else _cancelled(driver, hang))
                had_its_turn = bench.wire.mend()
                if restarts:
                    driver.restart()
                if forgets:
                    driver.hands.ref = None
                await self._ends(bench, driver)
            if not had_its_turn:
                return
        raise AssertionError(f"{step} took more than {MAX_CALLS} calls")

    async def _before(self, bench: Bench, step: Step) -> Driver:
        driver = bench.driver()
        bench.simulation.add_by_hand(self.strangers_code.reveal(), driver.doors[2], "Mira Okafor")
        self.want(driver, *[GRANTED if status is SHUT else status for status in BEFORE[step]])
        await driver.settle()
        self.want(driver, *BEFORE[step])
        await driver.settle()
        return driver

    def _wanted(self, driver: Driver, step: Step) -> None:
        self.want(driver, *AFTER[step])
        if step is Step.NEW_CODE:
            driver.code, driver.renews = None if self.makes_codes else self.other_code, self.makes_codes
        if step is Step.NEW_NAME:
            tenant = replace(driver.hands.person.tenant, name="Mira Lind", email="mira.lind@example.org")
            driver.hands.person = replace(driver.hands.person, tenant=tenant)
            driver.profile_is_new = True

    async def _ends(self, bench: Bench, driver: Driver) -> None:
        await driver.settle()
        await self.stands(bench, driver)
        served = [door for door, status in driver.wishes.items() if status is not NONE]
        assert [bench.simulation.credentials(door) for door in served if door != driver.doors[2]] == [1] * len(served)
        persons = bench.simulation.code_lives_with() == "person"
        assert bench.simulation.made() == (min(1, len(served)) if persons else len(served))
        assert bench.simulation.opens(self.strangers_code.reveal(), driver.doors[2])


async def _cut_off(driver: Driver) -> None:
    with contextlib.suppress(Crash, BridgeError):
        await driver.run()


async def _cancelled(driver: Driver, hang: faults.Hang) -> None:
    run, reached = asyncio.ensure_future(driver.run()), asyncio.ensure_future(hang.reached.wait())
    await asyncio.wait([run, reached], return_when=asyncio.FIRST_COMPLETED)
    run.cancel()
    reached.cancel()
    await asyncio.gather(run, reached, return_exceptions=True)
