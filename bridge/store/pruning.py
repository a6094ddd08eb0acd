"""Old deliveries: bodies emptied, rows removed, a few at a time."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bridge.domain.deliveries import DeliveryState
from bridge.ports.pruning import Before, Pruned
from bridge.store.tables import AGEING, delivery, literally

MAX_BYTES: Final = 4 * 1024 * 1024
"""Large bodies make small batches: SQLite visits each page that it frees."""
_SETTLED: Final = (DeliveryState.DONE, DeliveryState.IGNORED, DeliveryState.TEST)
_IS_OVER: Final = delivery.c.state.in_([*_SETTLED, DeliveryState.QUARANTINED])
"""Asked again of each row: another process may just have been told to replay it."""
_REMOVED: Final = tuple((state, is_emptied) for state in _SETTLED for is_emptied in (True, False))


def prune(connection: sa.Connection, *, before: Before, limit: int) -> Pruned:
    """Remove what is old enough for that, then empty bodies: `limit` rows and about `MAX_BYTES` in all."""
    batch = _Batch(connection, limit)
    for state, is_emptied in _REMOVED:
        batch.take(state, is_emptied=is_emptied, before=before.settled)
    batch.take(DeliveryState.QUARANTINED, is_emptied=False, before=before.quarantined)
    removed = batch.hand_over()
    if removed:  # what links them to subjects goes with them
        connection.execute(sa.delete(delivery).where(delivery.c.id.in_(removed), _IS_OVER))
    for state in _SETTLED:
        batch.take(state, is_emptied=False, before=before.bodies)
    emptied = batch.hand_over()
    if emptied:
        emptying = sa.update(delivery).where(delivery.c.id.in_(emptied), _IS_OVER)
        connection.execute(emptying.values(body=b"", is_emptied=True))
    return Pruned(emptied=len(emptied), removed=len(removed))


class _Batch:
    """Chooses old rows while there is room for them."""

    def __init__(self, connection: sa.Connection, limit: int) -> None:
        self._connection = connection
        self._rows = limit
        self._bytes = MAX_BYTES
        self._newest = connection.scalar(sa.select(sa.func.max(delivery.c.id))) or 0
        self._chosen: list[int] = []

    def take(self, state: DeliveryState, *, is_emptied: bool, before: datetime) -> None:
        """Choose the oldest of these; the newest row of all stays, or SQLite would give its number again."""
        old = (
            sa.select(delivery.c.id, sa.func.length(delivery.c.body).label("size"))
            .where(sa.text(AGEING), delivery.c.state == literally(state), delivery.c.is_emptied == is_emptied)
            .where(delivery.c.received_at < before, delivery.c.id < self._newest)
            .order_by(delivery.c.received_at)
            .limit(self._rows)
        )
        for row in self._connection.execute(old).all():
            if self._bytes <= 0:
                return
            self._chosen.append(row.id)
            self._rows -= 1
            self._bytes -= row.size

    def hand_over(self) -> list[int]:
        """Return what was chosen since the last time."""
        chosen, self._chosen = self._chosen, []
        return chosen
