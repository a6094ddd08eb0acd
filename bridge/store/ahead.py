"""What is known of a subject, read together with its claim: a question for each alone would cost more than the claim.

It is handed out once, and not after `SECONDS`. Until then, what changes in it is marked, and has a run of its own.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

from bridge.domain.deliveries import ClaimedSubject
from bridge.ports.store import SubjectRecord

SECONDS: Final = 2.0


class ReadAhead:
    """`seconds` is a clock that never goes back."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._kept: dict[ClaimedSubject, tuple[float, SubjectRecord]] = {}

    def now(self) -> float:
        """Return the time to hand to `keep`, taken before the records are read."""
        return self._seconds()

    def keep(self, records: Iterable[tuple[ClaimedSubject, SubjectRecord]], *, read_at: float) -> None:
        earliest = self._seconds() - SECONDS
        self._kept = {claim: kept for claim, kept in self._kept.items() if kept[0] >= earliest}
        self._kept |= {claim: (read_at, record) for claim, record in records}

    def take(self, claim: ClaimedSubject) -> SubjectRecord | None:
        read_at, record = self._kept.pop(claim, (float("-inf"), None))
        return record if read_at >= self._seconds() - SECONDS else None
