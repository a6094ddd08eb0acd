"""The platform's business clock: real until somebody moves it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bridge.ports.clock import Clock, SystemClock

_MILLISECOND: Final = timedelta(milliseconds=1)


class BusinessClock:
    """Runs at real speed from wherever it was set. `base` replaces the machine's own clock in tests."""

    def __init__(self, *, zone: ZoneInfo, base: Clock | None = None) -> None:
        self.zone = zone
        self._base = base or SystemClock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the present business moment in UTC, to the millisecond as the platform's stamps are."""
        moment = self._base.now() + self._ahead
        return moment - (moment - datetime.min.replace(tzinfo=UTC)) % _MILLISECOND

    def today(self) -> date:
        return self.now().astimezone(self.zone).date()

    def set(self, moment: datetime) -> None:
        """Make it `moment` (aware); the clock goes on from there."""
        self._ahead = moment - self._base.now()

    def advance(self, by: timedelta) -> None:
        self._ahead += by

    def moment_of(self, day: date, hour: time) -> datetime:
        """Return when the wall clock shows `hour` on `day`, in UTC."""
        return datetime.combine(day, hour, tzinfo=self.zone).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """Return an aware moment as the platform writes it: UTC with milliseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
