"""The questions that decide whether a rental may be entered, in their order, each with its evidence.

A run and an explanation ask the same ones: the reasons of a suspension are the checks that fail.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, Reason
from bridge.domain.errors import Anomaly
from bridge.domain.ids import RentalId
from bridge.domain.policy import MoveOutPolicy, OverduePolicy, SitePolicy, blackout_end, midnight, wall_clock
from bridge.domain.revocations import Revocation
from bridge.domain.tenancy import Rental, RentalState, Snapshot
from bridge.domain.transfers import Links, last_heir, may_open, overlap_end, unclear_transfers

RENTAL_STATE: Final = "rental_state"
UNIT_MAPPED: Final = "unit_mapped"

_EARNS_NOTHING: Final = frozenset(
    {
        RentalState.ENDED,
        RentalState.CANCELLED,
        RentalState.ABANDONED,
        RentalState.SUBMITTED,
        RentalState.RESERVED,
    }
)


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a word, and no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question and its answer, with its evidence in one plain line.

    `reason` is what a failure suspends the rental for, None where there is nothing to suspend. `turns` (UTC) is when
    the answer may change by itself.
    """

    name: str
    verdict: Verdict
    evidence: str
    reason: Reason | None = None
    since: datetime | None = None
    turns: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the bridge remembers and the platform does not tell."""

    records: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    links: Links = field(default_factory=dict)
    elsewhere: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    """What is known of linked rentals at other sites."""
    revocation: Revocation | None = None
    """A person has taken all access away."""


NO_PAST: Final = Past()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Debt:
    owes: bool
    evidence: str
    since: datetime | None = None
    turns: datetime | None = None


class RentalChecks:
    """Asks for each rental of one snapshot at one moment. `now` is aware."""

    def __init__(self, snapshot: Snapshot, policy: SitePolicy, now: datetime, past: Past = NO_PAST) -> None:
        self._policy = policy
        self._now = now
        self._past = past
        self._unclear = unclear_transfers(snapshot, past.links, past.records, now)
        self._rentals = {rental.id: rental for rental in snapshot.rentals}
        self._debts = {rental.id: self._debt(rental) for rental in snapshot.rentals}
        self._debts |= {rental: _lost_debt(past.records.get(rental)) for rental in snapshot.unreadable}
        is_current = {r.id for r in snapshot.rentals if _is_occupied(r)} | snapshot.unreadable.keys()
        self._debtors = sorted(rental for rental in is_current if self._debts[rental].owes)
        self._blackout_end = blackout_end(policy, now)

    def of(self, rental: Rental) -> tuple[Check, ...]:
        """Return the checks of a rental; where its state earns nothing, that one alone.

        Raises `Anomaly` for a state that is no known word: unknown is never "nobody". What a person has revoked is
        revoked whatever the state is.
        """
        revoked = self._revoked()
        if revoked and not _is_known(rental):
            return revoked
        state = self._state(rental)
        if state.verdict is Verdict.FAIL:
            return (state,)
        return (
            state,
            *revoked,
            _mapped(rental),
            self._started(rental),
            self._deferred(self._overdue(rental), rental),
            _unlocked(rental),
            self._deferred(self._still_there(rental), rental),
            _unblocked(rental),
            self._clear(rental),
        )

    def _revoked(self) -> tuple[Check, ...]:
        """Return the check that fails while a person has revoked the access; nobody asks it of others."""
        revocation = self._past.revocation
        if revocation is None:
            return ()
        failed = _check(Reason.EMERGENCY, Verdict.FAIL, f"access was {revocation}")
        return (replace(failed, since=revocation.since),)

    def _state(self, rental: Rental) -> Check:
        name, evidence = RENTAL_STATE, f"the rental is {rental.state}"
        if _is_occupied(rental):
            return Check(name=name, verdict=Verdict.PASS, evidence=evidence)
        if not _is_known(rental):
            raise Anomaly(f"rental {rental.id} is in a state that the bridge does not know")
        record = self._past.records.get(rental.id)
        until = overlap_end(rental, record, self._past.links, self._policy, self._now)
        heir = last_heir(rental.id, self._past.links)
        if until is not None and heir is not None and self._now < until and self._may_be_entered(heir):
            evidence = (
                f"{evidence}; its tenant was transferred to rental {heir} and may enter until {self._local(until)}"
            )
            return Check(name=name, verdict=Verdict.PASS, evidence=evidence, turns=until)
        return Check(name=name, verdict=Verdict.FAIL, evidence=evidence)

    def _may_be_entered(self, heir: RentalId) -> bool:
        """Tell whether the rental at the end of a transfer is open, or is to be opened at its own site."""
        rental = self._rentals.get(heir)
        if rental is not None:
            return _is_occupied(rental) and not suspension(self.of(rental))
        record = self._past.elsewhere.get(heir)
        return may_open(record) or (record is not None and record.status is AccessStatus.GRANTED)

    def _started(self, rental: Rental) -> Check:
        day, reason = rental.start_date, Reason.NOT_STARTED
        if day is None:
            return _passed(reason, "no start date, so it has begun")
        early = self._policy.early_access
        starts = midnight(day, self._policy) - early
        evidence = f"starts on {day}" + (f" and may be entered from {self._local(starts)}" if early else "")
        if self._now < starts:
            return _check(reason, Verdict.FAIL, evidence, starts)
        return _passed(reason, evidence)

    def _overdue(self, rental: Rental) -> Check:
        own = self._debts[rental.id]
        if self._policy.overdue is OverduePolicy.IGNORE:
            return _passed(Reason.OVERDUE, f"{own.evidence}; the site's policy ignores overdue")
        owing = own
        if self._policy.overdue is OverduePolicy.TENANT and not own.owes and self._debtors:
            other = self._debtors[0]
            evidence = f"rental {other} of the tenant {self._debts[other].evidence}, and the site closes all of them"
            owing = _Debt(owes=True, evidence=evidence, since=self._debts[other].since, turns=own.turns)
        verdict = Verdict.FAIL if owing.owes else Verdict.PASS
        return _check(Reason.OVERDUE, verdict, owing.evidence, owing.turns, owing.since)

    def _debt(self, rental: Rental) -> _Debt:
        if not rental.overdue:
            return _Debt(owes=False, evidence="is not marked overdue")
        since = self._overdue_since(rental)
        marked = f"is marked overdue since {self._local(since)}"
        until = rental.fields.overdue_until
        if until is not None and self._now < (ends := midnight(until + timedelta(days=1), self._policy)):
            return _Debt(owes=False, evidence=f"{marked}; staff want that ignored through {until}", turns=ends)
        if self._policy.grace and self._now < (ends := since + self._policy.grace):
            return _Debt(owes=False, evidence=f"{marked}; that counts from {self._local(ends)}", turns=ends)
        return _Debt(owes=True, evidence=marked, since=since)

    def _overdue_since(self, rental: Rental) -> datetime:
        record = self._past.records.get(rental.id)
        seen = record.overdue_since if record is not None else None
        return min(rental.overdue_since or seen or self._now, self._now)

    def _still_there(self, rental: Rental) -> Check:
        day, reason = rental.move_out_date, Reason.MOVE_OUT_PASSED
        if day is None:
            return _passed(reason, "no move-out is planned")
        ends = midnight(day + timedelta(days=1), self._policy)
        keeps = self._policy.move_out_date is MoveOutPolicy.KEEP
        stays = "; access stays until staff confirm it" if keeps else ""
        if self._now < ends:
            return _check(reason, Verdict.PASS, f"moves out on {day}{stays}", ends)
        verdict = Verdict.PASS if keeps else Verdict.FAIL
        return _check(reason, verdict, f"was to move out on {day}{stays}")

    def _clear(self, rental: Rental) -> Check:
        reason = Reason.TRANSFER_UNCLEAR
        if rental.id in self._unclear:
            evidence = (
                "starts within a day after a rental of the tenant ended that staff had locked; no transfer was seen"
            )
            return _check(reason, Verdict.FAIL, evidence)
        return _passed(reason, "no doubt whether it follows a locked rental")

    def _deferred(self, check: Check, rental: Rental) -> Check:
        """Return the check, passed while the blackout lasts, of a rental that is open now."""
        record = self._past.records.get(rental.id)
        is_open = record is not None and record.status is AccessStatus.GRANTED
        if check.verdict is not Verdict.FAIL or self._blackout_end is None or not is_open:
            return check
        evidence = f"{check.evidence}; what is open is not closed before {self._local(self._blackout_end)}"
        return replace(check, verdict=Verdict.PASS, evidence=evidence, since=None, turns=self._blackout_end)

    def _local(self, moment: datetime) -> str:
        return wall_clock(moment, self._policy)


def suspension(checks: Iterable[Check]) -> frozenset[Reason]:
    """Return the reasons for which the checks close a rental."""
    return frozenset(c.reason for c in checks if c.verdict is Verdict.FAIL and c.reason is not None)


def earns_nothing(checks: Collection[Check]) -> bool:
    return any(check.name == RENTAL_STATE and check.verdict is Verdict.FAIL for check in checks)


def _lost_debt(record: AccessRecord | None) -> _Debt:
    """Return the debt of a rental that cannot be read now: what closed it for being overdue is believed to last."""
    owes = record is not None and Reason.OVERDUE in record.reasons
    return _Debt(owes=owes, evidence="cannot be read now" + (", and was overdue" if owes else ""))


def _is_occupied(rental: Rental) -> bool:
    return rental.state is RentalState.OCCUPIED


def _is_known(rental: Rental) -> bool:
    return _is_occupied(rental) or rental.state in _EARNS_NOTHING


def _mapped(rental: Rental) -> Check:
    unit = rental.unit
    if unit.opted_out:
        return Check(name=UNIT_MAPPED, verdict=Verdict.FAIL, evidence="staff left the unit out of the gate system")
    if unit.target is None:
        return Check(name=UNIT_MAPPED, verdict=Verdict.FAIL, evidence="the unit has no name at the gate system")
    return Check(name=UNIT_MAPPED, verdict=Verdict.PASS, evidence=f"the unit is {unit.target} at the gate system")


def _unlocked(rental: Rental) -> Check:
    if rental.fields.overlocked:
        return _check(Reason.MANUAL, Verdict.FAIL, "staff ticked the overlock field")
    return _passed(Reason.MANUAL, "the overlock field is not ticked")


def _unblocked(rental: Rental) -> Check:
    if rental.unit.blocked:
        return _check(Reason.UNIT_BLOCKED, Verdict.FAIL, "staff blocked the unit")
    return _passed(Reason.UNIT_BLOCKED, "the unit is not blocked")


def _passed(reason: Reason, evidence: str) -> Check:
    return _check(reason, Verdict.PASS, evidence)


def _check(
    reason: Reason, verdict: Verdict, evidence: str, turns: datetime | None = None, since: datetime | None = None
) -> Check:
    return Check(name=str(reason), verdict=verdict, evidence=evidence, reason=reason, since=since, turns=turns)
