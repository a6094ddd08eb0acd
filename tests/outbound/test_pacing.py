"""No more calls at once and a second than an account takes, and none while it wants to be left alone."""

import asyncio
from collections.abc import Sequence

import pytest

from bridge.domain.errors import RateLimited
from bridge.domain.turns import Limits
from bridge.outbound.pacing import Pacer
from bridge.outbound.together import Both
from bridge.ports.permits import Permit
from tests.outbound.timers import SetTimer, settled

pytestmark = pytest.mark.anyio


def pacer(timer: SetTimer, concurrent: int = 16, rate: float | None = None) -> Pacer:
    return Pacer("seam:site1", Limits(concurrent=concurrent, rate=rate), timer=timer)


def askers(one: Pacer, number: int) -> list[asyncio.Task[Permit]]:
    return [asyncio.create_task(one.take()) for _ in range(number)]


def through(tasks: Sequence[asyncio.Task[Permit]]) -> list[int]:
    """Return who has leave, by their place in the order of asking."""
    return [n for n, task in enumerate(tasks) if task.done() and not task.cancelled() and task.exception() is None]


async def end(tasks: Sequence[asyncio.Task[Permit]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_no_more_run_at_once_than_the_account_takes_and_the_next_is_who_asked_first() -> None:
    one = pacer(SetTimer(), concurrent=2)
    tasks = askers(one, 4)
    await settled()
    assert through(tasks) == [0, 1]
    tasks[1].result().give_back()
    await settled()
    assert through(tasks) == [0, 1, 2]
    await end(tasks)


@pytest.mark.parametrize(("rate", "seconds", "calls"), [(1.0, 20, 21), (0.2, 25, 6), (4.0, 10, 42), (50.0, 4, 210)])
async def test_a_rate_is_kept_and_used_up(rate: float, seconds: int, calls: int) -> None:
    timer = SetTimer()
    one = pacer(timer, rate=rate, concurrent=1000)
    tasks: list[asyncio.Task[Permit]] = []
    for _ in range(seconds * 10):
        tasks += askers(one, max(0, 30 - one.needs + one.running))
        await timer.advance(0.1)
        for place in through(tasks):
            tasks[place].result().give_back()
    assert abs(len(through(tasks)) - calls) <= 1
    await end(tasks)


async def test_who_waits_for_a_turn_wakes_when_it_comes() -> None:
    timer = SetTimer()
    tasks = askers(pacer(timer, rate=1), 3)
    await timer.advance(0.99)
    assert through(tasks) == [0]
    await timer.advance(0.01)
    assert through(tasks) == [0, 1]
    await end(tasks)


async def test_who_is_cancelled_takes_nothing_along() -> None:
    timer = SetTimer()
    one = pacer(timer, concurrent=1, rate=1)
    (first,) = askers(one, 1)
    await settled()
    tasks = askers(one, 3)
    await settled()
    tasks[0].cancel()
    first.result().give_back()
    await timer.advance(1)
    assert through(tasks) == [1]
    tasks[1].result().give_back()
    tasks[2].cancel()  # together with the turn that comes for it
    await timer.advance(1)
    assert (one.running, one.needs) == (0, 0)
    again = askers(one, 1)
    await settled()
    assert through(again) == [0], "the turn of a cancelled waiter is lost"
    again[0].result().give_back()
    assert one.running == 0


async def test_leave_that_comes_together_with_a_cancellation_goes_to_the_next() -> None:
    one = pacer(SetTimer(), concurrent=1)
    tasks = askers(one, 3)
    await settled()
    tasks[0].result().give_back()  # the second has leave now, and does not know it yet
    tasks[1].cancel()
    await settled()
    assert through(tasks) == [0, 2]
    assert one.running == 1
    await end(tasks)


async def test_a_permit_ends_once() -> None:
    one = pacer(SetTimer(), concurrent=2)
    permit, other = await one.take(), await one.take()
    permit.give_back()
    permit.give_back()
    permit.unused()
    assert one.running == 1
    other.give_back()


@pytest.mark.parametrize(("asked", "rests"), [(7.0, 7.0), (315_360_000.0, 3600.0), (None, 1.0), (0.0, 1.0)])
async def test_a_429_makes_the_whole_account_wait_but_not_for_ever(asked: float | None, rests: float) -> None:
    timer = SetTimer()
    one = pacer(timer)
    permit = await one.take()
    permit.too_many(asked)
    permit.give_back()
    assert one.rest() == rests
    tasks = askers(one, 1)
    await timer.advance(min(rests, 30) - 0.01)
    assert through(tasks) == []
    await timer.advance(0.02)
    assert through(tasks) == ([0] if rests < 30 else [])
    await end(tasks)


async def test_who_would_wait_for_too_long_is_told_when_to_come_back() -> None:
    timer = SetTimer()
    one = pacer(timer, concurrent=1)
    permit = await one.take()
    (waiting,) = askers(one, 1)
    await settled()
    permit.too_many(600)
    permit.give_back()
    await settled()
    for late in (waiting, *askers(one, 1)):
        with pytest.raises(RateLimited) as told:
            await late
        assert told.value.retry_after == 600
    assert one.needs == 0


async def test_nobody_waits_longer_than_the_patience() -> None:
    timer = SetTimer()
    one = pacer(timer, concurrent=1)
    permit = await one.take()
    (waiting,) = askers(one, 1)
    await timer.advance(29.9)
    assert not waiting.done()
    await timer.advance(0.2)
    with pytest.raises(RateLimited):
        await waiting
    permit.give_back()
    (await one.take()).give_back()
    assert one.needs == 0


async def test_a_queue_that_is_too_long_for_its_rate_takes_no_more() -> None:
    timer = SetTimer()
    one = pacer(timer, rate=0.5)
    tasks = askers(one, 40)
    await settled()
    refused = [task for task in tasks if task.done() and task.exception() is not None]
    assert 20 <= len(refused) <= 25
    await end(tasks)


async def test_after_a_429_calls_go_out_at_half_the_usual_rate_and_then_more_and_more_often() -> None:
    timer = SetTimer()
    one = pacer(timer)
    for _ in range(40):  # 20 a second
        (await one.take()).give_back()
        await timer.advance(0.05)
    permit = await one.take()
    permit.too_many(None)
    permit.give_back()
    assert one.rate() == pytest.approx(10, rel=0.1)
    await timer.advance(61)
    assert one.rate() == pytest.approx(20, rel=0.1)
    await timer.advance(600)
    assert one.rate() is None


async def test_refusals_of_calls_that_were_under_way_together_are_one_lesson() -> None:
    timer = SetTimer()
    one = pacer(timer)
    permits = [await one.take() for _ in range(16)]
    for permit in permits:
        permit.too_many(None)
        permit.give_back()
        await timer.advance(0.01)
    assert one.rest() <= 1.0
    assert one.rate() == pytest.approx(4, rel=0.1)


async def test_pauses_of_our_own_double_while_the_account_refuses() -> None:
    timer = SetTimer()
    one = pacer(timer)
    rests = []
    for _ in range(9):
        await timer.advance(one.rest() + 10)
        permit = await one.take()
        permit.too_many(None)
        permit.give_back()
        rests.append(one.rest())
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_who_has_leave_of_the_site_and_not_of_the_account_gives_it_back() -> None:
    timer = SetTimer()
    site, account = pacer(timer, concurrent=1, rate=0.1), pacer(timer, concurrent=1)
    busy = await account.take()
    task = asyncio.create_task(Both([site, account]).take())
    await settled()
    assert (site.running, account.needs) == (1, 2)
    task.cancel()
    await settled()
    busy.give_back()
    assert (site.needs, account.needs) == (0, 0)
    permit = await asyncio.wait_for(Both([site, account]).take(), 1)
    permit.too_many(5)
    permit.give_back()
    assert (site.rest(), account.rest()) == (0, 5), "a 429 is the account's"


@pytest.mark.parametrize(
    ("limits", "runs"),
    [
        (Limits(concurrent=16), 32),
        (Limits(concurrent=1), 2),
        (Limits(concurrent=16, rate=1), 2),
        (Limits(concurrent=16, rate=0.1), 1),
        (Limits(concurrent=2, rate=100), 4),
    ],
)
def test_no_more_tenants_are_begun_than_can_make_their_calls(limits: Limits, runs: int) -> None:
    assert Pacer("x", limits, timer=SetTimer()).runs() == runs
