"""Claims work and runs it, a bounded number at once."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from time import perf_counter
from typing import Final, Generic, TypeVar

from bridge.domain.deliveries import ClaimedDelivery
from bridge.domain.errors import BridgeError, StoreUnavailable
from bridge.domain.ids import DeliveryId, SubjectKey
from bridge.ports.clock import Clock
from bridge.ports.store import Claim
from bridge.service.leases import Leases
from bridge.telemetry import get_logger
from bridge.worker.courtesy import QUIET_SECONDS, Courtesy

T = TypeVar("T", bound=Claim)
Run = Callable[[T, Callable[[], None]], Awaitable[None]]
"""Runs a claim to its end. Calls what it is given when only the store is left: its place is free then."""
POLL_SECONDS: Final = 5.0
"""The net under every wake-up that could get lost."""
STORE_PAUSE_SECONDS: Final = 1.0
AHEAD_SECONDS: Final = 0.04
"""So much is claimed ahead as is begun in this time: the time of a claim, and no more, or who comes later waits."""
PORTION: Final = 2
"""While some wait to begin, no claim is made for less than this part of what is claimed ahead: each has its price."""
SMOOTHING: Final = 0.1


class Pump(Generic[T]):
    """Wakes on a nudge, when a run ends, at the next due time, or after the poll; then fills its free slots."""

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[int], Awaitable[Sequence[T]]],
        next_due: Callable[[], Awaitable[datetime | None]],
        run: Run[T],
        slots: int,
        clock: Clock,
        leases: Leases,
        courtesy: Courtesy | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._claim = claim
        self._next_due = next_due
        self._run = run
        self._slots = slots
        self._clock = clock
        self._leases = leases
        self._courtesy = courtesy or Courtesy(slots)
        self._is_draining = False
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()
        self._running: dict[asyncio.Task[None], T] = {}
        """Each has a place."""
        self._begun: dict[asyncio.Task[None], float] = {}
        self._seconds_in_place = 1.0
        self._ending: dict[asyncio.Task[None], T] = {}
        """Only what came of them is to be stored."""
        self._next: deque[T] = deque()
        """Claimed a little ahead, so that a place that gets free is taken at once."""
        self._log = get_logger().bind(queue=name)

    @property
    def running(self) -> Collection[T]:
        """What has a place now, or is about to."""
        return [*self._running.values(), *self._next]

    def cancel(self, claims: Collection[Claim]) -> int:
        """Cut off the runs of claims that are lost, since somebody else does that work; return how many there were.

        Those that only store what came of them are left: the store refuses it, or has taken it already.
        """
        cut_off = [task for task, claim in self._running.items() if claim in claims]
        for task in cut_off:
            task.cancel()
        waiting = [claim for claim in self._next if claim in claims]
        self._forget(waiting)
        return len(cut_off) + len(waiting)

    def nudge(self) -> None:
        """Say that there may be work. Cheap; any number of nudges is one."""
        self._wake.set()

    async def serve(self) -> None:
        """Pump until cancelled. A store that takes no work pauses it; it goes on by itself."""
        while True:
            self._wake.clear()
            try:
                more = await self._fill()
                wait = 0.0 if more else await self._time_to_wait()
            except BridgeError as error:
                self._log.warning("worker.paused", why=str(error))
                wait = STORE_PAUSE_SECONDS
            except Exception:  # noqa: BLE001 - a defect pauses the pump; what waits is not forgotten
                self._log.exception("worker.defect")
                wait = STORE_PAUSE_SECONDS
            if wait > 0:
                # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake-up.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def drain(self, seconds: float) -> None:
        """Let running work end; cut off what has not after `seconds`: its next run observes before it does anything."""
        self._is_draining = True
        self._forget([*self._next])
        tasks = [task for task, _ in self._tasks()]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._forget([*self._next])

    async def _fill(self) -> bool:
        """Claim into the free slots and return whether it is worth claiming again at once."""
        self._begin()
        room = self._courtesy.room()
        ahead = int(room * min(1.0, AHEAD_SECONDS / self._seconds_in_place))
        free = room + ahead - len(self._running) - len(self._next)
        if free <= (ahead // PORTION if self._next else 0) or len(self._ending) >= self._slots:
            return False
        asked_at = self._leases.now()
        claims = await self._claim(free)
        await self._end_earlier(claims)
        self._leases.begin(claims, asked_at=asked_at)
        self._next.extend(claims)
        self._begin()
        return len(claims) == free and len(self._running) < room

    def _begin(self) -> None:
        """Begin what is next while there are places."""
        while not self._is_draining and self._next and len(self._running) < self._courtesy.room():
            claim = self._next.popleft()
            task = asyncio.create_task(self._one(claim))
            self._running[task] = claim
            self._begun[task] = perf_counter()
            task.add_done_callback(self._ended)

    def _forget(self, claims: Collection[T]) -> None:
        """Leave claims that were not begun to whoever comes next."""
        for claim in claims:
            self._next.remove(claim)
            self._leases.end(claim)

    async def _end_earlier(self, claims: Collection[T]) -> None:
        """End our own runs of what is claimed anew: after a long sleep, we may be our own successor."""
        anew = {_whose(claim) for claim in claims}
        self._forget([claim for claim in self._next if _whose(claim) in anew])
        earlier = [task for task, claim in self._tasks() if _whose(claim) in anew]
        for task in earlier:
            task.cancel()
        if earlier:
            await asyncio.gather(*earlier, return_exceptions=True)

    async def _time_to_wait(self) -> float:
        room = self._courtesy.room()
        if len(self._running) + len(self._next) >= room or len(self._ending) >= self._slots:
            return self._poll_seconds if room >= self._slots else min(self._poll_seconds, QUIET_SECONDS)
        due = await self._next_due()
        if due is None:
            return self._poll_seconds
        return min(max((due - self._clock.now()).total_seconds(), 0.02), self._poll_seconds)

    async def _one(self, claim: T) -> None:
        is_left = False
        try:
            if not await self._is_settled(claim):
                is_left = await self._is_kept(claim)
        except BridgeError as error:  # the lease runs out, the work stays
            self._log.warning("worker.settlement_lost", why=str(error))
        except Exception:  # noqa: BLE001 - one defect must not end the pump
            self._log.exception("worker.defect")
        finally:
            if is_left:
                self._next.appendleft(claim)
            else:
                self._leases.end(claim)

    async def _is_settled(self, claim: T) -> bool:
        """Run it; tell whether the store took what came of it."""
        try:
            await self._run(claim, self._give_up_place)
        except StoreUnavailable as error:
            self._log.warning("worker.settlement_lost", why=str(error))
            self._give_up_place()
            return False
        return True

    async def _is_kept(self, claim: T) -> bool:
        """Wait until the store takes writes; tell whether the claim is still ours, and the run may be made again."""
        while True:
            await asyncio.sleep(STORE_PAUSE_SECONDS)
            with contextlib.suppress(StoreUnavailable):
                return await self._leases.is_kept(claim)

    def _give_up_place(self) -> None:
        """Let another begin in the place of the run that calls this."""
        task = asyncio.current_task()
        if task in self._running:
            self._ending[task] = self._running[task]
            self._leave(task)

    def _leave(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        took = perf_counter() - self._begun.pop(task)
        self._seconds_in_place += SMOOTHING * (took - self._seconds_in_place)
        self._begin()
        self._wake.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task in self._running:
            self._leave(task)
            return
        self._ending.pop(task, None)
        self._begin()  # what came of it may be that it is to be run again
        self._wake.set()  # until it was stored, what was marked meanwhile could not be claimed

    def _tasks(self) -> list[tuple[asyncio.Task[None], T]]:
        return [*self._running.items(), *self._ending.items()]


def _whose(claim: Claim) -> DeliveryId | SubjectKey:
    return claim.id if isinstance(claim, ClaimedDelivery) else claim.key
