"""Which ids the deliveries that were received have spoken of."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.ids import ConnectionName, ids_in
from bridge.store.tables import delivery

PAGE: Final = 500


def heard(
    connection: sa.Connection, *, name: ConnectionName, words: Mapping[str, Collection[str]], since: datetime
) -> set[tuple[str, str]]:
    """Return the words that stand in bodies received since then, with the deliveries' types.

    Walks back from the newest delivery and stops at the first page that ends before `since`: bodies of other types, and
    of the years before, are never read.
    """
    body = sa.case((delivery.c.event_type.in_(sorted(words)), delivery.c.body))
    columns = (delivery.c.id, delivery.c.event_type, delivery.c.received_at, body.label("body"))
    newest_first = sa.select(*columns).where(delivery.c.connection == name).order_by(delivery.c.id.desc()).limit(PAGE)
    found, page = set[tuple[str, str]](), newest_first
    while rows := connection.execute(page).all():
        for row in rows:
            if row.body and row.received_at >= since:
                found |= {(row.event_type, word) for word in ids_in(row.body) & set(words[row.event_type])}
        if len(rows) < PAGE or rows[-1].received_at < since:
            break
        page = newest_first.where(delivery.c.id < rows[-1].id)
    return found
