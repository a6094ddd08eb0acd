"""What a delivery's body says: where to look."""

from typing import Any, Final

from pydantic import ValidationError

from bridge.sdk import Rejected, RentalId, UnreadableBody, read_json_object
from bridge.sources.storeganise.options import api_root
from bridge.sources.storeganise.wire import Ids, Job, OptionalId, Wire, faults

MOVE_IN_CANCELLED: Final = "job.unit_moveIn.cancelled"
TRANSFER: Final = "job.unit_transfer.completed"
UPDATED: Final = "unitRental.updated"
USER_UPDATED: Final = "user.updated"
DAILY: Final = "addon.dailyEvent.started"
ABOUT_A_UNIT: Final = frozenset({"unit.updated", "unit.blocked", "unit.unblocked"})
HANDLED: Final = frozenset(
    {
        "job.unit_moveIn.completed",
        MOVE_IN_CANCELLED,
        "job.unit_moveOut.created",
        "job.unit_moveOut.started",
        "job.unit_moveOut.completed",
        "job.unit_moveOut.cancelled",
        TRANSFER,
        UPDATED,
        "unitRental.markOverdue",
        "unitRental.unmarkOverdue",
        USER_UPDATED,
        *ABOUT_A_UNIT,
        DAILY,
    }
)
CLOSING: Final = frozenset({"job.unit_moveOut.completed", "unitRental.markOverdue"})
"""What usually closes a door. Only the order of work rests on it."""
CAN_WAIT: Final = frozenset({*CLOSING, USER_UPDATED, *ABOUT_A_UNIT, DAILY})
"""Of these come thousands at once, and nobody stands at a gate for one."""
MAX_RENTALS: Final = 2000


class EventData(Wire):
    unit_rental_id: OptionalId = None
    unit_rental_ids: Ids = ()
    job_id: OptionalId = None
    old_rental_id: OptionalId = None
    new_rental_id: OptionalId = None
    unit_id: OptionalId = None
    user_id: OptionalId = None
    changed_keys: Any = None


class Event(Wire):
    """Any of the variants A to D (reference, section 2.2). `api_url` is compared, never used."""

    data: EventData
    api_url: str | None = None
    addon_id: OptionalId = None

    def rentals(self) -> tuple[RentalId, ...]:
        """Return the rentals that the event names itself, each once."""
        return unique(self.data.unit_rental_id, *self.data.unit_rental_ids)


def read_event(body: bytes) -> Event:
    """Return the event. Raises `Rejected`, since a body never changes: the paths at fault are named, without values."""
    try:
        event = Event.model_validate(read_json_object(body))
    except UnreadableBody as error:
        raise Rejected(f"event: {error.why}") from None
    except ValidationError as error:
        raise Rejected(f"event: {faults(error)}") from None
    if len(event.rentals()) > MAX_RENTALS:
        raise Rejected(f"event: more than {MAX_RENTALS} rentals")
    return event


def require_own_account(event: Event, root: str) -> None:
    """Return if the event's `apiUrl` is absent or the configured one. Raises `Rejected`: it is of another account."""
    if event.api_url is None:
        return
    try:
        is_ours = api_root(event.api_url) == root
    except ValueError:
        is_ours = False
    if not is_ours:
        raise Rejected("event: apiUrl is not the configured base_url; nothing was sent there")


def rentals_of(job: Job) -> tuple[RentalId, ...]:
    """Return the rentals that a job is about, from the best place that names any (reference, section 2.2)."""
    if job.result is not None and (found := unique(job.result.unit_rental_id, *job.result.unit_rental_ids)):
        return found
    started = job.started()
    if started is not None and (found := unique(started.unit_rental_id)):
        return found
    return unique(job.data.unit_rental_id) if job.data is not None else ()


def transfer_of(event: Event, job: Job | None) -> tuple[RentalId | None, RentalId | None]:
    """Return the left rental and the new one, as far as event and job name them."""
    old, new = event.data.old_rental_id, event.data.new_rental_id
    if job is not None:
        data = job.data
        old = old or (data.old_rental_id if data is not None else None)
        made = next(iter(rentals_of(job)), None)
        new = new or (data.new_rental_id if data is not None else None) or (made if made != old else None)
    named = event.data.unit_rental_id
    new = new or (named if named != old else None)
    return (RentalId(old) if old else None, RentalId(new) if new else None)


def unique(*ids: str | None) -> tuple[RentalId, ...]:
    """Return the ids that are there, each once, in their order."""
    return tuple(dict.fromkeys(RentalId(found) for found in ids if found))
