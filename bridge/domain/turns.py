"""Turns of an account: when its next call may go out, on any clock that counts seconds."""

import math
from dataclasses import dataclass, replace
from typing import Final

BURST_SECONDS: Final = 0.5
MAX_BURST: Final = 10
RUN_SECONDS: Final = 20.0
CALLS_OF_A_RUN: Final = 8
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """So many calls at once, and so many a second, where that is known."""

    concurrent: int
    rate: float | None = None


def tightest(one: Limits, other: Limits) -> Limits:
    rates = [rate for rate in (one.rate, other.rate) if rate is not None]
    return Limits(concurrent=min(one.concurrent, other.concurrent), rate=min(rates, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Turns at a steady rate with a small burst. `due` is when the next one comes without the burst."""

    rate: float
    due: float = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until a turn may be taken; 0 is at once."""
        return _seconds(self.due - (burst(self.rate) - 1) / self.rate - now)

    def taken(self, now: float) -> "Bucket":
        return replace(self, due=max(self.due, now) + 1 / self.rate)

    def returned(self) -> "Bucket":
        """Give back a turn that was taken for a call that did not go out."""
        return replace(self, due=self.due - 1 / self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A few turns that were rented: the next one at `due`, one each `interval`, none after `until`."""

    left: int = 0
    due: float = -math.inf
    interval: float = 0.0
    until: float = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until a turn may be taken, or infinity where another block must be rented."""
        return math.inf if self.is_spent(now) else _seconds(self.due - now)

    def is_spent(self, now: float) -> bool:
        """Tell whether none of its turns can be taken any more: all are taken, or it is too late for the rest."""
        return self.left <= 0 or max(now, self.due) > self.until

    def taken(self, now: float) -> "Block":
        del now
        return replace(self, left=self.left - 1, due=self.due + self.interval)

    def returned(self) -> "Block":
        return replace(self, left=self.left + 1, due=self.due - self.interval)


def burst(rate: float) -> int:
    """Return how many calls may go out at once after a rest: those of half a second, at least one."""
    return max(1, min(MAX_BURST, int(rate * BURST_SECONDS)))


def runs_at_once(concurrent: int, rate: float | None) -> int:
    """Return how many tenants may be brought in step side by side, so that none waits for its calls too long.

    A run makes its calls one after the other. With more runs than that, each would be cut off before its last call.
    """
    by_rate = math.inf if rate is None else max(1.0, rate * RUN_SECONDS / CALLS_OF_A_RUN)
    return int(min(2 * concurrent, by_rate))


def _seconds(wait: float) -> float:
    return wait if wait > _TINY else 0.0
