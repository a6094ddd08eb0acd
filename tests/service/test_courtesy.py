"""Work steps back while deliveries come in and the loop is slow to answer, and never altogether."""

import asyncio
import time

import pytest

from bridge.worker.courtesy import QUIET_SECONDS, ROUND_SECONDS, Courtesy

pytestmark = pytest.mark.anyio


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def deliver(courtesy: Courtesy, watch: Stopwatch, *, rounds: int, each: float) -> None:
    """Deliver once a round, each of which takes so long."""
    for _ in range(rounds):
        courtesy.saw_delivery()
        watch.seconds += each
        await asyncio.sleep(0)


async def test_without_deliveries_all_places_are_for_work() -> None:
    assert Courtesy(16).room() == 16


async def test_slow_rounds_leave_fewer_places_and_always_one() -> None:
    watch = Stopwatch()
    courtesy = Courtesy(4, seconds=watch)
    await deliver(courtesy, watch, rounds=3, each=ROUND_SECONDS * 2)
    assert 1 <= courtesy.room() < 4
    await deliver(courtesy, watch, rounds=50, each=ROUND_SECONDS * 2)
    assert courtesy.room() == 1


async def test_quick_rounds_give_the_places_back_while_deliveries_go_on() -> None:
    watch = Stopwatch()
    courtesy = Courtesy(16, seconds=watch)
    await deliver(courtesy, watch, rounds=20, each=ROUND_SECONDS * 2)
    fewest = courtesy.room()
    await deliver(courtesy, watch, rounds=100, each=ROUND_SECONDS / 10)
    assert fewest < courtesy.room() == 16


async def test_after_a_moment_of_quiet_all_places_are_free() -> None:
    watch = Stopwatch()
    courtesy = Courtesy(16, seconds=watch)
    await deliver(courtesy, watch, rounds=50, each=ROUND_SECONDS * 2)
    watch.seconds += QUIET_SECONDS * 2
    assert courtesy.room() == 16


async def test_a_busy_loop_is_seen_by_the_real_clock() -> None:
    courtesy = Courtesy(16)
    for _ in range(10):
        courtesy.saw_delivery()
        time.sleep(ROUND_SECONDS * 2)  # noqa: ASYNC251 - it is the blocked loop that is to be seen
        await asyncio.sleep(0)
    assert courtesy.room() < 16
