"""The acknowledgement on PostgreSQL: one statement a batch, whatever the batch's size, that commits by itself."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import psycopg

from bridge.domain.deliveries import Receipt
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


def keep(cursor: psycopg.Cursor[Any], rows: Sequence[Values]) -> list[Receipt | Exception]:
    """Insert the rows, each once for its connection and event id, and say for each what became of it.

    A row that is at fault itself gets its error and leaves the others alone; any other error is raised. Nothing is left
    of a statement that failed: the connection commits each by itself.
    """
    try:
        cursor.execute(_STATEMENT, [list(column) for column in zip(*rows, strict=True)])
        fresh = Counter(cursor.fetchall())
    except _ITS_OWN_FAULT as error:
        if len(rows) == 1:
            return [error]
        return [said for row in rows for said in keep(cursor, [row])]
    return [_receipt(row, fresh) for row in rows]


def _receipt(row: Values, fresh: Counter[tuple[str, str]]) -> Receipt:
    key = (row[0], row[1])
    if not fresh[key]:
        return Receipt.DUPLICATE
    fresh[key] -= 1
    return Receipt.ACCEPTED
