"""Listening for what is missing: a platform that has stopped sending fails nothing and is refused nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.errors import BridgeError
from bridge.domain.ids import ConnectionName
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.silence import Pulse
from bridge.ports.arrivals import Arrivals
from bridge.ports.bookmarks import Bookmarks
from bridge.ports.clock import Clock
from bridge.service.alerts import Alerts
from bridge.telemetry import get_logger

SOURCE_SILENT: Final = "source_silent"
SOURCE_HEARD: Final = "source_heard_again"
LOOK_SECONDS: Final = 600.0
"""Between two looks. A bridge that has not looked for three times as long was away."""


class SilenceWatch:
    """Tells of a silence once, and of its end. What it has told is kept with its entry: no restart tells it twice."""

    def __init__(
        self,
        *,
        lengths: Mapping[ConnectionName, timedelta],
        arrivals: Arrivals,
        bookmarks: Bookmarks,
        alerts: Alerts,
        clock: Clock,
    ) -> None:
        """`lengths` are for how long the connections that are listened for may say nothing."""
        self._lengths = lengths
        self._arrivals = arrivals
        self._bookmarks = bookmarks
        self._alerts = alerts
        self._clock = clock
        self._log = get_logger()

    async def look(self) -> None:
        """Look at what has come since the last look; for one process at a time. A connection that fails stops none."""
        for connection, length in self._lengths.items():
            try:
                await self._look(connection, length)
            except BridgeError as error:
                self._log.warning("silence.not_looked", connection=connection, why=str(error))

    async def _look(self, connection: ConnectionName, length: timedelta) -> None:
        name, now = f"pulse:{connection}", self._clock.now()
        before = self._read(name, await self._bookmarks.bookmark(name)) or Pulse.begin(now)
        arrived = await self._arrivals.arrivals(connection, after=before.last)
        pulse, entries = before.felt(arrived, now=now), list[LedgerEntry]()
        if before.is_told and before.last_at is not None and arrived is not None:
            entries.append(_heard(connection, now, silent=arrived.first_at - before.last_at))
        since = None if pulse.is_told else pulse.silent_since(length, now=now)
        if since is not None:
            pulse = pulse.told()
            entries.append(_silent(connection, now, since=since))
        await self._bookmarks.keep_bookmark(name, pulse.to_text(), entries)
        for entry in entries:
            self._alerts.say(entry)

    def _read(self, name: str, text: str | None) -> Pulse | None:
        try:
            return None if text is None else Pulse.from_text(text)
        except ValueError:
            self._log.warning("bookmark.unreadable", name=name)
            return None


def _silent(connection: ConnectionName, now: datetime, *, since: datetime) -> LedgerEntry:
    why = (
        f"no delivery was accepted for {_told(now - since)}, and at this time of day they usually come: "
        "is the platform's webhook still on, and does it reach the bridge?"
    )
    details = {"connection": str(connection), "since": since.isoformat(timespec="seconds"), "why": why}
    return LedgerEntry(kind=LedgerKind.ALERT, at=now, what=SOURCE_SILENT, details=details)


def _heard(connection: ConnectionName, now: datetime, *, silent: timedelta) -> LedgerEntry:
    details = {"connection": str(connection), "why": f"a delivery has come again, after {_told(silent)} of silence"}
    return LedgerEntry(kind=LedgerKind.ALERT, at=now, what=SOURCE_HEARD, details=details)


def _told(length: timedelta) -> str:
    hours, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
