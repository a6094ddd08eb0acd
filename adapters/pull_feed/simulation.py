"""A controller on site that fetches the feed, as the conformance kit asks for it. Here the vendor is the bridge itself.

It reads what the feed would serve, as CSV or JSON, and knows nothing of the shelf but when it has fetched.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, Final

from starlette.applications import Starlette
from starlette.types import ASGIApp

from adapters.pull_feed.client import FETCHED, PERSON
from adapters.pull_feed.options import Column, PullFeedOptions
from adapters.pull_feed.render import body_of, lines_of
from adapters.pull_feed.wire import Row
from bridge.sdk import FeedFormat, SiteId, TargetId, read_as
from bridge.testing.memory_shelf import MemoryShelf
from bridge.testing.simulation import SimulatedClock

SITE: Final = SiteId("site-1")
TOKEN: Final = "kit-token-of-a-controller-2f6d"  # noqa: S105 - of no controller
POLL: Final = timedelta(seconds=10)
_BY_HAND: Final = f"{PERSON}by hand "


class PollingController:
    """Fetches every ten seconds, and once more whenever somebody types a code."""

    def __init__(self, clock: SimulatedClock, options: Mapping[str, Any]) -> None:
        self.shelf = MemoryShelf(self._poll)
        self._clock = clock
        self._fetched_at = clock.now()
        self._given = {"tokens": [TOKEN], **options}
        self._options = PullFeedOptions.model_validate(self._given)
        self._numbers = count(100_001, 7)

    @property
    def app(self) -> ASGIApp:
        return Starlette()

    @property
    def options(self) -> Mapping[str, Any]:
        return self._given

    @property
    def doors(self) -> Sequence[TargetId]:
        return [TargetId(name) for name in ("B-014", "B-021", "B-030")]

    def opens(self, code: str, door: TargetId) -> bool:
        unit, pin, state = (self._options.columns.get(word) for word in (Column.UNIT, Column.CODE, Column.STATE))
        allowed = self._options.allowed_word
        return any(
            (line[unit or ""], line[pin or ""]) == (door, code) and (state is None or line[state] == allowed)
            for line in self._fetch()
        )

    def credentials(self, door: TargetId) -> int:
        return sum(door in row.doors for row in self._rows().values())

    def made(self) -> int:
        return sum(not key.startswith(_BY_HAND) for key in self._rows())

    def code_lives_with(self) -> str:
        return "person"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        item = {"code": code, "name": name, "doors": {door: {"state": "active", "number": 1}}}
        self.shelf.texts[f"{_BY_HAND}{next(self._numbers)}"] = json.dumps(item)

    def by_hand(self) -> Any:
        return {key: text for key, text in self.shelf.texts.items() if key.startswith(_BY_HAND)}

    def fill(self) -> bool:
        return False

    def crowd(self, people: int) -> None:
        for number in range(people):
            self.add_by_hand(str(next(self._numbers)), self.doors[2], f"Somebody {number}")

    def _rows(self) -> dict[str, Row]:
        people = {key: text for key, text in self.shelf.texts.items() if key.startswith(PERSON)}
        return {key: read_as(Row, json.loads(text), "a row") for key, text in people.items()}

    def _fetch(self) -> list[dict[str, str]]:
        lines = lines_of(self._rows(), self._options)
        text = body_of(self._options.format, SITE, "1", lines, self._options).decode()
        if self._options.format is FeedFormat.CSV:
            return list(csv.DictReader(io.StringIO(text, newline="")))
        rows: list[dict[str, str]] = json.loads(text)["rows"]
        return rows

    def _poll(self) -> None:
        """Note what the feed held when the controller came by; it comes on its own, between two looks of the bridge."""
        if self._clock.now() - self._fetched_at < POLL:
            return
        self._fetched_at = self._clock.now()
        numbers = [door.number for row in self._rows().values() for door in row.doors.values()]
        self.shelf.texts[FETCHED] = json.dumps({"number": max(numbers, default=0)})
