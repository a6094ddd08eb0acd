"""A few connections that run units: in convoys what can be joined, all else in a transaction each."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.store.convoys import Convoys
from bridge.store.jobs import Joint, Unit
from bridge.store.postgres import faults
from bridge.store.postgres.connections import asking, reading

T = TypeVar("T")
A = TypeVar("A")
TRIES: Final = 4
ASKING: Final = 2
"""Threads for questions; each thread has a connection, or one would wait for another's."""
_Joined = tuple[Joint[Any], Any]


class Hindered(StoreUnavailable):
    """A unit was in the way of another, or took too long. What was to be run beside it need not be."""


class Pool:
    """Bounded: what waits beyond `waiting` is refused at once. `moment` tells the time to what is joined.

    `engine` has `connections` and `ASKING` more. `joining` has one of its own, on which nothing waits long for a lock:
    whoever has to goes alone.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        joining: sa.Engine,
        connections: int,
        waiting: int,
        moment: Callable[[sa.Connection], datetime],
    ) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._asking = asking(engine)
        self._joining = joining
        self._moment = moment
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="store-unit")
        # Runs' ends and look-ups' ends apart: each locks in an order of its own, the ledger last.
        self._joined = Convoys[_Joined](
            self._join, name="store-join", threads=1, waiting=waiting, kind=lambda joined: joined[0]
        )
        self._asked = Convoys[Unit[Any]](self._ask, name="store-ask", threads=ASKING, waiting=waiting)
        self._room = waiting
        self._is_closed = False

    async def write(self, unit: Unit[T]) -> T:
        return await self._run(self._engine, unit)

    async def join(self, joint: Joint[A], item: A) -> None:
        refusal: LeaseLost | None
        try:
            refusal = await self._joined.run((joint, item))
        except Exception as error:
            if _is_everybodys(error):
                raise
            [refusal] = await self.write(lambda connection: self._together(connection, [(joint, item)]))
        if refusal is not None:
            raise refusal

    async def read(self, unit: Unit[T]) -> T:
        return await self._run(self._reading, unit)

    async def ask(self, unit: Unit[T]) -> T:
        try:
            value: T = await self._asked.run(unit)
        except Exception as error:
            if _is_everybodys(error):
                raise
            return await self._run(self._asking, unit)
        return value

    async def close(self) -> None:
        """Let units that have begun or wait come to their end, then close the connections."""
        await self._joined.close()
        await self._asked.close()
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._joining.dispose()
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

    def _join(self, joined: Sequence[_Joined]) -> Sequence[LeaseLost | None]:
        return in_transaction(self._joining, lambda connection: self._together(connection, joined))

    def _together(self, connection: sa.Connection, joined: Sequence[_Joined]) -> Sequence[LeaseLost | None]:
        (joint,) = {joint for joint, _ in joined}
        return joint(connection, [item for _, item in joined], now=self._moment(connection))

    def _ask(self, units: Sequence[Unit[Any]]) -> Sequence[Any]:
        return in_transaction(self._asking, lambda connection: [unit(connection) for unit in units])


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
            what = Hindered if faults.is_a_hindrance(error) and not is_committing else StoreUnavailable
            raise what(f"the database failed: {faults.why(error)}") from error
    raise AssertionError("the last try returns or raises")


def _is_everybodys(error: Exception) -> bool:
    return isinstance(error, StoreUnavailable) and not isinstance(error, Hindered)


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
