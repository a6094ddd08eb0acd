"""The acknowledgement on SQLite."""

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Final

from sqlalchemy.dialects import sqlite

from bridge.domain.deliveries import Receipt
from bridge.store.rows import COLUMNS, Values
from bridge.store.tables import delivery

_ITS_OWN_FAULT: Final = (sqlite3.IntegrityError, sqlite3.DataError, UnicodeError)
_ACCEPTED: Final = "SELECT connection, event_id FROM delivery WHERE id > ? AND id <= ?"


def keep(cursor: sqlite3.Cursor, rows: Sequence[Values]) -> list[Receipt | Exception]:
    """Insert the rows, each once for its connection and event id, and say for each what became of it.

    A row that is at fault itself gets its error and leaves the others alone; any other error is raised.
    """
    try:
        cursor.execute(statement(len(rows)), [value for row in rows for value in row])
    except _ITS_OWN_FAULT as error:
        if len(rows) == 1:
            return [error]
        return [said for row in rows for said in keep(cursor, [row])]
    if cursor.rowcount == len(rows):
        return [Receipt.ACCEPTED] * len(rows)
    fresh = _fresh_keys(cursor)
    return [_receipt(row, fresh) for row in rows]


def _fresh_keys(cursor: sqlite3.Cursor) -> set[tuple[str, str]]:
    """Return what the statement just inserted: SQLite numbers the rows of one statement without a gap."""
    if cursor.rowcount == 0 or cursor.lastrowid is None:
        return set()
    return set(cursor.execute(_ACCEPTED, (cursor.lastrowid - cursor.rowcount, cursor.lastrowid)))


def _receipt(row: Values, fresh: set[tuple[str, str]]) -> Receipt:
    key = (row[0], row[1])
    if key not in fresh:
        return Receipt.DUPLICATE
    fresh.remove(key)
    return Receipt.ACCEPTED


@cache
def statement(rows: int) -> str:
    """Return SQLite's text for so many rows, from the one insert that Core writes."""
    insert = sqlite.insert(delivery).on_conflict_do_nothing(index_elements=["connection", "event_id"])
    compiled = insert.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=list(COLUMNS))
    assert compiled.positiontup is not None, "qmark parameters have an order"  # noqa: S101 - a promise of the dialect
    one = "(" + ", ".join("?" for _ in compiled.positiontup) + ")"
    head, found, tail = str(compiled).partition(one)
    assert found, "the values stand in one place"  # noqa: S101 - else the text is not what the rows are bound to
    assert tuple(compiled.positiontup) == COLUMNS, "values come in the table's order"  # noqa: S101 - as above
    return head + ", ".join([one] * rows) + tail
