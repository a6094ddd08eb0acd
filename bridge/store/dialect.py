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
