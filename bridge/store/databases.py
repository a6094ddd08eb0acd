"""The database that a URL names: SQLite for one process, PostgreSQL for several."""

from pathlib import Path
from types import ModuleType
from typing import Final

from bridge.domain.errors import ConfigurationError
from bridge.domain.pauses import Pause
from bridge.ports.clock import Clock
from bridge.store import pauses
from bridge.store.key_file import KeyFile
from bridge.store.keyring import Keyring
from bridge.store.schema import SchemaState
from bridge.store.sqlite import opening
from bridge.store.store import SqlStore
from bridge.store.writer import OnBatch

SQLITE: Final = "sqlite:///"


async def open_store(url: str, *, key: Keyring | KeyFile, clock: Clock, on_batch: OnBatch | None = None) -> SqlStore:
    """Open the store, made and upgraded as needed: a SQLite file for this process alone, PostgreSQL beside others.

    A key file is for SQLite only. `clock` is the host's: SQLite's own; on PostgreSQL the database's counts, and the
    store's `clock` follows it. Raises `ConfigurationError` naming the key of the configuration to look at.
    """
    if is_sqlite(url):
        return await opening.open_sqlite(path_of(url), keyring=key, clock=clock, on_batch=on_batch)
    if isinstance(key, KeyFile):
        raise ConfigurationError("store.key", "is needed with PostgreSQL: every process that shares it needs the same")
    store: SqlStore = await _postgres().open_postgres(url, keyring=key, clock=clock, on_batch=on_batch)
    return store


def upgrade(url: str) -> SchemaState:
    """Make or upgrade the tables; return where they stood before. Raises `ConfigurationError`."""
    state: SchemaState = opening.upgrade(path_of(url)) if is_sqlite(url) else _postgres().upgrade(url)
    return state


def paused_in(url: str) -> list[Pause]:
    """Return what is paused in a database that others may be using, changing nothing. Raises `BridgeError`s."""
    if is_sqlite(url):
        return opening.read_once(path_of(url), pauses.list_kept) or []
    found: list[Pause] = _postgres().read_once(url, pauses.list_kept)
    return found


def place_of(url: str) -> str:
    """Return what to call the database before people: no user, no password."""
    place: str = str(path_of(url)) if is_sqlite(url) else _postgres().place_of(url)
    return place


def is_sqlite(url: str) -> bool:
    return url.startswith(SQLITE)


def path_of(url: str) -> Path:
    """Return the file of a SQLite URL."""
    return Path(url.removeprefix(SQLITE))


def _postgres() -> ModuleType:
    """Return what opens PostgreSQL, loaded only where it is configured."""
    try:
        from bridge.store.postgres import opening as postgres  # noqa: PLC0415 - its driver is an extra
    except ImportError as error:
        raise ConfigurationError(
            "store.url", "needs PostgreSQL's driver: pip install 'gatebridge[postgres]'"
        ) from error
    return postgres
