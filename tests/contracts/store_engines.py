"""The engines that the store's contract runs over. Each entry opens an empty store of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.domain.credential import Secret
from bridge.ports.clock import Clock
from bridge.ports.store import Store
from bridge.store import Keyring, open_sqlite
from bridge.store.postgres.opening import open_postgres
from bridge.testing.memory_store import MemoryStore

KEYRING = Keyring(Secret("a key of thirty-two characters or more"))
SQLITES_LEASE = 120.0


async def _memory(folder: Path, clock: Clock, url: str) -> Store:
    del folder, url
    return MemoryStore(clock)


async def _sqlite(folder: Path, clock: Clock, url: str) -> Store:
    del url
    return await open_sqlite(folder / "gatebridge.db", keyring=KEYRING, clock=clock)


async def _postgresql(folder: Path, clock: Clock, url: str) -> Store:
    """The database's own clock does not move when a test says so; `tests/postgres` holds the store to it."""
    del folder
    return await open_postgres(url, keyring=KEYRING, moment=lambda _: clock.now(), lease_seconds=SQLITES_LEASE)


ENGINES: Mapping[str, Callable[[Path, Clock, str], Awaitable[Store]]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}


@asynccontextmanager
async def opened(engine: str, folder: Path, clock: Clock, url: str = "") -> AsyncIterator[Store]:
    store = await ENGINES[engine](folder, clock, url)
    try:
        yield store
    finally:
        await store.close()
