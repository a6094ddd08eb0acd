"""A shelf in memory: the same port and the same promises as the store's, but for the disk and the seal."""

import json
from collections.abc import Callable, Mapping

from bridge.ports.shelf import Item


class MemoryShelf:
    """`texts` are the items as JSON, by key; a test may read and write them. `check` may raise before each call."""

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self.texts: dict[str, str] = {}
        self._check = check

    async def get(self, key: str) -> Item | None:
        self._check()
        return json.loads(self.texts[key]) if key in self.texts else None

    async def put(self, key: str, item: Item) -> None:
        self._check()
        self.texts[key] = json.dumps(item, allow_nan=False)

    async def remove(self, key: str) -> None:
        self._check()
        self.texts.pop(key, None)

    async def entries(self) -> Mapping[str, Item]:
        self._check()
        return {key: json.loads(self.texts[key]) for key in sorted(self.texts)}
