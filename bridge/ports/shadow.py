"""What runs of sites in shadow have noted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bridge.domain.ids import SiteKey
from bridge.domain.ledger import LedgerEntry


class ShadowBook(Protocol):
    async def shadow_notes(self, site: SiteKey, *, since: datetime | None = None) -> Sequence[LedgerEntry]:
        """Return the ledger's notes of the site's rehearsals, the oldest first; all of them, or from `since` on."""

    async def shadow_stages(self, site: SiteKey) -> Sequence[Mapping[str, Any]]:
        """Return what was rehearsed of each tenant of the site, as it was kept."""
