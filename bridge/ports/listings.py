"""What is remembered of the lists that a platform gave of each site."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.evidence import LastListing
from bridge.domain.ids import SiteKey
from bridge.domain.ledger import LedgerEntry


class ListingBook(Protocol):
    async def last_listing(self, site: SiteKey) -> LastListing:
        """Return what was kept last, and how many rentals are known to be over since then.

        Before anything was kept, a list of as many rentals as have access there.
        """

    async def keep_listing(self, site: SiteKey, last: LastListing, entries: Sequence[LedgerEntry] = ()) -> None:
        """Keep `last` durably, and append to the ledger in the same unit of work; what has ended counts from now."""
