"""When a connection's deliveries have come, whatever became of them."""

from typing import Protocol

from bridge.domain.ids import ConnectionName, DeliveryId
from bridge.domain.silence import Arrived


class Arrivals(Protocol):
    async def arrivals(self, connection: ConnectionName, *, after: DeliveryId) -> Arrived | None:
        """Return when those with a higher number than `after` came, or None if none has.

        One that another process is just storing may have a lower number than those that are told, and is left out.
        """
