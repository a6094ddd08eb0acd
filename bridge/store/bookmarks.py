"""How far something has been read, as rows of `meta`."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from bridge.domain.ledger import LedgerEntry
from bridge.store import ledger
from bridge.store.meta import set_value
from bridge.store.tables import meta

_PREFIX: Final = "bookmark:"


def bookmark(connection: sa.Connection, *, name: str) -> str | None:
    """Return what was kept last under this name."""
    return connection.scalar(sa.select(meta.c.value).where(meta.c.name == _PREFIX + name))


def keep_bookmark(connection: sa.Connection, *, name: str, value: str, entries: Sequence[LedgerEntry] = ()) -> None:
    """Keep `value` in place of what was there, and these entries with it."""
    set_value(connection, _PREFIX + name, value)
    ledger.append(connection, entries)
