"""Who of those that wait has the next place at work.

Places are numbered from the store's opening. Emergencies come before everything. Then each eighth place goes to whoever
has waited longest, whatever its priority, so that nothing starves. Of the others, three in four go first to work that
closes doors where that is asked for, and the fourth first to work that does not, which may be younger than all that
closes. All that is left goes by priority and then by age.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import chain
from typing import Final


class Priority(IntEnum):
    """What goes first; the smaller, the sooner."""

    EMERGENCY = 0
    LIVE = 10
    BULK = 15
    """Live, with nobody at the gate who waits for it."""
    RETRY = 20
    SWEEP = 30


ELDEST_EVERY: Final = 8
MAX_INTERRUPTED: Final = 20
"""Whatever ended so many runs in a row without an outcome is set aside: it may be what ends the process."""
NOT_CLOSING_EVERY: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One that is due. `closes` says that it is to be ahead for the doors that it may close."""

    id: int
    priority: int
    due_at: datetime
    closes: bool = False


def why_set_aside() -> str:
    """Return the reason that people read."""
    return f"set aside: {MAX_INTERRUPTED} runs in a row ended without an outcome, with their process or their lease"


def choose(waiting: Iterable[Waiting], *, limit: int, first_place: int) -> list[int]:
    """Return up to `limit` ids in the order of their places, of which the first has the number `first_place`."""
    known = {one.id: one for one in sorted(waiting, key=lambda one: one.closes)}.values()
    in_order = sorted(known, key=lambda one: (one.priority, one.due_at, one.id))
    emergencies = _Line(in_order, lambda one: one.priority == Priority.EMERGENCY)
    closing = _Line(in_order, lambda one: one.closes)
    opening = _Line(in_order, lambda one: not one.closes)
    others = _Line(in_order)
    eldest = _Line(sorted(known, key=lambda one: (one.due_at, one.id)))
    chosen: dict[int, None] = {}
    for place in range(first_place, first_place + limit):
        lines: Sequence[_Line] = (emergencies, closing, others)
        if place % ELDEST_EVERY == 0:
            lines = (emergencies, eldest)
        elif place % NOT_CLOSING_EVERY == 0:
            lines = (emergencies, opening, others)
        found = next(chain.from_iterable(line.head(chosen) for line in lines), None)
        if found is None:
            break
        chosen[found] = None
    return list(chosen)


class _Line:
    """Those who wait, in one order; whoever was chosen from another line is passed over."""

    def __init__(self, waiting: Sequence[Waiting], belongs: Callable[[Waiting], bool] = lambda _: True) -> None:
        self._ids = [one.id for one in waiting if belongs(one)]
        self._at = 0

    def head(self, chosen: dict[int, None]) -> list[int]:
        """Return the first who is left, or nobody."""
        while self._at < len(self._ids) and self._ids[self._at] in chosen:
            self._at += 1
        return self._ids[self._at : self._at + 1]
