"""A delivery and a subject as the memory store keeps them: their state machines once more, in plain Python."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.credential import CodeMemory, GateCode
from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject, DeliveryState, NewDelivery
from bridge.domain.drift import Sight
from bridge.domain.errors import LeaseLost, inert
from bridge.domain.ids import DeliveryId, RentalId, SubjectKey, UnitId
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.domain.queueing import MAX_INTERRUPTED, Waiting, why_set_aside
from bridge.domain.whom import By, Whom
from bridge.ports.pruning import Before
from bridge.ports.store import DeliveryRow, DeliverySettlement, OpenTask, Priority, SubjectRow

FIRST_TRIES: Final = 5
SETTLED: Final = frozenset({DeliveryState.DONE, DeliveryState.IGNORED, DeliveryState.TEST})


class KeptDelivery:
    def __init__(self, number: DeliveryId, new: NewDelivery) -> None:
        self.id = number
        self.new = new
        self.state = new.state
        self.note = new.note
        self.due_at = new.received_at if new.state is DeliveryState.NEW else None
        self.attempts = 0
        self.fence = 0
        self.lease_until: datetime | None = None
        self.interrupted = 0
        self.is_emptied = False
        self.subjects: set[SubjectKey] = set()

    @property
    def wakes_at(self) -> datetime | None:
        return self.due_at if self.state is DeliveryState.NEW else self.lease_until

    def waiting(self) -> Waiting:
        assert self.due_at is not None, "only what is due waits"  # noqa: S101 - a promise of the store to itself
        return Waiting(id=int(self.id), priority=self.new.priority, due_at=self.due_at)

    def is_due(self, now: datetime) -> bool:
        return self.state is DeliveryState.NEW and self.due_at is not None and self.due_at <= now

    def take_back_expired(self, now: datetime) -> None:
        if self.lease_until is not None and self.lease_until <= now:
            self.state, self.lease_until = DeliveryState.NEW, None
            self.interrupted += 1
            if self.interrupted >= MAX_INTERRUPTED:
                self.state, self.due_at, self.note = DeliveryState.DEAD, None, why_set_aside()

    def claim(self, until: datetime) -> ClaimedDelivery:
        self.state, self.lease_until = DeliveryState.RUNNING, until
        self.fence += 1
        return ClaimedDelivery(
            id=self.id,
            connection=self.new.connection,
            event_id=self.new.event_id,
            event_type=self.new.event_type,
            received_at=self.new.received_at,
            body=self.new.body,
            attempts=self.attempts,
            fence=self.fence,
            priority=self.new.priority,
        )

    def settle(self, claim: ClaimedDelivery, end: DeliverySettlement) -> None:
        if self.fence != claim.fence or self.state is not DeliveryState.RUNNING:
            raise LeaseLost(f"delivery {self.id} is no longer ours")
        self.lease_until, self.due_at, self.interrupted = None, None, 0
        match end.outcome:
            case Done():
                self.state, self.note = end.state, end.note
            case RetryAt(when=when, why=why, is_parked=is_parked):
                self.state, self.due_at, self.note = DeliveryState.NEW, when, inert(end.note or why)
                self.attempts += 0 if is_parked else 1
            case Dead(why=why):
                self.state, self.note = DeliveryState.DEAD, inert(end.note or why)
                self.attempts += 1

    def replay(self, now: datetime) -> None:
        self.state, self.due_at, self.attempts, self.note = DeliveryState.NEW, now, 0, None
        self.fence += 1
        self.lease_until = None

    def empty(self) -> None:
        self.new, self.is_emptied = replace(self.new, body=b""), True

    def erase(self) -> None:
        self.new, self.is_emptied, self.note = replace(self.new, body=b"", headers={}), True, None

    def is_removable(self, before: Before) -> bool:
        if self.state is DeliveryState.QUARANTINED:
            return self.new.received_at < before.quarantined
        return self.state in SETTLED and self.new.received_at < before.settled

    def is_to_be_emptied(self, before: Before) -> bool:
        return self.state in SETTLED and not self.is_emptied and self.new.received_at < before.bodies

    def discard(self, note: str) -> None:
        self.state, self.note = DeliveryState.IGNORED, note
        self.fence += 1

    def mend_times(self, now: datetime, *, until: datetime) -> None:
        if self.due_at is not None:
            self.due_at = min(self.due_at, now)
        if self.lease_until is not None:
            self.lease_until = min(self.lease_until, until)

    def face(self, subjects: tuple[SubjectRow, ...] | None = None) -> DeliveryRow:
        """Return the row; with `subjects`, its body and headers too."""
        whole = subjects is not None
        return DeliveryRow(
            id=self.id,
            connection=self.new.connection,
            event_id=self.new.event_id,
            event_type=self.new.event_type,
            received_at=self.new.received_at,
            state=self.state,
            attempts=self.attempts,
            due_at=self.due_at,
            note=self.note,
            body=self.new.body if whole and not self.is_emptied else None,
            headers=dict(self.new.headers) if whole else {},
            subjects=subjects or (),
        )


@dataclass
class GivenCode:
    code: GateCode
    retired_at: datetime | None = None
    taken: bool = False

    def bars(self, code: GateCode, rested_since: datetime) -> bool:
        return self.code == code and (self.retired_at is None or self.retired_at > rested_since)


@dataclass
class KeptSubject:
    key: SubjectKey
    state: str = "idle"
    priority: Priority = Priority.SWEEP
    due_at: datetime | None = None
    generation: int = 0
    taken_generation: int = 0
    marked_since: datetime | None = None
    taken_since: datetime | None = None
    attempts: int = 0
    fence: int = 0
    lease_until: datetime | None = None
    interrupted: int = 0
    is_closing: bool = False
    note: str | None = None
    ref: dict[str, Any] | None = None
    profile: str | None = None
    shadow: dict[str, Any] | None = None
    sight: Sight | None = None
    access: dict[RentalId, AccessRecord] = field(default_factory=dict)
    codes: list[GivenCode] = field(default_factory=list)
    tasks: dict[UnitId, OpenTask] = field(default_factory=dict)

    @property
    def wakes_at(self) -> datetime | None:
        return self.lease_until if self.state == "running" else self.due_at

    @property
    def is_emergency(self) -> bool:
        return self.priority is Priority.EMERGENCY

    def is_due(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at <= now

    def waiting(self, number: int, *, is_ahead: bool) -> Waiting:
        assert self.due_at is not None, "only what is due waits"  # noqa: S101 - a promise of the store to itself
        return Waiting(id=number, priority=self.priority, due_at=self.due_at, closes=is_ahead and self.is_closing)

    def mark(self, priority: Priority, *, now: datetime, since: datetime, closes: bool = False) -> None:
        resting = self.state in {"idle", "dead"}
        only_scheduled = self.state == "ready" and not self.is_due(now) and self.marked_since is None
        self.priority = priority if resting or only_scheduled else min(self.priority, priority)
        if resting:
            self.attempts, self.due_at = 0, now
        elif self.state == "ready":
            self.due_at = _older(self.due_at, now)
        self.state = "running" if self.state == "running" else "ready"
        self.generation += 1
        self.is_closing = self.is_closing or closes
        self.marked_since = _older(self.marked_since, since)

    def claim(self, until: datetime) -> ClaimedSubject:
        since = self.marked_since or self.due_at
        assert since is not None, "only what is due is claimed"  # noqa: S101 - a promise of the store to itself
        self.state, self.lease_until = "running", until
        self.taken_generation, self.taken_since, self.marked_since = self.generation, since, None
        self.fence += 1
        return ClaimedSubject(
            key=self.key, generation=self.generation, attempts=self.attempts, fence=self.fence, since=since
        )

    def take_back_expired(self, now: datetime) -> None:
        if self.lease_until is not None and self.lease_until <= now:
            self.state, self.lease_until = "ready", None
            self.interrupted += 1
            if self.interrupted >= MAX_INTERRUPTED:
                self.state, self.due_at, self.note = "dead", None, why_set_aside()
            self.taken_generation = self.generation - 1
            self.marked_since, self.taken_since = _older(self.marked_since, self.taken_since), None

    def finish(self, outcome: Outcome, now: datetime, *, closes: bool = False) -> None:
        marked_again = self.generation > self.taken_generation
        self.is_closing = (self.is_closing or closes) and not (isinstance(outcome, Done) and not marked_again)
        unserved = _older(self.marked_since, self.taken_since)
        self.note = None if isinstance(outcome, Done) else inert(outcome.why)
        self.lease_until, self.taken_since, self.interrupted = None, None, 0
        if marked_again:
            self.state, self.due_at, self.attempts = "ready", now, 0
            self.marked_since = self.marked_since if isinstance(outcome, Done) else unserved
            return
        match outcome:
            case Done(next_due=None):
                self.state, self.due_at, self.attempts = "idle", None, 0
            case Done(next_due=when):
                self.state, self.due_at, self.attempts, self.priority = "ready", when, 0, Priority.LIVE
            case RetryAt(when=when, is_parked=is_parked):
                self.state, self.due_at, self.marked_since = "ready", when, unserved
                self.priority = self.priority if self.is_emergency else max(self.priority, Priority.RETRY)
                self.attempts += 0 if is_parked else 1
            case Dead():
                self.state, self.due_at = "dead", None
                self.attempts += 1

    def discard(self) -> None:
        self.state, self.due_at, self.attempts, self.note, self.marked_since = "idle", None, 0, None, None

    def erase(self) -> None:
        self.ref, self.profile, self.note, self.sight = None, None, None, None
        self.codes.clear()
        self.tasks.clear()
        self.fence += 1

    def retire_code(self, now: datetime) -> None:
        for given in self.codes:
            given.retired_at = given.retired_at or now

    def note_taken(self, code: GateCode) -> None:
        for given in self.codes:
            given.taken = given.code == code

    def memory(self) -> CodeMemory:
        return CodeMemory(
            current=next((given.code for given in self.codes if given.retired_at is None), None),
            earlier=tuple(given.code for given in self.codes if given.retired_at is not None),
            taken=next((given.code for given in self.codes if given.taken), None),
        )

    def mend_times(self, now: datetime, *, until: datetime) -> None:
        asked = self.marked_since is not None or self.state == "running"
        if asked and self.due_at is not None:
            self.due_at = min(self.due_at, now)
        if self.lease_until is not None:
            self.lease_until = min(self.lease_until, until)

    def keeps_waiting(self, now: datetime) -> bool:
        if self.state == "running":
            return self.attempts <= FIRST_TRIES
        is_waiting = self.is_due(now) or 1 <= self.attempts <= FIRST_TRIES
        return self.state == "ready" and is_waiting

    def is_meant(self, whom: Whom) -> bool:
        if whom.by is By.TENANT:
            return self.key.tenant == whom.id
        if whom.by is By.RENTAL:
            return whom.id in self.access
        there = (record for record in self.access.values() if record.unit == whom.id)
        return any(record.targets or record.status is not AccessStatus.NONE for record in there)

    def face(self) -> SubjectRow:
        return SubjectRow(key=self.key, state=self.state, due_at=self.due_at, attempts=self.attempts, note=self.note)


def _older(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)
