"""The ways to a PostgreSQL database: a thread that acknowledges, a pool for all else, and a presence."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from bridge.domain.deliveries import NewDelivery, Receipt
from bridge.ports.clock import Clock
from bridge.ports.store import Cadence
from bridge.store.jobs import Joint, Unit
from bridge.store.postgres.clock import FollowedClock
from bridge.store.postgres.pool import Pool
from bridge.store.postgres.presence import Presence
from bridge.store.writer import Writer

T = TypeVar("T")
A = TypeVar("A")
LEASE_SECONDS: Final = 15.0
POLL_SECONDS: Final = 1.0


class Ear:
    """Where a presence's thread leaves word for the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard: Callable[[], None] | None = None

    def listen(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def tell(self) -> None:
        if self._heard is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the ways are made of; `open_postgres` puts them together."""

    writer: Writer
    pool: Pool
    presence: Presence
    ear: Ear
    moment: Callable[[sa.Connection], datetime]
    clock: FollowedClock
    lease_seconds: float


class PostgresWays:
    """Meets `bridge.store.ways.Ways`."""

    def __init__(self, parts: Parts) -> None:
        self._writer = parts.writer
        self._pool = parts.pool
        self._presence = parts.presence
        self._ear = parts.ear
        self._moment = parts.moment
        self._clock = parts.clock
        self._cadence = Cadence(lease=parts.lease_seconds, poll=POLL_SECONDS, is_shared=True)

    @property
    def cadence(self) -> Cadence:
        return self._cadence

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def owner(self) -> int:
        return self._presence.owner

    @property
    def is_certain(self) -> bool:
        return self._presence.is_certain

    @property
    def certain_since(self) -> float:
        return self._presence.certain_since

    def moment(self, connection: sa.Connection) -> datetime:
        return self._clock.told(lambda: self._moment(connection))

    async def put(self, delivery: NewDelivery) -> Receipt:
        return await self._writer.put(delivery)

    async def write(self, unit: Unit[T]) -> T:
        return await self._pool.write(unit)

    async def join(self, joint: Joint[A], item: A) -> None:
        await self._pool.join(joint, item)

    async def write_in_budget(self, unit: Unit[T]) -> T:
        return await self._writer.run_in_budget(unit)

    async def read(self, unit: Unit[T]) -> T:
        return await self._pool.read(unit)

    async def ask(self, unit: Unit[T]) -> T:
        return await self._pool.ask(unit)

    def on_work(self, heard: Callable[[], None]) -> None:
        self._ear.listen(heard)

    async def close(self) -> None:
        """The presence is the last to leave: until then, nobody takes over what is being finished."""
        await self._writer.close()
        await self._pool.close()
        await asyncio.to_thread(self._presence.close)
