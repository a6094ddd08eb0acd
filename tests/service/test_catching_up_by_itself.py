"""The worker catches up at its start and on its interval, without a sweep."""

import asyncio

import pytest

from tests.service.house import JONAS, House
from tests.service.test_units_people_and_days import lose
from tests.service.test_worker import PATIENCE, at_work

pytestmark = pytest.mark.anyio
SOON = 0.05


async def granted(house: House, rental: str) -> None:
    """Wait until the rental's status says so."""
    async with asyncio.timeout(PATIENCE):
        while house.status(rental) != "granted":  # noqa: ASYNC110 - the simulated platform tells nobody
            await asyncio.sleep(0.01)


async def test_what_was_missed_is_found_at_the_start(house: House) -> None:
    rental = house.move_in("B-014")
    lose(house)
    async with at_work(house.worker(catch_up_seconds=3600)):
        await granted(house, rental)


async def test_what_was_missed_later_is_found_on_the_interval(house: House) -> None:
    async with at_work(house.worker(catch_up_seconds=SOON)):
        await asyncio.sleep(2 * SOON)
        house.clock.advance(minutes=15)
        rental = house.move_in("B-021", JONAS)
        lose(house)
        await granted(house, rental)


async def test_a_failure_is_tried_again_before_the_interval_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.worker.worker.CATCH_UP_AGAIN_SECONDS", SOON)
    rental = house.move_in("B-014")
    lose(house)
    failed = asyncio.Event()

    def spoil(request: object, answer: object) -> object:
        del request, answer
        failed.set()
        return {}

    house.platform.spoil = spoil
    async with at_work(house.worker(catch_up_seconds=3600)):
        async with asyncio.timeout(PATIENCE):
            await failed.wait()
        house.platform.spoil = None
        house.clock.advance(minutes=1)
        await granted(house, rental)


async def test_a_worker_that_looks_for_nothing_asks_for_nothing(house: House) -> None:
    async with at_work(house.worker()):
        await asyncio.sleep(2 * SOON)
    assert house.platform.calls() == []
