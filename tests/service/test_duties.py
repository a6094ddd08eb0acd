"""What comes back on an interval: one process at a time does it, and a defect ends none of it."""

import asyncio

import pytest

from bridge.worker import Duty
from tests.service.house import House
from tests.service.test_worker import PATIENCE, at_work

pytestmark = pytest.mark.anyio
SOON = 0.02


class Chore:
    """Something to be done, which may fail."""

    def __init__(self, failures: int = 0) -> None:
        self.done = 0
        self.failures = failures
        self.is_doing = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def do(self) -> None:
        self.is_doing.set()
        await self.may_end.wait()
        self.done += 1
        if self.done <= self.failures:
            raise RuntimeError("a defect")

    def duty(self, every: float = SOON) -> Duty:
        return Duty(name="chore", every=every, run=self.do)


async def times(chore: Chore, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while chore.done < count:  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.01)


async def test_a_duty_comes_back_after_a_defect(house: House) -> None:
    chore = Chore(failures=2)
    async with at_work(house.worker(duties=(chore.duty(),))):
        for count in range(1, 5):
            await times(chore, count)
            house.clock.advance(minutes=1)


async def test_a_duty_that_one_process_is_at_is_left_alone_by_the_other(house: House) -> None:
    first, second = Chore(), Chore()
    first.may_end.clear()
    async with at_work(house.worker(duties=(first.duty(),))):
        async with asyncio.timeout(PATIENCE):
            await first.is_doing.wait()
        house.clock.advance(minutes=1)
        async with at_work(house.worker(duties=(second.duty(),))):
            await asyncio.sleep(5 * SOON)
            assert (first.done, second.done) == (0, 0)
            first.may_end.set()
            await times(first, 1)
            house.clock.advance(minutes=1)
            await times(second, 1)


async def test_a_duty_that_was_done_lately_is_not_done_again_by_a_restart(house: House) -> None:
    chore = Chore()
    async with at_work(house.worker(duties=(chore.duty(),))):
        await times(chore, 1)
    async with at_work(house.worker(duties=(chore.duty(),))):
        await asyncio.sleep(5 * SOON)
    assert chore.done == 1
