"""The one thread that writes: it takes all that waits, puts it into one transaction, and answers that batch.

A unit fails alone for its own data or its own refusal; what is wrong with the database fails the whole batch, visibly.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, Protocol, TypeVar

import structlog

from bridge.domain.deliveries import NewDelivery, Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.store.jobs import Job, Put, Unit, Work
from bridge.store.rows import values_of

T = TypeVar("T")
OnBatch = Callable[[int, float], None]
"""Told the units of each commit, and its seconds. Called in the writer's thread."""


class Hand(Protocol):
    """The thread's way to the database; used by that thread alone."""

    def run(self, jobs: Sequence[Job]) -> None:
        """Run the batch durably and leave with each job its value or its own error.

        Raises what is wrong with the database: then nothing of the batch can be relied on.
        """

    def recover(self, error: Exception) -> None:
        """Get ready for the next batch after one that raised."""

    def why(self, error: Exception) -> str:
        """Return what the database said, without anybody's data."""

    def close(self) -> None:
        """Let go of the database. Raises nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterLimits:
    """Bounds of the queue in front of the disk. Times in seconds.

    A batch has up to `batch` deliveries and, beside them, `units_beside` of all else, or `units` without any: an
    acknowledgement does not wait for a backlog of work.
    """

    batch: int = 256
    units: int = 32
    units_beside: int = 4
    waiting: int = 4096
    waiting_bytes: int = 64 * 1024 * 1024
    budget: float = 1.2
    """How long a caller who asked for it waits before it hears that the store is unavailable."""


class Writer:
    """Takes units from one event loop."""

    def __init__(self, hand: Hand, *, limits: WriterLimits, on_batch: OnBatch | None) -> None:
        self._hand = hand
        self._limits = limits
        self._on_batch = on_batch
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._units: deque[Job] = deque()
        """Taken from the queue, and not in a batch yet. The thread's own, and so is the next."""
        self._is_last = False
        self._waiting = 0
        self._waiting_bytes = 0
        self._deadlines: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._log = structlog.get_logger()
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def put(self, delivery: NewDelivery) -> Receipt:
        """Insert durably. Raises `StoreUnavailable` when the queue is full or the budget is used up."""
        size = len(delivery.body)
        self._check_room(size)
        future: asyncio.Future[Receipt] = self._loop.create_future()
        self._send(Put(future, values_of(delivery), size))
        self._watch(future)
        return await future

    async def run(self, unit: Unit[T]) -> T:
        """Run `unit` and return its value once it is on disk."""
        return await self._begin(unit)

    async def run_in_budget(self, unit: Unit[T]) -> T:
        """Run `unit` as `run` does, but no longer than the budget. Raises `StoreUnavailable` after it."""
        future = self._begin(unit)
        self._watch(future)
        return await future

    async def close(self) -> None:
        """Finish what was accepted, then close the connection; later units are refused."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self, unit: Unit[T]) -> "asyncio.Future[T]":
        self._check_room(0)
        future: asyncio.Future[T] = self._loop.create_future()
        self._send(Work(future, unit))
        return future

    def _check_room(self, size: int) -> None:
        if self._closing:
            raise StoreUnavailable("the store is closed")
        if self._waiting >= self._limits.waiting or self._waiting_bytes + size > self._limits.waiting_bytes:
            raise StoreUnavailable("too much waits for the disk")

    def _send(self, job: Job) -> None:
        self._waiting += 1
        self._waiting_bytes += job.size
        self._queue.put(job)

    def _watch(self, future: "asyncio.Future[Any]") -> None:
        """Hold the future to the budget; one timer serves all, since deadlines come in the order of asking."""
        while self._deadlines and self._deadlines[0][1].done():
            self._deadlines.popleft()
        self._deadlines.append((self._loop.time() + self._limits.budget, future))
        if self._timer is None:
            self._timer = self._loop.call_later(self._limits.budget, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._deadlines:
            deadline, future = self._deadlines[0]
            if not future.done():
                if deadline > now:
                    self._timer = self._loop.call_at(deadline, self._expire)
                    return
                future.set_exception(StoreUnavailable("the disk did not answer in time"))
            self._deadlines.popleft()

    def _answer(self, jobs: list[Job], failure: str | None) -> None:
        for job in jobs:
            self._waiting -= 1
            self._waiting_bytes -= job.size
            if job.future.done():
                continue
            if failure is not None:
                job.future.set_exception(StoreUnavailable(failure))
            elif job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.value)

    def _run(self) -> None:
        failing = False
        while jobs := self._next_batch():
            began = perf_counter()
            try:
                self._hand.run(jobs)
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever happens to a batch
                self._hand_back(jobs, f"the database failed: {self._hand.why(error)}")
                if not failing:
                    self._tell("store.batch_failed", error)
                failing = True
                self._hand.recover(error)
                continue
            self._report(len(jobs), perf_counter() - began)
            self._hand_back(jobs, None)
            if failing:
                self._tell("store.recovered", None)
            failing = False
        self._hand.close()

    def _report(self, size: int, seconds: float) -> None:
        if self._on_batch is None:
            return
        try:
            self._on_batch(size, seconds)
        except Exception as error:  # noqa: BLE001 - a defect of who watches must not stop who writes
            self._tell("store.observer_failed", error)

    def _hand_back(self, jobs: list[Job], failure: str | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._answer, jobs, failure)

    def _tell(self, event: str, error: Exception | None) -> None:
        """Log; a full disk may refuse the log as well, and must not end the thread."""
        with suppress(OSError):
            if error is None:
                self._log.info(event)
            else:
                self._log.error(event, error=type(error).__name__, why=self._hand.why(error))

    def _next_batch(self) -> list[Job]:
        """Wait for one job and take those that wait behind it; an empty batch says that the end has come."""
        puts: list[Job] = []
        while len(puts) < self._limits.batch and not self._is_last:
            try:
                job = self._queue.get(block=not puts and not self._units)
            except Empty:
                break
            if job is None:
                self._is_last = True
            elif isinstance(job, Put):
                puts.append(job)
            else:
                self._units.append(job)
        most = self._limits.units_beside if puts else self._limits.units
        units = [self._units.popleft() for _ in range(min(len(self._units), most))]
        return [*puts, *units]
