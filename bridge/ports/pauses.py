"""Where it is kept what is paused: it outlives every restart."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.ledger import LedgerEntry
from bridge.domain.pauses import Pause, Place


class PauseBook(Protocol):
    async def list_pauses(self) -> Sequence[Pause]:
        """Return what is paused, the oldest first."""

    async def keep_pause(self, pause: Pause, entry: LedgerEntry) -> None:
        """Keep it, with this ledger entry, in place of an earlier one of the same place."""

    async def end_pause(self, place: Place, entry: LedgerEntry) -> None:
        """End it, with this ledger entry. Raises `NotFoundHere` where the place is not paused."""
