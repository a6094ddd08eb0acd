"""A bounded number of the same work at once, over what comes one after the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

ItemT = TypeVar("ItemT")


async def side_by_side(items: AsyncIterator[ItemT], work: Callable[[ItemT], Awaitable[None]], *, at_once: int) -> None:
    """Do `work` on each item, `at_once` of them at the same time. Raises the first error, and cuts off the others."""
    next_one = asyncio.Lock()

    async def go_on() -> None:
        while True:
            async with next_one:
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    return
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(go_on())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def one_by_one(items: "list[ItemT]") -> AsyncIterator[ItemT]:
    """Yield what is there already."""
    for item in items:
        yield item
