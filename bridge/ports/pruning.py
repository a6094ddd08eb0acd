"""What is forgotten, and when: the inbox's old rows. Nothing that tells who had access is ever pruned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was received before these moments is old.

    Settled deliveries (done, ignored, test) lose their bodies after one time and their rows after another, quarantined
    ones their rows after a third. What waits, runs or is dead stays.
    """

    bodies: datetime
    settled: datetime
    quarantined: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many bodies were emptied, and how many deliveries removed."""

    emptied: int = 0
    removed: int = 0

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(emptied=self.emptied + other.emptied, removed=self.removed + other.removed)


class Pruner(Protocol):
    async def prune(self, before: Before, *, limit: int) -> Pruned:
        """Prune at most `limit` deliveries in one short unit of work; nothing pruned says that nothing old is left.

        The newest delivery stays, so that no number is given twice. A crash half-way leaves the rest for the next call.
        Raises `StoreUnavailable`.
        """
