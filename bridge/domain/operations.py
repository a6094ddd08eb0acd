"""Work that somebody asked for and that goes on by itself: for many tenants, in portions, through restarts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from bridge.domain.dead_letters import Signature
from bridge.domain.deliveries import Sighting
from bridge.domain.errors import AlreadyRunning, NotFoundHere, inert
from bridge.domain.ids import SiteKey, SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.queueing import Priority

OperationId = NewType("OperationId", int)
PORTION: Final = 64
"""So many tenants are due for an operation at once: what is not due yet is cancelled without a trace."""
SOON: Final = timedelta(seconds=30)
"""A retry that comes so soon is waited for; what is tried again later is out of the operation's hands."""
KEPT: Final = timedelta(days=90)
"""After its end."""
MAX_WORDS: Final = 200


class OperationState(StrEnum):
    RUNNING = "running"
    CANCELLING = "cancelling"
    """Nobody more is made due; those at work end."""
    CANCELLED = "cancelled"
    DONE = "done"


OPEN: Final = frozenset({OperationState.RUNNING, OperationState.CANCELLING})


class ItemState(StrEnum):
    """How far an operation is with a tenant."""

    WAITING = "waiting"
    RUNNING = "running"
    """Due or at work, or tried again soon."""
    DONE = "done"
    RETRYING = "retrying"
    """It has failed for some time and is tried again by itself."""
    DEAD = "dead"
    """Given up: a dead letter."""
    CANCELLED = "cancelled"


ENDED: Final = frozenset(ItemState) - {ItemState.WAITING, ItemState.RUNNING}
AGAIN: Final = frozenset({ItemState.RETRYING, ItemState.DEAD, ItemState.CANCELLED})
"""Whom a resumed operation takes up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperation:
    """What is asked for: each tenant with one rental to be known by, in the order in which they are taken up.

    `asked` are the words of the question, `seconds` is about how long it takes.
    """

    kind: str
    who: str
    at: datetime
    asked: str
    digest: str
    priority: Priority
    sightings: tuple[Sighting, ...]
    seconds: float = 0.0

    @property
    def sites(self) -> frozenset[SiteKey]:
        return frozenset((one.subject.connection, one.subject.site) for one in self.sightings)

    @property
    def is_alone(self) -> bool:
        """Tell whether no other like it may run at its sites: a few, as if at the gate, never wait for one of many."""
        return self.priority is Priority.SWEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One as it stands. `counts` has every state; times are UTC."""

    id: OperationId
    kind: str
    who: str
    at: datetime
    asked: str
    digest: str
    priority: Priority
    state: OperationState
    seconds: float
    ended_at: datetime | None = None
    counts: Mapping[ItemState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(self.counts.get(state, 0) for state in ENDED)

    @property
    def seconds_left(self) -> float:
        """Return about how long it still takes, by what the plan said; none once it is over."""
        if self.state is not OperationState.RUNNING or not self.total:
            return 0.0
        return self.seconds * (self.total - self.ended) / self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A tenant's place in an operation. `due_at` (UTC) is when what failed is tried again by itself."""

    place: int
    subject: SubjectKey
    state: ItemState
    why: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What a cancellation came to: `taken_back` were due and nobody had begun them, `at_work` end by themselves."""

    operation: Operation
    never_begun: int
    taken_back: int
    at_work: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A tenant's row of the queue, as far as an operation looks at it; `is_owed` is a mark that was there before."""

    state: str
    generation: int = 0
    taken_generation: int = 0
    interrupted: int = 0
    due_at: datetime | None = None
    attempts: int = 0
    priority: int = int(Priority.SWEEP)
    note: str | None = None
    is_owed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a row rested at before an operation made it due, to be put back if that is cancelled."""

    state: str
    due_at: datetime | None
    attempts: int
    priority: int


def before_mark(work: Work | None, now: datetime) -> Before | None:
    """Return what to put back, or None where the row was due for others too: their work is not taken back."""
    if work is None:
        return Before(state="idle", due_at=None, attempts=0, priority=int(Priority.SWEEP))
    rests = work.state in {"idle", "dead"}
    is_scheduled = work.state == "ready" and work.due_at is not None and work.due_at > now
    if work.is_owed or not (rests or is_scheduled):
        return None
    return Before(state=work.state, due_at=work.due_at, attempts=work.attempts, priority=work.priority)


def is_untouched(work: Work, generation: int) -> bool:
    """Tell whether nobody has begun the work since it was made due, and nobody else has asked for it."""
    is_begun = work.taken_generation >= generation or work.interrupted > 0
    return work.state == "ready" and work.generation == generation and not is_begun


def how_ended(work: Work | None, generation: int, now: datetime) -> ItemState | None:
    """Return what became of work that was made due as `generation`, or None while it waits, runs or is tried soon.

    A run that was interrupted has come to nothing, whatever was marked since.
    """
    if work is None:
        return ItemState.DONE
    if work.state == "dead":
        return ItemState.DEAD
    if work.taken_generation < generation:
        return ItemState.CANCELLED if work.state == "idle" else None
    if work.state == "running" or work.interrupted:
        return None
    if work.note is None:
        return ItemState.DONE
    is_late = work.due_at is not None and work.due_at - now > SOON
    return ItemState.RETRYING if is_late else None


def next_state(state: OperationState, counts: Mapping[ItemState, int]) -> OperationState:
    """Return the state of an operation whose tenants are as `counts` says."""
    if any(counts.get(one, 0) for one in (ItemState.WAITING, ItemState.RUNNING)):
        return state
    return OperationState.CANCELLED if state is OperationState.CANCELLING else OperationState.DONE


def nobody_there(number: int) -> NotFoundHere:
    return NotFoundHere(f"there is no operation {number}: look at `gatebridge operations list`")


def already_running(other: OperationId, who: str) -> AlreadyRunning:
    return AlreadyRunning(
        f"operation {other}, which {inert(who, 64)} asked for, is at work at the same site: "
        f"see gatebridge operations show {other}, or cancel it first"
    )


def begun(new: NewOperation, number: int) -> LedgerEntry:
    """Return what the ledger keeps of an operation that begins."""
    keys: Collection[SubjectKey] = [one.subject for one in new.sightings]
    details = {
        "who": inert(new.who, MAX_WORDS),
        "asked": inert(new.asked, MAX_WORDS),
        "plan": new.digest,
        "subjects": str(len(keys)),
        "operation": str(number),
    }
    subject = new.sightings[0].subject if len(keys) == 1 else None
    return LedgerEntry(kind=LedgerKind.OPERATOR, at=new.at, what=new.kind, subject=subject, details=details)


def decided(number: OperationId, what: str, by: Signature, tenants: int) -> LedgerEntry:
    """Return what the ledger keeps of a person's decision about an operation."""
    details = {"operation": str(number), "who": inert(by.who, MAX_WORDS), "subjects": str(tenants)}
    return LedgerEntry(kind=LedgerKind.OPERATOR, at=by.at, what=f"operation_{what}", details=details)
