"""The guard's book and what is held, in memory: the same promises as `bridge.store.guard` and `bridge.store.holds`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.access import AccessRecord
from bridge.domain.holds import HeldLoss, Hold, alerts_of, holds_of
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey
from bridge.domain.judge import DAY, Book, Held, Taken, judge
from bridge.domain.trust import DOUBTED
from bridge.ports.store import Announcement, Judged

Records = Mapping[SubjectKey, Mapping[RentalId, AccessRecord]]


@dataclass(frozen=True, slots=True)
class _Kept:
    item: HeldLoss
    is_released: bool = False


class MemoryGuard:
    """`records` are all that the store has."""

    def __init__(self) -> None:
        self._taken: dict[tuple[ConnectionName, SiteId, Held], Taken] = {}
        self._holds: dict[tuple[SubjectKey, Held], _Kept] = {}
        self.doubt: str | None = None

    def judged(self, key: SubjectKey, announcement: Announcement, records: Records, now: datetime) -> Judged:
        book = self._book(key, announcement, records, now)
        verdict = judge(announcement.losing, book, announcement.budgets, now, spared=announcement.spared)
        if not verdict.held:
            for one in verdict.taken:
                self._taken[key.connection, key.site, (one.loss, one.rental)] = Taken(
                    site=key.site,
                    loss=one.loss,
                    rental=one.rental,
                    at=now,
                    site_had=book.site_had,
                    connection_had=book.connection_had,
                )
            return Judged()
        for (loss, rental), why in verdict.held.items():
            kept = _Kept(HeldLoss(subject=key, rental=rental, loss=loss, since=now, why=why))
            self._holds.setdefault((key, (loss, rental)), kept)
        return Judged(held=verdict.held, alerts=alerts_of(key, verdict, book, now))

    def holds_of(self, key: SubjectKey) -> frozenset[Held]:
        return frozenset(held for subject, held in self._holds if subject == key)

    def let_go(self, key: SubjectKey, over: Collection[Held]) -> None:
        for held in over:
            self._holds.pop((key, held), None)

    def list_holds(self) -> Sequence[Hold]:
        return holds_of(kept.item for kept in self._holds.values() if not kept.is_released)

    def release(self, hold: Hold) -> None:
        for item in hold.items:
            place = item.subject, (item.loss, item.rental)
            self._holds[place] = replace(self._holds[place], is_released=True)

    def drop(self, hold: Hold) -> None:
        for item in hold.items:
            del self._holds[item.subject, (item.loss, item.rental)]

    def trust(self) -> Sequence[SubjectKey]:
        """End the doubt and return of whom each loss was that it had held."""
        doubted = [at for at, kept in self._holds.items() if kept.item.why == DOUBTED and not kept.is_released]
        for at in doubted:
            del self._holds[at]
        self.doubt = None
        return [key for key, _ in doubted]

    def _book(self, key: SubjectKey, announcement: Announcement, records: Records, now: datetime) -> Book:
        asked = {one.rental for one in announcement.losing}
        ours = [taken for (name, _, _), taken in self._taken.items() if name == key.connection]
        here = [
            (held, kept)
            for (subject, held), kept in self._holds.items()
            if (subject.connection, subject.site) == (key.connection, key.site)
        ]
        connection = {one: doors for one, doors in records.items() if one.connection == key.connection}
        return Book(
            site=key.site,
            taken=[t for t in ours if abs(now - t.at) < DAY or (t.site == key.site and t.rental in asked)],
            held={held for held, kept in here if not kept.is_released},
            released={held for held, kept in here if kept.is_released},
            site_had=_count({one: doors for one, doors in connection.items() if one.site == key.site}),
            connection_had=_count(connection) if announcement.budgets.counts_connection else 0,
            is_doubted=self.doubt is not None,
        )


def _count(records: Records) -> int:
    return sum(bool(record.targets) for doors in records.values() for record in doors.values())
