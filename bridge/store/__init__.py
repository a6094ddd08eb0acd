"""The engine behind `bridge.ports.store`: SQLite for one process, PostgreSQL for several."""

from bridge.store.codes import CODE_REST
from bridge.store.databases import open_store, paused_in, place_of, upgrade
from bridge.store.key_file import KEY_FILE, KeyFile
from bridge.store.keyring import Keyring
from bridge.store.late import LateLedger, LateShelves
from bridge.store.mark_file import MarkFile, this_machine
from bridge.store.process_lock import ProcessLock
from bridge.store.schema import SchemaState
from bridge.store.sqlite.opening import open_sqlite
from bridge.store.sqlite.ways import LEASE
from bridge.store.store import SqlStore
from bridge.store.writer import OnBatch, WriterLimits

__all__ = [
    "CODE_REST",
    "KEY_FILE",
    "LEASE",
    "KeyFile",
    "Keyring",
    "LateLedger",
    "LateShelves",
    "MarkFile",
    "OnBatch",
    "ProcessLock",
    "SchemaState",
    "SqlStore",
    "WriterLimits",
    "open_sqlite",
    "open_store",
    "paused_in",
    "place_of",
    "this_machine",
    "upgrade",
]
