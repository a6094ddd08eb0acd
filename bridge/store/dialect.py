"""What Core leaves to each database: inserts that know what to do with a row that is there, and one row or many."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

POSTGRESQL: Final = "postgresql"
Insert = sqlite.Insert | postgresql.Insert


def insert_into(connection: sa.Connection, table: sa.Table) -> Insert:
    """Return an insert into `table` that takes `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: sa.Table) -> Insert:
    """Return the same by the dialect's name, for statements that are kept."""
    insert = postgresql.insert(table) if dialect == POSTGRESQL else sqlite.insert(table)
    return insert.inline()  # nobody asks for the new row's id


def is_postgresql(connection: sa.Connection) -> bool:
    return connection.dialect.name == POSTGRESQL


def begins_with(connection: sa.Connection, column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text begins with an ASCII `prefix`.

    On SQLite, which compares bytes, it is a range that the index knows; PostgreSQL's order is that of some language.
    """
    if is_postgresql(connection):
        return sa.func.starts_with(column, prefix, type_=sa.Boolean)
    return sa.and_(column >= prefix, column < prefix[:-1] + chr(ord(prefix[-1]) + 1))


def each(rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]] | dict[str, Any]:
    """Return the parameters of a statement for all rows; of one row its own: the drivers' way for many is slower."""
    return rows[0] if len(rows) == 1 else rows
