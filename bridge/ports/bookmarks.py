"""How far something has been read: kept under a name, through every restart."""

from typing import Protocol


class Bookmarks(Protocol):
    async def bookmark(self, name: str) -> str | None:
        """Return what was kept last under this name, or None."""

    async def keep_bookmark(self, name: str, value: str) -> None:
        """Keep `value` durably in place of what was there; returns only after it is on disk."""
