"""The acknowledgement on PostgreSQL: one statement a batch, whatever the batch's size, that commits by itself."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import psycopg

from bridge.domain.deliveries import Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.store.postgres.clock import NOW
from bridge.store.rows import COLUMNS, Values

_TYPES: Final = {"received_at": "bigint", "body": "bytea", "due_at": "bigint", "priority": "int"}
_TAKEN: Final = {
    "headers": "headers::json",
    # A receiver whose clock is ahead must not make its deliveries wait for the database's.
    "due_at": f"due_at + least(0, {NOW} - due_at)",
}
_NAMES: Final = ", ".join(COLUMNS)
_STATEMENT: Final = (
    f"INSERT INTO delivery ({_NAMES}) SELECT {', '.join(_TAKEN.get(name, name) for name in COLUMNS)} "  # noqa: S608 - names of this package
    f"FROM unnest({', '.join('%b::' + _TYPES.get(name, 'text') + '[]' for name in COLUMNS)}) AS given({_NAMES}) "
    "ON CONFLICT (connection, event_id) DO NOTHING RETURNING connection, event_id"
)
_ITS_OWN_FAULT: Final = (psycopg.IntegrityError, psycopg.DataError, UnicodeError)
KEPT_WAITING: Final = 2
"""So many events may each wait for somebody's lock in vain; with one more it is the table that is locked."""


def keep(cursor: psycopg.Cursor[Any], rows: Sequence[Values]) -> list[Receipt | Exception]:
    """Insert the rows, each once for its connection and event id, and say for each what became of it.

    A row that is at fault itself gets its error and leaves the others alone, and so does one whose event somebody else
    is just storing and does not come to an end with; any other error is raised. Nothing is left of a statement that
    failed: the connection commits each by itself.
    """
    try:
        return _insert(cursor, rows)
    except (*_ITS_OWN_FAULT, psycopg.errors.LockNotAvailable):
        return _one_by_one(cursor, rows)


def _one_by_one(cursor: psycopg.Cursor[Any], rows: Sequence[Values]) -> list[Receipt | Exception]:
    said: list[Receipt | Exception] = []
    waits: dict[tuple[str, str], Exception] = {}
    for row in rows:
        try:
            said += [waits[_key(row)]] if _key(row) in waits else _insert(cursor, [row])
        except _ITS_OWN_FAULT as error:
            said.append(error)
        except psycopg.errors.LockNotAvailable:
            if len(waits) == KEPT_WAITING or len(rows) == 1:
                raise
            waits[_key(row)] = StoreUnavailable("another one is just storing the same event")
            said.append(waits[_key(row)])
    return said


def _insert(cursor: psycopg.Cursor[Any], rows: Sequence[Values]) -> list[Receipt | Exception]:
    cursor.execute(_STATEMENT, [list(column) for column in zip(*rows, strict=True)])
    fresh = Counter(cursor.fetchall())
    return [_receipt(row, fresh) for row in rows]


def _key(row: Values) -> tuple[str, str]:
    return row[0], row[1]


def _receipt(row: Values, fresh: Counter[tuple[str, str]]) -> Receipt:
    key = _key(row)
    if not fresh[key]:
        return Receipt.DUPLICATE
    fresh[key] -= 1
    return Receipt.ACCEPTED
