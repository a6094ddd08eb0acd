"""What the platform keeps (reference, section 4): values, replaced as a whole when they change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

Day: TypeAlias = date
"""A name that no field of a record hides."""

FieldValue = str | int | float | bool | None
CustomFields = Mapping[str, FieldValue]


class RentalState(StrEnum):
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    ENDED = "ended"

    @property
    def is_active(self) -> bool:
        """Tell whether the platform's virtual state `active` covers it."""
        return self in {RentalState.RESERVED, RentalState.OCCUPIED}


class UnitState(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    BLOCKED = "blocked"
    ARCHIVED = "archived"


class JobState(StrEnum):
    READY = "ready"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_alive(self) -> bool:
        return self in {JobState.READY, JobState.RUNNING}


class JobType(StrEnum):
    MOVE_IN = "unit_moveIn"
    MOVE_OUT = "unit_moveOut"
    TRANSFER = "unit_transfer"
    TASK = "task"
    RENTAL_EVENT = "unitRental_event"
    """What a legacy delivery's `jobId` leads to for rental events; the platform's own word is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every object has. `updated` moves with each change."""

    id: str
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Record):
    code: str
    title: str
    custom_fields: CustomFields = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Record):
    """`owner_id` and `rental_id` are set while it is reserved or occupied."""

    site_id: str
    name: str
    state: UnitState = UnitState.AVAILABLE
    price: int = 129
    owner_id: str | None = None
    rental_id: str | None = None
    blocked_reason: str | None = None
    custom_fields: CustomFields = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Record):
    """A tenant. `overdue` is set while any of their active rentals is."""

    email: str
    first_name: str
    last_name: str
    phone: str
    overdue: datetime | None = None
    custom_fields: CustomFields = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rental(Record):
    """`invoice_due` and `auto_complete` are the platform's inner life: they are in no answer."""

    site_id: str
    unit_id: str
    owner_id: str
    state: RentalState
    price: int
    start_date: date
    end_date: date | None = None
    overdue: datetime | None = None
    move_in_job_id: str | None = None
    move_out_job_id: str | None = None
    invoice_due: date | None = None
    auto_complete: bool = True
    custom_fields: CustomFields = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobData:
    """What a job was asked; each kind of job fills its own."""

    unit_id: str | None = None
    date: Day | None = None
    start_date: Day | None = None
    transfer_date: Day | None = None
    old_rental_id: str | None = None
    new_unit_id: str | None = None
    unit_rental_id: str | None = None
    target_type: str | None = None
    target_id: str | None = None
    title: str | None = None
    desc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    unit_id: str | None = None
    unit_rental_id: str | None = None
    unit_rental_ids: tuple[str, ...] | None = None
    owner_id: str | None = None
    site_id: str | None = None
    start_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    id: str
    type: str
    state: JobState
    completed_at: datetime | None = None
    result: JobResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    type: JobType
    state: JobState
    owner_id: str | None
    data: JobData = JobData()
    steps: tuple[Step, ...] = ()
    result: JobResult = JobResult()
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon(Record):
    site_id: str
    custom_fields: CustomFields = field(default_factory=dict)
