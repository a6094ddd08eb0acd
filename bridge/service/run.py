"""One subject's run at the vendor: rounds of observe, plan and apply, until nothing is left that can be done now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bridge.domain.capabilities import CodeMaker
from bridge.domain.changes import Change, Kind, Observed, Step
from bridge.domain.credential import CodeRefusal, GateCode, RefusedCode
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.doors_seen import DRIFT, intent_details
from bridge.domain.errors import (
    BridgeError,
    Conflict,
    LeaseLost,
    OutcomeUnknown,
    Rejected,
    StoreUnavailable,
    Unsupported,
)
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.plan import make_plan, targets_to_look_at
from bridge.domain.records import before_changes
from bridge.ports.adapter import Ref
from bridge.ports.clock import Clock
from bridge.ports.store import Announcement, Judged, SubjectRecords
from bridge.service.alerts import Alerts
from bridge.service.codes import CodeKeeper
from bridge.service.leases import Leases
from bridge.service.progress import Case, Progress
from bridge.telemetry import Metrics, get_logger

MAX_ROUNDS: Final = 8
MAX_REPLACEMENTS: Final = 3


def _shown_to_the_tenant(case: Case, progress: Progress) -> list[RefusedCode]:
    """Return where the code that the vendor refuses is shown already: whoever gave it out must hear of another."""
    code = progress.codes.current
    shown = [rental.id for rental in case.snapshot.rentals if code is not None and rental.fields.code == code]
    return [RefusedCode(rental=rental, refusal=CodeRefusal.TAKEN) for rental in shown[:1]]


def _can_be_done(change: Change, case: Case) -> bool:
    return not change.after and not (change.kind is Kind.GRANT and change.target in case.occupied)


def _is_about_the_code(step: Step, error: BridgeError) -> bool:
    return isinstance(error, Conflict) or (step[0] is Kind.CHANGE_CODE and isinstance(error, Rejected))


class _Notes:
    """The checkpoint of one change."""

    def __init__(self, records: SubjectRecords, keeper: CodeKeeper, claim: ClaimedSubject, progress: Progress) -> None:
        self._records = records
        self._keeper = keeper
        self._claim = claim
        self._progress = progress

    async def keep_ref(self, ref: Ref | None) -> None:
        self._progress.ref = None if ref is None else dict(ref)
        await self._records.keep_ref(self._claim, self._progress.ref)

    async def keep_code(self, code: GateCode) -> None:
        progress = self._progress
        progress.codes = await self._keeper.told_by_vendor(self._claim, progress.codes, code, progress.wanting)
        progress.access |= {record.rental: record for record in progress.wanting}
        progress.wanting, progress.renews = (), False


class GateRun:
    """Brings one person at one vendor to the desired state."""

    def __init__(
        self,
        *,
        records: SubjectRecords,
        keeper: CodeKeeper,
        leases: Leases,
        alerts: Alerts,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._records = records
        self._alerts = alerts
        self._log = get_logger()
        self._leases = leases
        self._keeper = keeper
        self._clock = clock
        self._metrics = metrics

    async def bring(self, case: Case, progress: Progress) -> None:
        """Apply what is left to do, and observe, until a plan has nothing new; `progress` tells what came of it.

        Raises what the look-ups raise; a failed change is kept in `progress` and does not stop the others.
        """
        progress.observed = await self._observe(case, progress)
        for _ in range(MAX_ROUNDS):
            ready = await self._announced(case, progress.observed, progress)
            if not ready:
                return
            for change in ready:
                await self._apply(case, change, progress)
            await self._mend_code(case, progress)
            progress.observed = await self._observe(case, progress)

    async def _observe(self, case: Case, progress: Progress) -> Observed:
        with self._metrics.time_step("observe"):
            targets = targets_to_look_at(case.desired, progress.access)
            observed = await case.site.adapter.observe(case.person, progress.ref, targets)
        if case.site.capabilities.code_maker is CodeMaker.VENDOR and observed.code is not None and not progress.wanting:
            try:
                await self._notes(case, progress).keep_code(observed.code)
            except Conflict:
                progress.renews = True
        return observed

    def _notes(self, case: Case, progress: Progress) -> _Notes:
        return _Notes(self._records, self._keeper, case.claim, progress)

    async def _announced(self, case: Case, observed: Observed, progress: Progress) -> Sequence[Change]:
        """Plan, and return what can be done now, with the intent on disk; what the guard holds is planned around."""
        while True:
            wanted = progress.wanted(case.desired)
            holding = progress.holding(case.person.tenant, case.waits)
            planned = partial(make_plan, wanted, holding=holding, capabilities=case.site.capabilities)
            plan = progress.unfinished = progress.drift.sift(planned(observed), planned, self._clock.now())
            ready = [c for c in plan.changes if _can_be_done(c, case) and c.step not in progress.tried]
            if not ready or await self._announce(case, ready, progress):
                return ready

    async def _announce(self, case: Case, changes: Sequence[Change], progress: Progress) -> bool:
        """Put the intent on disk before the vendor hears of it: after a crash, what we opened is known to be ours.

        Return False where the guard holds something of it: that rental is left as it is, and nothing was announced.
        """
        access = before_changes(progress.access, changes)
        touched = sorted({rental for change in changes for rental in change.rentals})
        entries = [
            self._entry(
                case.claim,
                LedgerKind.INTENT,
                str(change.kind),
                change,
                intent_details(change, progress.observed, case.desired) | _cause(change, progress),
            )
            for change in changes
        ]
        losing = [
            one
            for one in progress.losses(changes, case.desired)
            # A person's own act is neither counted nor held, whatever becomes of the book.
            if progress.revocation is None and case.site.budgets.judges(one.loss)
        ]
        if losing:
            announcement = Announcement(
                losing=tuple(losing),
                budgets=case.site.budgets,
                spared=frozenset(progress.held),
                entries=tuple(entries),
                access=tuple(access[rental] for rental in touched),
            )
            judged = await self._records.announce(case.claim, announcement)
            if judged.held:
                self._note_held(case, judged, progress)
                return False
            progress.access = access
        else:
            progress.access = access
            await self._records.note(case.claim, entries, [access[rental] for rental in touched])
        progress.drift.announced(changes)
        return True

    def _note_held(self, case: Case, judged: Judged, progress: Progress) -> None:
        progress.held |= {rental: loss for loss, rental in judged.held}
        for entry in judged.alerts:
            self._alerts.say(entry)
        for (loss, rental), why in judged.held.items():
            self._log.warning("loss.held", site=case.claim.key.site, rental=rental, loss=str(loss), why=why)

    async def _apply(self, case: Case, change: Change, progress: Progress) -> None:
        notes = self._notes(case, progress)
        self._leases.check(case.claim)
        progress.tried[change.step] = change
        outcome, why = "accepted", ""
        try:
            if why_not := case.site.capabilities.refusal(change):
                raise Unsupported(why_not)
            with self._metrics.time_step("apply"):
                ref = await case.site.adapter.apply(change, case.person, progress.ref, notes)
            if ref != progress.ref:
                await notes.keep_ref(ref)
            _take_note(case, change, progress)
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
            progress.refused_codes += _shown_to_the_tenant(case, progress)
            await self._replace_code(case, progress)
        else:
            return
        for step in refusals:
            del progress.failures[step], progress.tried[step]

    async def _replace_code(self, case: Case, progress: Progress) -> None:
        progress.replacements += 1
        if case.site.capabilities.code_maker is CodeMaker.VENDOR:
            progress.renews = True
            return
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


def _cause(change: Change, progress: Progress) -> dict[str, str]:
    drift = progress.drift.found.get(change.step)
    return {} if drift is None else {DRIFT: str(drift.kind)}


def _take_note(case: Case, change: Change, progress: Progress) -> None:
    """Remember what the vendor has been told with a change that it accepted: code and person, where it took them."""
    is_new = change.kind is Kind.GRANT and progress.observed is not None and not progress.observed.exists
    if change.code is not None and (is_new or change.kind is Kind.CHANGE_CODE):
        progress.codes = replace(progress.codes, taken=change.code)
        progress.newly_taken = change.code
    if is_new or change.kind is Kind.UPDATE_PERSON:
        progress.profile = progress.newly_told = case.person.tenant.digest()
