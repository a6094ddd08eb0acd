"""What comes back on an interval, whatever is delivered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Of several processes on one store, one at a time does it, and none sooner than `every` seconds after another."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]
