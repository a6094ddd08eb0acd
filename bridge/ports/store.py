"""What the core asks of its store, split by who uses it.

Every method raises `StoreUnavailable` when the store takes no work now. Times are aware and in UTC.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bridge.domain.access import AccessRecord
from bridge.domain.budgets import SiteBudgets
from bridge.domain.credential import NO_CODES, CodeMemory, GateCode
from bridge.domain.deliveries import (
    ClaimedDelivery,
    ClaimedSubject,
    DeliveryState,
    NewDelivery,
    Receipt,
    Sighting,
)
from bridge.domain.drift import Sight
from bridge.domain.ids import ConnectionName, DeliveryId, RentalId, SiteKey, SubjectKey, TenantId, UnitId
from bridge.domain.judge import Held, Losing
from bridge.domain.ledger import LedgerEntry
from bridge.domain.outcome import Outcome
from bridge.domain.queueing import Priority as Priority  # noqa: PLC0414 - it belongs to this port's vocabulary
from bridge.domain.revocations import Revocation
from bridge.domain.transfers import Links
from bridge.domain.whom import Whom
from bridge.ports.approvals import ApprovalBook
from bridge.ports.arrivals import Arrivals
from bridge.ports.bookmarks import Bookmarks
from bridge.ports.clock import Clock
from bridge.ports.dead_letters import DeadLetterBox
from bridge.ports.drift import DriftBook
from bridge.ports.erasure import Eraser
from bridge.ports.holds import HoldBook
from bridge.ports.listings import ListingBook
from bridge.ports.losses import LossBook
from bridge.ports.missed import Hearing, SightingMarks
from bridge.ports.operations import OperationBook
from bridge.ports.pauses import PauseBook
from bridge.ports.permits import SlotLedger
from bridge.ports.proof import AccessHistory, LedgerBook
from bridge.ports.pruning import Pruner
from bridge.ports.queue import QueueWatch
from bridge.ports.revocations import RevocationBook
from bridge.ports.shadow import ShadowBook
from bridge.ports.shelf import Shelves
from bridge.ports.trust import TrustBook


class Inbox(Protocol):
    """The receiver's side."""

    async def put(self, delivery: NewDelivery) -> Receipt:
        """Keep the delivery durably, once for its connection and event id; returns only after it is on disk."""

    async def probe(self) -> None:
        """Return if the store takes writes."""


