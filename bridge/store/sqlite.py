"""The store on one SQLite file: async ports in front, units of work on one writer and a few readers behind."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bridge.domain.access import AccessRecord
from bridge.domain.credential import GateCode
from bridge.domain.dead_letters import DeadLetter, Signature, Which
from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject, DeliveryState, NewDelivery, Receipt, Sighting
from bridge.domain.errors import StoreUnavailable
from bridge.domain.ids import ConnectionName, DeliveryId, SiteId, SiteKey, SubjectKey, UnitId
from bridge.domain.ledger import LedgerEntry
from bridge.domain.pauses import Pause, Place
from bridge.domain.whom import Whom
from bridge.domain.work_id import WorkId
from bridge.ports.clock import Clock
from bridge.ports.pruning import Before, Pruned
from bridge.ports.queue import QueueView
from bridge.ports.shelf import Shelf
from bridge.ports.store import (
    AlertRow,
    DeliveryRow,
    DeliverySettlement,
    Priority,
    SubjectCommit,
    SubjectRecord,
    SubjectRow,
)
from bridge.store import (
    dead_letters,
    desk,
    inbox,
    ledger,
    listed,
    meta,
    pauses,
    pruning,
    queue,
    records,
    runs,
    site_watch,
    subjects,
)
from bridge.store.codes import SealedCode
from bridge.store.jobs import Unit
from bridge.store.keyring import Keyring
from bridge.store.process_lock import ProcessLock
from bridge.store.shelf import SqliteShelf
from bridge.store.writer import Writer

T = TypeVar("T")
LEASE: Final = timedelta(seconds=120)
SWEEP_PAGE: Final = 500
CLOCK_STEP: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a store is made of; `open_sqlite` puts it together."""

    lock: ProcessLock
    writer: Writer
    readers: sa.Engine
    reader_threads: int
    keyring: Keyring
    clock: Clock
    lease: timedelta


