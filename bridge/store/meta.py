"""What the database says of itself: which key seals it, and a value to try a write on."""

import hmac
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.errors import ConfigurationError
from bridge.store.dialect import insert_into
from bridge.store.key_file import KeyFile
from bridge.store.keyring import Keyring
from bridge.store.tables import meta, to_micros

_KEY_CHECK: Final = "key_check"
_PROBED_AT: Final = "probed_at"


def agree_on_key(connection: sa.Connection, key: Keyring | KeyFile) -> Keyring:
    """Return the keyring of this database; a new one is sealed with it from now on.

    A key file is made for a new database only: one that opens nothing must not stand where the right one is to be put
    back. Raises `ConfigurationError` unless the database is sealed with this key.
    """
    kept = connection.scalar(sa.select(meta.c.value).where(meta.c.name == _KEY_CHECK))
    if kept is None:
        keyring = key.load_or_make() if isinstance(key, KeyFile) else key
        set_value(connection, _KEY_CHECK, keyring.check_value())
        return keyring
    keyring = key.load() if isinstance(key, KeyFile) else key
    if not hmac.compare_digest(kept, keyring.check_value()):
        raise ConfigurationError("store.key", "the gate codes in the database are sealed with another key")
    return keyring


def probe(connection: sa.Connection, now: datetime) -> None:
    """Write something, as a delivery would."""
    set_value(connection, _PROBED_AT, str(to_micros(now)))


def set_value(connection: sa.Connection, name: str, value: str) -> None:
    insert = insert_into(connection, meta).values(name=name, value=value)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
