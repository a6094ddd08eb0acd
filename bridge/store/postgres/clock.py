"""The database's clock, which every process on it shares."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
import structlog

from bridge.ports.clock import Clock
from bridge.store.tables import from_micros

NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_STATEMENT: Final = sa.text(f"SELECT {NOW}")
TOLERATED: Final = timedelta(seconds=1)


def database_time(connection: sa.Connection) -> datetime:
    """Return what the clock says at this moment, in UTC; not when the transaction began."""
    return from_micros(connection.execute(_STATEMENT).scalar_one())


class FollowedClock:
    """The host's clock, put right where it differs from the database's by more than `TOLERATED`.

    When to try again is reckoned here, and falls due there: behind, all tries of a subject would be made in a moment.
    """

    def __init__(self, own: Clock) -> None:
        self._own = own
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return self._own.now() + self._ahead

    def told(self, ask: Callable[[], datetime]) -> datetime:
        """Return what `ask` says of the database's clock, and follow it. Called from any thread."""
        before = self._own.now()
        moment = ask()
        after = self._own.now()
        ahead = moment - after
        # An answer that took so long says nothing of the clocks.
        if after - before < TOLERATED < abs(ahead - self._ahead):
            self._ahead = ahead
            structlog.get_logger().warning("store.clock_differs", seconds=round(ahead.total_seconds(), 1))
        return moment
