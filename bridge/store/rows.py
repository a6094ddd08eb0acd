"""A delivery as the row that the acknowledgement inserts.

The insert runs on the driver's cursor, all deliveries of a batch in one statement. Core's work for a row costs more
than the database's, and a driver gives up the interpreter lock at every call: with a call for each row, a busy
event loop makes the batch wait for its turn each time.
"""

import json
from typing import Any, Final

from bridge.domain.deliveries import DeliveryState, NewDelivery
from bridge.domain.errors import inert
from bridge.store.tables import to_micros

Values = tuple[Any, ...]

MAX_TYPE_LENGTH: Final = 200
COLUMNS: Final = (
    "connection",
    "event_id",
    "event_type",
    "received_at",
    "body",
    "headers",
    "state",
    "note",
    "due_at",
    "priority",
)


def values_of(new: NewDelivery) -> Values:
    """Return the row in the order of `COLUMNS`."""
    received = to_micros(new.received_at)
    return (
        new.connection,
        new.event_id,
        inert(new.event_type, MAX_TYPE_LENGTH),
        received,
        new.body,
        json.dumps(dict(new.headers)),
        new.state.value,
        None if new.note is None else inert(new.note),
        received if new.state is DeliveryState.NEW else None,
        int(new.priority),
    )
