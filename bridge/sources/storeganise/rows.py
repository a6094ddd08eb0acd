"""What one row of the platform's answers means, and whether it makes sense."""

from datetime import UTC, datetime
from typing import Any, Final

from bridge.sdk import Anomaly, Rejected, RentalId, RentalState, SubjectKey, Tenant, Unit, UnitId, inert
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.wire import Owner, RentalRow, UnitRow

MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
MAX_PHONE: Final = 64
MAX_ID: Final = 64
NAMELESS: Final = "Tenant"
BLOCKED: Final = "blocked"
OCCUPIED: Final = "occupied"
STATE_BY_WORD: Final = {state.value: state for state in RentalState} | {"canceled": RentalState.CANCELLED}


def require_sense(row: RentalRow, subject: SubjectKey) -> None:
    """Raise `Anomaly` where an answer contradicts itself or the question: a filter ignored, a rental changed hands."""
    if row.owner_id != subject.tenant:
        raise Anomaly(f"unit-rentals/{row.id} belongs to another user")
    if row.site_id != subject.site:
        raise Anomaly(f"unit-rentals/{row.id} is at another site")
    if row.owner is not None and row.owner.id != row.owner_id:
        raise Anomaly(f"unit-rentals/{row.id}: owner and ownerId differ")
    if row.unit is not None and row.unit_id is not None and row.unit.id != row.unit_id:
        raise Anomaly(f"unit-rentals/{row.id}: unit and unitId differ")
    state = STATE_BY_WORD.get(row.state, RentalState.UNKNOWN)
    if state in {RentalState.OCCUPIED, RentalState.UNKNOWN} and not has_unit(row):
        raise Anomaly(f"unit-rentals/{row.id} is {state} without a unit")


def is_over(row: RentalRow) -> bool:
    return STATE_BY_WORD.get(row.state) in {RentalState.ENDED, RentalState.CANCELLED, RentalState.ABANDONED}


def is_occupied(row: RentalRow) -> bool:
    return row.state == RentalState.OCCUPIED


def has_unit(row: RentalRow) -> bool:
    """Tell whether a rental has a unit; an order that never got one, or lost it, opens nothing."""
    return unit_id_of(row) != ""


def unit_id_of(row: RentalRow) -> str:
    """Return the unit's id, empty where there is no unit."""
    return row.unit_id or (row.unit.id if row.unit is not None else "")


def why_unreadable(rental_id: RentalId, error: Anomaly | Rejected) -> str:
    """Return why a rental cannot be read, naming its id; the platform's own words may be about a person."""
    what = f"unit-rentals/{inert(rental_id, MAX_ID)}"
    if isinstance(error, Rejected):
        return f"{what}: the platform refuses to show it"
    why = str(error)
    return why if why.startswith(what) else f"{what}: {why}"


def unit_of(unit: UnitRow, codes: FieldCodes) -> Unit:
    mapping = codes.read_unit(unit.custom_fields or {}, f"units/{unit.id}")
    return Unit(
        id=UnitId(unit.id),
        name=inert(unit.name or "", MAX_NAME),
        target=mapping.target,
        opted_out=mapping.opted_out,
        blocked=unit.state == BLOCKED,
        holder=None if unit.rental_id is None else RentalId(unit.rental_id),
    )


def moment_of(value: Any) -> datetime | None:
    """Return the time stamp that `overdue` may be, None for any other form of it: only its truth is documented."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def tenant_of(owner: Owner) -> Tenant:
    whole = " ".join(part for part in (owner.first_name, owner.last_name) if part and part.strip())
    name = inert(whole or owner.name or owner.company_name or "", MAX_NAME)
    return Tenant(
        name=name or NAMELESS,
        email=inert(owner.email or "", MAX_EMAIL) or None,
        phone=inert(owner.phone or "", MAX_PHONE) or None,
    )