class DeliveryQueue(Protocol):
    """The worker's side of the inbox."""

    async def claim_deliveries(
        self, limit: int, *, without: Collection[ConnectionName] = ()
    ) -> Sequence[ClaimedDelivery]:
        """Lease up to `limit` due deliveries in the order of `bridge.domain.queueing`.

        Those of the connections in `without` are left where they are.
        """

    async def settle_delivery(self, claim: ClaimedDelivery, settlement: "DeliverySettlement") -> None:
        """End the run and mark what it saw, in one unit of work, whatever the outcome.

        A parked `RetryAt` leaves `attempts` as it is. Raises `LeaseLost` when the claim is no longer ours.
        """

    async def next_delivery_due(self, *, without: Collection[ConnectionName] = ()) -> datetime | None:
        """Return when the next waiting delivery is due, or None; not of the connections in `without`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettlement:
    """How a delivery's run ended, and what it marks.

    Whatever the outcome, each sighting's subject becomes due at once (coalesced, its generation rises) and is linked to
    the delivery, its rental becomes known, `transfers` are kept, and `entries` go to the ledger: a batch that could be
    read in part marks that part, and is tried again for the rest. `state` is for `Done`: `DONE`, `IGNORED` or `TEST`.
    `closes` says that doors may be closed for it: after an outage such subjects are claimed ahead of others.
    """

    outcome: Outcome
    state: DeliveryState = DeliveryState.DONE
    note: str | None = None
    sightings: tuple[Sighting, ...] = ()
    transfers: Mapping[RentalId, RentalId] = field(default_factory=dict)
    priority: Priority = Priority.LIVE
    closes: bool = False
    entries: tuple[LedgerEntry, ...] = ()


class SubjectQueue(Protocol):
    """The keyed work-queue: one row a subject, never two workers on one."""

    async def claim_subjects(
        self,
        limit: int,
        *,
        without: Collection[SiteKey] = (),
        closing_first: Collection[SiteKey] = (),
        only_emergencies: bool = False,
    ) -> Sequence[ClaimedSubject]:
        """Lease up to `limit` due subjects that nobody works on, in the order of `bridge.domain.queueing`.

        Subjects of the sites in `without` are left where they are. At the sites in `closing_first`, those whose doors
        may have to be closed are ahead.
        """

    async def next_subject_due(
        self, *, without: Collection[SiteKey] = (), only_emergencies: bool = False
    ) -> datetime | None:
        """Return when the next subject that nobody works on is due, or None; not of the sites in `without`.

        With `only_emergencies`, when the next that waits as one is.
        """

    async def mark_known(self, *, priority: Priority, site: SiteKey | None = None) -> int:
        """Mark every known subject due, dead ones too, and return how many: a sweep of what the bridge knows.

        With `site`, only the subjects of that site. Marking twice is harmless, and so is a crash half-way, as long as
        the sweep is asked for again.

        A subject that is due already keeps its better priority and earlier due time.
        """

    async def mark_new(self, sightings: Sequence[Sighting], *, priority: Priority) -> int:
        """Make what is seen for the first time known and its subject due, and return how many subjects are new.

        A sighting of a known rental of its subject changes nothing. A subject that is due already keeps its better
        priority and earlier due time. A crash half-way leaves the rest as unknown as it was.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """What staff were told of at a unit: the problem's machine word, and the platform's id, empty if it told none."""

    problem: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRecord:
    """All that the store knows of a subject.

    `open_tasks` are those that staff were told of, by their units. `links` are the transfers that touch a rental of the
    subject, on either side; `elsewhere` tells whose the other rental is, where that is known to be another subject.
    `profile` is the digest of the tenant as the vendor was told last. `holds` are losses that wait for a person, or
    that one has released. `revocation`: a person has taken all access away. `shadow` is what was rehearsed while the
    site was in shadow. `sight` is the person at the vendor as the last run left them; None where that is not known, or
    a person wants it forgotten.
    """

    access: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    codes: CodeMemory = NO_CODES
    ref: Mapping[str, Any] | None = None
    profile: str | None = None
    links: Links = field(default_factory=dict)
    elsewhere: Mapping[RentalId, SubjectKey] = field(default_factory=dict)
    open_tasks: Mapping[UnitId, OpenTask] = field(default_factory=dict)
    holds: frozenset[Held] = frozenset()
    revocation: Revocation | None = None
    shadow: Mapping[str, Any] | None = None
    sight: Sight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a run is about to do, where tenants lose access by it; `entries` and `access` are as for `note`.

    `spared` are rentals that the run has just held.
    """

    losing: tuple[Losing, ...]
    budgets: SiteBudgets
    spared: Collection[RentalId] = ()
    entries: tuple[LedgerEntry, ...] = ()
    access: tuple[AccessRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of an announcement: `held` with why, and the alerts of holds that begin with it, kept already."""

    held: Mapping[Held, str] = field(default_factory=dict)
    alerts: tuple[LedgerEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectCommit:
    """The end of a subject's run, written in one unit of work.

    `access` replaces the records of the rentals it names. `retire_code` ends the code in force; `taken_code` is the one
    that the vendor took, where it took one in this run. `tasks` are those that staff were told of in this run, in place
    of what they were told at the unit before; `mended` are units whose task is over. The subjects in `wake` become due:
    they wait for what this run has come to. `closes` says that a run that is to be tried again has doors to close. The
    holds in `let_go` are over: nothing of the kind is wanted any more, or it is done. `shadow` takes the place of what
    was rehearsed before; empty, it ends that. `sight` is kept in place of the one before, unless that was forgotten
    during the run; `is_first_sight` says that there was none.
    """

    outcome: Outcome
    access: tuple[AccessRecord, ...] = ()
    retire_code: bool = False
    taken_code: GateCode | None = None
    profile: str | None = None
    closes: bool = False
    wake: Collection[SubjectKey] = ()
    entries: tuple[LedgerEntry, ...] = ()
    tasks: Mapping[UnitId, OpenTask] = field(default_factory=dict)
    mended: Collection[UnitId] = ()
    let_go: Collection[Held] = ()
    shadow: Mapping[str, Any] | None = None
    sight: Sight | None = None
    is_first_sight: bool = False


Claim = ClaimedDelivery | ClaimedSubject


class LeaseKeeper(Protocol):
    """Leases run out by the store's clock unless they are renewed."""

    @property
    def cadence(self) -> "Cadence":
        """Return how long a lease is, and how often to look."""

    @property
    def is_certain(self) -> bool:
        """Tell whether nobody can have taken this process for dead, and its claims for their own."""

    @property
    def certain_since(self) -> float:
        """Return when that may have been so last, in seconds of `time.monotonic`: what is older may be others'."""

    async def renew(self, claims: Collection[Claim]) -> Sequence[Claim]:
        """Make the leases of these claims last as if they had been taken now; return the claims that are lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """The store's times in seconds. `is_shared` says that other processes may work on the same store."""

    lease: float
    poll: float
    is_shared: bool


class Turns(Protocol):
    """Duties that come back, each done by one process at a time."""

    async def take_turn(self, duty: str, *, every: float, longest: float) -> bool:
        """Take the duty if its last turn began `every` seconds ago or more and nobody is at it.

        Whoever does not end it within `longest` seconds is taken for dead.
        """

    async def end_turn(self, duty: str) -> None:
        """Say that the turn is over."""


class WorkBell(Protocol):
    def on_work(self, heard: Callable[[], None]) -> None:
        """Have `heard` called in the event loop soon after another process has stored a delivery; it may be missed."""


class RecordReader(Protocol):
    async def load(self, subject: SubjectKey) -> SubjectRecord:
        """Return all that is known; an unknown subject has an empty record."""


class SubjectRecords(RecordReader, Protocol):
    """What the bridge remembers of a subject; every write is fenced by the claim and raises `LeaseLost` without it."""

    async def begin(self, claim: ClaimedSubject) -> SubjectRecord:
        """Return all that is known of the subject whose run begins.

        It may have been read as the claim was made: what has changed since then was marked, and has a run of its own.
        """

    async def holders(self, subject: SubjectKey, units: Collection[UnitId]) -> Sequence[SubjectKey]:
        """Return the other subjects of the site for which the bridge still holds a door of one of these units."""

    async def take_code(
        self, claim: ClaimedSubject, code: GateCode, entry: LedgerEntry, access: Sequence[AccessRecord] = ()
    ) -> None:
        """Put `code` in force, durably, and retire the one before.

        These access records are replaced in the same unit of work.

        Raises `Conflict` when another subject of the site has it, or had it and it still rests.
        """

    async def note(self, claim: ClaimedSubject, entries: Sequence[LedgerEntry], access: Sequence[AccessRecord]) -> None:
        """Append to the ledger and replace these access records, durably, before what they announce is done."""

    async def announce(self, claim: ClaimedSubject, announcement: Announcement) -> Judged:
        """Judge what tenants are about to lose, and keep it as `note` does if all of it is cleared.

        The budgets are taken in the same unit of work, one asker of a connection at a time; a loss that was counted is
        not counted again. Where something is held, that is kept, and nothing else: plan again without it.
        """

    async def keep_ref(self, claim: ClaimedSubject, ref: Mapping[str, Any] | None) -> None:
        """Keep the adapter's reference."""

    async def commit(self, claim: ClaimedSubject, end: SubjectCommit) -> None:
        """End the run: records, ledger, codes, tasks and the subject's next due time together.

        A subject that was marked again during the run stays due. `Done.next_due` wakes it later; `RetryAt` when it
        says, behind live events and with `Priority.RETRY` (a sweep's stays `SWEEP`, an emergency stays one), and counts
        as an attempt unless it is parked; `Dead` sets it aside until it is marked again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery as an operator sees it. The body is left out of lists, and gone once it was emptied for its age."""

    id: DeliveryId
    connection: ConnectionName
    event_id: str
    event_type: str
    received_at: datetime
    state: DeliveryState
    attempts: int
    due_at: datetime | None
    note: str | None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    subjects: tuple["SubjectRow", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """A subject as an operator sees it: `state` is idle, ready, running or dead.

    Of those that are due alike, the one with the smaller `number` goes first.
    """

    key: SubjectKey
    state: str
    due_at: datetime | None
    attempts: int
    note: str | None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A known subject with all that the store knows of it."""

    row: SubjectRow
    record: SubjectRecord


class KnownSubjects(Protocol):
    async def known_at(self, site: SiteKey, *, limit: int, after: TenantId | None = None) -> Sequence[Known]:
        """Return what `OperatorDesk.list_subjects` returns, each with its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    id: int
    entry: LedgerEntry


class OperatorDesk(Protocol):
    """What people ask and do, behind `service.desk`."""

    async def list_deliveries(
        self,
        *,
        state: DeliveryState | None,
        connection: ConnectionName | None,
        limit: int,
        before: DeliveryId | None,
    ) -> Sequence[DeliveryRow]:
        """Return deliveries, the newest first, older than `before` if that is given."""

    async def show_delivery(self, delivery: DeliveryId) -> DeliveryRow:
        """Return one with its body and subjects. Raises `NotFoundHere`."""

    async def replay_delivery(self, delivery: DeliveryId, entry: LedgerEntry) -> DeliveryRow:
        """Make it due again, whatever became of it; harmless, since only the look-up is repeated.

        Raises `NotFoundHere` when it, or its body, is no longer kept.
        """

    async def list_alerts(self, *, limit: int) -> Sequence[AlertRow]:
        """Return alerts, the newest first."""

    async def counts(self) -> Mapping[str, int]:
        """Return the rows by state, as `delivery.new`, `subject.dead` and so on. Bounded work."""

    async def find_subjects(self, whom: Whom, sites: Collection[SiteKey]) -> Sequence[SubjectRow]:
        """Return the subjects at these sites that `whom` leads to, by key; a unit not to those who had it once."""

    async def list_subjects(self, site: SiteKey, *, limit: int, after: TenantId | None = None) -> Sequence[SubjectRow]:
        """Return up to `limit` known subjects of the site, in the store's order, after a tenant if given."""


class AlertSink(Protocol):
    async def record(self, entries: Sequence[LedgerEntry]) -> None:
        """Append to the ledger outside of any subject's run."""


class SiteWatch(Protocol):
    async def is_busy(self, site: SiteKey) -> bool:
        """Tell whether a tenant of the site is being looked at, is due to be, or waits for one of the first retries.

        Somebody who has failed more often, is set aside, or is to be looked at later, keeps nobody waiting.
        """


class DeskStore(
    OperatorDesk, DeadLetterBox, HoldBook, OperationBook, DriftBook, QueueWatch, PauseBook, RevocationBook, Protocol
):
    """All that stands behind `service.desk`."""


class Store(
    Inbox,
    DeliveryQueue,
    SubjectQueue,
    LeaseKeeper,
    Turns,
    WorkBell,
    SlotLedger,
    SubjectRecords,
    KnownSubjects,
    ListingBook,
    LossBook,
    ApprovalBook,
    DeskStore,
    AlertSink,
    LedgerBook,
    ShadowBook,
    AccessHistory,
    Eraser,
    TrustBook,
    Bookmarks,
    Arrivals,
    Hearing,
    SightingMarks,
    SiteWatch,
    Pruner,
    Shelves,
    Protocol,
):
    """One engine behind all ports; those who use one ask for that one only."""

    @property
    def clock(self) -> Clock:
        """Return the clock to reckon with: what is to fall due here falls due by it."""

    async def close(self) -> None:
        """Finish what was accepted and let go of the database."""
