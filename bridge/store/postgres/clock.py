"""The database's clock, which every process on it shares."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.store.tables import from_micros

NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_STATEMENT: Final = sa.text(f"SELECT {NOW}")


def database_time(connection: sa.Connection) -> datetime:
    """Return what the clock says at this moment, in UTC; not when the transaction began."""
    return from_micros(connection.execute(_STATEMENT).scalar_one())
