"""Opens a store on PostgreSQL: checked, brought up to date, beside whoever else is there."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

import psycopg
import sqlalchemy as sa
import structlog

from bridge.domain.errors import ConfigurationError
from bridge.ports.clock import Clock, SystemClock
from bridge.store import account_books, inbox, meta, schema, subjects
from bridge.store.keyring import Keyring
from bridge.store.postgres import faults
from bridge.store.postgres.clock import FollowedClock, database_time
from bridge.store.postgres.connections import (
    committing_engine,
    connector,
    joining_engine,
    passing_engine,
    place_of,
    pool_engine,
    upgrading_engine,
)
from bridge.store.postgres.hand import PostgresHand
from bridge.store.postgres.pool import ASKING, Pool, in_transaction
from bridge.store.postgres.presence import Presence, refuse_pooler
from bridge.store.postgres.ways import LEASE_SECONDS, Ear, Parts, PostgresWays
from bridge.store.schema import SchemaState
from bridge.store.store import SqlStore
from bridge.store.writer import OnBatch, Writer, WriterLimits

CONNECTIONS: Final = 4
WAITING_UNITS: Final = 4096
_UPGRADING: Final = 1_735_550_566
"""The name of the lock under which one process at a time brings the tables up to date."""


async def open_postgres(
    url: str,
    *,
    keyring: Keyring,
    clock: Clock = SystemClock(),  # noqa: B008 - it has no state
    moment: Callable[[sa.Connection], datetime] = database_time,
    lease_seconds: float = LEASE_SECONDS,
    connections: int = CONNECTIONS,
    limits: WriterLimits = WriterLimits(),  # noqa: B008 - a frozen value
    on_batch: OnBatch | None = None,
) -> SqlStore:
    """Open the store at `url`, made and upgraded as needed, whoever else works on it.

    Keeps `connections` and five more. `moment` is the clock of leases and due times, the database's but for tests.
    `clock` is the host's, which the store's `clock` puts right by it.
    Raises `ConfigurationError` naming the key when the database cannot be used, its key is another, it is of a later
    version, or it would not be durable.
    """
    followed = FollowedClock(clock)
    now = await asyncio.to_thread(_prepare, url, keyring, lambda session: followed.told(lambda: moment(session)))
    with ExitStack() as undo, _explained(url):
        engine = pool_engine(url, connections=connections + ASKING)
        joining = joining_engine(url)
        undo.callback(engine.dispose)
        ear = Ear()
        presence = await asyncio.to_thread(
            Presence, connector(url), take_back=partial(_take_back, passing_engine(url)), on_heard=ear.tell
        )
        undo.callback(presence.close)

        def at_once(session: sa.Connection) -> datetime:
            return followed.told(lambda: moment(session))

        def committed(size: int, seconds: float) -> None:
            presence.ring()
            if on_batch is not None:
                on_batch(size, seconds)

        parts = Parts(
            writer=Writer(PostgresHand(committing_engine(url)), limits=limits, on_batch=committed),
            pool=Pool(engine, joining=joining, connections=connections, waiting=WAITING_UNITS, moment=at_once),
            presence=presence,
            ear=ear,
            moment=moment,
            clock=followed,
            lease_seconds=lease_seconds,
        )
        undo.pop_all()
    return SqlStore(PostgresWays(parts), keyring, opened_at=now)


def upgrade(url: str) -> SchemaState:
    """Make or upgrade the tables; return where they stood before. Raises as `open_postgres` does."""
    with _explained(url), _upgrading(url) as connection:
        return schema.bring_up(connection)


def schema_state(url: str) -> SchemaState:
    """Return where the tables stand, changing nothing."""
    with _explained(url), _engine(upgrading_engine(url)) as engine, engine.connect() as connection:
        return schema.state_of(connection)


def read_once(url: str, unit: Callable[[sa.Connection], Any]) -> Any:
    """Run a unit that reads, on a connection of its own. Raises as `open_postgres` does."""
    with _explained(url), _engine(pool_engine(url, connections=1)) as engine, engine.connect() as connection:
        return unit(connection)


def _prepare(url: str, keyring: Keyring, moment: Callable[[sa.Connection], datetime]) -> datetime:
    """Leave a database that is ready to serve; return its time."""
    with _explained(url), _upgrading(url, _check) as connection:
        before = schema.bring_up(connection)
        meta.agree_on_key(connection, keyring)
        now = moment(connection)
        # Plans of the first days rest on it: the server looks at fresh tables by itself much later.
        connection.exec_driver_sql("ANALYZE (SKIP_LOCKED) delivery, subject")
    structlog.get_logger().info("store.opened", schema_before=before.current, schema=before.head)
    return now


def _check(session: psycopg.Connection[Any]) -> None:
    """Refuse a pooler, and read back what an acknowledgement's promise rests on."""
    session.autocommit = True
    refuse_pooler(session)
    encoding = session.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError("store.url", f"names a database in {encoding}: it would refuse names; it must be UTF8")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        row = session.execute("SELECT current_setting(%s)", (name,)).fetchone()
        if row is None or row[0] == "off":
            raise ConfigurationError("store.url", f"PostgreSQL runs with {name} = off: what it stores could be lost")
    session.autocommit = False


def _take_back(engine: sa.Engine, dead: Collection[int]) -> int:
    def unit(connection: sa.Connection) -> int:
        account_books.forget(connection, [str(number) for number in dead])
        return inbox.void_leases(connection, of=dead) + subjects.void_leases(connection, of=dead)

    return in_transaction(engine, unit)


@contextmanager
def _upgrading(url: str, check: Callable[[psycopg.Connection[Any]], None] = lambda _: None) -> Iterator[sa.Connection]:
    """Give a connection in one transaction that nobody else upgrades beside, once its session was checked."""
    with _engine(upgrading_engine(url)) as engine, engine.connect() as connection, connection.begin():
        check(cast("psycopg.Connection[Any]", connection.connection.driver_connection))
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_UPGRADING})"))
        yield connection


@contextmanager
def _engine(engine: sa.Engine) -> Iterator[sa.Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn what the database says into the setting to look at."""
    try:
        yield
    except (sa.exc.DBAPIError, psycopg.Error) as error:
        raise ConfigurationError(
            "store.url", f"cannot use the database {place_of(url)}: {faults.why(error)}"
        ) from error
