"""The store in memory: the same port and the same promises as SQLite's, but for the disk. For tests of other rooms.

`bridge.testing.memory_rows` holds its rows and what happens to one of them.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.credential import GateCode
from bridge.domain.dead_letters import (
    DeadLetter,
    Signature,
    Which,
    discard_note,
    discarded,
    replayed,
    say_open_doors,
)
from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject, DeliveryState, NewDelivery, Receipt, Sighting
from bridge.domain.drift import DriftOf
from bridge.domain.erasure import PersonalData, erased
from bridge.domain.errors import Conflict, DoorsOpen, LeaseLost, NotFoundHere, StoreUnavailable
from bridge.domain.evidence import LastListing
from bridge.domain.holds import Hold, decided, of_digest
from bridge.domain.ids import (
    ConnectionName,
    DeliveryId,
    RentalId,
    SiteId,
    SiteKey,
    SubjectKey,
    TargetId,
    TenantId,
    UnitId,
    ids_in,
)
from bridge.domain.judge import Book
from bridge.domain.ledger import LedgerEntry, LedgerKind, NumberedEntry
from bridge.domain.operations import Cancelled, Item, NewOperation, Operation, OperationId
from bridge.domain.pauses import Pause, Place
from bridge.domain.proposal import Approvable
from bridge.domain.queueing import Waiting, choose
from bridge.domain.revocations import LIFTED, REVOKED, Banned, Revocation, revocation, told_of
from bridge.domain.silence import Arrived, slot_of
from bridge.domain.slots import AccountBook, Ask, Granted, rent
from bridge.domain.transfers import Link
from bridge.domain.whom import Whom
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.clock import Clock
from bridge.ports.proof import Extract, Held, Holder, LedgerRow
from bridge.ports.pruning import Before, Pruned
from bridge.ports.queue import QueueView
from bridge.ports.store import (
    AlertRow,
    Announcement,
    Cadence,
    Claim,
    DeliveryRow,
    DeliverySettlement,
    Judged,
    Known,
    Priority,
    SubjectCommit,
    SubjectRecord,
    SubjectRow,
)
from bridge.testing import memory_desk, memory_proof
from bridge.testing.memory_guard import MemoryGuard
from bridge.testing.memory_operations import MemoryOperations
from bridge.testing.memory_revocations import MemoryRevocations
from bridge.testing.memory_rows import GivenCode, KeptDelivery, KeptSubject
from bridge.testing.memory_shelf import MemoryShelf

LEASE: Final = timedelta(seconds=120)
CODE_REST: Final = timedelta(days=90)
CLOCK_STEP: Final = timedelta(seconds=1)
POLL_SECONDS: Final = 5.0
_HAVE_ACCESS: Final = frozenset({AccessStatus.GRANTED, AccessStatus.SUSPENDED})
_COUNTED: Final = ("new", "running", "quarantined", "dead")


class MemoryStore:
    """Meets every port of `bridge.ports.store`. `failing` makes every call raise `StoreUnavailable` until it is None.

    `ledger` may be read by a test.
    """

    def __init__(self, clock: Clock, *, lease: timedelta = LEASE) -> None:
        self.ledger: list[LedgerEntry] = []
        self.failing: str | None = None
        self._clock = clock
        self._lease = lease
        self._latest = clock.now()
        self._deliveries: dict[DeliveryId, KeptDelivery] = {}
        self._ids: dict[tuple[str, str], DeliveryId] = {}
        self._subjects: dict[SubjectKey, KeptSubject] = {}
        self._links: dict[tuple[ConnectionName, RentalId], Link] = {}
        self._pauses: dict[Place, Pause] = {}
        self._guard = MemoryGuard()
        self._approvables: dict[str, Approvable] = {}
        self._operations = MemoryOperations(self._subjects, self._mark, self.ledger)
        self._revoked = MemoryRevocations()
        self._bookmarks: dict[str, str] = {}
        self._listings: dict[SiteKey, tuple[LastListing, datetime]] = {}
        self._shelves: dict[SiteKey, MemoryShelf] = {}
        self._books: dict[str, AccountBook] = {}
        self._turns: dict[str, tuple[datetime, bool]] = {}
        self._places = Counter[WorkKind]()

    @property
    def cadence(self) -> Cadence:
        return Cadence(lease=self._lease.total_seconds(), poll=POLL_SECONDS, is_shared=False)

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def is_certain(self) -> bool:
        return True

    @property
    def certain_since(self) -> float:
        return -math.inf

    def on_work(self, heard: Callable[[], None]) -> None:
        """Nobody else stores anything here."""

    async def put(self, delivery: NewDelivery) -> Receipt:
        self._check()
        key = (delivery.connection, delivery.event_id)
        if key in self._ids:
            return Receipt.DUPLICATE
        self._ids[key] = new = DeliveryId(max(self._deliveries, default=0) + 1)
        self._deliveries[new] = KeptDelivery(new, delivery)
        return Receipt.ACCEPTED

    async def probe(self) -> None:
        self._check()

    async def claim_deliveries(
        self, limit: int, *, without: Collection[ConnectionName] = ()
    ) -> Sequence[ClaimedDelivery]:
        now = self._now()
        for row in self._deliveries.values():
            row.take_back_expired(now)
        rows = {int(row.id): row for row in self._deliveries.values() if row.new.connection not in without}
        waiting = [row.waiting() for row in rows.values() if row.is_due(now)]
        return [rows[number].claim(now + self._lease) for number in self._choose(WorkKind.DELIVERY, waiting, limit)]

    async def settle_delivery(self, claim: ClaimedDelivery, settlement: DeliverySettlement) -> None:
        self._check()
        row = self._deliveries[claim.id]
        row.settle(claim, settlement)
        self.ledger += settlement.entries
        for key in sorted({sighting.subject for sighting in settlement.sightings}):
            found = self._subjects.setdefault(key, KeptSubject(key))
            now, since = self._clock.now(), claim.received_at
            found.mark(settlement.priority, now=now, since=since, closes=settlement.closes)
            row.subjects.add(key)
        self._make_known(settlement.sightings)
        self._keep_transfers(claim.connection, settlement.transfers)

    async def next_delivery_due(self, *, without: Collection[ConnectionName] = ()) -> datetime | None:
        self._check()
        rows = (
            row
            for row in self._deliveries.values()
            if row.state is DeliveryState.RUNNING or row.new.connection not in without
        )
        return min((row.wakes_at for row in rows if row.wakes_at is not None), default=None)

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        now = self._now()
        for row in self._subjects.values():
            row.take_back_expired(now)
        rows = {number: row for number, row in self._numbered().items() if _site(row.key) not in without}
        waiting = [
            row.waiting(number, is_ahead=_site(row.key) in closing_first)
            for number, row in rows.items()
            if row.state == "ready" and row.is_due(now) and (row.is_emergency or not only_emergencies)
        ]
        return [rows[number].claim(now + self._lease) for number in self._choose(WorkKind.SUBJECT, waiting, limit)]

    async def renew(self, claims: Collection[Claim]) -> Sequence[Claim]:
        until, lost = self._now() + self._lease, list[Claim]()
        for claim in claims:
            row = (
                self._deliveries.get(claim.id) if isinstance(claim, ClaimedDelivery) else self._subjects.get(claim.key)
            )
            if row is None or row.fence != claim.fence or row.state != "running":
                lost.append(claim)
            else:
                row.lease_until = until
        return lost

    async def rent(self, account: str, ask: Ask) -> Granted:
        book = self._books.get(account, AccountBook())
        self._books[account], granted = rent(book, replace(ask, holder="0"), self._now().timestamp())
        return granted

    async def take_turn(self, duty: str, *, every: float, longest: float) -> bool:
        now = self._now()
        if duty in self._turns:
            began, is_over = self._turns[duty]
            wait = timedelta(seconds=every if is_over else max(every, longest))
            if began <= now < began + wait:
                return False
        self._turns[duty] = (now, False)
        return True

    async def end_turn(self, duty: str) -> None:
        self._check()
        if duty in self._turns:
            self._turns[duty] = (self._turns[duty][0], True)

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        self._check()
        rows = [row for row in self._subjects.values() if row.state == "running" or _site(row.key) not in without]
        if only_emergencies:
            rows = [row for row in rows if row.state == "ready" and row.is_emergency]
        return min((row.wakes_at for row in rows if row.wakes_at is not None), default=None)

    async def mark_known(self, *, priority: Priority, site: tuple[ConnectionName, SiteId] | None = None) -> int:
        self._check()
        now = self._clock.now()
        rows = [row for row in self._subjects.values() if site in (None, (row.key.connection, row.key.site))]
        for row in rows:
            row.mark(priority, now=now, since=now)
        return len(rows)

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        self._check()
        now = self._clock.now()
        unknown = {seen.subject for seen in sightings} - self._subjects.keys()
        rows = {key: self._subjects.setdefault(key, KeptSubject(key)) for key in {seen.subject for seen in sightings}}
        new = [seen for seen in sightings if seen.rental not in rows[seen.subject].access]
        for key in {seen.subject for seen in new}:
            rows[key].mark(priority, now=now, since=now)
        self._make_known(new)
        return len(unknown)

    async def begin(self, claim: ClaimedSubject) -> SubjectRecord:
        return await self.load(claim.key)

    async def load(self, subject: SubjectKey) -> SubjectRecord:
        self._check()
        row, revoked = self._subjects.get(subject), self._revoked.of_subject(subject)
        if row is None:
            return SubjectRecord(revocation=revoked)
        links = {
            left: link
            for (connection, left), link in self._links.items()
            if connection == subject.connection and (left in row.access or link.heir in row.access)
        }
        linked = {*links, *(link.heir for link in links.values())}
        others = [one for one in self._subjects.values() if one.key.connection == subject.connection and one is not row]
        return SubjectRecord(
            access=dict(row.access),
            codes=row.memory(),
            ref=row.ref,
            profile=row.profile,
            shadow=row.shadow,
            links=links,
            elsewhere={rental: other.key for other in others for rental in other.access if rental in linked},
            open_tasks=dict(row.tasks),
            holds=self._guard.holds_of(subject),
            revocation=revoked,
            sight=row.sight,
        )

    async def holders(self, subject: SubjectKey, units: Collection[UnitId]) -> Sequence[SubjectKey]:
        self._check()
        site = (subject.connection, subject.site)
        others = [row for row in self._subjects.values() if (row.key.connection, row.key.site) == site]
        found = {row.key for row in others for record in row.access.values() if record.unit in units and record.targets}
        return sorted(found - {subject})

    async def take_code(
        self, claim: ClaimedSubject, code: GateCode, entry: LedgerEntry, access: Sequence[AccessRecord] = ()
    ) -> None:
        row, now = self._held(claim), self._clock.now()
        for other in self._subjects.values():
            same_site = (other.key.connection, other.key.site) == (row.key.connection, row.key.site)
            if other is not row and same_site and any(given.bars(code, now - CODE_REST) for given in other.codes):
                raise Conflict("another tenant of the site has this gate code, or had it a short time ago")
        if not any(given.code == code and given.retired_at is None for given in row.codes):
            row.retire_code(now)
            row.codes.append(GivenCode(code))
        row.access |= {record.rental: record for record in access}
        self.ledger.append(entry)

    async def note(self, claim: ClaimedSubject, entries: Sequence[LedgerEntry], access: Sequence[AccessRecord]) -> None:
        row = self._held(claim)
        self.ledger += entries
        row.access |= {record.rental: record for record in access}

    async def announce(self, claim: ClaimedSubject, announcement: Announcement) -> Judged:
        row = self._held(claim)
        records = {key: one.access for key, one in self._subjects.items()}
        judged = self._guard.judged(claim.key, announcement, records, self._now())
        if judged.held:
            self.ledger += judged.alerts
        else:
            self.ledger += announcement.entries
            row.access |= {record.rental: record for record in announcement.access}
        return judged

    async def read_book(self, site: SiteKey) -> Book:
        records = {key: one.access for key, one in self._subjects.items()}
        return self._guard.book(site, records, self._now())

    async def keep_ref(self, claim: ClaimedSubject, ref: Mapping[str, Any] | None) -> None:
        self._held(claim).ref = None if ref is None else dict(ref)

    async def commit(self, claim: ClaimedSubject, end: SubjectCommit) -> None:
        row, now = self._held(claim), self._clock.now()
        row.access |= {record.rental: record for record in end.access}
        for unit in end.mended:
            row.tasks.pop(unit, None)
        row.tasks |= end.tasks
        if end.taken_code is not None:
            row.note_taken(end.taken_code)
        row.profile = end.profile or row.profile
        if end.shadow is not None:
            row.shadow = dict(end.shadow) or None
        if end.sight is not None and (end.is_first_sight or row.sight is not None):
            row.sight = end.sight
        if end.retire_code:
            row.retire_code(now)
        self._guard.let_go(claim.key, end.let_go)
        self.ledger += end.entries
        row.finish(end.outcome, now, closes=end.closes)
        for key in sorted(end.wake):
            self._subjects.setdefault(key, KeptSubject(key)).mark(Priority.LIVE, now=now, since=now)

    async def list_deliveries(
        self,
        *,
        state: DeliveryState | None,
        connection: ConnectionName | None,
        limit: int,
        before: DeliveryId | None,
    ) -> Sequence[DeliveryRow]:
        self._check()
        chosen = [
            row
            for row in reversed(self._deliveries.values())
            if state in (None, row.state)
            and connection in (None, row.new.connection)
            and (before is None or row.id < before)
        ]
        return [row.face() for row in chosen[:limit]]

    async def show_delivery(self, delivery: DeliveryId) -> DeliveryRow:
        self._check()
        row = self._deliveries.get(delivery)
        if row is None:
            raise NotFoundHere(f"there is no delivery {delivery}")
        return row.face(self._faces(row.subjects))

    async def replay_delivery(self, delivery: DeliveryId, entry: LedgerEntry) -> DeliveryRow:
        if (await self.show_delivery(delivery)).body is None:
            raise NotFoundHere(f"the body of delivery {delivery} is no longer kept: sweep its site instead")
        self._deliveries[delivery].replay(self._clock.now())
        self.ledger.append(entry)
        return await self.show_delivery(delivery)

    async def list_alerts(self, *, limit: int) -> Sequence[AlertRow]:
        self._check()
        numbered = [AlertRow(id=place, entry=entry) for place, entry in enumerate(self.ledger, start=1)]
        return [row for row in reversed(numbered) if row.entry.kind is LedgerKind.ALERT][:limit]

    async def counts(self) -> Mapping[str, int]:
        self._check()
        deliveries = [row.state.value for row in self._deliveries.values()]
        subjects = [row.state for row in self._subjects.values()]
        return {
            **{f"delivery.{state}": deliveries.count(state) for state in _COUNTED},
            **{f"subject.{state}": subjects.count(state) for state in ("ready", "running", "dead")},
        }

    async def find_subjects(self, whom: Whom, sites: Collection[SiteKey]) -> Sequence[SubjectRow]:
        self._check()
        there = [key for key in sorted(self._subjects) if (key.connection, key.site) in sites]
        return self._faces(key for key in there if self._subjects[key].is_meant(whom))

    async def list_subjects(self, site: SiteKey, *, limit: int, after: TenantId | None = None) -> Sequence[SubjectRow]:
        self._check()
        there = [key for key in sorted(self._subjects) if (key.connection, key.site) == site]
        return self._faces([key for key in there if key.tenant > (after or "")][:limit])

    async def known_at(self, site: SiteKey, *, limit: int, after: TenantId | None = None) -> Sequence[Known]:
        rows = await self.list_subjects(site, limit=limit, after=after)
        return [Known(row=row, record=await self.load(row.key)) for row in rows]

    async def last_listing(self, site: SiteKey) -> LastListing:
        self._check()
        here = (row for row in self._subjects.values() if _site(row.key) == site)
        records = [record for row in here for record in row.access.values()]
        if site not in self._listings:
            return LastListing(count=sum(record.status in _HAVE_ACCESS for record in records))
        last, kept_at = self._listings[site]
        over = [record.since for record in records if record.status is AccessStatus.NONE]
        return replace(last, ended=sum(since is not None and since > kept_at for since in over))

    async def keep_listing(self, site: SiteKey, last: LastListing, entries: Sequence[LedgerEntry] = ()) -> None:
        self._check()
        self._listings[site] = (last, self._now())
        self.ledger += entries

    async def view_queue(self, *, site: SiteId | None, limit: int) -> QueueView:
        self._check()
        return memory_desk.view(self._numbered(), self._deliveries, site=site, limit=limit, now=self._clock.now())

    async def list_dead(self, which: Which, *, limit: int, after: WorkId | None = None) -> Sequence[DeadLetter]:
        self._check()
        return memory_desk.list_dead(self._numbered(), self._deliveries, which, after)[:limit]

    async def show_dead(self, letter: WorkId) -> DeadLetter:
        self._check()
        found = memory_desk.list_dead(self._numbered(), self._deliveries, Which(kind=letter.kind))
        for one in found:
            if one.id == letter:
                return one
        raise NotFoundHere(f"{letter} is not, or no longer, a dead letter")

    async def replay_dead(self, letter: WorkId, by: Signature) -> DeadLetter:
        found = await self.show_dead(letter)
        if found.subject is not None:
            self._subjects[found.subject].mark(Priority.RETRY, now=by.at, since=by.at)
        else:
            self._deliveries[DeliveryId(letter.number)].replay(by.at)
        self.ledger.append(replayed(found, by))
        return found

    async def discard_dead(self, letter: WorkId, by: Signature, *, despite_open_doors: bool) -> DeadLetter:
        found = await self.show_dead(letter)
        if found.open_doors and not despite_open_doors:
            raise DoorsOpen(say_open_doors(found))
        if found.subject is not None:
            self._subjects[found.subject].discard()
        else:
            self._deliveries[DeliveryId(letter.number)].discard(discard_note(by))
        self.ledger.append(discarded(found, by))
        return found

    async def list_drift(self, site: SiteId | None = None) -> Sequence[DriftOf]:
        self._check()
        rows = [row for row in self._subjects.values() if row.sight is not None and site in {None, row.key.site}]
        found = [DriftOf(subject=row.key, drift=one) for row in rows if row.sight for one in row.sight.left]
        return sorted(found, key=lambda one: (one.subject, one.drift.aspect, one.drift.target or ""))

    async def forget_sights(self, subjects: Collection[SubjectKey]) -> None:
        self._check()
        for row in self._subjects.values():
            row.sight = None if row.key in subjects else row.sight

    async def list_holds(self) -> Sequence[Hold]:
        self._check()
        return self._guard.list_holds()

    async def release_hold(self, digest: str, by: Signature) -> Hold:
        found = of_digest(await self.list_holds(), digest)
        self._guard.release(found)
        return self._decide(found, "released", by)

    async def drop_hold(self, digest: str, by: Signature) -> Hold:
        found = of_digest(await self.list_holds(), digest)
        self._guard.drop(found)
        return self._decide(found, "dropped", by)

    def _decide(self, hold: Hold, what: str, by: Signature) -> Hold:
        now = self._clock.now()
        for key in {item.subject for item in hold.items}:
            self._subjects[key].mark(Priority.LIVE, now=now, since=now, closes=True)
        self.ledger += decided(hold, what, by)
        return hold

    async def list_revocations(self) -> Sequence[Revocation]:
        self._check()
        return self._revoked.standing()

    async def keep_revocation(self, banned: Banned, by: Signature) -> Sequence[SubjectKey]:
        now = self._now()
        self._revoked.keep(revocation(banned, by))
        return self._ban(REVOKED, banned, by, lambda row: row.mark(Priority.EMERGENCY, now=now, since=now, closes=True))

    async def lift_revocation(self, banned: Banned, by: Signature) -> Sequence[SubjectKey]:
        now = self._now()
        self._revoked.lift(banned)

        def readmit(row: KeptSubject) -> None:
            row.priority = Priority.LIVE if row.is_emergency else row.priority
            row.mark(Priority.LIVE, now=now, since=now)

        return self._ban(LIFTED, banned, by, readmit)

    def _ban(
        self, what: str, banned: Banned, by: Signature, mark: Callable[[KeptSubject], None]
    ) -> Sequence[SubjectKey]:
        keys = [key for key in sorted(self._subjects) if banned.covers(key)]
        for key in keys:
            mark(self._subjects[key])
        self.ledger += told_of(what, banned, keys, by)
        return keys

    async def doubted(self) -> str | None:
        self._check()
        return self._guard.doubt

    async def doubt(self, why: str, entry: LedgerEntry) -> None:
        self._check()
        self._guard.doubt = why
        self.ledger.append(entry)

    async def trust(self, entry: LedgerEntry) -> int:
        self._check()
        over, now = self._guard.trust(), self._clock.now()
        for key in set(over):
            self._subjects[key].mark(Priority.LIVE, now=now, since=now, closes=True)
        self.ledger.append(entry)
        return len(over)

    async def keep_approvable(self, plan: Approvable) -> None:
        now = self._now()
        self._approvables = {name: one for name, one in self._approvables.items() if one.expires_at > now}
        self._approvables[plan.digest] = plan

    async def find_approvable(self, digest: str) -> Approvable | None:
        self._check()
        return self._approvables.get(digest)

    async def begin_operation(self, new: NewOperation) -> OperationId:
        return self._operations.begin(new, self._now())

    async def open_operations(self) -> Sequence[OperationId]:
        self._check()
        return self._operations.open()

    async def advance_operation(self, operation: OperationId) -> Operation:
        return self._operations.advance(operation, self._now())

    async def list_operations(self, *, limit: int) -> Sequence[Operation]:
        self._check()
        return self._operations.listed(limit)

    async def show_operation(self, operation: OperationId) -> Operation:
        self._check()
        return self._operations.show(operation)

    async def list_items(self, operation: OperationId, *, limit: int, after: int = -1) -> Sequence[Item]:
        self._check()
        return [item for item in self._operations.items(operation) if item.place > after][:limit]

    async def cancel_operation(self, operation: OperationId, by: Signature) -> Cancelled:
        return self._operations.cancel(operation, by, self._now())

    async def resume_operation(self, operation: OperationId, by: Signature) -> Operation:
        self._check()
        return self._operations.resume(operation, by)

    async def list_pauses(self) -> Sequence[Pause]:
        self._check()
        return sorted(self._pauses.values(), key=lambda pause: pause.since)

    async def keep_pause(self, pause: Pause, entry: LedgerEntry) -> None:
        self._check()
        self._pauses[pause.place] = pause
        self.ledger.append(entry)

    async def end_pause(self, place: Place, entry: LedgerEntry) -> None:
        self._check()
        if self._pauses.pop(place, None) is None:
            raise NotFoundHere(f"{place} is not paused")
        self.ledger.append(entry)

    async def record(self, entries: Sequence[LedgerEntry]) -> None:
        self._check()
        self.ledger += entries

    async def ledger_end(self) -> int:
        self._check()
        return len(self.ledger)

    async def read_ledger(self, which: Extract, *, after: int, through: int, limit: int) -> Sequence[LedgerRow]:
        self._check()
        return memory_proof.read_ledger(self.ledger, which, after=after, through=through)[:limit]

    async def shadow_notes(self, site: SiteKey, *, since: datetime | None = None) -> Sequence[LedgerEntry]:
        self._check()
        return memory_proof.shadow_notes(self.ledger, site, since)

    async def shadow_stages(self, site: SiteKey) -> Sequence[Mapping[str, Any]]:
        self._check()
        return [row.shadow for row in self._subjects.values() if _site(row.key) == site and row.shadow is not None]

    async def list_holders(self, held: Held, *, after: int, limit: int) -> Sequence[Holder]:
        self._check()
        return memory_proof.list_holders(self._numbered(), self.ledger, held, after=after)[:limit]

    async def subjects_at_door(self, door: TargetId, *, site: SiteId | None = None) -> Sequence[SubjectKey]:
        self._check()
        return memory_proof.subjects_at_door(self.ledger, door, site=site)

    async def door_entries(
        self, subjects: Sequence[SubjectKey], *, door: TargetId | None = None
    ) -> Mapping[SubjectKey, Sequence[NumberedEntry]]:
        self._check()
        return memory_proof.door_entries(self.ledger, subjects, door)

    async def find_personal(
        self, tenant: TenantId, *, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        self._check()
        keys = (key for key in sorted(self._subjects) if key.tenant == tenant and connection in {None, key.connection})
        return [memory_proof.personal(self._subjects[key], self._bodies_of(key)) for key in keys]

    async def erase_personal(
        self, tenant: TenantId, by: Signature, *, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        found = await self.find_personal(tenant, connection=connection)
        for why in (one.why_kept() for one in found):
            if why is not None:
                raise DoorsOpen(why)
        for one in found:
            for kept in self._deliveries.values():
                if one.subject in kept.subjects:
                    kept.erase()
            self._subjects[one.subject].erase()
            self.ledger.append(erased(one, by))
        return found

    def _bodies_of(self, key: SubjectKey) -> list[KeptDelivery]:
        return [row for row in self._deliveries.values() if key in row.subjects and not row.is_emptied]

    async def is_busy(self, site: SiteKey) -> bool:
        now = self._now()
        rows = (row for row in self._subjects.values() if (row.key.connection, row.key.site) == site)
        return any(row.keeps_waiting(now) for row in rows)

    async def prune(self, before: Before, *, limit: int) -> Pruned:
        self._check()
        old = [row for row in self._deliveries.values() if row.id < max(self._deliveries)]
        removed = [row for row in old if row.is_removable(before)][:limit]
        for row in removed:
            del self._deliveries[row.id], self._ids[row.new.connection, row.new.event_id]
        rest = [row for row in old if row not in removed and row.is_to_be_emptied(before)]
        emptied = rest[: limit - len(removed)]
        for row in emptied:
            row.empty()
        return Pruned(emptied=len(emptied), removed=len(removed))

    def shelf(self, site: SiteKey) -> MemoryShelf:
        return self._shelves.setdefault(site, MemoryShelf(self._check))

    async def bookmark(self, name: str) -> str | None:
        self._check()
        return self._bookmarks.get(name)

    async def keep_bookmark(self, name: str, value: str, entries: Sequence[LedgerEntry] = ()) -> None:
        self._check()
        self._bookmarks[name] = value
        self.ledger += entries

    async def arrivals(self, connection: ConnectionName, *, after: DeliveryId) -> Arrived | None:
        self._check()
        rows = [row for row in self._deliveries.values() if row.new.connection == connection and row.id > after]
        moments = [row.new.received_at for row in rows]
        if not rows:
            return None
        return Arrived(
            last=max(row.id for row in rows),
            first_at=min(moments),
            last_at=max(moments),
            slots=frozenset(slot_of(moment) for moment in moments),
        )

    async def mark_seen(
        self,
        sightings: Sequence[Sighting],
        *,
        if_known: Collection[SubjectKey] = (),
        priority: Priority,
        transfers: Mapping[RentalId, RentalId],
    ) -> int:
        self._check()
        now = self._clock.now()
        if sightings:
            self._keep_transfers(sightings[0].subject.connection, transfers)
        for key in set(if_known) & self._subjects.keys():
            self._subjects[key].mark(priority, now=now, since=now, closes=True)
        unknown = {seen.subject for seen in sightings} - self._subjects.keys()
        self._mark(sightings, priority)
        return len(unknown)

    def _mark(self, sightings: Sequence[Sighting], priority: Priority) -> None:
        now = self._clock.now()
        for key in sorted({seen.subject for seen in sightings}):
            self._subjects.setdefault(key, KeptSubject(key)).mark(priority, now=now, since=now)
        self._make_known(sightings)

    async def heard(
        self, connection: ConnectionName, words: Mapping[str, Collection[str]], *, since: datetime
    ) -> Collection[tuple[str, str]]:
        self._check()
        rows = [row.new for row in self._deliveries.values() if row.new.connection == connection]
        told = [new for new in rows if new.received_at >= since and new.event_type in words]
        return {(new.event_type, word) for new in told for word in ids_in(new.body) & set(words[new.event_type])}

    async def close(self) -> None:
        self.failing = "the store is closed"

    def _check(self) -> None:
        if self.failing is not None:
            raise StoreUnavailable(self.failing)

    def _now(self) -> datetime:
        self._check()
        now = self._clock.now()
        if now < self._latest - CLOCK_STEP:
            for delivery in self._deliveries.values():
                delivery.mend_times(now, until=now + self._lease)
            for subject in self._subjects.values():
                subject.mend_times(now, until=now + self._lease)
        self._latest = now
        return now

    def _held(self, claim: ClaimedSubject) -> KeptSubject:
        self._check()
        row = self._subjects.get(claim.key)
        if row is None or row.fence != claim.fence or row.state != "running":
            raise LeaseLost("the subject is no longer ours")
        return row

    def _make_known(self, sightings: Iterable[Sighting]) -> None:
        for seen in sightings:
            self._subjects[seen.subject].access.setdefault(seen.rental, AccessRecord(rental=seen.rental))

    def _keep_transfers(self, connection: ConnectionName, transfers: Mapping[RentalId, RentalId]) -> None:
        for left, heir in transfers.items():
            kept = self._links.get((connection, left))
            if kept is None or kept.heir != heir:
                self._links[connection, left] = Link(heir=heir, seen_at=self._clock.now())

    def _choose(self, kind: WorkKind, waiting: Sequence[Waiting], limit: int) -> Sequence[int]:
        chosen = choose(waiting, limit=limit, first_place=self._places[kind] + 1)
        self._places[kind] += len(chosen)
        return chosen

    def _numbered(self) -> dict[int, KeptSubject]:
        return dict(enumerate(self._subjects.values(), start=1))

    def _faces(self, keys: Iterable[SubjectKey]) -> tuple[SubjectRow, ...]:
        numbers = {row.key: number for number, row in self._numbered().items()}
        return tuple(replace(self._subjects[key].face(), number=numbers[key]) for key in sorted(keys))


def _site(key: SubjectKey) -> SiteKey:
    return key.connection, key.site
