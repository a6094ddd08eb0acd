"""The time that the other side has for its answer: what we wait for our own leave to call does not count."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

_bounds: ContextVar[tuple[asyncio.Timeout, ...]] = ContextVar("bounds", default=())
"""A call for a token runs inside of the call that needs it, so that there may be two."""


@asynccontextmanager
async def answer_within(seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` when the block takes longer, its pauses not counted."""
    async with asyncio.timeout(seconds) as bound:
        before = _bounds.set((*_bounds.get(), bound))
        try:
            yield
        finally:
            _bounds.reset(before)


@contextmanager
def paused() -> Iterator[None]:
    """Stop the time of every answer that this task waits for, while the block lasts."""
    clock = asyncio.get_running_loop().time
    began = clock()
    stopped = [(bound, bound.when()) for bound in _bounds.get() if not bound.expired()]
    for bound, _ in stopped:
        bound.reschedule(None)
    try:
        yield
    finally:
        waited = clock() - began
        for bound, when in stopped:
            bound.reschedule(None if when is None else when + waited)
