"""The store: async ports in front, units of work behind, whatever the database."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bridge.domain.access import AccessRecord
from bridge.domain.credential import GateCode
from bridge.domain.dead_letters import DeadLetter, Signature, Which
from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject, DeliveryState, NewDelivery, Receipt, Sighting
from bridge.domain.drift import DriftOf
from bridge.domain.erasure import PersonalData
from bridge.domain.evidence import LastListing
from bridge.domain.holds import Hold
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
)
from bridge.domain.judge import Book
from bridge.domain.ledger import LedgerEntry, NumberedEntry
from bridge.domain.operations import Cancelled, Item, NewOperation, Operation, OperationId
from bridge.domain.pauses import Pause, Place
from bridge.domain.proposal import Approvable
from bridge.domain.revocations import Banned, Revocation
from bridge.domain.silence import Arrived
from bridge.domain.slots import Ask, Granted
from bridge.domain.whom import Whom
from bridge.domain.work_id import WorkId, WorkKind
from bridge.ports.clock import Clock
from bridge.ports.proof import Extract, Held, Holder, LedgerRow
from bridge.ports.pruning import Before, Pruned
from bridge.ports.queue import QueueView
from bridge.ports.shelf import Shelf
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
from bridge.store import (
    account_books,
    approvals,
    arrivals,
    bookmarks,
    dead_letters,
    desk,
    erasure,
    guard,
    hearing,
    holders,
    holds,
    inbox,
    ledger,
    ledger_rows,
    listed,
    listings,
    meta,
    operations,
    pauses,
    pruning,
    queue,
    records,
    revocations,
    runs,
    shadows,
    sights,
    site_watch,
    subjects,
    trust,
    turns,
)
from bridge.store.ahead import ReadAhead
from bridge.store.codes import SealedCode
from bridge.store.jobs import Unit
from bridge.store.keyring import Keyring
from bridge.store.leases import Lease, Places
from bridge.store.shelf import SqlShelf
from bridge.store.ways import Ways

T = TypeVar("T")
C = TypeVar("C", ClaimedDelivery, ClaimedSubject)
SWEEP_PAGE: Final = 500
FORGOTTEN_AT_ONCE: Final = 200
CLOCK_STEP: Final = timedelta(seconds=1)


class SqlStore:
    """Meets every port of `bridge.ports.store`. Belongs to the event loop that it was opened in."""

    def __init__(self, ways: Ways, keyring: Keyring, *, opened_at: datetime) -> None:
        self._ways = ways
        self._keyring = keyring
        self._latest = opened_at
        self._ahead = ReadAhead()
        # Counted for each kind by itself: taken in turns, one of them would never meet the eldest's place.
        self._places = Counter[WorkKind]()

    @property
    def cadence(self) -> Cadence:
        return self._ways.cadence

    @property
    def clock(self) -> Clock:
        return self._ways.clock

    @property
    def is_certain(self) -> bool:
        return self._ways.is_certain

    @property
    def certain_since(self) -> float:
        return self._ways.certain_since

    def on_work(self, heard: Callable[[], None]) -> None:
        self._ways.on_work(heard)

    async def put(self, delivery: NewDelivery) -> Receipt:
        return await self._ways.put(delivery)

    async def probe(self) -> None:
        await self._ways.write_in_budget(partial(self._in_time, meta.probe))

    async def claim_deliveries(
        self, limit: int, *, without: Collection[ConnectionName] = ()
    ) -> Sequence[ClaimedDelivery]:
        places = self._next(WorkKind.DELIVERY, limit)
        claim = partial(inbox.claim, places=places, lease=self._lease(), without=without)
        return self._given(WorkKind.DELIVERY, await self._write_in_time(partial(self._claim, claim)))

    async def settle_delivery(self, claim: ClaimedDelivery, settlement: DeliverySettlement) -> None:
        await self._ways.join(inbox.settle, (claim, settlement))

    async def next_delivery_due(self, *, without: Collection[ConnectionName] = ()) -> datetime | None:
        return await self._ways.ask(partial(inbox.next_due, without=without))

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        claim = partial(
            subjects.claim,
            places=self._next(WorkKind.SUBJECT, limit),
            lease=self._lease(),
            without=without,
            closing_first=closing_first,
            only_emergencies=only_emergencies,
        )
        claims = await self._write_in_time(partial(self._claim, claim))
        await self._read_ahead(claims)
        return self._given(WorkKind.SUBJECT, list(claims.values()))

    async def _read_ahead(self, claims: Mapping[int, ClaimedSubject]) -> None:
        """Read what is known of the claimed; what cannot be read is for the run of whom it concerns to say."""
        read_at = self._ahead.now()
        if claims:
            with suppress(Exception):
                numbers = list(claims)
                records_of = await self._ways.ask(partial(records.load_many, numbers=numbers, keyring=self._keyring))
                self._ahead.keep(((claim, records_of[claim.key]) for claim in claims.values()), read_at=read_at)

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        return await self._ways.ask(partial(subjects.next_due, without=without, only_emergencies=only_emergencies))

    async def renew(self, claims: Collection[Claim]) -> Sequence[Claim]:
        deliveries = [claim for claim in claims if isinstance(claim, ClaimedDelivery)]
        held = [claim for claim in claims if isinstance(claim, ClaimedSubject)]
        lost: list[Claim] = []
        if deliveries:
            lost += await self._write_in_time(partial(inbox.renew, claims=deliveries, lease=self._lease()))
        if held:
            lost += await self._write_in_time(partial(subjects.renew, claims=held, lease=self._lease()))
        return lost

    async def rent(self, account: str, ask: Ask) -> Granted:
        """Answer under this process's own name: when it is found dead, its slots go with its leases."""
        own = replace(ask, holder=str(self._ways.owner))
        return await self._write_in_time(partial(account_books.change, account=account, ask=own))

    async def take_turn(self, duty: str, *, every: float, longest: float) -> bool:
        owner, moment = self._ways.owner, self._ways.moment
        take = partial(turns.take, duty=duty, every=every, longest=longest, owner=owner, moment=moment)
        return await self._ways.write(take)

    async def end_turn(self, duty: str) -> None:
        await self._ways.write(partial(turns.end, duty=duty, owner=self._ways.owner))

    async def mark_known(self, *, priority: Priority, site: SiteKey | None = None) -> int:
        if site is None:
            every = partial(subjects.mark_page, limit=SWEEP_PAGE, priority=priority)
            return await self._mark_pages(lambda last: partial(self._in_time, partial(every, after=last)), 0)
        there = partial(subjects.mark_page_of, site=site, limit=SWEEP_PAGE, priority=priority)
        return await self._mark_pages(lambda last: partial(self._in_time, partial(there, after=last)), "")

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        new = set[SubjectKey]()
        for start in range(0, len(sightings), SWEEP_PAGE):
            page = sightings[start : start + SWEEP_PAGE]
            new |= await self._write_in_time(partial(listed.mark_new, sightings=page, priority=priority))
        return len(new)

    async def _mark_pages(self, page_after: Callable[[T], Unit[tuple[int, T | None]]], first: T) -> int:
        """Mark page by page, so that acknowledgements fit in between; a crash half-way leaves the rest unmarked."""
        marked, after = 0, first
        while True:
            count, last = await self._ways.write(page_after(after))
            marked += count
            if last is None:
                return marked
            after = last

    async def load(self, subject: SubjectKey) -> SubjectRecord:
        return await self._ways.ask(partial(records.load, key=subject, keyring=self._keyring))

    async def begin(self, claim: ClaimedSubject) -> SubjectRecord:
        record = self._ahead.take(claim)
        return await self.load(claim.key) if record is None else record

    async def holders(self, subject: SubjectKey, units: Collection[UnitId]) -> Sequence[SubjectKey]:
        return await self._ways.ask(partial(records.holders, key=subject, units=units))

    async def take_code(
        self, claim: ClaimedSubject, code: GateCode, entry: LedgerEntry, access: Sequence[AccessRecord] = ()
    ) -> None:
        sealed = SealedCode(
            fingerprint=self._keyring.fingerprint(claim.key, code), sealed=self._keyring.seal(claim.key, code)
        )
        take = partial(runs.take_code, claimed=claim, code=sealed, entry=entry, changed=access)
        await self._ways.join(runs.write, runs.RunWrite(claimed=claim, step=take))

    async def note(self, claim: ClaimedSubject, entries: Sequence[LedgerEntry], access: Sequence[AccessRecord]) -> None:
        note = partial(runs.note, entries=entries, changed=access)
        await self._ways.join(runs.write, runs.RunWrite(claimed=claim, step=note))

    async def announce(self, claim: ClaimedSubject, announcement: Announcement) -> Judged:
        return await self._write_in_time(partial(guard.announce, claimed=claim, announcement=announcement))

    async def read_book(self, site: SiteKey) -> Book:
        return await self._ways.read(partial(self._in_time, partial(guard.read_whole_book, site=site)))

    async def keep_ref(self, claim: ClaimedSubject, ref: Mapping[str, Any] | None) -> None:
        await self._ways.join(runs.write, runs.RunWrite(claimed=claim, step=partial(runs.keep_ref, ref=ref)))

    async def commit(self, claim: ClaimedSubject, end: SubjectCommit) -> None:
        taken = None if end.taken_code is None else self._keyring.fingerprint(claim.key, end.taken_code)
        keep = partial(runs.keep_end, end=end, taken=taken)
        await self._ways.join(runs.write, runs.RunWrite(claimed=claim, step=keep, end=end))

    async def list_deliveries(
        self,
        *,
        state: DeliveryState | None,
        connection: ConnectionName | None,
        limit: int,
        before: DeliveryId | None,
    ) -> Sequence[DeliveryRow]:
        listed = partial(desk.list_deliveries, state=state, name=connection, limit=limit, before=before)
        return await self._ways.read(listed)

    async def show_delivery(self, delivery: DeliveryId) -> DeliveryRow:
        return await self._ways.read(partial(desk.show_delivery, wanted=delivery))

    async def replay_delivery(self, delivery: DeliveryId, entry: LedgerEntry) -> DeliveryRow:
        return await self._write_in_time(partial(desk.replay_delivery, wanted=delivery, entry=entry))

    async def list_alerts(self, *, limit: int) -> Sequence[AlertRow]:
        return await self._ways.read(partial(ledger.list_alerts, limit=limit))

    async def counts(self) -> Mapping[str, int]:
        return await self._ways.read(desk.counts)

    async def find_subjects(self, whom: Whom, sites: Collection[SiteKey]) -> Sequence[SubjectRow]:
        return await self._ways.read(partial(desk.find_subjects, whom=whom, sites=sites))

    async def list_subjects(self, site: SiteKey, *, limit: int, after: TenantId | None = None) -> Sequence[SubjectRow]:
        return await self._ways.read(partial(desk.list_subjects, site=site, limit=limit, after=after))

    async def known_at(self, site: SiteKey, *, limit: int, after: TenantId | None = None) -> Sequence[Known]:
        known = partial(desk.known_at, site=site, limit=limit, after=after, keyring=self._keyring)
        return await self._ways.read(known)

    async def last_listing(self, site: SiteKey) -> LastListing:
        return await self._ways.read(partial(listings.last_listing, site=site))

    async def keep_listing(self, site: SiteKey, last: LastListing, entries: Sequence[LedgerEntry] = ()) -> None:
        await self._write_in_time(partial(listings.keep_listing, site=site, last=last, entries=entries))

    async def view_queue(self, *, site: SiteId | None, limit: int) -> QueueView:
        return await self._ways.read(partial(self._in_time, partial(queue.view, site=site, limit=limit)))

    async def list_dead(self, which: Which, *, limit: int, after: WorkId | None = None) -> Sequence[DeadLetter]:
        return await self._ways.read(partial(dead_letters.list_dead, which=which, limit=limit, after=after))

    async def show_dead(self, letter: WorkId) -> DeadLetter:
        return await self._ways.read(partial(dead_letters.show_dead, letter=letter))

    async def replay_dead(self, letter: WorkId, by: Signature) -> DeadLetter:
        return await self._ways.write(partial(dead_letters.replay_dead, letter=letter, by=by))

    async def discard_dead(self, letter: WorkId, by: Signature, *, despite_open_doors: bool) -> DeadLetter:
        discard = partial(dead_letters.discard_dead, letter=letter, by=by, despite_open_doors=despite_open_doors)
        return await self._ways.write(discard)

    async def list_holds(self) -> Sequence[Hold]:
        return await self._ways.read(holds.list_holds)

    async def release_hold(self, digest: str, by: Signature) -> Hold:
        return await self._write_in_time(partial(holds.release_hold, digest=digest, by=by))

    async def drop_hold(self, digest: str, by: Signature) -> Hold:
        return await self._write_in_time(partial(holds.drop_hold, digest=digest, by=by))

    async def list_revocations(self) -> Sequence[Revocation]:
        return await self._ways.read(revocations.list_revocations)

    async def keep_revocation(self, banned: Banned, by: Signature) -> Sequence[SubjectKey]:
        keys = await self._write_in_time(partial(revocations.keep, banned=banned, by=by))
        if not self.cadence.is_shared:
            return keys
        # Another process may have made the tenant known, and begun its run, while ours was not to be seen yet.
        return await self._write_in_time(partial(revocations.mark, banned=banned))

    async def lift_revocation(self, banned: Banned, by: Signature) -> Sequence[SubjectKey]:
        return await self._write_in_time(partial(revocations.lift, banned=banned, by=by))

    async def list_drift(self, site: SiteId | None = None) -> Sequence[DriftOf]:
        return await self._ways.read(partial(sights.list_drift, site=site))

    async def forget_sights(self, subjects: Collection[SubjectKey]) -> None:
        keys = sorted(set(subjects))
        for start in range(0, len(keys), FORGOTTEN_AT_ONCE):
            await self._ways.write(partial(sights.forget, keys=keys[start : start + FORGOTTEN_AT_ONCE]))

    async def keep_approvable(self, plan: Approvable) -> None:
        await self._write_in_time(partial(approvals.keep, plan=plan))

    async def find_approvable(self, digest: str) -> Approvable | None:
        return await self._ways.read(partial(approvals.find, digest=digest))

    async def begin_operation(self, new: NewOperation) -> OperationId:
        return await self._write_in_time(partial(operations.begin, new=new))

    async def open_operations(self) -> Sequence[OperationId]:
        return await self._ways.read(operations.open_operations)

    async def advance_operation(self, operation: OperationId) -> Operation:
        return await self._write_in_time(partial(operations.advance, number=operation))

    async def list_operations(self, *, limit: int) -> Sequence[Operation]:
        return await self._ways.read(partial(operations.list_operations, limit=limit))

    async def show_operation(self, operation: OperationId) -> Operation:
        return await self._ways.read(partial(operations.show, number=operation))

    async def list_items(self, operation: OperationId, *, limit: int, after: int = -1) -> Sequence[Item]:
        return await self._ways.read(partial(operations.list_items, number=operation, limit=limit, after=after))

    async def cancel_operation(self, operation: OperationId, by: Signature) -> Cancelled:
        return await self._write_in_time(partial(operations.cancel, number=operation, by=by))

    async def resume_operation(self, operation: OperationId, by: Signature) -> Operation:
        return await self._ways.write(partial(operations.resume, number=operation, by=by))

    async def list_pauses(self) -> Sequence[Pause]:
        return await self._ways.read(pauses.list_pauses)

    async def keep_pause(self, pause: Pause, entry: LedgerEntry) -> None:
        await self._ways.write(partial(pauses.keep_pause, pause=pause, entry=entry))

    async def end_pause(self, place: Place, entry: LedgerEntry) -> None:
        await self._ways.write(partial(pauses.end_pause, place=place, entry=entry))

    async def record(self, entries: Sequence[LedgerEntry]) -> None:
        await self._ways.write(partial(ledger.append, entries=entries))

    async def ledger_end(self) -> int:
        return await self._ways.read(ledger_rows.end)

    async def read_ledger(self, which: Extract, *, after: int, through: int, limit: int) -> Sequence[LedgerRow]:
        read = partial(ledger_rows.read, which=which, after=after, through=through, limit=limit)
        return await self._ways.read(read)

    async def shadow_notes(self, site: SiteKey, *, since: datetime | None = None) -> Sequence[LedgerEntry]:
        return await self._ways.read(partial(shadows.notes, site=site, since=since))

    async def shadow_stages(self, site: SiteKey) -> Sequence[Mapping[str, Any]]:
        return await self._ways.read(partial(shadows.stages, site=site))

    async def list_holders(self, held: Held, *, after: int, limit: int) -> Sequence[Holder]:
        return await self._ways.read(partial(holders.list_holders, held=held, after=after, limit=limit))

    async def subjects_at_door(self, door: TargetId, *, site: SiteId | None = None) -> Sequence[SubjectKey]:
        return await self._ways.read(partial(holders.subjects_at_door, door=door, site=site))

    async def door_entries(
        self, subjects: Sequence[SubjectKey], *, door: TargetId | None = None
    ) -> Mapping[SubjectKey, Sequence[NumberedEntry]]:
        return await self._ways.read(partial(holders.door_entries, keys=subjects, door=door))

    async def find_personal(
        self, tenant: TenantId, *, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        return await self._ways.read(partial(erasure.find, tenant=tenant, name=connection))

    async def erase_personal(
        self, tenant: TenantId, by: Signature, *, connection: ConnectionName | None = None
    ) -> Sequence[PersonalData]:
        return await self._ways.write(partial(erasure.erase, tenant=tenant, name=connection, by=by))

    async def doubted(self) -> str | None:
        return await self._ways.read(trust.doubted)

    async def doubt(self, why: str, entry: LedgerEntry) -> None:
        await self._ways.write(partial(trust.doubt, why=why, entry=entry))

    async def trust(self, entry: LedgerEntry) -> int:
        return await self._write_in_time(partial(trust.trust, entry=entry))

    async def is_busy(self, site: SiteKey) -> bool:
        return await self._ways.read(partial(self._in_time, partial(site_watch.is_busy, site=site)))

    async def prune(self, before: Before, *, limit: int) -> Pruned:
        return await self._ways.write(partial(pruning.prune, before=before, limit=limit))

    def shelf(self, site: SiteKey) -> Shelf:
        return SqlShelf(site, keyring=self._keyring, read=self._ways.read, write=self._ways.write)

    async def bookmark(self, name: str) -> str | None:
        return await self._ways.read(partial(bookmarks.bookmark, name=name))

    async def keep_bookmark(self, name: str, value: str, entries: Sequence[LedgerEntry] = ()) -> None:
        await self._ways.write(partial(bookmarks.keep_bookmark, name=name, value=value, entries=entries))

    async def arrivals(self, connection: ConnectionName, *, after: DeliveryId) -> Arrived | None:
        return await self._ways.read(partial(arrivals.arrivals, name=connection, after=after))

    async def mark_seen(
        self,
        sightings: Sequence[Sighting],
        *,
        if_known: Collection[SubjectKey] = (),
        priority: Priority,
        transfers: Mapping[RentalId, RentalId],
    ) -> int:
        new, known = set[SubjectKey](), sorted(if_known)
        if sightings and transfers:
            name = sightings[0].subject.connection
            await self._write_in_time(partial(listed.keep_transfers, name=name, heirs=transfers))
        for start in range(0, len(known), SWEEP_PAGE):
            keys = known[start : start + SWEEP_PAGE]
            await self._write_in_time(partial(listed.mark_if_known, keys=keys, priority=priority))
        for start in range(0, len(sightings), SWEEP_PAGE):
            page = sightings[start : start + SWEEP_PAGE]
            new |= await self._write_in_time(partial(listed.mark_seen, sightings=page, priority=priority))
        return len(new)

    async def heard(
        self, connection: ConnectionName, words: Mapping[str, Collection[str]], *, since: datetime
    ) -> Collection[tuple[str, str]]:
        return await self._ways.read(partial(hearing.heard, name=connection, words=words, since=since))

    async def close(self) -> None:
        """Finish what was accepted and let go of the database."""
        await self._ways.close()

    def _lease(self) -> Lease:
        return Lease(length=timedelta(seconds=self.cadence.lease), owner=self._ways.owner)

    def _next(self, kind: WorkKind, limit: int) -> Places:
        return Places(limit=limit, first=self._places[kind] + 1)

    def _given(self, kind: WorkKind, claims: Sequence[C]) -> Sequence[C]:
        self._places[kind] += len(claims)
        return claims

    async def _write_in_time(self, unit: Callable[..., T]) -> T:
        return await self._ways.write(partial(self._in_time, unit))

    def _in_time(self, unit: Callable[..., T], connection: sa.Connection) -> T:
        """Run a unit that asks for the time, by the clock that the leases run by."""
        return unit(connection, now=self._ways.moment(connection))

    def _claim(self, claim: Callable[..., T], connection: sa.Connection, *, now: datetime) -> T:
        """Claim, after mending what a clock that went back would leave waiting."""
        if now < self._latest - CLOCK_STEP:
            mend_times(connection, now=now, until=self._lease().until(now), longest_wait=timedelta(0))
        self._latest = now
        return claim(connection, now=now)


def mend_times(connection: sa.Connection, *, now: datetime, until: datetime, longest_wait: timedelta) -> None:
    inbox.mend_times(connection, now, until=until, longest_wait=longest_wait)
    subjects.mend_times(connection, now, until=until, longest_wait=longest_wait)
