"""Units that wait at the same time travel together: the turn of a thread, or a commit, costs more than most of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from bridge.domain.errors import StoreUnavailable

T = TypeVar("T")
U = TypeVar("U")
Carry = Callable[[Sequence[U]], Sequence[Any]]
"""Runs units in one go and returns their values; raises what one of them raises, and then none had any effect."""
MOST: Final = 32


class Convoys(Generic[U]):
    """Up to `threads` under way at once, the others wait. Belongs to one event loop. One kind travels at a time."""

    def __init__(
        self,
        carry: Carry[U],
        *,
        name: str,
        threads: int,
        waiting: int,
        kind: Callable[[U], object] = lambda _: None,
    ) -> None:
        self._carry = carry
        self._kind = kind
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._room = waiting
        self._waiting: deque[_Traveller[U]] = deque()
        self._is_starting = False
        self._is_closed = False
        self._loop = asyncio.get_running_loop()

    async def run(self, unit: U) -> Any:
        """Return the unit's value. Raises `StoreUnavailable`, and what it raises or one that travelled with it."""
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        if self._room <= 0:
            raise StoreUnavailable("too much waits for the database")
        self._room -= 1
        traveller = _Traveller(unit, self._loop.create_future())
        self._waiting.append(traveller)
        self._start_soon()
        return await traveller.future

    async def close(self) -> None:
        """Let all that wait come to their end."""
        self._is_closed = True
        while self._waiting:
            await asyncio.wait([traveller.future for traveller in self._waiting])
            await asyncio.sleep(0)  # those who gave up are still to be taken from the line
        await asyncio.to_thread(self._threads.shutdown)

    def _start_soon(self) -> None:
        """Start when this round of the loop is over, with all that came in it."""
        if not self._is_starting:
            self._is_starting = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        self._is_starting = False
        while self._waiting and self._free:
            self._free -= 1
            travellers = self._next()
            try:
                self._threads.submit(self._travel, travellers)
            except RuntimeError as error:  # no thread is to be had
                for traveller in travellers:
                    traveller.error = StoreUnavailable(f"the database cannot be asked: {error}")
                self._arrive(travellers)
                return

    def _next(self) -> "Sequence[_Traveller[U]]":
        """Take the first from the line, and with it whoever is of its kind."""
        kind = self._kind(self._waiting[0].unit)
        chosen, left = list[_Traveller[U]](), deque[_Traveller[U]]()
        for traveller in self._waiting:
            (chosen if len(chosen) < MOST and self._kind(traveller.unit) is kind else left).append(traveller)
        self._waiting = left
        return chosen

    def _travel(self, travellers: "Sequence[_Traveller[U]]") -> None:
        self._go(travellers)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._arrive, travellers)

    def _go(self, travellers: "Sequence[_Traveller[U]]") -> None:
        try:
            values = self._carry([traveller.unit for traveller in travellers])
        except Exception as error:  # noqa: BLE001 - whoever asked hears it
            for traveller in travellers:
                traveller.error = error
        else:
            for traveller, value in zip(travellers, values, strict=True):
                traveller.value = value

    def _arrive(self, travellers: "Sequence[_Traveller[U]]") -> None:
        self._free += 1
        self._room += len(travellers)
        for traveller in travellers:
            if traveller.future.done():
                continue
            if traveller.error is None:
                traveller.future.set_result(traveller.value)
            else:
                traveller.future.set_exception(traveller.error)
        self._start_soon()


class _Traveller(Generic[U]):
    __slots__ = ("error", "future", "unit", "value")

    def __init__(self, unit: U, future: "asyncio.Future[Any]") -> None:
        self.unit = unit
        self.future = future
        self.value: Any = None
        self.error: Exception | None = None
