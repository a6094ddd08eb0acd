"""The shelf as calls with types. All of a feed is read at one moment, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.pull_feed.wire import Number, Row
from bridge.sdk import Shelf, read_as

PERSON: Final = "person/"
NUMBER: Final = "number"
FETCHED: Final = "fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everybody in the feed, by their key.

    `number` counts the feed's changes; it is 0 where nothing was ever put in. `fetched` is how far a controller knows.
    """

    rows: Mapping[str, Row] = field(default_factory=dict)
    number: int = 0
    fetched: int = 0


class Rows:
    """One site's rows."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def content(self) -> Content:
        items = await self._shelf.entries()
        rows = {
            key.removeprefix(PERSON): read_as(Row, item, "a row on the feed's shelf")
            for key, item in items.items()
            if key.startswith(PERSON)
        }
        last = read_as(Number, items.get(NUMBER, {}), "the number on the feed's shelf").number
        return Content(
            rows=rows,
            number=max([last, *(door.number for row in rows.values() for door in row.doors.values())]),
            fetched=read_as(Number, items.get(FETCHED, {}), "what was fetched, on the feed's shelf").number,
        )

    async def find(self, person: str) -> Row | None:
        item = await self._shelf.get(PERSON + person)
        return None if item is None else read_as(Row, item, "a row on the feed's shelf")

    async def fetched(self) -> int:
        return read_as(Number, await self._shelf.get(FETCHED) or {}, "what was fetched, on the feed's shelf").number

    async def put(self, person: str, row: Row) -> None:
        await self._shelf.put(PERSON + person, row.item())

    async def remember(self, number: int) -> None:
        """Keep the feed's number, which the rows themselves no longer tell when some are taken away."""
        await self._shelf.put(NUMBER, {"number": number})

    async def remove(self, person: str) -> None:
        await self._shelf.remove(PERSON + person)

    async def note_fetched(self, number: int) -> None:
        await self._shelf.put(FETCHED, {"number": number})