class SqliteStore:
    """Meets every port of `bridge.ports.store`. Belongs to the event loop that it was opened in."""

    def __init__(self, parts: Parts) -> None:
        self._lock = parts.lock
        self._writer = parts.writer
        self._readers = parts.readers
        self._threads = ThreadPoolExecutor(parts.reader_threads, thread_name_prefix="store-reader")
        self._keyring = parts.keyring
        self._clock = parts.clock
        self._lease = parts.lease
        self._latest = parts.clock.now()
        self._closed = False

    async def put(self, delivery: NewDelivery) -> Receipt:
        return await self._writer.put(delivery)

    async def probe(self) -> None:
        await self._writer.run_in_budget(partial(meta.probe, now=self._clock.now()))

    async def claim_deliveries(self, limit: int) -> Sequence[ClaimedDelivery]:
        now = await self._now()
        return await self._writer.run(partial(inbox.claim, limit=limit, now=now, until=now + self._lease))

    async def settle_delivery(self, claim: ClaimedDelivery, settlement: DeliverySettlement) -> None:
        await self._writer.run(partial(inbox.settle, claimed=claim, end=settlement, now=self._clock.now()))

    async def next_delivery_due(self) -> datetime | None:
        return await self._read(inbox.next_due)

    async def claim_subjects(self, limit: int, *, without: Collection[SiteKey] = ()) -> Sequence[ClaimedSubject]:
        now = await self._now()
        claim = partial(subjects.claim, limit=limit, now=now, until=now + self._lease, without=without)
        return await self._writer.run(claim)

    async def next_subject_due(self, *, without: Collection[SiteKey] = ()) -> datetime | None:
        return await self._read(partial(subjects.next_due, without=without))

    async def mark_known(self, *, priority: Priority, site: tuple[ConnectionName, SiteId] | None = None) -> int:
        now = self._clock.now()
        if site is None:
            every = partial(subjects.mark_page, limit=SWEEP_PAGE, priority=priority, now=now)
            return await self._mark_pages(lambda last: partial(every, after=last), 0)
        there = partial(subjects.mark_page_of, site=site, limit=SWEEP_PAGE, priority=priority, now=now)
        return await self._mark_pages(lambda last: partial(there, after=last), "")

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        now, new = self._clock.now(), set[SubjectKey]()
        for start in range(0, len(sightings), SWEEP_PAGE):
            page = sightings[start : start + SWEEP_PAGE]
            new |= await self._writer.run(partial(listed.mark_new, sightings=page, priority=priority, now=now))
        return len(new)

    async def _mark_pages(self, page_after: Callable[[T], Unit[tuple[int, T | None]]], first: T) -> int:
        """Mark page by page, so that acknowledgements fit in between; a crash half-way leaves the rest unmarked."""
        marked, after = 0, first
        while True:
            count, last = await self._writer.run(page_after(after))
            marked += count
            if last is None:
                return marked
            after = last

    async def load(self, subject: SubjectKey) -> SubjectRecord:
        return await self._read(partial(records.load, key=subject, keyring=self._keyring))

    async def holders(self, subject: SubjectKey, units: Collection[UnitId]) -> Sequence[SubjectKey]:
        return await self._read(partial(records.holders, key=subject, units=units))

    async def take_code(
        self, claim: ClaimedSubject, code: GateCode, entry: LedgerEntry, access: Sequence[AccessRecord] = ()
    ) -> None:
        sealed = SealedCode(
            fingerprint=self._keyring.fingerprint(claim.key, code), sealed=self._keyring.seal(claim.key, code)
        )
        now = self._clock.now()
        take = partial(runs.take_code, claimed=claim, code=sealed, entry=entry, changed=access, now=now)
        await self._writer.run(take)

    async def note(self, claim: ClaimedSubject, entries: Sequence[LedgerEntry], access: Sequence[AccessRecord]) -> None:
        await self._writer.run(partial(runs.note, claimed=claim, entries=entries, changed=access))

    async def keep_ref(self, claim: ClaimedSubject, ref: Mapping[str, Any] | None) -> None:
        await self._writer.run(partial(runs.keep_ref, claimed=claim, ref=ref))

    async def commit(self, claim: ClaimedSubject, end: SubjectCommit) -> None:
        taken = None if end.taken_code is None else self._keyring.fingerprint(claim.key, end.taken_code)
        await self._writer.run(partial(runs.commit, claimed=claim, end=end, taken=taken, now=self._clock.now()))

    async def list_deliveries(
        self,
        *,
        state: DeliveryState | None,
        connection: ConnectionName | None,
        limit: int,
        before: DeliveryId | None,
    ) -> Sequence[DeliveryRow]:
        listed = partial(desk.list_deliveries, state=state, name=connection, limit=limit, before=before)
        return await self._read(listed)

    async def show_delivery(self, delivery: DeliveryId) -> DeliveryRow:
        return await self._read(partial(desk.show_delivery, wanted=delivery))

    async def replay_delivery(self, delivery: DeliveryId, entry: LedgerEntry) -> DeliveryRow:
        replay = partial(desk.replay_delivery, wanted=delivery, entry=entry, now=self._clock.now())
        return await self._writer.run(replay)

    async def list_alerts(self, *, limit: int) -> Sequence[AlertRow]:
        return await self._read(partial(ledger.list_alerts, limit=limit))

    async def counts(self) -> Mapping[str, int]:
        return await self._read(desk.counts)

    async def find_subjects(self, whom: Whom, sites: Collection[SiteKey]) -> Sequence[SubjectRow]:
        return await self._read(partial(desk.find_subjects, whom=whom, sites=sites))

    async def view_queue(self, *, site: SiteId | None, limit: int) -> QueueView:
        return await self._read(partial(queue.view, site=site, limit=limit, now=self._clock.now()))

    async def list_dead(self, which: Which, *, limit: int, after: WorkId | None = None) -> Sequence[DeadLetter]:
        return await self._read(partial(dead_letters.list_dead, which=which, limit=limit, after=after))

    async def show_dead(self, letter: WorkId) -> DeadLetter:
        return await self._read(partial(dead_letters.show_dead, letter=letter))

    async def replay_dead(self, letter: WorkId, by: Signature) -> DeadLetter:
        return await self._writer.run(partial(dead_letters.replay_dead, letter=letter, by=by))

    async def discard_dead(self, letter: WorkId, by: Signature, *, despite_open_doors: bool) -> DeadLetter:
        discard = partial(dead_letters.discard_dead, letter=letter, by=by, despite_open_doors=despite_open_doors)
        return await self._writer.run(discard)

    async def list_pauses(self) -> Sequence[Pause]:
        return await self._read(pauses.list_pauses)

    async def keep_pause(self, pause: Pause, entry: LedgerEntry) -> None:
        await self._writer.run(partial(pauses.keep_pause, pause=pause, entry=entry))

    async def end_pause(self, place: Place, entry: LedgerEntry) -> None:
        await self._writer.run(partial(pauses.end_pause, place=place, entry=entry))

    async def record(self, entries: Sequence[LedgerEntry]) -> None:
        await self._writer.run(partial(ledger.append, entries=entries))

    async def is_busy(self, site: SiteKey) -> bool:
        return await self._read(partial(site_watch.is_busy, site=site, now=self._clock.now()))

    async def prune(self, before: Before, *, limit: int) -> Pruned:
        return await self._writer.run(partial(pruning.prune, before=before, limit=limit))

    def shelf(self, site: SiteKey) -> Shelf:
        return SqliteShelf(site, keyring=self._keyring, read=self._read, write=self._writer.run)

    async def close(self) -> None:
        """Finish what was accepted and let go of the database; the writer's connection is the last to close."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._readers.dispose()
        await self._writer.close()
        self._lock.release()

    async def _read(self, unit: Unit[T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_snapshot, unit)

    def _in_snapshot(self, unit: Unit[T]) -> T:
        try:
            with self._readers.connect() as connection:
                return unit(connection)
        except sa.exc.DBAPIError as error:
            raise StoreUnavailable(f"the database failed: {error.orig}") from error

    async def _now(self) -> datetime:
        """Return the time for a claim, after mending what a clock that went back would leave waiting."""
        now = self._clock.now()
        if now < self._latest - CLOCK_STEP:
            await self._writer.run(partial(mend_times, now=now, until=now + self._lease, longest_wait=timedelta(0)))
        self._latest = now
        return now


def mend_times(connection: sa.Connection, *, now: datetime, until: datetime, longest_wait: timedelta) -> None:
    inbox.mend_times(connection, now, until=until, longest_wait=longest_wait)
    subjects.mend_times(connection, now, until=until, longest_wait=longest_wait)
