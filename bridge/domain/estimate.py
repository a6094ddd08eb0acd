"""How long calls take, by the pacing of the accounts that they are made through."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

USUAL_ANSWER: Final = 0.3
"""Seconds; where nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """So many calls at once and so many a second, where that is bounded, after a rest of so many seconds."""

    at_once: int
    rate: float | None = None
    rest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Calls to be made at a pace, each answered after so many seconds."""

    calls: int
    pace: Pace
    answer: float = USUAL_ANSWER


def seconds_for(loads: Iterable[Load]) -> float:
    """Return about how many seconds it takes. Accounts are called side by side: the slowest says when it is done."""
    return max((_seconds(load) for load in loads if load.calls), default=0.0)


def _seconds(load: Load) -> float:
    by_rate = 0.0 if load.pace.rate is None else load.calls / load.pace.rate
    return load.pace.rest + max(by_rate, load.calls * load.answer / max(load.pace.at_once, 1))
