"""Having a site listed by its platform, and weighing what the list proves."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.domain.errors import BridgeError, Unreachable
from bridge.domain.evidence import LastListing, Weighed, weigh
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.ports.clock import Clock
from bridge.ports.listings import ListingBook
from bridge.ports.source import Lister, SiteListing
from bridge.telemetry import get_logger

LISTING_SECONDS: Final = 60.0
"""A site's listing that takes longer is given up."""
SITES_AT_ONCE: Final = 3
"""Of a connection: while lists are waited for, the tenants of another site are gone through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotListed:
    """A site whose rentals could not be had, and why."""

    connection: ConnectionName
    site: SiteId
    error: Exception

    @property
    def why(self) -> str:
        """Return the reason as one line without secrets."""
        return str(self.error) if isinstance(self.error, BridgeError) else f"unexpected {type(self.error).__name__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list, and what it is worth beside `before`, which is remembered of those before it."""

    listing: SiteListing
    weighed: Weighed
    before: LastListing


class SiteLists:
    """Reads lists, and changes nothing: what is to be remembered of one, the sweep keeps."""

    def __init__(self, *, listers: Mapping[ConnectionName, Lister], book: ListingBook, clock: Clock) -> None:
        self._listers = listers
        self._book = book
        self._clock = clock
        self._log = get_logger()

    async def read(self, site: SiteKey) -> Listed | NotListed:
        """Return the site's list, or why there is none. Raises `StoreUnavailable` only."""
        before = await self._book.last_listing(site)
        listing = await self._list(site)
        if isinstance(listing, NotListed):
            return listing
        weighed = weigh(len(listing.sightings), before, self._clock.now(), repeated=listing.repeated)
        return Listed(listing=listing, weighed=weighed, before=before)

    async def _list(self, site: SiteKey) -> SiteListing | NotListed:
        connection, place = site
        try:
            async with asyncio.timeout(LISTING_SECONDS):
                return await self._listers[connection].list_site(place)
        except TimeoutError:
            error: Exception = Unreachable(f"the rentals were not listed within {LISTING_SECONDS:.0f} s")
        except Exception as caught:  # noqa: BLE001 - whatever one site's list fails of, the others are gone through
            error = caught
            if not isinstance(caught, BridgeError):
                self._log.exception("listing.defect", connection=connection, site=place)
        return NotListed(connection=connection, site=place, error=error)
