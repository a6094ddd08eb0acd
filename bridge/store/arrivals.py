"""When deliveries have come."""

from typing import Final

import sqlalchemy as sa

from bridge.domain.ids import ConnectionName, DeliveryId
from bridge.domain.silence import SLOT, Arrived
from bridge.store.tables import delivery

_MICROS: Final = sa.literal_column(str(int(SLOT.total_seconds() * 1_000_000)), sa.BigInteger())
_SLOT: Final = sa.type_coerce(delivery.c.received_at, sa.BigInteger()) // _MICROS


def arrivals(connection: sa.Connection, *, name: ConnectionName, after: DeliveryId) -> Arrived | None:
    """Return what has come after this number. The index of connections leads to it: what came before is not read."""
    asked = (
        sa.select(
            _SLOT.label("slot"),
            sa.func.max(delivery.c.id).label("last"),
            sa.func.min(delivery.c.received_at).label("first_at"),
            sa.func.max(delivery.c.received_at).label("last_at"),
        )
        .where(delivery.c.connection == name, delivery.c.id > after)
        .group_by(_SLOT)
    )
    rows = connection.execute(asked).all()
    if not rows:
        return None
    return Arrived(
        last=DeliveryId(max(row.last for row in rows)),
        first_at=min(row.first_at for row in rows),
        last_at=max(row.last_at for row in rows),
        slots=frozenset(row.slot for row in rows),
    )
