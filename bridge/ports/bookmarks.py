"""How far something has been read: kept under a name, through every restart."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.ledger import LedgerEntry


class Bookmarks(Protocol):
    async def bookmark(self, name: str) -> str | None:
        """Return what was kept last under this name, or None."""

    async def keep_bookmark(self, name: str, value: str, entries: Sequence[LedgerEntry] = ()) -> None:
        """Keep `value` durably in place of what was there; returns only after it is on disk.

        `entries` go to the ledger in the same unit of work.
        """
