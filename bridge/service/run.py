"""One subject's run at the vendor: rounds of observe, plan and apply, until nothing is left that can be done now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.domain.access import AccessRecord, Certainty
from bridge.domain.credential import CodeMemory
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.desired import Desired
from bridge.domain.errors import (
    BridgeError,
    Conflict,
    LeaseLost,
    NotYetConsistent,
    OutcomeUnknown,
    PermanentError,
    StoreUnavailable,
)
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.plan import Change, Kind, Observed, Plan, make_plan
from bridge.domain.records import before_changes
from bridge.domain.tenancy import Snapshot
from bridge.ports.adapter import Person
from bridge.ports.clock import Clock
from bridge.ports.store import SubjectRecord, SubjectRecords
from bridge.service.codes import CodeKeeper
from bridge.service.sites import ManagedSite
from bridge.telemetry import Metrics

MAX_ROUNDS: Final = 8
_Step = tuple[Kind, TargetId | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Whom to bring to which state, where."""

    claim: ClaimedSubject
    site: ManagedSite
    person: Person
    snapshot: Snapshot
    desired: Desired
    transfers: Mapping[RentalId, RentalId]


@dataclass(slots=True, kw_only=True)
class Progress:
    """What a run has come to, kept outside of it so that a failure half-way loses nothing of it."""

    access: dict[RentalId, AccessRecord]
    codes: CodeMemory
    ref: Mapping[str, Any] | None
    entries: list[LedgerEntry] = field(default_factory=list)
    failures: dict[_Step, BridgeError] = field(default_factory=dict)
    tried: dict[_Step, Change] = field(default_factory=dict)
    unfinished: Plan = field(default_factory=Plan)
    observed: Observed | None = None

    @classmethod
    def begin(cls, record: SubjectRecord) -> "Progress":
        return cls(access=dict(record.access), codes=record.codes, ref=record.ref)

    def certainty(self) -> dict[RentalId, Certainty]:
        """Return how sure we are of each rental that is not confirmed."""
        unsure: dict[RentalId, Certainty] = {}
        for change in self.unfinished.changes:
            step = (change.kind, change.target)
            accepted = step in self.tried and step not in self.failures
            for rental in change.rentals:
                unsure[rental] = Certainty.ACCEPTED if accepted else Certainty.UNKNOWN
        return unsure

    def error(self) -> BridgeError | None:
        """Return what keeps the run from being done: the error most worth trying again for, or None."""
        if not self.unfinished.changes:
            return None
        left = {(change.kind, change.target) for change in self.unfinished.changes}
        failures = [error for step, error in self.failures.items() if step in left]
        if not failures:
            return NotYetConsistent("the vendor accepted a change that it does not show yet")
        return min(failures, key=_patience)


def _patience(error: BridgeError) -> int:
    return 1 if isinstance(error, PermanentError) else 0


class GateRun:
    """Brings one person at one vendor to the desired state."""

    def __init__(self, *, records: SubjectRecords, keeper: CodeKeeper, clock: Clock, metrics: Metrics) -> None:
        self._records = records
        self._keeper = keeper
        self._clock = clock
        self._metrics = metrics

    async def bring(self, case: Case, progress: Progress) -> None:
        """Apply what is left to do, and observe, until a plan has nothing new; `progress` tells what came of it.

        Raises what the look-ups raise; a failed change is kept in `progress` and does not stop the others.
        """
        progress.observed = await self._observe(case, progress)
        for _ in range(MAX_ROUNDS):
            code = progress.codes.current
            plan = make_plan(case.desired, progress.observed, progress.access, code, case.transfers)
            progress.unfinished = plan
            ready = [c for c in plan.changes if not c.after and (c.kind, c.target) not in progress.tried]
            if not ready:
                return
            await self._announce(case, ready, progress)
            for change in ready:
                await self._apply(case, change, progress)
            if any(isinstance(error, Conflict) for error in progress.failures.values()):
                await self._choose_another_code(case, progress)
            progress.observed = await self._observe(case, progress)

    async def _observe(self, case: Case, progress: Progress) -> Observed:
        with self._metrics.time_step("observe"):
            return await case.site.adapter.observe(case.person, progress.ref)

    async def _announce(self, case: Case, changes: Sequence[Change], progress: Progress) -> None:
        """Put the intent on disk before the vendor hears of it: after a crash, what we opened is known to be ours."""
        progress.access = before_changes(progress.access, changes)
        touched = {rental for change in changes for rental in change.rentals}
        entries = [self._entry(case.claim, LedgerKind.INTENT, str(change.kind), change) for change in changes]
        await self._records.note(case.claim, entries, [progress.access[rental] for rental in sorted(touched)])

    async def _apply(self, case: Case, change: Change, progress: Progress) -> None:
        async def keep(ref: Mapping[str, Any] | None) -> None:
            progress.ref = None if ref is None else dict(ref)
            await self._records.keep_ref(case.claim, progress.ref)

        step = (change.kind, change.target)
        progress.tried[step] = change
        outcome, why = "accepted", ""
        try:
            with self._metrics.time_step("apply"):
                ref = await case.site.adapter.apply(change, case.person, progress.ref, keep)
            if ref != progress.ref:
                await keep(ref)
        except (LeaseLost, StoreUnavailable):
            raise
        except BridgeError as error:
            progress.failures[step] = error
            outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
            why = f"{type(error).__name__}: {error}"
        self._metrics.changes.labels(case.site.adapter_key, str(change.kind), outcome).inc()
        details = {"change": str(change.kind)} | ({"why": why} if why else {})
        progress.entries.append(self._entry(case.claim, LedgerKind.OUTCOME, outcome, change, details))

    async def _choose_another_code(self, case: Case, progress: Progress) -> None:
        """Somebody unknown to us has the code at the vendor: take another, and let the next round use it."""
        rules = case.site.capabilities.code_rules
        progress.codes = await self._keeper.replace(case.claim, case.snapshot, progress.codes, rules)
        for step, error in list(progress.failures.items()):
            if isinstance(error, Conflict):
                del progress.failures[step], progress.tried[step]

    def _entry(
        self,
        claim: ClaimedSubject,
        kind: LedgerKind,
        what: str,
        change: Change,
        details: Mapping[str, str] | None = None,
    ) -> LedgerEntry:
        rentals = {"rentals": ",".join(change.rentals)} if len(change.rentals) > 1 else {}
        return LedgerEntry(
            kind=kind,
            at=self._clock.now(),
            what=what,
            subject=claim.key,
            rental=change.rentals[0] if change.rentals else None,
            target=change.target,
            details={**rentals, **(details or {})},
        )
