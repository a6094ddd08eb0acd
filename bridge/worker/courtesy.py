"""Stepping back while deliveries come in: a sender waits for its answer, a gate can wait a moment longer.

Receiving and working share one event loop. How long one round of it takes is how long an answer that is ready waits.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final

ROUND_SECONDS: Final = 0.0015
"""A round that takes longer makes answers late."""
QUIET_SECONDS: Final = 0.25
"""So long after the last delivery, all places are free for work."""
LEAST: Final = 16
"""One place of so many is never given up."""
FEWER: Final = 0.8
MORE: Final = 0.2


class Courtesy:
    """Says how many of so many places may be filled now. `seconds` is a clock that never goes back."""

    def __init__(self, slots: int, *, seconds: Callable[[], float] = perf_counter) -> None:
        self._slots = slots
        self._seconds = seconds
        self._room = float(slots)
        self._last = float("-inf")
        self._is_measuring = False

    def saw_delivery(self) -> None:
        """Take note that one was stored, and of how busy the loop is. Called in the loop, cheap."""
        self._last = self._seconds()
        if not self._is_measuring:
            self._is_measuring = True
            asyncio.get_running_loop().call_soon(self._measured, self._last)

    def room(self) -> int:
        if self._seconds() - self._last > QUIET_SECONDS:
            self._room = float(self._slots)
        return int(self._room)

    def _measured(self, began: float) -> None:
        self._is_measuring = False
        if self._seconds() - began > ROUND_SECONDS:
            self._room = max(self._room * FEWER, self._slots / LEAST, 1.0)
        else:
            self._room = min(self._room + MORE, float(self._slots))
