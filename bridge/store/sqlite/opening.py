"""Opens a SQLite store: locked, checked, brought up to date and without leases, or not at all."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import structlog

from bridge.domain.errors import ConfigurationError, StoreUnavailable
from bridge.domain.outcome import MAX_RETRY_AFTER
from bridge.ports.clock import Clock
from bridge.store import inbox, meta, schema, subjects, turns
from bridge.store.jobs import Unit
from bridge.store.key_file import KeyFile
from bridge.store.keyring import Keyring
from bridge.store.process_lock import ProcessLock
from bridge.store.schema import SchemaState
from bridge.store.sqlite.connections import prepare_file, reader_engine, writer_engine
from bridge.store.sqlite.hand import SqliteHand
from bridge.store.sqlite.ways import ASKING, LEASE, Parts, SqliteWays
from bridge.store.store import SqlStore, mend_times
from bridge.store.writer import OnBatch, Writer, WriterLimits

T = TypeVar("T")
BUSY_TIMEOUT = 1.0
READ_SECONDS = 5.0
READER_THREADS = 2


async def open_sqlite(
    path: Path,
    *,
    keyring: Keyring | KeyFile,
    clock: Clock,
    lease: timedelta = LEASE,
    limits: WriterLimits = WriterLimits(),  # noqa: B008 - a frozen value
    on_batch: OnBatch | None = None,
) -> SqlStore:
    """Open the store at `path` for this process alone, made and upgraded as needed.

    Every lease of an earlier process is void; its work is due as it was. A key file is read, and made for a new
    database, when the process owns the database. Raises `ConfigurationError` naming the key
    when another process owns the file, its key is another, it is of a later version, or cannot be written durably.
    """
    with ExitStack() as undo:
        now = clock.now()
        lock, unlocked = await asyncio.to_thread(_prepare, path, keyring, now, lease)
        undo.callback(lock.release)
        hand = SqliteHand(writer_engine(path, busy_timeout=BUSY_TIMEOUT))
        parts = Parts(
            lock=lock,
            writer=Writer(hand, limits=limits, on_batch=on_batch),
            readers=reader_engine(path, busy_timeout=BUSY_TIMEOUT, connections=READER_THREADS + ASKING),
            reader_threads=READER_THREADS,
            clock=clock,
            lease=lease,
        )
        store = SqlStore(SqliteWays(parts), unlocked, opened_at=now)
        undo.pop_all()
    return store


def upgrade(path: Path) -> SchemaState:
    """Make or upgrade the database at `path`; return where it stood before. Raises as `open_sqlite` does."""
    with _explained(path), ExitStack() as undo:
        prepare_file(path)
        lock = ProcessLock.take(path)
        undo.callback(lock.release)
        with _writing(path) as connection:
            return schema.bring_up(connection)


def schema_state(path: Path) -> SchemaState:
    """Return where the database at `path` stands, changing nothing; without a file it has no tables."""
    if not path.exists():
        return schema.state_of_nothing()
    with _explained(path):
        engine = reader_engine(path, busy_timeout=BUSY_TIMEOUT, connections=1)
        try:
            with engine.connect() as connection:
                return schema.state_of(connection)
        finally:
            engine.dispose()


def read_once(path: Path, unit: Unit[T]) -> T | None:
    """Run a unit that reads beside a process that may own the file; None without a file.

    Raises `StoreUnavailable`.
    """
    if not path.exists():
        return None
    engine = reader_engine(path, busy_timeout=READ_SECONDS, connections=1)
    try:
        with engine.connect() as connection:
            return unit(connection)
    except sa.exc.DBAPIError as error:
        raise StoreUnavailable(f"the database failed: {error.orig}") from error
    finally:
        engine.dispose()


def _prepare(path: Path, key: Keyring | KeyFile, now: datetime, lease: timedelta) -> tuple[ProcessLock, Keyring]:
    """Return the lock and the keyring of a database that is ready to serve."""
    with _explained(path), ExitStack() as undo:
        prepare_file(path)
        lock = ProcessLock.take(path)
        undo.callback(lock.release)
        with _writing(path) as connection:
            before = schema.bring_up(connection)
            keyring = meta.agree_on_key(connection, key)
            mend_times(connection, now=now, until=now + lease, longest_wait=MAX_RETRY_AFTER)
            inbox.void_leases(connection)
            subjects.void_leases(connection)
            turns.void(connection)
        structlog.get_logger().info("store.opened", schema_before=before.current, schema=before.head)
        undo.pop_all()
    return lock, keyring


@contextmanager
def _writing(path: Path) -> Iterator[sa.Connection]:
    """Give the one writing connection in one transaction; it is closed before the writer opens its own."""
    engine = writer_engine(path, busy_timeout=BUSY_TIMEOUT)
    with engine.begin() as connection:
        yield connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what a database or file system says into the setting to look at."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        said = getattr(error, "orig", error)
        raise ConfigurationError("store.url", f"cannot use the database {path}: {said}") from error
    except OSError as error:
        raise ConfigurationError("store.url", f"cannot use the database {path}: {error.strerror}") from error
