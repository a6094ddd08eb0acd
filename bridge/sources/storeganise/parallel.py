"""Several calls at once, none of which stops the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from bridge.sdk import BridgeError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


async def each(
    work: Callable[[ItemT], Awaitable[ResultT]], items: Iterable[ItemT], *, at_once: int
) -> list[ResultT | BridgeError]:
    """Return what `work` made of each item, in their order; a `BridgeError` stands in the place of its item."""
    slots = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> ResultT | BridgeError:
        async with slots:
            return await told(work, item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


async def told(work: Callable[[ItemT], Awaitable[ResultT]], item: ItemT) -> ResultT | BridgeError:
    """Return what `work` made of one item, or why it made nothing of it."""
    try:
        return await work(item)
    except BridgeError as error:
        return error


async def every(work: Callable[[ItemT], Awaitable[ResultT]], items: Iterable[ItemT], *, at_once: int) -> list[ResultT]:
    """Return what `work` made of each item, in their order, or raise the first `BridgeError` when all have ended."""
    results: list[ResultT] = []
    for result in await each(work, items, at_once=at_once):
        if isinstance(result, BridgeError):
            raise result
        results.append(result)
    return results
