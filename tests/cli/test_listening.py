"""A bridge is whole or ends."""

import asyncio

import pytest

from bridge.cli.listening import PartEnded, watched

pytestmark = pytest.mark.anyio


async def test_a_part_that_fails_ends_the_whole() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("full")

    with pytest.raises(PartEnded, match=r"the worker ended by itself \(OSError\)"):
        async with watched("the worker", fail(), stop=lambda: None):
            await asyncio.sleep(30)


async def test_a_part_that_merely_ends_ends_the_whole_too() -> None:
    async def end() -> None:
        await asyncio.sleep(0)

    with pytest.raises(PartEnded, match="the worker ended by itself"):
        async with watched("the worker", end(), stop=lambda: None):
            await asyncio.sleep(30)


async def test_a_part_that_is_asked_to_end_may() -> None:
    stop = asyncio.Event()
    ended = []

    async def work() -> None:
        await stop.wait()
        ended.append("well")

    async with watched("the worker", work(), stop=stop.set):
        await asyncio.sleep(0)
    assert ended == ["well"]


async def test_the_blocks_own_error_and_cancellation_come_through() -> None:
    stop = asyncio.Event()

    async def work() -> None:
        await stop.wait()

    with pytest.raises(KeyError):
        async with watched("the worker", work(), stop=stop.set):
            raise KeyError("mine")

    async def block() -> None:
        async with watched("the worker", work(), stop=stop.set):
            await asyncio.sleep(30)

    stop.clear()
    task = asyncio.create_task(block())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
