"""A doubt about the database itself, as a row of `meta`, and its end."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.ledger import LedgerEntry
from bridge.domain.trust import DOUBTED
from bridge.ports.store import Priority
from bridge.store import ledger, subjects
from bridge.store.meta import set_value
from bridge.store.tables import hold, meta, subject

_DOUBT: Final = "doubt"
_ASKED: Final = sa.select(meta.c.value).where(meta.c.name == sa.literal_column(f"'{_DOUBT}'"))


def doubted(connection: sa.Connection) -> str | None:
    return connection.scalar(_ASKED)


def doubt(connection: sa.Connection, *, why: str, entry: LedgerEntry) -> None:
    set_value(connection, _DOUBT, why)
    ledger.append(connection, [entry])


def trust(connection: sa.Connection, *, entry: LedgerEntry, now: datetime) -> int:
    held = sa.and_(hold.c.why == DOUBTED, hold.c.released_at.is_(None))
    whose = sa.select(subject.c.connection, subject.c.site, subject.c.tenant).join(
        hold, subject.c.id == hold.c.subject_id
    )
    keys = sorted({subjects.key_of(row) for row in connection.execute(whose.where(held))})
    if keys:
        subjects.mark(connection, keys, priority=Priority.LIVE, now=now, since=now, closes=True)
    connection.execute(sa.delete(meta).where(meta.c.name == _DOUBT))
    over = connection.execute(sa.delete(hold).where(held)).rowcount
    ledger.append(connection, [entry])
    return over
