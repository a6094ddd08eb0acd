"""What is handed out before the store is open.

Plug-ins are opened first, so that a mistake in their settings makes no database; and some commands open none at all.
"""

from collections.abc import Mapping

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import SiteKey
from bridge.domain.slots import Ask, Granted
from bridge.ports.permits import SlotLedger
from bridge.ports.shelf import Item, Shelf, Shelves


class LateShelves:
    """Hands out shelves that are those of `store` as soon as it is set; before, they raise `StoreUnavailable`."""

    def __init__(self) -> None:
        self.store: Shelves | None = None

    def shelf(self, site: SiteKey) -> Shelf:
        return _LateShelf(self, site)

    def there(self, site: SiteKey) -> Shelf:
        """Return the site's real shelf."""
        if self.store is None:
            raise StoreUnavailable("the store is not open here")
        return self.store.shelf(site)


class _LateShelf:
    def __init__(self, shelves: LateShelves, site: SiteKey) -> None:
        self._shelves = shelves
        self._site = site

    async def get(self, key: str) -> Item | None:
        return await self._shelves.there(self._site).get(key)

    async def put(self, key: str, item: Item) -> None:
        await self._shelves.there(self._site).put(key, item)

    async def remove(self, key: str) -> None:
        await self._shelves.there(self._site).remove(key)

    async def entries(self) -> Mapping[str, Item]:
        return await self._shelves.there(self._site).entries()


class LateLedger:
    """Is that of `store` as soon as it is set; before, every ask raises `StoreUnavailable`."""

    def __init__(self) -> None:
        self.store: SlotLedger | None = None

    async def rent(self, account: str, ask: Ask) -> Granted:
        if self.store is None:
            raise StoreUnavailable("the store is not open here")
        return await self.store.rent(account, ask)
