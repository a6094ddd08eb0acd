"""A door's history for one person: from when until when it was what, why, and how that is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.domain.ids import RentalId, TargetId


class DoorState(StrEnum):
    """What a person could do at a door. Suspended and closed are the same to who stands there."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """How far the last change had come, or what a look has shown. Only the last two say what the door was."""

    SENT = "sent"
    ACCEPTED = "accepted"
    NOT_SEEN = "not_seen"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A door from `since` until before `until` (None: still), for one person.

    `stage` is `confirmed` where a read-back showed the state, `failed` where a change was refused and left it as it
    was, else how far the change is on its way `towards` what it asked for. `why` is the change, with what was wanted.
    `by` are the ledger's entries that say so, the last one last. `found_otherwise` is the entry that found the door
    different at the end though nothing of ours had changed it: somebody did so after the last of `by`.
    """

    state: DoorState
    since: datetime
    stage: Stage
    why: str
    by: tuple[int, ...]
    towards: DoorState | None = None
    rentals: tuple[RentalId, ...] = ()
    is_foreign: bool = False
    until: datetime | None = None
    found_otherwise: int | None = None

    @property
    def may_be_open(self) -> bool:
        return self.state in {DoorState.OPEN, DoorState.UNKNOWN}

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorHistory:
    """A door's intervals, the oldest first and without a gap. Before the first, the bridge knew nothing of it."""

    target: TargetId
    intervals: tuple[Interval, ...]

    @property
    def last(self) -> Interval:
        return self.intervals[-1]

    def at(self, moment: datetime) -> Interval | None:
        """Return the interval of that moment, or None before the first."""
        return next((interval for interval in self.intervals if interval.covers(moment)), None)
