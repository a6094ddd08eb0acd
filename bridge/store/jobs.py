"""What waits for the writer, and how a batch of it runs inside one transaction.

A job fails alone for its own data or its own refusal. What is wrong with the database goes on and fails the batch:
isolating that as well would hide that nothing is written.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from bridge.domain.deliveries import Receipt
from bridge.store import intake

T = TypeVar("T")
Unit = Callable[[sa.Connection], T]
"""A unit of work: plain, synchronous, on the connection that it is given, and nothing else."""


class Job:
    """Who waits, and for what; filled in by the thread, read by the loop after the commit."""

    __slots__ = ("error", "future", "size", "value")

    def __init__(self, future: "asyncio.Future[Any]", size: int = 0) -> None:
        self.future = future
        self.size = size
        self.value: Any = None
        self.error: Exception | None = None


class Put(Job):
    __slots__ = ("values",)

    def __init__(self, future: "asyncio.Future[Any]", values: intake.Values, size: int) -> None:
        super().__init__(future, size)
        self.values = values


class Work(Job):
    __slots__ = ("unit",)

    def __init__(self, future: "asyncio.Future[Any]", unit: Unit[Any]) -> None:
        super().__init__(future)
        self.unit = unit


def run_all(connection: sa.Connection, jobs: Sequence[Job]) -> None:
    """Run the batch in the transaction that is open, and leave with each job its value or its own error."""
    _put_all(connection, [job for job in jobs if isinstance(job, Put)])
    for job in jobs:
        if isinstance(job, Work):
            _work(connection, job)


def _put_all(connection: sa.Connection, jobs: list[Put]) -> None:
    if not jobs:
        return
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    for job, said in zip(jobs, intake.keep(driver.cursor(), [job.values for job in jobs]), strict=True):
        if isinstance(said, Receipt):
            job.value = said
        else:
            job.error = said


def _work(connection: sa.Connection, job: Work) -> None:
    try:
        with connection.begin_nested():
            job.value = job.unit(connection)
    except Exception as error:  # a unit's own failure; what the whole batch must fail for goes on
        if _is_the_databases(error):
            raise
        job.error = error


def _is_the_databases(error: Exception) -> bool:
    """Tell a fault of the database from a unit's own: only its data or its refusal may hide from the batch."""
    own = (sa.exc.IntegrityError, sa.exc.DataError)
    return isinstance(error, (sa.exc.DBAPIError, sqlite3.Error)) and not isinstance(error, own)
