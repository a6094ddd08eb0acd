"""The engines that the store's contract runs over. Each entry opens an empty store in a folder of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.domain.credential import Secret
from bridge.ports.clock import Clock
from bridge.ports.store import Store
from bridge.store import Keyring, open_sqlite
from bridge.testing.memory_store import MemoryStore

KEYRING = Keyring(Secret("a key of thirty-two characters or more"))


async def _memory(folder: Path, clock: Clock) -> Store:
    del folder
    return MemoryStore(clock)


async def _sqlite(folder: Path, clock: Clock) -> Store:
    return await open_sqlite(folder / "gatebridge.db", keyring=KEYRING, clock=clock)


ENGINES: Mapping[str, Callable[[Path, Clock], Awaitable[Store]]] = {"memory": _memory, "sqlite": _sqlite}


@asynccontextmanager
async def opened(engine: str, folder: Path, clock: Clock) -> AsyncIterator[Store]:
    store = await ENGINES[engine](folder, clock)
    try:
        yield store
    finally:
        await store.close()
