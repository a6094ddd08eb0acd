"""The ways into a SQLite file: one connection that writes and checkpoints, a few that only read.

SQLite before 3.51.3 can lose pages when two connections write or checkpoint in WAL mode, so nothing else ever does.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from bridge.domain.errors import ConfigurationError

_FULL: Final = 2
_FOR_OTHERS: Final = 0o077
_WAL_KEPT: Final = 64 * 1024 * 1024


def prepare_file(path: Path) -> None:
    """Make the folder and an empty file if need be, and keep the file to its owner; WAL and shm take its mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & _FOR_OTHERS:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def writer_engine(path: Path, *, busy_timeout: float) -> sa.Engine:
    """Return an engine whose every transaction takes the write lock at its start. One connection of it may be open."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "rw", busy_timeout)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "fullfsync = ON",
            "checkpoint_fullfsync = ON",
            "foreign_keys = ON",
            f"journal_size_limit = {_WAL_KEPT}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        check_durability(connection)
        return connection

    return _beginning_with(
        "BEGIN IMMEDIATE",
        sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool, hide_parameters=True),
    )


def reader_engine(path: Path, *, busy_timeout: float, connections: int) -> sa.Engine:
    """Return an engine whose every transaction is one snapshot, read only. Up to `connections` are kept open."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "ro", busy_timeout)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    return _beginning_with(
        "BEGIN",
        sa.create_engine(
            "sqlite://",
            creator=connect,
            poolclass=sa.pool.QueuePool,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
        ),
    )


def check_durability(connection: sqlite3.Connection) -> None:
    """Read back what an acknowledgement's promise rests on. Raises `ConfigurationError` where it does not hold."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    (level,) = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or level != _FULL:
        raise ConfigurationError(
            "store.url", f"SQLite runs with journal_mode={mode}, synchronous={level} here; it needs WAL on a local disk"
        )


def _connect(path: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _beginning_with(begin: str, engine: sa.Engine) -> sa.Engine:
    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
