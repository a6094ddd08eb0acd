"""Operations in memory: the same promises as `bridge.store.operations`."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.dead_letters import Signature
from bridge.domain.deliveries import Sighting
from bridge.domain.ids import SiteKey, SubjectKey
from bridge.domain.ledger import LedgerEntry
from bridge.domain.operations import (
    AGAIN,
    KEPT,
    OPEN,
    PORTION,
    Before,
    Cancelled,
    Item,
    ItemState,
    NewOperation,
    Operation,
    OperationId,
    OperationState,
    Work,
    already_running,
    before_mark,
    begun,
    decided,
    how_ended,
    is_untouched,
    next_state,
    nobody_there,
)
from bridge.domain.queueing import Priority
from bridge.testing.memory_rows import KeptSubject

Rows = dict[SubjectKey, KeptSubject]
MarkSeen = Callable[[Sequence[Sighting], Priority], None]


@dataclass
class _Place:
    seen: Sighting
    item: Item
    generation: int = 0
    before: Before | None = None


class MemoryOperations:
    """`rows` are those of the queue; `mark` makes tenants due and known."""

    def __init__(self, rows: Rows, mark: MarkSeen, ledger: list[LedgerEntry]) -> None:
        self._rows = rows
        self._mark = mark
        self._ledger = ledger
        self._operations: dict[OperationId, Operation] = {}
        self._places: dict[OperationId, list[_Place]] = {}

    def begin(self, new: NewOperation, now: datetime) -> OperationId:
        if new.is_alone:
            self._refuse_a_second(new.sites)
        for old in [one.id for one in self._operations.values() if one.ended_at and one.ended_at < now - KEPT]:
            del self._operations[old], self._places[old]
        number = OperationId(max(self._operations, default=0) + 1)
        self._operations[number] = Operation(
            id=number,
            kind=new.kind,
            who=new.who,
            at=new.at,
            asked=new.asked,
            digest=new.digest,
            priority=new.priority,
            state=OperationState.RUNNING,
            seconds=new.seconds,
        )
        self._places[number] = [
            _Place(seen, Item(place=place, subject=seen.subject, state=ItemState.WAITING))
            for place, seen in enumerate(new.sightings)
        ]
        self._ledger.append(begun(new, number))
        return number

    def open(self) -> list[OperationId]:
        return [number for number, one in self._operations.items() if one.state in OPEN]

    def listed(self, limit: int) -> list[Operation]:
        return [self.show(number) for number in reversed(self._operations)][:limit]

    def show(self, number: OperationId) -> Operation:
        if number not in self._operations:
            raise nobody_there(number)
        counts = Counter(one.item.state for one in self._places[number])
        return replace(self._operations[number], counts={state: counts[state] for state in ItemState})

    def items(self, number: OperationId) -> list[Item]:
        self.show(number)
        return [one.item for one in self._places[number]]

    def advance(self, number: OperationId, now: datetime) -> Operation:
        found = self.show(number)
        if found.state not in OPEN:
            return found
        for one in self._in(number, ItemState.RUNNING):
            work = self._work(one)
            state = how_ended(work, one.generation, now)
            if state is not None:
                failed = work if state in {ItemState.RETRYING, ItemState.DEAD} else None
                why, due_at = (failed.note, failed.due_at) if failed is not None else (None, None)
                one.item = replace(one.item, state=state, why=why, due_at=due_at)
        if found.state is OperationState.RUNNING:
            room = PORTION - len(self._in(number, ItemState.RUNNING))
            self._feed(self._in(number, ItemState.WAITING)[: max(room, 0)], found.priority, now)
        return self._over(number, now)

    def cancel(self, number: OperationId, by: Signature, now: datetime) -> Cancelled:
        if self.show(number).state not in OPEN:
            return Cancelled(operation=self.show(number), never_begun=0, taken_back=0, at_work=0)
        waiting, running = self._in(number, ItemState.WAITING), self._in(number, ItemState.RUNNING)
        untouched = [one for one in running if one.before is not None and self._is_untouched(one)]
        for one in untouched:
            row, before = self._rows[one.seen.subject], one.before
            assert before is not None, "chosen for it"  # noqa: S101 - a promise of the store to itself
            row.state, row.due_at, row.attempts = before.state, before.due_at, before.attempts
            row.priority, row.taken_generation, row.marked_since = Priority(before.priority), row.generation, None
        for one in (*waiting, *untouched):
            one.item = replace(one.item, state=ItemState.CANCELLED)
        self._operations[number] = replace(self._operations[number], state=OperationState.CANCELLING)
        self._ledger.append(decided(number, "cancelled", by, len(waiting) + len(untouched)))
        return Cancelled(
            operation=self._over(number, now),
            never_begun=len(waiting),
            taken_back=len(untouched),
            at_work=len(running) - len(untouched),
        )

    def resume(self, number: OperationId, by: Signature) -> Operation:
        found = self.show(number)
        left = [one for one in self._places[number] if one.item.state in AGAIN]
        if found.priority is Priority.SWEEP:
            self._refuse_a_second({_site(one) for one in left}, but=number)
        for one in left:
            one.item = replace(one.item, state=ItemState.WAITING, why=None, due_at=None)
        if left:
            running = replace(self._operations[number], state=OperationState.RUNNING, ended_at=None)
            self._operations[number] = running
            self._ledger.append(decided(number, "resumed", by, len(left)))
        return self.show(number)

    def _refuse_a_second(self, sites: Collection[SiteKey], but: int = 0) -> None:
        for number, one in self._operations.items():
            is_like_it = one.state is OperationState.RUNNING and one.priority is Priority.SWEEP and number != but
            left = [*self._in(number, ItemState.WAITING), *self._in(number, ItemState.RUNNING)]
            if is_like_it and {_site(place) for place in left} & set(sites):
                raise already_running(number, one.who)

    def _in(self, number: OperationId, state: ItemState) -> list[_Place]:
        return [one for one in self._places[number] if one.item.state is state]

    def _feed(self, waiting: Sequence[_Place], priority: Priority, now: datetime) -> None:
        works = [self._work(one) for one in waiting]
        self._mark([one.seen for one in waiting], priority)
        for one, work in zip(waiting, works, strict=True):
            one.item = replace(one.item, state=ItemState.RUNNING)
            one.generation, one.before = self._rows[one.seen.subject].generation, before_mark(work, now)

    def _is_untouched(self, one: _Place) -> bool:
        work = self._work(one)
        return work is not None and is_untouched(work, one.generation)

    def _over(self, number: OperationId, now: datetime) -> Operation:
        found = self.show(number)
        state = next_state(found.state, found.counts)
        if state is not found.state:
            self._operations[number] = replace(self._operations[number], state=state, ended_at=now)
        return self.show(number)

    def _work(self, one: _Place) -> Work | None:
        row = self._rows.get(one.seen.subject)
        if row is None:
            return None
        return Work(
            state=row.state,
            generation=row.generation,
            taken_generation=row.taken_generation,
            interrupted=row.interrupted,
            due_at=row.due_at,
            attempts=row.attempts,
            priority=int(row.priority),
            note=row.note,
            is_owed=row.marked_since is not None,
        )


def _site(one: _Place) -> SiteKey:
    return one.seen.subject.connection, one.seen.subject.site
