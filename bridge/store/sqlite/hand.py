"""The writer's way to a SQLite file: a batch is one transaction.

A job fails alone for its own data or its own refusal. What is wrong with the database goes on and fails the batch:
isolating that as well would hide that nothing is written.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, cast

import sqlalchemy as sa
import structlog

from bridge.domain.deliveries import Receipt
from bridge.store.jobs import Job, Put, Work
from bridge.store.sqlite import intake

_KEEPS_CONNECTION: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE: Final = 0xFF


class SqliteHand:
    """`engine` has no connection open but the one that this makes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    def run(self, jobs: Sequence[Job]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            run_all(self._connection, jobs)

    def recover(self, error: Exception) -> None:
        """Go on with the connection where the fault was not its own, else with a new one for the next batch."""
        original = getattr(error, "orig", error)
        kind = getattr(original, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if kind not in _KEEPS_CONNECTION:
            self.close()

    def why(self, error: Exception) -> str:
        """Return what the database said; anything else only by its name, since its text could be somebody's data."""
        said = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        return str(said) if isinstance(said, sqlite3.Error) else type(error).__name__

    def close(self) -> None:
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            connection.close()
        except sa.exc.SQLAlchemyError as error:
            structlog.get_logger().error("store.close_failed", error=type(error).__name__, why=self.why(error))


def run_all(connection: sa.Connection, jobs: Sequence[Job]) -> None:
    """Run the batch in the transaction that is open, and leave with each job its value or its own error."""
    _put_all(connection, [job for job in jobs if isinstance(job, Put)])
    driver = _driver(connection)
    for job in jobs:
        if isinstance(job, Work):
            _work(connection, driver, job)


def _put_all(connection: sa.Connection, jobs: list[Put]) -> None:
    if not jobs:
        return
    for job, said in zip(jobs, intake.keep(_driver(connection).cursor(), [job.values for job in jobs]), strict=True):
        if isinstance(said, Receipt):
            job.value = said
        else:
            job.error = said


def _work(connection: sa.Connection, driver: sqlite3.Connection, job: Work) -> None:
    """Run a unit inside of a savepoint: on the driver, since Core's own takes longer than a statement of the unit."""
    driver.execute("SAVEPOINT unit")
    try:
        job.value = job.unit(connection)
    except Exception as error:  # a unit's own failure; what the whole batch must fail for goes on
        if _is_the_databases(error):
            raise
        driver.execute("ROLLBACK TO unit")
        job.error = error
    driver.execute("RELEASE unit")


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _is_the_databases(error: Exception) -> bool:
    """Tell a fault of the database from a unit's own: only its data or its refusal may hide from the batch."""
    own = (sa.exc.IntegrityError, sa.exc.DataError)
    return isinstance(error, (sa.exc.DBAPIError, sqlite3.Error)) and not isinstance(error, own)
