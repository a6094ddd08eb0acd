"""What may be opened, why not, and the words for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bridge.domain.ids import RentalId, TargetId, UnitId


class AccessStatus(StrEnum):
    GRANTED = "granted"
    SUSPENDED = "suspended"
    NONE = "revoked"


class Reason(StrEnum):
    """Why a rental that would have access is suspended. Each has its own evidence and goes only with it."""

    OVERDUE = "overdue"
    MANUAL = "manual"
    NOT_STARTED = "not_started"
    MOVE_OUT_PASSED = "move_out_passed"
    UNIT_BLOCKED = "unit_blocked"
    TRANSFER_UNCLEAR = "transfer_unclear"
    """It may have followed a rental that staff had locked; without a link, only staff can say."""
    EMERGENCY = "emergency"
    """A person has revoked the tenant's access: the only reason for which all of it is taken away, not suspended."""


class Problem(StrEnum):
    """What keeps a rental in `error` until staff mend it."""

    NO_MAPPING = "no_mapping"
    CODE_REFUSED = "code_refused"
    REFUSED_BY_VENDOR = "refused_by_vendor"
    NO_CAPACITY = "no_capacity"
    TRANSFER_UNCLEAR = "transfer_unclear"
    FLIPPING = "flipping"
    MOVE_OUT_UNCONFIRMED = "move_out_unconfirmed"
    RENTAL_UNREADABLE = "rental_unreadable"
    """In a task only: what cannot be read is not written to."""


class Loss(StrEnum):
    """What can be held back for a person: that access ends for good, or is closed for a while."""

    REMOVAL = "removal"
    SUSPENSION = "suspension"


OPTED_OUT: Final = "opted_out"
ERROR: Final = "error"
PENDING: Final = "pending"
COMMON_DOORS_CLOSED: Final = "common_doors_closed"
HELD: Final[Mapping[Loss, str]] = {Loss.REMOVAL: "removal_held", Loss.SUSPENSION: "suspension_held"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalAccess:
    """What one rental earns. Open only when `status` is granted, that is when `reasons` is empty.

    `common_doors_closed`: its own door is open, and the doors that all share are not. `held`: it is left as it is,
    since what would close it waits for a person.
    """

    rental: RentalId
    unit: UnitId
    status: AccessStatus
    reasons: frozenset[Reason] = frozenset()
    target: TargetId | None = None
    problem: Problem | None = None
    opted_out: bool = False
    common_doors_closed: bool = False
    held: Loss | None = None

    @property
    def is_served(self) -> bool:
        """Tell whether the rental has a place at the vendor, open or suspended."""
        return self.status is not AccessStatus.NONE and not self.opted_out

    def words(self) -> str:
        """Return the `{p}_status` text: `word`, or `word: reason, reason` in the reasons' fixed order."""
        if self.problem is not None:
            return status_words(ERROR, [self.problem])
        if self.held is not None:
            return status_words(self.status, [HELD[self.held]])
        if self.opted_out:
            return status_words(AccessStatus.NONE, [OPTED_OUT])
        if self.common_doors_closed:
            return status_words(self.status, [COMMON_DOORS_CLOSED])
        word = PENDING if Reason.TRANSFER_UNCLEAR in self.reasons else self.status
        return status_words(word, [reason for reason in Reason if reason in self.reasons])


def status_words(word: str, reasons: Iterable[str] = ()) -> str:
    details = ", ".join(reasons)
    return f"{word}: {details}" if details else word


class Certainty(StrEnum):
    """How well the bridge knows what the vendor has. Accepted is not confirmed; unknown is a state."""

    UNKNOWN = "unknown"
    SENT = "sent"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    DRIFTED = "drifted"
    """It was confirmed, somebody has changed it at the vendor, and it is left so."""


class Handover(StrEnum):
    """How far the lock of a transferred rental has come on its way to the new one."""

    SENT = "sent"
    """The tick is about to be written, or was: what stands on the rental tells."""
    DONE = "done"
    """The switch of the new rental is staff's from here on, ticked or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """What the bridge last knew of one rental at the vendor.

    `targets` are those that the bridge opened for it and has not seen closed: what is ours to remove. `status` and
    `reasons` are what was last wanted; `written_status` is the last `{p}_status` that was sent to the platform.
    `rotated` says that the new code which the rental's field still asks for was made. `handover` is None until the lock
    of the rental before a transfer is dealt with. `overdue_since` is when the rental was marked overdue, or first seen
    so; None while it is not. `flips` are the latest moments at which its access opened or closed. `staff_lock` is
    whether staff's switch was ticked when it was read last. `unsure` are targets that the bridge told the vendor to
    open and has never seen there: they are ours too, should they turn up.
    """

    rental: RentalId
    unit: UnitId | None = None
    targets: frozenset[TargetId] = frozenset()
    status: AccessStatus | None = None
    reasons: frozenset[str] = frozenset()
    certainty: Certainty = Certainty.UNKNOWN
    written_status: str | None = None
    since: datetime | None = None
    rotated: bool = False
    handover: Handover | None = None
    overdue_since: datetime | None = None
    flips: tuple[datetime, ...] = ()
    staff_lock: bool = False
    unsure: frozenset[TargetId] = frozenset()

    @property
    def shows_code(self) -> bool:
        """Tell whether the rental's field should show the code in force: it has access, and no problem was written."""
        return self.status is not AccessStatus.NONE and not (self.written_status or "").startswith(ERROR)
