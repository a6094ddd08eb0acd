"""The one thing that Core leaves to each database: an insert that knows what to do with a row that is there."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

POSTGRESQL: Final = "postgresql"
Insert = sqlite.Insert | postgresql.Insert


def insert_into(connection: sa.Connection, table: sa.Table) -> Insert:
    """Return an insert into `table` that takes `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: sa.Table) -> Insert:
    """Return the same by the dialect's name, for statements that are kept."""
    return postgresql.insert(table) if dialect == POSTGRESQL else sqlite.insert(table)


def is_postgresql(connection: sa.Connection) -> bool:
    return connection.dialect.name == POSTGRESQL


def begins_with(connection: sa.Connection, column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text begins with an ASCII `prefix`.

    On SQLite, which compares bytes, it is a range that the index knows; PostgreSQL's order is that of some language.
    """
    if is_postgresql(connection):
        return sa.func.starts_with(column, prefix, type_=sa.Boolean)
    return sa.and_(column >= prefix, column < prefix[:-1] + chr(ord(prefix[-1]) + 1))
