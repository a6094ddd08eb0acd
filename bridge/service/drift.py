"""What has drifted at the vendors and was left so, and what nobody knows there, for people."""

from collections.abc import Awaitable, Callable, Sequence

from bridge.domain.drift import DriftOf
from bridge.domain.errors import Unsupported
from bridge.domain.ids import SiteId
from bridge.ports.drift import DriftBook
from bridge.ports.survey import Stranger

LookForStrangers = Callable[[SiteId], Awaitable[Sequence[Stranger]]]


class DriftView:
    def __init__(self, *, book: DriftBook, strangers: LookForStrangers | None = None) -> None:
        self._book = book
        self._strangers = strangers

    async def listed(self, *, site: SiteId | None = None) -> Sequence[DriftOf]:
        """Return what the last runs found changed and left, by subject; of one site, or of all."""
        return await self._book.list_drift(site)

    async def strangers(self, site: SiteId) -> Sequence[Stranger]:
        """Read the site's vendor now, and return what is nobody's whom the bridge knows; see `Strangers.at`."""
        if self._strangers is None:
            raise Unsupported("the gate systems cannot be asked from here")
        return await self._strangers(site)
