"""The writer's way to PostgreSQL: it inserts deliveries, and nothing that another process could keep waiting."""

from collections.abc import Sequence
from typing import Any, cast

import psycopg
import sqlalchemy as sa
import structlog

from bridge.domain.deliveries import Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.store.jobs import Job, Put, Work
from bridge.store.postgres import faults, intake

_Driver = psycopg.Connection[Any]


class PostgresHand:
    """On a connection of its own that commits each statement by itself; so a unit here is one statement."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    def run(self, jobs: Sequence[Job]) -> None:
        is_kept = self._connection is not None
        try:
            self._run(jobs)
        except psycopg.OperationalError:
            if not is_kept or not self._is_dead():
                raise
            # It may have died in a quiet hour; deliveries that were kept all the same are found to be there.
            self.close()
            self._run(jobs)

    def _run(self, jobs: Sequence[Job]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        run_all(self._connection, jobs)
        if any(isinstance(job, Work) and isinstance(job.error, StoreUnavailable) for job in jobs):
            self.close()

    def _is_dead(self) -> bool:
        return self._connection is None or cast("_Driver", self._connection.connection.driver_connection).closed

    def recover(self, error: Exception) -> None:
        """Begin again with a new connection: after a failover, the old one may lead to a server that only reads."""
        del error
        self.close()

    def why(self, error: Exception) -> str:
        return faults.why(error)

    def close(self) -> None:
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            connection.invalidate()
            connection.close()
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            structlog.get_logger().error("store.close_failed", error=type(error).__name__, why=faults.why(error))


def run_all(connection: sa.Connection, jobs: Sequence[Job]) -> None:
    """Run the batch: all deliveries in one statement, then each unit. No unit's failure takes back what is kept."""
    puts = [job for job in jobs if isinstance(job, Put)]
    if puts:
        driver = cast("_Driver", connection.connection.driver_connection)
        with driver.cursor() as cursor:
            said = intake.keep(cursor, [job.values for job in puts])
        for put, what in zip(puts, said, strict=True):
            if isinstance(what, Receipt):
                put.value = what
            else:
                put.error = what
    for job in jobs:
        if isinstance(job, Work):
            _work(connection, job)


def _work(connection: sa.Connection, job: Work) -> None:
    try:
        job.value = job.unit(connection)
    except Exception as error:  # noqa: BLE001 - whoever asked hears it, and the deliveries before it are durable
        if faults.is_the_databases(error):
            job.error = StoreUnavailable(f"the database failed: {faults.why(error)}")
        else:
            job.error = error
