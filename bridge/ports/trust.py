"""What tells a database that was restored from the one that was here."""

from typing import Protocol

from bridge.domain.ledger import LedgerEntry
from bridge.domain.trust import Mark


class MarkKeeper(Protocol):
    """A mark outside of the database. Raises `StoreUnavailable` where it cannot be read or kept."""

    def read(self) -> Mark | None:
        """Return the mark that was kept last, or None; one that is damaged counts as none."""

    def keep(self, mark: Mark) -> None:
        """Put this mark in place of what was there, whole or not at all."""


class TrustBook(Protocol):
    async def doubted(self) -> str | None:
        """Return why the database is not to be believed, or None."""

    async def doubt(self, why: str, entry: LedgerEntry) -> None:
        """From now on hold every removal, through every restart; `entry` goes to the ledger."""

    async def trust(self, entry: LedgerEntry) -> int:
        """End the doubt: what it holds is forgotten, and its tenants are due at once. Return how many losses.

        `entry` goes to the ledger.
        """
