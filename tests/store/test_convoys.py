"""Those who wait at the same time travel together, in bounded numbers, and whatever happens, all of them hear of it."""

import asyncio
from collections.abc import Sequence
from threading import Event, Lock

import pytest

from bridge.domain.errors import StoreUnavailable
from bridge.store.convoys import MOST, Convoys

pytestmark = pytest.mark.anyio


class Road:
    """Doubles what travels on it; can be shut, and breaks down where asked."""

    def __init__(self) -> None:
        self.convoys: list[list[int]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.open = Event()
        self.open.set()
        self._lock = Lock()

    def carry(self, numbers: Sequence[int]) -> Sequence[int]:
        with self._lock:
            self.convoys.append(list(numbers))
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        self.open.wait(5)
        with self._lock:
            self.under_way -= 1
        if -1 in numbers:
            raise ValueError("broken down")
        return [2 * number for number in numbers]

    def of(self, *, threads: int = 1, waiting: int = 1000) -> Convoys[int]:
        return Convoys(self.carry, name="road", threads=threads, waiting=waiting)


async def test_those_of_one_moment_travel_together_and_each_has_its_own_value() -> None:
    road = Road()
    convoys = road.of()
    assert await asyncio.gather(*(convoys.run(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert road.convoys == [[0, 1, 2, 3, 4]]
    await convoys.close()


async def test_who_comes_while_all_are_under_way_goes_with_the_next_and_none_is_too_long() -> None:
    road = Road()
    road.open.clear()
    convoys = road.of(threads=2)
    values = [asyncio.ensure_future(convoys.run(number)) for number in range(3 * MOST)]
    await asyncio.sleep(0.05)
    assert [len(convoy) for convoy in road.convoys] == [MOST, MOST]
    road.open.set()
    assert await asyncio.gather(*values) == [2 * number for number in range(3 * MOST)]
    assert (road.most_under_way, max(map(len, road.convoys))) == (2, MOST)
    await convoys.close()


async def test_a_breakdown_is_heard_of_by_all_of_that_convoy_and_the_next_goes() -> None:
    road = Road()
    convoys = road.of()
    said = await asyncio.gather(*(convoys.run(number) for number in (1, -1, 2)), return_exceptions=True)
    assert [type(one) for one in said] == [ValueError] * 3
    assert await convoys.run(4) == 8
    await convoys.close()


async def test_what_is_too_much_is_refused_at_once() -> None:
    road = Road()
    road.open.clear()
    convoys = road.of(waiting=2)
    waiting = [asyncio.ensure_future(convoys.run(number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    with pytest.raises(StoreUnavailable, match="too much"):
        await convoys.run(3)
    road.open.set()
    assert await asyncio.gather(*waiting) == [2, 4]
    assert await convoys.run(3) == 6, "there is room again"
    await convoys.close()


async def test_who_gives_up_harms_nobody() -> None:
    road = Road()
    road.open.clear()
    convoys = road.of()
    one, other = (asyncio.ensure_future(convoys.run(number)) for number in (1, 2))
    await asyncio.sleep(0.01)
    one.cancel()
    road.open.set()
    assert await other == 4
    await convoys.close()


async def test_each_kind_travels_by_itself() -> None:
    road = Road()
    convoys = Convoys(road.carry, name="road", threads=1, waiting=100, kind=lambda number: number % 2 == 0)
    assert await asyncio.gather(*(convoys.run(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert road.convoys == [[0, 2, 4], [1, 3]]
    await convoys.close()


async def test_closing_after_all_have_given_up_comes_to_an_end() -> None:
    road = Road()
    convoys = road.of()
    waiting = [asyncio.ensure_future(convoys.run(number)) for number in range(3)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    async with asyncio.timeout(2):
        await convoys.close()


async def test_closing_lets_all_arrive_and_nobody_else_in() -> None:
    road = Road()
    road.open.clear()
    convoys = road.of()
    values = [asyncio.ensure_future(convoys.run(number)) for number in range(2 * MOST)]
    await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(convoys.close())
    await asyncio.sleep(0.01)
    with pytest.raises(StoreUnavailable, match="closed"):
        await convoys.run(1)
    road.open.set()
    await closing
    assert await asyncio.gather(*values) == [2 * number for number in range(2 * MOST)]
