"""Runs that are not made: what the guard would hold of them, if they came one after another and all went well."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bridge.domain.access import AccessRecord, Loss
from bridge.domain.budgets import SiteBudgets
from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import Change, EntryState, Kind, Observed, Step
from bridge.domain.desired import Desired, leaving
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey, TargetId
from bridge.domain.judge import Book, Held, Losing, Taken, judge, losses
from bridge.domain.plan import Holding, make_plan
from bridge.domain.records import after_run, before_changes

MAX_ROUNDS: Final = 8
_SHOWN_AS: Final = {
    Kind.GRANT: EntryState.ACTIVE,
    Kind.RESUME: EntryState.ACTIVE,
    Kind.SUSPEND: EntryState.SUSPENDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A loss that would be held, or is held already, and why."""

    loss: Loss
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One tenant's run before it begins: what it would find, and what it may do.

    `holds` are losses of the tenant that wait for a person, or that one has released. `occupied` are targets that
    another tenant must leave before they are granted.
    """

    subject: SubjectKey
    desired: Desired
    observed: Observed
    holding: Holding
    capabilities: Capabilities
    budgets: SiteBudgets
    holds: frozenset[Held] = frozenset()
    occupied: frozenset[TargetId] = frozenset()

    @property
    def site(self) -> SiteKey:
        return self.subject.connection, self.subject.site

    def loses(self, changes: Iterable[Change]) -> bool:
        """Tell whether the guard has anything to say of these changes, or of what it has held before."""
        found = losses(changes, self.desired, self.holding.records, self.observed)
        return bool(self.holds) or any(self.budgets.judges(one.loss) for one in found)


class Rehearsal:
    """Keeps the guard's books of a connection's sites as runs would change them, in the order of asking.

    `books` are those of the sites at which anything is asked.
    """

    def __init__(self, books: Mapping[SiteKey, Book], now: datetime) -> None:
        self._now = now
        self._held = {site: set(book.held) for site, book in books.items()}
        self._released = {site: set(book.released) for site, book in books.items()}
        self._had = {site: book.site_had for site, book in books.items()}
        self._had_in_all = {site[0]: book.connection_had for site, book in books.items()}
        self._is_doubted = any(book.is_doubted for book in books.values())
        self._taken: dict[ConnectionName, dict[tuple[str, Held], Taken]] = {}
        for site, book in books.items():
            known = self._taken.setdefault(site[0], {})
            known |= {(one.site, (one.loss, one.rental)): one for one in book.taken}

    def add(self, site: SiteKey, gained: int) -> None:
        """Take note of a run at the site that nothing is lost by, and of how many more rentals have a door then."""
        self._had[site] = self._had.get(site, 0) + gained
        self._had_in_all[site[0]] = self._had_in_all.get(site[0], 0) + gained

    def run(self, part: Part) -> Mapping[RentalId, HeldBack]:
        """Return what would be held of this run, and keep what it would leave."""
        run = _Run(part, self._now)
        held: dict[RentalId, HeldBack] = {}
        while ready := run.ready(held):
            losing = [one for one in run.losses(ready, held) if part.budgets.judges(one.loss)]
            found = self._judged(part, losing, held)
            held |= found
            if not found:
                run.apply(ready)
                self.add(part.site, run.gained())
        over = {hold for hold in part.holds if hold not in run.wanted(held) and hold[1] not in part.desired.frozen}
        self._held[part.site] -= over
        self._released[part.site] -= over
        run.end(held)
        self.add(part.site, run.gained())
        return held

    def _judged(
        self, part: Part, losing: Collection[Losing], held: Collection[RentalId]
    ) -> Mapping[RentalId, HeldBack]:
        site = part.site
        known = self._taken.setdefault(site[0], {})
        book = Book(
            site=site[1],
            taken=tuple(known.values()),
            held=self._held[site],
            released=self._released[site],
            site_had=self._had[site],
            connection_had=self._had_in_all[site[0]],
            is_doubted=self._is_doubted,
        )
        verdict = judge(losing, book, part.budgets, self._now, spared=held)
        if verdict.held:
            self._held[site] |= verdict.held.keys()
            return {rental: HeldBack(loss=loss, why=why) for (loss, rental), why in verdict.held.items()}
        for one in verdict.taken:
            known[site[1], (one.loss, one.rental)] = Taken(
                site=site[1],
                loss=one.loss,
                rental=one.rental,
                at=self._now,
                site_had=book.site_had,
                connection_had=book.connection_had,
            )
        return {}


def gained(part: Part, now: datetime) -> int:
    """Return how many more rentals have a door after a run that the guard has nothing to say of."""
    run, more = _Run(part, now), 0
    while ready := run.ready({}):
        run.apply(ready)
        more += run.gained()
    run.end({})
    return more + run.gained()


@dataclass(slots=True)
class _Run:
    """What a run does at the vendor, on a copy: see `bridge.service.run`."""

    part: Part
    now: datetime
    observed: Observed = field(init=False)
    records: dict[RentalId, AccessRecord] = field(init=False)
    tried: set[Step] = field(init=False, default_factory=set)
    left: tuple[Change, ...] = field(init=False, default=())
    _doors: int = field(init=False)
    _rounds: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.observed, self.records = self.part.observed, dict(self.part.holding.records)
        self._doors = self._count()

    def ready(self, held: Collection[RentalId]) -> list[Change]:
        """Return what can be done now, but for what is held."""
        part = self.part
        holding = replace(part.holding, records=self.records)
        self.left = make_plan(leaving(part.desired, held), self.observed, holding, part.capabilities).changes
        if self._rounds >= MAX_ROUNDS:
            return []
        return [change for change in self.left if change.step not in self.tried and self._can_be_done(change)]

    def _can_be_done(self, change: Change) -> bool:
        return not change.after and not (change.kind is Kind.GRANT and change.target in self.part.occupied)

    def losses(self, changes: Iterable[Change], held: Collection[RentalId]) -> tuple[Losing, ...]:
        return losses(changes, leaving(self.part.desired, held), self.records, self.observed)

    def wanted(self, held: Mapping[RentalId, HeldBack]) -> set[Held]:
        """Return the losses that are still wanted when nothing more can be done."""
        later = {(one.loss, one.rental) for one in self.losses(self.left, held)}
        return later | {(back.loss, rental) for rental, back in held.items()}

    def apply(self, changes: Collection[Change]) -> None:
        self._rounds += 1
        self.records = before_changes(self.records, changes)
        for change in changes:
            self.tried.add(change.step)
            if not self.part.capabilities.refusal(change):
                self.observed = _after(self.observed, change)

    def end(self, held: Collection[RentalId]) -> None:
        self.records = after_run(leaving(self.part.desired, held), self.records, self.observed, {}, self.now)

    def gained(self) -> int:
        """Return how many more rentals have a door than when it was asked last."""
        before, self._doors = self._doors, self._count()
        return self._doors - before

    def _count(self) -> int:
        return sum(bool(record.targets) for record in self.records.values())


def _after(observed: Observed, change: Change) -> Observed:
    """Return what the vendor shows once it has done this."""
    if change.kind is Kind.REMOVE_PERSON:
        return Observed()
    code = observed.code if change.code is None else change.code
    entries = dict(observed.entries)
    shown = _SHOWN_AS.get(change.kind)
    if shown is not None:
        entries |= dict.fromkeys(entries if change.target is None else [change.target], shown)
    elif change.kind is Kind.REVOKE and change.target is not None:
        entries.pop(change.target, None)
    is_in_doubt = observed.code_in_doubt and change.kind is not Kind.CHANGE_CODE
    return replace(observed, exists=True, code=code, entries=entries, code_in_doubt=is_in_doubt)
