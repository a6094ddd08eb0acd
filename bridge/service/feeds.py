"""Feeds that controllers fetch: whom they are served to, and from when on after a start."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

from bridge.domain.credential import Secret
from bridge.domain.errors import BridgeError, NotYetConsistent
from bridge.domain.ids import SiteKey
from bridge.ports.feed import Feed, FeedFormat, FeedPage
from bridge.ports.store import SiteWatch
from bridge.telemetry import get_logger

LOG_EVERY_SECONDS: Final = 60.0


class Feeds:
    """All sites' feeds. A list that may lack people is not served: controllers would lock them out.

    So after a start, of a new bridge or one whose database was put back, a site's feed waits until the platform has
    listed its rentals and everybody there has been looked at.
    """

    def __init__(
        self, *, feeds: Mapping[SiteKey, Feed], watch: SiteWatch, has_listed: Callable[[SiteKey], bool]
    ) -> None:
        self._feeds = feeds
        self._decoy = next(iter(feeds.values()), None)
        self._watch = watch
        self._has_listed = has_listed
        self._open: set[SiteKey] = set()
        self._logged: dict[SiteKey, float] = {}
        self._log = get_logger()

    def admits(self, site: SiteKey, token: Secret) -> bool:
        """Tell whether `token` is one of this site's. A site without a feed takes as long as a wrong token."""
        feed = self._feeds.get(site)
        if feed is not None:
            is_good = feed.admits(token)
            if not is_good and self._may_log(site):
                self._log.warning("feed.refused", connection=site[0], site=site[1])
            return is_good
        if self._decoy is not None:
            self._decoy.admits(token)
        return False

    async def page(self, site: SiteKey, wanted: FeedFormat | None) -> FeedPage:
        """Return the feed of a site that admits who asks. Raises `BridgeError` rather than leave anybody out."""
        try:
            await self._wait_for_everybody(site)
            return await self._feeds[site].page(wanted)
        except BridgeError as error:
            self._log.warning("feed.unavailable", connection=site[0], site=site[1], why=str(error))
            raise

    async def note_fetched(self, site: SiteKey, page: FeedPage) -> None:
        """Remember that a controller has this page; what cannot be kept now is fetched again."""
        try:
            await self._feeds[site].note_fetched(page)
        except BridgeError as error:
            self._log.warning("feed.not_noted", connection=site[0], site=site[1], why=str(error))

    async def _wait_for_everybody(self, site: SiteKey) -> None:
        if site in self._open:
            return
        if not self._has_listed(site) or await self._watch.is_busy(site):
            raise NotYetConsistent("the bridge has just started and looks at everybody first")
        self._open.add(site)

    def _may_log(self, site: SiteKey) -> bool:
        now = perf_counter()
        if now - self._logged.get(site, float("-inf")) < LOG_EVERY_SECONDS:
            return False
        self._logged[site] = now
        return True
