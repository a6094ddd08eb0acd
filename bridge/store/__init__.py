"""The engine behind `bridge.ports.store`: SQLite for one process."""

from bridge.store.codes import CODE_REST
from bridge.store.key_file import KEY_FILE, KeyFile
from bridge.store.keyring import Keyring
from bridge.store.late_shelves import LateShelves
from bridge.store.pauses import paused_in
from bridge.store.schema import SchemaState
from bridge.store.sqlite.opening import open_sqlite, schema_state, upgrade
from bridge.store.sqlite.ways import LEASE
from bridge.store.store import SqlStore
from bridge.store.writer import OnBatch, WriterLimits

__all__ = [
    "CODE_REST",
    "KEY_FILE",
    "LEASE",
    "KeyFile",
    "Keyring",
    "LateShelves",
    "OnBatch",
    "SchemaState",
    "SqlStore",
    "WriterLimits",
    "open_sqlite",
    "paused_in",
    "schema_state",
    "upgrade",
]
