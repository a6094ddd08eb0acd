"""The engine behind `bridge.ports.store`: SQLite for one process."""

from bridge.store.codes import CODE_REST
from bridge.store.keyring import KEY_FILE, Keyring, load_or_make_key
from bridge.store.opening import open_sqlite, schema_state, upgrade
from bridge.store.schema import SchemaState
from bridge.store.sqlite import LEASE, SqliteStore
from bridge.store.writer import OnBatch, WriterLimits

__all__ = [
    "CODE_REST",
    "KEY_FILE",
    "LEASE",
    "Keyring",
    "OnBatch",
    "SchemaState",
    "SqliteStore",
    "WriterLimits",
    "load_or_make_key",
    "open_sqlite",
    "schema_state",
    "upgrade",
]
