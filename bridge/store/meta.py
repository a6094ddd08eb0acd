"""What the database says of itself: which key seals it, and a value to try a write on."""

import hmac
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bridge.domain.errors import ConfigurationError
from bridge.store.keyring import Keyring
from bridge.store.tables import meta, to_micros

_KEY_CHECK: Final = "key_check"
_PROBED_AT: Final = "probed_at"


def check_key(connection: sa.Connection, keyring: Keyring) -> None:
    """Raise `ConfigurationError` unless the database is sealed with this key; a new one is from now on."""
    kept = connection.scalar(sa.select(meta.c.value).where(meta.c.name == _KEY_CHECK))
    if kept is None:
        _set(connection, _KEY_CHECK, keyring.check_value())
    elif not hmac.compare_digest(kept, keyring.check_value()):
        raise ConfigurationError("store.key", "the gate codes in the database are sealed with another key")


def probe(connection: sa.Connection, now: datetime) -> None:
    """Write something, as a delivery would."""
    _set(connection, _PROBED_AT, str(to_micros(now)))


def _set(connection: sa.Connection, name: str, value: str) -> None:
    insert = sqlite.insert(meta).values(name=name, value=value)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
