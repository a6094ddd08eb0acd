"""Who could open which door, when, and how that is known: read from one subject's entries in the ledger.

A door is known to be open, suspended or closed only from a look at the vendor. From the moment that a change is sent
until it is seen, what the door is is unknown; so it stays when the vendor accepts a change and does not show it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bridge.domain.changes import Kind
from bridge.domain.doors_seen import CHANGE, DOOR, RENTALS, WANTED, DoorWord, ReadBack
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.intervals import DoorHistory, DoorState, Interval, Stage
from bridge.domain.ledger import LedgerEntry, LedgerKind, NumberedEntry

_STATE_AFTER: Final[Mapping[Kind, DoorState]] = {
    Kind.GRANT: DoorState.OPEN,
    Kind.RESUME: DoorState.OPEN,
    Kind.SUSPEND: DoorState.SUSPENDED,
    Kind.REVOKE: DoorState.CLOSED,
    Kind.REMOVE_PERSON: DoorState.CLOSED,
}
"""Other changes leave the doors as they are."""
_STATE_SEEN: Final[Mapping[DoorWord, DoorState]] = {
    DoorWord.OPEN: DoorState.OPEN,
    DoorWord.SUSPENDED: DoorState.SUSPENDED,
    DoorWord.CLOSED: DoorState.CLOSED,
}
_STAGE_AFTER: Final[Mapping[str, Stage]] = {"accepted": Stage.ACCEPTED, "unknown": Stage.NO_ANSWER}
_DOOR_KINDS: Final = frozenset({LedgerKind.INTENT, LedgerKind.OUTCOME, LedgerKind.READ_BACK})


def door_histories(entries: Iterable[NumberedEntry]) -> dict[TargetId, DoorHistory]:
    """Return the doors of one subject from its entries, in the order of their numbers; others are passed over.

    The entries of one door, with those of no door, give the same history of it. What a later version has written in
    words that this one does not know says nothing.
    """
    reader = _Reader()
    for one in entries:
        reader.read(one)
    return {target: door.history(target) for target, door in sorted(reader.doors.items()) if door.intervals}


@dataclass(slots=True)
class _Door:
    intervals: list[Interval] = field(default_factory=list)
    known: tuple[DoorState, tuple[int, ...]] | None = None
    """What it was seen to be last, and by which entries."""
    pending: dict[Kind, Stage] = field(default_factory=dict)
    by: tuple[int, ...] = ()
    why: str = ""
    rentals: tuple[RentalId, ...] = ()

    @property
    def state(self) -> DoorState:
        return self.intervals[-1].state if self.intervals else DoorState.CLOSED

    def sent(self, kind: Kind, number: int, entry: LedgerEntry) -> None:
        wanted = entry.details.get(WANTED)
        seen = _seen(entry)
        if seen is not None and self.pending and seen in {_STATE_AFTER[one] for one in self.pending}:
            self.pending.clear()  # what was on its way has come
        if seen is not None and not self.pending:
            self._found(seen, number)
            self.known = (seen, (number,))
        self.rentals = _rentals(entry) or self.rentals
        self.why = f"{kind} ({wanted})" if wanted else str(kind)
        self.by = (*self.by, number) if self.pending else (number,)
        self.pending[kind] = Stage.SENT
        self._on_the_way(kind, entry.at)

    def answered(self, kind: Kind, number: int, entry: LedgerEntry) -> None:
        if kind not in self.pending:
            return
        self.by = (*self.by, number)
        stage = _STAGE_AFTER.get(entry.what)
        if stage is not None:
            self.pending[kind] = stage
            self._on_the_way(kind, entry.at)
            return
        del self.pending[kind]
        if self.pending:
            self._on_the_way(next(reversed(self.pending)), entry.at)
        elif self.known is not None:
            state, by = self.known
            self._begin(entry.at, state, Stage.FAILED, by=(*by, *self.by))
        else:
            self._begin(entry.at, DoorState.UNKNOWN, Stage.FAILED)

    def read_back(self, kind: Kind, number: int, entry: LedgerEntry) -> None:
        seen = _seen(entry)
        if entry.target is None and kind not in self.pending:
            return  # of this door more was said already
        match entry.what:
            case ReadBack.CONFIRMED if DOOR not in entry.details:
                self.seen(_STATE_AFTER[kind], number, entry)
            case ReadBack.CONFIRMED if seen is not None:
                self.seen(seen, number, entry)
            case ReadBack.NOT_SEEN if kind in self.pending:
                self.by = (*self.by, number)
                self.pending[kind] = Stage.NOT_SEEN
                self._on_the_way(kind, entry.at)
            case ReadBack.NOT_SEEN if seen is not None and not self.pending:
                self.seen(seen, number, entry)
            case ReadBack.ACCEPTED | ReadBack.CONFIRMED:
                self.by = (*self.by, number)
                self.pending[kind] = Stage.ACCEPTED
                self._on_the_way(kind, entry.at)

    def seen(self, state: DoorState, number: int, entry: LedgerEntry, *, is_foreign: bool = False) -> None:
        """Take what a look has shown: it ends all that was on its way."""
        self.rentals = (_rentals(entry) if entry.what == ReadBack.SEEN else ()) or self.rentals
        if not self.pending:
            if self._is_as_before(state, is_foreign=is_foreign):
                self._add_evidence(number)
                return
            self._found(state, number)
            self.by, self.why = (), "seen at the vendor"
        self.by = (*self.by, number)
        self.known = (state, self.by)
        self.pending.clear()
        self._begin(entry.at, state, Stage.CONFIRMED, is_foreign=is_foreign)

    def unsettled(self, number: int, entry: LedgerEntry) -> None:
        self.rentals = _rentals(entry) or self.rentals
        self.by = (*self.by, number) if self.pending else (number,)
        self._begin(entry.at, DoorState.UNKNOWN, Stage.ACCEPTED, towards=DoorState.OPEN)

    def history(self, target: TargetId) -> DoorHistory:
        return DoorHistory(target=target, intervals=tuple(self.intervals))

    def _is_as_before(self, state: DoorState, *, is_foreign: bool) -> bool:
        last = self.intervals[-1] if self.intervals else None
        return last is not None and last.state is state and last.is_foreign == is_foreign

    def _add_evidence(self, number: int) -> None:
        last = self.intervals[-1]
        self.by = (*last.by, number)
        self.known = (last.state, self.by)
        self.intervals[-1] = replace(last, by=self.by, stage=Stage.CONFIRMED, rentals=self.rentals)

    def _found(self, state: DoorState, number: int) -> None:
        last = self.intervals[-1] if self.intervals else None
        if last is not None and last.state not in {state, DoorState.UNKNOWN}:
            self.intervals[-1] = replace(last, found_otherwise=number)

    def _on_the_way(self, kind: Kind, at: datetime) -> None:
        self._begin(at, DoorState.UNKNOWN, self.pending[kind], towards=_STATE_AFTER[kind])

    def _begin(
        self,
        at: datetime,
        state: DoorState,
        stage: Stage,
        *,
        by: tuple[int, ...] | None = None,
        towards: DoorState | None = None,
        is_foreign: bool = False,
    ) -> None:
        """End the last interval and begin another; one of no length is left out, and clocks never go back."""
        since = at
        if self.intervals:
            since = max(at, self.intervals[-1].since)
            self.intervals[-1] = replace(self.intervals[-1], until=since)
            if self.intervals[-1].since == since and self.intervals[-1].found_otherwise is None:
                self.intervals.pop()
        self.intervals.append(
            Interval(
                state=state,
                since=since,
                stage=stage,
                why=self.why,
                by=self.by if by is None else by,
                towards=towards,
                rentals=self.rentals,
                is_foreign=is_foreign,
            )
        )


class _Reader:
    def __init__(self) -> None:
        self.doors: dict[TargetId, _Door] = {}
        self._touched: dict[Kind, tuple[TargetId, ...]] = {}
        """The doors that a change of the whole person is about, from its intent on."""

    def read(self, one: NumberedEntry) -> None:
        entry = one.entry
        if entry.kind not in _DOOR_KINDS:
            return
        if entry.kind is LedgerKind.READ_BACK and entry.target is not None and CHANGE not in entry.details:
            self._look(entry.target, one.number, entry)
            return
        kind = _kind(entry)
        if kind is None:
            return
        if entry.kind is LedgerKind.INTENT:
            if entry.target is None:
                self._touched[kind] = tuple(t for t, door in self.doors.items() if _is_touched(kind, door))
            for door in self._meant(kind, entry):
                door.sent(kind, one.number, entry)
        elif entry.kind is LedgerKind.OUTCOME:
            for door in self._meant(kind, entry):
                door.answered(kind, one.number, entry)
        else:
            for door in self._meant(kind, entry):
                door.read_back(kind, one.number, entry)

    def _meant(self, kind: Kind, entry: LedgerEntry) -> list[_Door]:
        if entry.target is not None:
            return [self.doors.setdefault(entry.target, _Door())]
        return [self.doors[target] for target in self._touched.get(kind, ())]

    def _look(self, target: TargetId, number: int, entry: LedgerEntry) -> None:
        door = self.doors.setdefault(target, _Door())
        if entry.details.get(DOOR) == DoorWord.UNSETTLED:
            door.unsettled(number, entry)
        elif (seen := _seen(entry)) is not None:
            door.seen(seen, number, entry, is_foreign=entry.what == ReadBack.FOREIGN)


def _is_touched(kind: Kind, door: _Door) -> bool:
    """Tell whether a change of the whole person is about the door: one that is closed stays so."""
    if kind is Kind.RESUME and door.state is DoorState.UNKNOWN:
        return door.known is None or door.known[0] is not DoorState.CLOSED
    return door.state is not DoorState.CLOSED


def _kind(entry: LedgerEntry) -> Kind | None:
    word = entry.what if entry.kind is LedgerKind.INTENT else entry.details.get(CHANGE)
    kind = Kind(word) if word in set(Kind) else None
    return kind if kind in _STATE_AFTER else None


def _seen(entry: LedgerEntry) -> DoorState | None:
    word = entry.details.get(DOOR)
    return _STATE_SEEN[DoorWord(word)] if word in set(_STATE_SEEN) else None


def _rentals(entry: LedgerEntry) -> tuple[RentalId, ...]:
    if several := entry.details.get(RENTALS):
        return tuple(RentalId(rental) for rental in several.split(","))
    return () if entry.rental is None else (entry.rental,)
