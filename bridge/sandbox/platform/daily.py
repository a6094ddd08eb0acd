"""What the platform does by the clock (reference, section 3)."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from bridge.sandbox.platform.billing import Billing
from bridge.sandbox.platform.clock import BusinessClock
from bridge.sandbox.platform.move_ins import MoveIns
from bridge.sandbox.platform.move_outs import MoveOuts
from bridge.sandbox.platform.transfers import Transfers

MIDNIGHT: Final = time(0)
OVERDUE_RUN: Final = time(13)


class DailyRuns:
    """Runs what became due since it last looked, each run once, in the order of the wall clock."""

    def __init__(
        self, clock: BusinessClock, *, move_ins: MoveIns, move_outs: MoveOuts, transfers: Transfers, billing: Billing
    ) -> None:
        self._clock = clock
        self._at_midnight = (transfers.complete_due, move_ins.complete_due, move_outs.start_due)
        self._at_one = (billing.run,)
        self._looked = clock.now()

    def catch_up(self) -> int:
        """Do what is due and return how many runs there were. A clock set back repeats the runs of those days."""
        now = self._clock.now()
        runs = [(day, steps) for moment, day, steps in self._between(self._looked.date(), now) if self._looked < moment]
        self._looked = now
        for day, steps in runs:
            for step in steps:
                step(day)
        return len(runs)

    def _between(
        self, first: date, now: datetime
    ) -> Iterator[tuple[datetime, date, tuple[Callable[[date], None], ...]]]:
        """Yield each run from the day before `first` (zones differ from UTC by less than one) up to `now`."""
        day = first - timedelta(days=1)
        while (midnight := self._clock.moment_of(day, MIDNIGHT)) <= now:
            yield midnight, day, self._at_midnight
            if (overdue := self._clock.moment_of(day, OVERDUE_RUN)) <= now:
                yield overdue, day, self._at_one
            day += timedelta(days=1)
