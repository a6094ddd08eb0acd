"""Processes of the bridge that share an account, played in one loop on a timer that a test moves."""

import asyncio

from bridge.domain.slots import CALL_SECONDS, START_SECONDS
from bridge.domain.turns import Limits
from bridge.outbound.renting import RentedSlots
from bridge.ports.permits import Permit
from tests.outbound.shared_ledger import Line, SharedLedger
from tests.outbound.timers import SetTimer

ACCOUNT = "seam:site1"
LEASE = START_SECONDS + CALL_SECONDS


class Process:
    """A process of the bridge, as the ledger sees it; `running` are its calls under way."""

    def __init__(self, ledger: SharedLedger, timer: SetTimer, name: str, limits: Limits) -> None:
        self.line = Line(ledger)
        self.slots = RentedSlots(ACCOUNT, limits, ledger=self.line, holder=name, timer=timer)
        self.waiting: list[asyncio.Task[Permit]] = []
        self.running: list[tuple[Permit, float]] = []
        self.done = 0
        self._timer = timer

    def ask(self, calls: int = 1) -> None:
        self.waiting += [asyncio.create_task(self.slots.take()) for _ in range(calls)]

    def look(self) -> None:
        """Note which calls have begun."""
        for task in [task for task in self.waiting if task.done()]:
            self.waiting.remove(task)
            if not task.cancelled() and task.exception() is None:
                self.running.append((task.result(), self._timer.time()))

    def end(self, calls: int = 1) -> None:
        for permit, _ in self.running[:calls]:
            permit.give_back()
            self.done += 1
        del self.running[:calls]

    def kill(self) -> None:
        """Die: nothing more is said to the ledger, and calls under way end some time."""
        self.line.is_dead = True
        for task in self.waiting:
            task.cancel()

    async def stop(self) -> None:
        for task in self.waiting:
            task.cancel()
        await asyncio.gather(*self.waiting, return_exceptions=True)
        self.waiting.clear()
        self.end(len(self.running))
        await self.slots.aclose()


class World:
    def __init__(self, *, processes: int = 2, cap: int = 4, rate: float | None = None) -> None:
        self.timer = SetTimer()
        self.ledger = SharedLedger(self.timer)
        self.limits = Limits(concurrent=cap, rate=rate)
        self._born = 0
        self.processes = [self.birth() for _ in range(processes)]

    def birth(self) -> Process:
        self._born += 1
        return Process(self.ledger, self.timer, f"process{self._born}", self.limits)

    @property
    def running(self) -> int:
        return sum(len(process.running) for process in self.processes)

    def look(self) -> None:
        for process in self.processes:
            process.look()

    async def work(self, seconds: float, *, call_seconds: float = 0.3, busy: int = 8) -> int:
        """Keep every process busy and return the most calls that ran at once."""
        most = 0
        for _ in range(round(seconds / 0.05)):
            for process in self.processes:
                process.ask(max(0, busy - len(process.waiting)))
            await self.timer.advance(0.05)
            self.look()
            most = max(most, self.running)
            for process in self.processes:
                over = [at for _, at in process.running if self.timer.time() - at >= call_seconds - 0.001]
                process.end(len(over))
        return most

    async def stop(self) -> None:
        for process in self.processes:
            await process.stop()
