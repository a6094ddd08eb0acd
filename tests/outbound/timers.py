"""A timer that stands still until a test moves it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TURNS_OF_THE_LOOP: Final = 12
"""So often everything that is ready may go on, before nothing else is expected to happen."""


@dataclass(eq=False)
class Alarm:
    when: float
    callback: Callable[[], None]
    is_off: bool = False

    def cancel(self) -> None:
        self.is_off = True


class SetTimer:
    """Seconds that pass when `advance` says so; what was due on the way is called in its order."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._alarms: list[Alarm] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Alarm:
        alarm = Alarm(self._now + max(delay, 0.0), callback)
        self._alarms.append(alarm)
        return alarm

    async def advance(self, seconds: float) -> None:
        end = self._now + seconds
        await settled()
        while due := [alarm for alarm in self._alarms if not alarm.is_off and alarm.when <= end]:
            first = min(due, key=lambda alarm: alarm.when)
            self._alarms = [alarm for alarm in self._alarms if alarm is not first and not alarm.is_off]
            self._now = max(self._now, first.when)
            first.callback()
            await settled()
        self._now = end
        await settled()


async def settled() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(TURNS_OF_THE_LOOP):
        await asyncio.sleep(0)
