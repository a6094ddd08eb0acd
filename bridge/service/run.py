"""One subject's run at the vendor: rounds of observe, plan and apply, until nothing is left that can be done now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.domain.access import AccessRecord, Certainty
from bridge.domain.credential import NO_CODES, CodeMemory, CodeRefusal, RefusedCode
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.desired import Desired
from bridge.domain.errors import (
    BridgeError,
    Conflict,
    LeaseLost,
    NotYetConsistent,
    OutcomeUnknown,
    PermanentError,
    Rejected,
    StoreUnavailable,
)
from bridge.domain.ids import RentalId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.plan import Change, Kind, Observed, Plan, Step, make_plan
from bridge.domain.records import before_changes
from bridge.domain.tenancy import Snapshot
from bridge.ports.adapter import Person
from bridge.ports.clock import Clock
from bridge.ports.store import SubjectRecord, SubjectRecords
from bridge.service.codes import CodeKeeper, InForce
from bridge.service.sites import ManagedSite
from bridge.telemetry import Metrics

MAX_ROUNDS: Final = 8
MAX_REPLACEMENTS: Final = 3


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

    access: dict[RentalId, AccessRecord] = field(default_factory=dict)
    codes: CodeMemory = NO_CODES
    ref: Mapping[str, Any] | None = None
    entries: list[LedgerEntry] = field(default_factory=list)
    failures: dict[Step, BridgeError] = field(default_factory=dict)
    tried: dict[Step, Change] = field(default_factory=dict)
    unfinished: Plan = field(default_factory=Plan)
    observed: Observed | None = None
    adopted_from: RentalId | None = None
    rotates: bool = False
    """Staff asked for a new code: the one before is not put back."""
    refused_codes: list[RefusedCode] = field(default_factory=list)
    replacements: int = 0

    def begin(self, record: SubjectRecord) -> None:
        self.access, self.codes, self.ref = dict(record.access), record.codes, record.ref

    def choose(self, chosen: InForce) -> None:
        self.codes, self.adopted_from = chosen.codes, chosen.adopted_from
        self.access |= {record.rental: record for record in chosen.rotated}
        self.rotates = bool(chosen.rotated)
        self.refused_codes += chosen.refused

    def certainty(self) -> dict[RentalId, Certainty]:
        """Return how sure we are of each rental that is not confirmed."""
        unsure: dict[RentalId, Certainty] = {}
        for change in self.unfinished.changes:
            accepted = change.step in self.tried and change.step not in self.failures
            for rental in change.rentals:
                unsure[rental] = Certainty.ACCEPTED if accepted else Certainty.UNKNOWN
        return unsure

    def error(self) -> BridgeError | None:
        """Return what keeps the run from being done: the error most worth trying again for, or None."""
        errors = [self.failures.get(change.step, _not_seen(change)) for change in self.unfinished.changes]
        return min(errors, key=_patience, default=None)


def _not_seen(change: Change) -> NotYetConsistent:
    if change.after:
        return NotYetConsistent("a door is kept open until the one that takes its place is seen open")
    return NotYetConsistent("the vendor accepted a change that it does not show yet")


def _patience(error: BridgeError) -> int:
    return 1 if isinstance(error, PermanentError) else 0


def _is_about_the_code(step: Step, error: BridgeError) -> bool:
    return isinstance(error, Conflict) or (step[0] is Kind.CHANGE_CODE and isinstance(error, Rejected))


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
            ready = [c for c in plan.changes if not c.after and c.step not in progress.tried]
            if not ready:
                return
            await self._announce(case, ready, progress)
            for change in ready:
                await self._apply(case, change, progress)
            await self._mend_code(case, progress)
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

        progress.tried[change.step] = change
        outcome, why = "accepted", ""
        try:
            with self._metrics.time_step("apply"):
                ref = await case.site.adapter.apply(change, case.person, progress.ref, keep)
            if ref != progress.ref:
                await keep(ref)
        except (LeaseLost, StoreUnavailable):
            raise
        except BridgeError as error:
            progress.failures[change.step] = error
            outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
            why = f"{type(error).__name__}: {error}"
        self._metrics.changes.labels(case.site.adapter_key, str(change.kind), outcome).inc()
        details = {"change": str(change.kind)} | ({"why": why} if why else {})
        progress.entries.append(self._entry(case.claim, LedgerKind.OUTCOME, outcome, change, details))

    async def _mend_code(self, case: Case, progress: Progress) -> None:
        """Where the vendor will not have the code: put back the one before staff's, or else take another.

        The next round uses it. After a few replacements the refusal stands, for a person to look at.
        """
        refusals = [step for step, error in progress.failures.items() if _is_about_the_code(step, error)]
        if not refusals:
            return
        if progress.adopted_from is not None:
            progress.refused_codes.append(RefusedCode(rental=progress.adopted_from, refusal=CodeRefusal.TAKEN))
            progress.adopted_from = None
            if progress.codes.earlier and not progress.rotates:
                progress.codes = await self._keeper.restore(case.claim, progress.codes)
            else:
                await self._replace_code(case, progress)
        elif progress.replacements < MAX_REPLACEMENTS:
            await self._replace_code(case, progress)
        else:
            return
        for step in refusals:
            del progress.failures[step], progress.tried[step]

    async def _replace_code(self, case: Case, progress: Progress) -> None:
        progress.replacements += 1
        rules = case.site.capabilities.code_rules
        progress.codes = await self._keeper.replace(case.claim, case.snapshot, progress.codes, rules)

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
