"""What an adapter keeps in the bridge's own store, because its vendor keeps nothing."""

from collections.abc import Mapping
from typing import Any, Final, NoReturn, Protocol

from bridge.domain.errors import Unsupported
from bridge.domain.ids import SiteKey

Item = Mapping[str, Any]
"""What lies under a key: a JSON object. It is sealed with the store's key, so it may hold a gate code."""


class Shelf(Protocol):
    """One site's items, each under its key; another site's are not to be had. A key is no secret: ids and fixed words.

    What was put is on disk when the method returns. Every method raises `StoreUnavailable` when the store takes no
    work now, and `PermanentError` for an item that was changed from outside.
    """

    async def get(self, key: str) -> Item | None:
        """Return what was put last under `key`, or None."""

    async def put(self, key: str, item: Item) -> None:
        """Keep `item` in place of what lay there."""

    async def remove(self, key: str) -> None:
        """Take away what lies there; nothing there is no error."""

    async def entries(self) -> Mapping[str, Item]:
        """Return everything, by rising key, as it was at one moment."""


class NoShelf:
    """The shelf where none was handed out."""

    async def get(self, key: str) -> NoReturn:
        raise Unsupported(f"there is no shelf here to look for {key} on")

    async def put(self, key: str, item: Item) -> None:
        del item
        raise Unsupported(f"there is no shelf here to put {key} on")

    async def remove(self, key: str) -> None:
        raise Unsupported(f"there is no shelf here to take {key} from")

    async def entries(self) -> NoReturn:
        raise Unsupported("there is no shelf here")


NO_SHELF: Final = NoShelf()


class Shelves(Protocol):
    """Where shelves are to be had."""

    def shelf(self, site: SiteKey) -> Shelf:
        """Return the site's shelf; the same items whenever it is asked for."""
