"""Opens stores on a file, and looks into it from outside."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bridge.ports.clock import Clock
from bridge.store import OnBatch, SqlStore, WriterLimits, open_sqlite
from tests.contracts.store_builders import SetClock
from tests.contracts.store_engines import KEYRING


@asynccontextmanager
async def open_store(
    path: Path,
    *,
    clock: Clock | None = None,
    limits: WriterLimits = WriterLimits(),  # noqa: B008 - a frozen value
    on_batch: OnBatch | None = None,
) -> AsyncIterator[SqlStore]:
    store = await open_sqlite(path, keyring=KEYRING, clock=clock or SetClock(), limits=limits, on_batch=on_batch)
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def outside(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
