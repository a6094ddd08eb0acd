"""The ways to a SQLite file: one thread that writes, a few that read."""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bridge.domain.deliveries import NewDelivery, Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.ports.clock import Clock
from bridge.ports.store import Cadence
from bridge.store.convoys import Convoys
from bridge.store.jobs import Joint, Unit
from bridge.store.process_lock import ProcessLock
from bridge.store.writer import Writer

T = TypeVar("T")
A = TypeVar("A")
LEASE: Final = timedelta(seconds=120)
POLL_SECONDS: Final = 5.0
WAITING_UNITS: Final = 4096
ASKING: Final = 1
"""Threads for questions beside those that read; each thread has a connection, or one would wait for another's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the ways are made of; `open_sqlite` puts them together."""

    lock: ProcessLock
    writer: Writer
    readers: sa.Engine
    reader_threads: int
    clock: Clock
    lease: timedelta


class SqliteWays:
    """Meets `bridge.store.ways.Ways`. The process owns the file, so that its clock is the store's."""

    owner: Final = 0
    is_certain: Final = True
    certain_since: Final = -math.inf

    def __init__(self, parts: Parts) -> None:
        self._lock = parts.lock
        self._writer = parts.writer
        self._readers = parts.readers
        self._threads = ThreadPoolExecutor(parts.reader_threads, thread_name_prefix="store-reader")
        self._asked = Convoys[Unit[Any]](self._ask, name="store-ask", threads=ASKING, waiting=WAITING_UNITS)
        self._clock = parts.clock
        self._cadence = Cadence(lease=parts.lease.total_seconds(), poll=POLL_SECONDS, is_shared=False)
        self._closed = False

    @property
    def cadence(self) -> Cadence:
        return self._cadence

    @property
    def clock(self) -> Clock:
        return self._clock

    def moment(self, connection: sa.Connection) -> datetime:
        del connection
        return self._clock.now()

    async def put(self, delivery: NewDelivery) -> Receipt:
        return await self._writer.put(delivery)

    async def write(self, unit: Unit[T]) -> T:
        return await self._writer.run(unit)

    async def join(self, joint: Joint[A], item: A) -> None:
        """The writer puts what waits into one transaction as it is."""
        [refusal] = await self._writer.run(lambda connection: joint(connection, [item], now=self._clock.now()))
        if refusal is not None:
            raise refusal

    async def write_in_budget(self, unit: Unit[T]) -> T:
        return await self._writer.run_in_budget(unit)

    async def read(self, unit: Unit[T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_snapshot, unit)

    async def ask(self, unit: Unit[T]) -> T:
        try:
            value: T = await self._asked.run(unit)
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - this unit's own failure, or that of one beside it
            return await self.read(unit)
        return value

    def on_work(self, heard: Callable[[], None]) -> None:
        """Nobody else stores anything here."""

    async def close(self) -> None:
        """The writer's connection is the last to close."""
        if self._closed:
            return
        self._closed = True
        await self._asked.close()
        await asyncio.to_thread(self._threads.shutdown)
        self._readers.dispose()
        await self._writer.close()
        self._lock.release()

    def _ask(self, units: Sequence[Unit[Any]]) -> Sequence[Any]:
        return self._in_snapshot(lambda connection: [unit(connection) for unit in units])

    def _in_snapshot(self, unit: Unit[T]) -> T:
        try:
            with self._readers.connect() as connection:
                return unit(connection)
        except sa.exc.DBAPIError as error:
            raise StoreUnavailable(f"the database failed: {error.orig}") from error
