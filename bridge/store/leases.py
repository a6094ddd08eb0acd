"""What a claim is made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How long a claim lasts, and the number of the process that has it."""

    length: timedelta
    owner: int

    def until(self, now: datetime) -> datetime:
        return now + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """So many free places, counted on since the store was opened: see `bridge.domain.queueing`."""

    limit: int
    first: int
