"""A few threads, each with a connection, that run units: a transaction each."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

import sqlalchemy as sa

from bridge.domain.errors import StoreUnavailable
from bridge.store.jobs import Unit
from bridge.store.postgres import faults
from bridge.store.postgres.connections import asking, reading

T = TypeVar("T")
TRIES: Final = 4


class Pool:
    """Bounded: what waits beyond `waiting` is refused at once."""

    def __init__(self, engine: sa.Engine, *, threads: int, waiting: int) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._asking = asking(engine)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store-unit")
        self._room = waiting
        self._is_closed = False

    async def write(self, unit: Unit[T]) -> T:
        return await self._run(self._engine, unit)

    async def read(self, unit: Unit[T]) -> T:
        return await self._run(self._reading, unit)

    async def ask(self, unit: Unit[T]) -> T:
        return await self._run(self._asking, unit)

    async def close(self) -> None:
        """Let units that have begun or wait come to their end, then close the connections."""
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _run(self, engine: sa.Engine, unit: Unit[T]) -> T:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        if self._room <= 0:
            raise StoreUnavailable("too much waits for the database")
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, in_transaction, engine, unit)
        finally:
            self._room += 1


def in_transaction(engine: sa.Engine, unit: Unit[T]) -> T:
    """Run the unit and commit. Raises `StoreUnavailable` for a fault of the database, and what the unit itself raises.

    A unit that lost against another one, or met a connection that had died while it lay in the pool, is run again:
    nothing is left of the first try.
    """
    for tries_left in reversed(range(TRIES)):
        is_committing = False
        try:
            with _borrowed(engine) as connection, connection.begin() as transaction:
                value = unit(connection)
                is_committing = True
                transaction.commit()
                return value
        except Exception as error:
            if not faults.is_the_databases(error):
                raise
            lost = faults.is_to_be_run_again(error)
            was_dead = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated and not is_committing
            if tries_left and (lost or was_dead):
                continue
            raise StoreUnavailable(f"the database failed: {faults.why(error)}") from error
    raise AssertionError("the last try returns or raises")


@contextmanager
def _borrowed(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection of the pool, and put it away for good where its session is what cannot be written with."""
    with engine.connect() as connection:
        try:
            yield connection
        except Exception as error:
            if faults.is_the_sessions(error):
                connection.invalidate()
            raise
