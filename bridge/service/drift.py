"""What has drifted at the vendors and was left so, for people."""

from collections.abc import Sequence

from bridge.domain.drift import DriftOf
from bridge.domain.ids import SiteId
from bridge.ports.drift import DriftBook


class DriftView:
    def __init__(self, *, book: DriftBook) -> None:
        self._book = book

    async def listed(self, *, site: SiteId | None = None) -> Sequence[DriftOf]:
        """Return what the last runs found changed and left, by subject; of one site, or of all."""
        return await self._book.list_drift(site)
