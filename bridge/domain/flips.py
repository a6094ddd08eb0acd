"""The loop breaker: a rental that opens and closes all the time is left as it is, and a person is asked."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.ids import RentalId

WINDOW: Final = timedelta(hours=1)


def held_flips(
    rentals: Iterable[RentalAccess], records: Mapping[RentalId, AccessRecord], most: int, now: datetime
) -> dict[RentalId, datetime]:
    """Return the rentals that would flip once too often, and when each may change again (UTC).

    A rental that loses its access for good is never held: only opening and suspending in turn is a loop.
    """
    held: dict[RentalId, datetime] = {}
    for access in rentals:
        record = records.get(access.rental)
        if record is None or not access.is_served or record.status in {None, AccessStatus.NONE, access.status}:
            continue
        latest = recent_flips(record, now)[-most:] if most else ()
        if most and len(latest) >= most:
            held[access.rental] = latest[0] + WINDOW
    return held


def recent_flips(record: AccessRecord, now: datetime) -> tuple[datetime, ...]:
    return tuple(moment for moment in record.flips if now - WINDOW < moment <= now)
