"""What the platform says is true: a tenant, their rentals at one site, the units, and the fields shared with staff."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bridge.domain.credential import GateCode
from bridge.domain.ids import RentalId, SubjectKey, TargetId, UnitId


class RentalState(StrEnum):
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    ENDED = "ended"
    UNKNOWN = "unknown"
    """A word that the platform's documents do not have: proof of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit; `target` is the vendor's name for it, None when staff have not mapped it.

    `holder` is the rental that has the unit now, as far as the platform says.
    """

    id: UnitId
    name: str
    target: TargetId | None = None
    opted_out: bool = False
    blocked: bool = False
    holder: RentalId | None = None


class Resync(StrEnum):
    """What staff ask of the bridge in a rental's field; the field is emptied when it is done."""

    RESYNC = "resync"
    """Look again."""
    ROTATE = "rotate"
    """Look again, and give the tenant a new gate code at this site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalFields:
    """The rental's custom fields that are ours, as the platform has them now.

    `overdue_until` is the last day, by the site's wall clock, on which staff want overdue to be ignored.
    """

    code: GateCode | None = None
    overlocked: bool = False
    overdue_until: date | None = None
    resync: Resync | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rental:
    """One rental. Dates are the site's wall clock; `move_out_date` is that of a move-out job still alive.

    `is_gone`: the platform has deleted it, so that nothing can be written there.

    `overdue_since` (UTC) is None where the platform does not tell it.
    """

    id: RentalId
    unit: Unit
    state: RentalState
    start_date: date | None = None
    end_date: date | None = None
    move_out_date: date | None = None
    overdue: bool = False
    overdue_since: datetime | None = None
    is_gone: bool = False
    fields: RentalFields = RentalFields()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The person who rents. Names are for display at the vendor and inert elsewhere."""

    name: str
    email: str | None = None
    phone: str | None = None

    def digest(self) -> str:
        """Return a fingerprint that changes when the vendor should hear of it; a phone's blanks and dashes are none."""
        phone = "".join(character for character in self.phone or "" if character.isdigit())
        return hashlib.sha256(json.dumps([self.name, self.email, phone]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A tenant at a site, read from the platform at one moment.

    `elsewhere` are rentals of the same tenant at other sites that were asked for, as far as they could be read.
    """

    subject: SubjectKey
    tenant: Tenant
    rentals: tuple[Rental, ...]
    unreadable: Mapping[RentalId, str] = field(default_factory=dict)
    """Known rentals of which nothing can be said now, and why; what they have at the vendor stays as it is."""
    elsewhere: tuple[Rental, ...] = ()

    def guessable(self) -> tuple[str, ...]:
        """Return texts that a stranger could try as this tenant's gate code."""
        texts: Iterable[str | None] = (self.tenant.phone, *(rental.unit.name for rental in self.rentals))
        return tuple(text for text in texts if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWrites:
    """New values for one rental's fields that are ours; None and False leave a field alone.

    `clear_code` and `clear_resync` empty theirs. `overlock` ticks staff's switch, on a transfer's new rental only.
    """

    rental: RentalId
    code: GateCode | None = None
    clear_code: bool = False
    overlock: bool = False
    clear_resync: bool = False
    status: str | None = None
