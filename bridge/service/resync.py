"""Putting tenants right on demand: plan, compare with what was approved, mark, and tell how far the work is."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Outdated, inert
from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.proposal import DIGEST_LENGTH, Line, PlannedSubject, Proposal, Standing, differences, digest_of
from bridge.domain.whom import By, Selection, Whom
from bridge.ports.clock import Clock
from bridge.ports.drift import SightMemory
from bridge.ports.missed import SightingMarks
from bridge.ports.store import AlertSink, OperatorDesk, Priority, SubjectRow
from bridge.telemetry import get_logger

FEW: Final = 20
"""So many tenants are put right at once, as if somebody stood at the gate; more go behind everything that is live."""
MAX_PLANS: Final = 8
MAX_LINES: Final = 1000
"""Of a larger plan only the digest is remembered: what differs is not named then."""
"""So many plans are remembered, to be approved."""
MAX_WORDS: Final = 200

MakePlan = Callable[[Selection], Awaitable[Proposal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynced:
    """What was made due, and the plan that it was made due for."""

    proposal: Proposal
    marked: tuple[SubjectKey, ...]
    priority: Priority

    @property
    def is_live(self) -> bool:
        return self.priority is Priority.LIVE


class Progress(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    RETRYING = "retrying"
    """It has failed, and is tried again by itself."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far the work on a tenant is. `due_at` (UTC) is when it is tried again, and `why` what the last run said."""

    subject: SubjectKey
    progress: Progress
    due_at: datetime | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approvable:
    digest: str
    lines: Mapping[Line, tuple[str, ...]] | None
    expires_at: datetime


class ResyncDesk(OperatorDesk, SightMemory, Protocol):
    """What a resync asks of the store beside its marks."""


class Resyncer:
    """Marks; the worker does the rest, so that a resync goes on whatever becomes of who asked for it.

    A person wants it: what somebody at the vendor has changed is put back, whatever the site's policy of drift is.

    Plans that were made here are remembered by their digest until they expire, or the process ends.
    """

    def __init__(
        self,
        *,
        make_plan: MakePlan,
        marks: SightingMarks,
        desk: ResyncDesk,
        ledger: AlertSink,
        clock: Clock,
    ) -> None:
        self._make_plan = make_plan
        self._marks = marks
        self._desk = desk
        self._ledger = ledger
        self._clock = clock
        self._plans: dict[str, _Approvable] = {}
        self._log = get_logger()

    async def plan(self, selection: Selection) -> Proposal:
        """Return what would be done now, and remember it for an approval. Changes nothing else."""
        proposal = await self._make_plan(selection)
        lines = proposal.lines()
        digest = digest_of(lines)
        self._plans.pop(digest, None)
        self._plans[digest] = _Approvable(
            digest=digest, lines=lines if len(lines) <= MAX_LINES else None, expires_at=proposal.expires_at
        )
        while len(self._plans) > MAX_PLANS:
            del self._plans[next(iter(self._plans))]
        return proposal

    async def resync(self, selection: Selection, *, who: str, approved: str | None = None) -> Resynced:
        """Plan again, and make those due for whom there is something to do, or of whom nothing could be read.

        With `approved`, the digest of a plan that was made here, only where the new plan has the same: else raises
        `Outdated` with what differs. Marking twice is harmless: who is due already stays so.
        """
        plan = None if approved is None else self._approved(approved)
        proposal = await self._make_plan(selection)
        if plan is not None and plan.digest != proposal.digest():
            raise Outdated(f"the plan is not what would be done now: {_what_differs(plan, proposal)}")
        sightings = [Sighting(subject=one.subject, rental=_one_of(one)) for one in proposal.to_run if one.rentals]
        keys = tuple(seen.subject for seen in sightings)
        priority = Priority.LIVE if len(keys) <= FEW else Priority.SWEEP
        if keys:
            await self._ledger.record([self._entry(selection, proposal, keys, who=who)])
            await self._desk.forget_sights(keys)
            await self._marks.mark_seen(sightings, priority=priority, transfers={})
        self._log.info("resync.marked", digest=proposal.digest(), subjects=len(keys), priority=priority.name.lower())
        return Resynced(proposal=proposal, marked=keys, priority=priority)

    async def follow(self, subjects: Collection[SubjectKey]) -> Sequence[Followed]:
        """Return how far the work on each of these is; who is not known any more is done."""
        now = self._clock.now()
        found = []
        for key in subjects:
            rows = await self._desk.find_subjects(Whom(by=By.TENANT, id=key.tenant), {(key.connection, key.site)})
            found.append(followed(key, rows[0] if rows else None, now))
        return found

    def _approved(self, digest: str) -> _Approvable:
        word = digest.strip().lower()
        plan = self._plans.get(word)
        if plan is None or plan.expires_at <= self._clock.now():
            shown = inert(word, DIGEST_LENGTH) or "without a digest"
            raise Outdated(f"plan {shown} was not made beside this bridge in the last 15 minutes: make a new one")
        return plan

    def _entry(self, selection: Selection, proposal: Proposal, keys: Sequence[SubjectKey], *, who: str) -> LedgerEntry:
        details = {
            "who": inert(who, MAX_WORDS),
            "asked": inert(selection.words(), MAX_WORDS),
            "plan": proposal.digest(),
            "subjects": str(len(keys)),
        }
        subject = keys[0] if len(keys) == 1 else None
        return LedgerEntry(
            kind=LedgerKind.OPERATOR, at=self._clock.now(), what="resync", subject=subject, details=details
        )


def _what_differs(plan: _Approvable, proposal: Proposal) -> str:
    if plan.lines is None:
        return f"it is plan {proposal.digest()} by now"
    return differences(plan.lines, proposal.lines())


def _one_of(planned: PlannedSubject) -> RentalId:
    """Return a rental by which the tenant is known: one that is over, and was never heard of, stays unheard of."""
    needs = (rental.rental for rental in planned.rentals if rental.standing is not Standing.UNCHANGED)
    return next(needs, planned.rentals[0].rental)


def followed(key: SubjectKey, row: SubjectRow | None, now: datetime) -> Followed:
    """Read a row of the queue: what is ready for later and has nothing to say only waits for a date."""
    if row is None or row.state == "idle":
        return Followed(subject=key, progress=Progress.DONE)
    if row.state in {"running", "dead"}:
        why = row.note if row.state == "dead" else None
        return Followed(subject=key, progress=Progress(row.state), why=why)
    if row.due_at is None or row.due_at <= now:
        return Followed(subject=key, progress=Progress.WAITING, why=row.note)
    if row.note or row.attempts:
        return Followed(subject=key, progress=Progress.RETRYING, due_at=row.due_at, why=row.note)
    return Followed(subject=key, progress=Progress.DONE)
