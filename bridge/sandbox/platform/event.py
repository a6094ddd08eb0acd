"""What the platform tells its hooks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class EventType(StrEnum):
    """Spelled as in the reference, section 2.5."""

    MOVE_IN_CREATE_STARTED = "job.unit_moveIn.create.started"
    MOVE_IN_CREATED = "job.unit_moveIn.created"
    MOVE_IN_STARTED = "job.unit_moveIn.started"
    MOVE_IN_COMPLETED = "job.unit_moveIn.completed"
    MOVE_IN_CANCELLED = "job.unit_moveIn.cancelled"
    MOVE_OUT_CREATED = "job.unit_moveOut.created"
    MOVE_OUT_STARTED = "job.unit_moveOut.started"
    MOVE_OUT_COMPLETED = "job.unit_moveOut.completed"
    MOVE_OUT_CANCELLED = "job.unit_moveOut.cancelled"
    TRANSFER_COMPLETED = "job.unit_transfer.completed"
    RENTAL_UPDATED = "unitRental.updated"
    MARK_OVERDUE = "unitRental.markOverdue"
    UNMARK_OVERDUE = "unitRental.unmarkOverdue"
    UNIT_UPDATED = "unit.updated"
    UNIT_RESERVED = "unit.reserved"
    UNIT_OCCUPIED = "unit.occupied"
    UNIT_BLOCKED = "unit.blocked"
    UNIT_UNBLOCKED = "unit.unblocked"
    UNIT_UNASSIGNED = "unit.unassigned"
    USER_UPDATED = "user.updated"
    DAILY = "addon.dailyEvent.started"

    @property
    def is_job(self) -> bool:
        return self.startswith("job.")

    @property
    def is_rental(self) -> bool:
        return self.startswith("unitRental.")


RECOMMENDED_EVENTS: Final = frozenset(
    {
        EventType.MOVE_IN_COMPLETED,
        EventType.MOVE_OUT_COMPLETED,
        EventType.TRANSFER_COMPLETED,
        EventType.MARK_OVERDUE,
        EventType.UNMARK_OVERDUE,
        EventType.RENTAL_UPDATED,
    }
)
"""What the platform's help recommends for access control (reference, section 2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. `rental_ids` has several ids only in a batch; a transfer names the new rental last."""

    id: str
    type: EventType
    created: datetime
    job_id: str | None = None
    rental_ids: tuple[str, ...] = ()
    unit_id: str | None = None
    user_id: str | None = None
    changed_keys: tuple[str, ...] | None = None
