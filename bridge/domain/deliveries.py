"""Deliveries: what a sender posted, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.domain.ids import ConnectionName, DeliveryId, RentalId, SubjectKey
from bridge.domain.queueing import Priority


class DeliveryState(StrEnum):
    NEW = "new"
    RUNNING = "running"
    DONE = "done"
    """Its subjects are marked due; they carry the work from here."""
    IGNORED = "ignored"
    """Authentic, and nothing for this bridge: a type not handled, a site not configured, our own echo.

    Or a person discarded it."""
    TEST = "test"
    QUARANTINED = "quarantined"
    DEAD = "dead"


class Receipt(StrEnum):
    """What the inbox did with a delivery; the message in the answer."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One POST, verified, before anything but its id and type was read. `received_at` is UTC."""

    connection: ConnectionName
    event_id: str
    event_type: str
    received_at: datetime
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    state: DeliveryState = DeliveryState.NEW
    note: str | None = None
    priority: Priority = Priority.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that this worker holds until `fence` grows."""

    id: DeliveryId
    connection: ConnectionName
    event_id: str
    event_type: str
    received_at: datetime
    body: bytes
    attempts: int
    fence: int
    priority: Priority = Priority.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedSubject:
    """A subject that this worker holds. `generation` is the newest mark that it covers; `since` the oldest (UTC)."""

    key: SubjectKey
    generation: int
    attempts: int
    fence: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A rental that an event spoke of, and whose it is now."""

    subject: SubjectKey
    rental: RentalId
