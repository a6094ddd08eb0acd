"""Whom a run is about, and what it has come to so far."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.domain.access import AccessRecord, Certainty, Loss
from bridge.domain.changes import Change, Observed, Plan, Step
from bridge.domain.credential import NO_CODES, CodeMemory, GateCode, RefusedCode
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.desired import Desired, leaving
from bridge.domain.errors import BridgeError, NotYetConsistent, PermanentError
from bridge.domain.ids import RentalId, SubjectKey, TargetId
from bridge.domain.judge import Held, Losing, losses
from bridge.domain.ledger import LedgerEntry
from bridge.domain.plan import Holding
from bridge.domain.revocations import Revocation
from bridge.domain.tenancy import Snapshot, Tenant
from bridge.ports.adapter import Person
from bridge.ports.store import SubjectRecord
from bridge.service.codes import InForce
from bridge.service.drifting import DriftWatch
from bridge.service.sites import ManagedSite


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Whom to bring to which state, where. `waits` maps a left rental to those that must be seen open first."""

    claim: ClaimedSubject
    site: ManagedSite
    person: Person
    snapshot: Snapshot
    desired: Desired
    waits: Mapping[RentalId, frozenset[RentalId]]
    occupied: Mapping[TargetId, frozenset[SubjectKey]] = field(default_factory=dict)
    """Targets for one tenant only that the bridge still holds for another: who must leave before they are granted."""

    @property
    def here(self) -> frozenset[RentalId]:
        return frozenset(access.rental for access in self.desired.rentals)


@dataclass(slots=True, kw_only=True)
class Progress:
    """What a run has come to, kept outside of it so that a failure half-way loses nothing of it."""

    access: dict[RentalId, AccessRecord] = field(default_factory=dict)
    codes: CodeMemory = NO_CODES
    ref: Mapping[str, Any] | None = None
    profile: str | None = None
    """The digest of the tenant as the vendor was told last."""
    newly_told: str | None = None
    newly_taken: GateCode | None = None
    """What the vendor accepted in this run: a digest of the tenant, a gate code."""
    entries: list[LedgerEntry] = field(default_factory=list)
    failures: dict[Step, BridgeError] = field(default_factory=dict)
    tried: dict[Step, Change] = field(default_factory=dict)
    unfinished: Plan = field(default_factory=Plan)
    observed: Observed | None = None
    held: dict[RentalId, Loss] = field(default_factory=dict)
    """What the guard has held in this run: these rentals stay as they are."""
    drift: DriftWatch = field(default_factory=DriftWatch)
    removes: bool = False
    """Something that the bridge opened is to be closed for good, as far as is known before the vendor was asked."""
    adopted_from: RentalId | None = None
    rotates: bool = False
    """Staff asked for a new code: the one before is not put back."""
    wanting: tuple[AccessRecord, ...] = ()
    """Served by the next code that the vendor makes."""
    revocation: Revocation | None = None
    known: frozenset[RentalId] = frozenset()
    """The rentals of which a run before has said something."""
    renews: bool = False
    """The vendor is to make another code: the one that it made cannot be used."""
    refused_codes: list[RefusedCode] = field(default_factory=list)
    replacements: int = 0

    def begin(self, record: SubjectRecord) -> None:
        self.access, self.codes, self.ref, self.profile = dict(record.access), record.codes, record.ref, record.profile
        self.revocation = record.revocation
        self.drift.is_first = record.sight is None
        self.known = frozenset(rental for rental, one in record.access.items() if one.status is not None)

    def end_part(self) -> None:
        """Forget what was tried, all of which was seen; what is remembered of it stays."""
        self.tried, self.failures, self.unfinished, self.removes = {}, {}, Plan(), False

    def choose(self, chosen: InForce) -> None:
        self.codes, self.adopted_from, self.wanting = chosen.codes, chosen.adopted_from, chosen.wanting
        self.access |= {record.rental: record for record in chosen.rotated}
        self.rotates = bool(chosen.rotated)
        self.refused_codes += chosen.refused

    def holding(self, tenant: Tenant, waits: Mapping[RentalId, frozenset[RentalId]]) -> Holding:
        """Return what the next plan needs to know of our own doing."""
        return Holding(
            records=self.access,
            code=self.codes.current,
            taken_code=self.codes.taken,
            renew_code=self.renews or bool(self.wanting),
            profile_is_new=self.profile != tenant.digest(),
            waits=waits,
        )

    def wanted(self, desired: Desired) -> Desired:
        """Return what is desired but for what is held."""
        return leaving(desired, self.held)

    def losses(self, changes: Iterable[Change], desired: Desired) -> tuple[Losing, ...]:
        """Return which rentals lose access by these changes."""
        return losses(changes, self.wanted(desired), self.access, self.observed or Observed())

    def let_go(self, holds: Collection[Held], desired: Desired) -> frozenset[Held]:
        """Return which of these holds are over: the loss is not wanted any more, or is done.

        Of a rental that cannot be read now, nothing is known.
        """
        wanted = {(one.loss, one.rental) for one in self.losses(self.unfinished.changes, desired)}
        wanted |= {(loss, rental) for rental, loss in self.held.items()}
        return frozenset(hold for hold in holds if hold not in wanted and hold[1] not in desired.frozen)

    def certainty(self, desired: Desired) -> dict[RentalId, Certainty]:
        """Return how sure we are of each rental that is not confirmed."""
        unsure = self.drift.certainty() | dict.fromkeys(self._unsettled(desired), Certainty.ACCEPTED)
        for change in self.unfinished.changes:
            accepted = change.step in self.tried and change.step not in self.failures
            for rental in change.rentals:
                unsure[rental] = Certainty.ACCEPTED if accepted else Certainty.UNKNOWN
        return unsure

    def waiting(self, case: Case) -> list[Change]:
        """Return the changes that wait for a door at another site only; that site's run will tell."""
        return [change for change in self.unfinished.changes if change.after and not change.after & case.here]

    def error(self, case: Case) -> BridgeError | None:
        """Return what keeps the run from being done: the error most worth trying again for, or None."""
        waiting = {change.step for change in self.waiting(case)}
        left = [change for change in self.unfinished.changes if change.step not in waiting]
        errors = [self.failures.get(change.step) or _not_seen(change, case) for change in left]
        if self._unsettled(case.desired):
            errors.append(NotYetConsistent("the vendor has accepted a change that is not in force at the door yet"))
        return min(errors, key=_patience, default=None)

    def _unsettled(self, desired: Desired) -> list[RentalId]:
        """Return the rentals one of whose doors the vendor has not settled."""
        doors = frozenset[TargetId]() if self.observed is None else self.observed.unsettled
        shared = {rental for door in desired.common_doors if door.target in doors for rental in door.rentals}
        return [one.rental for one in desired.rentals if one.target in doors or one.rental in shared]


def _not_seen(change: Change, case: Case) -> NotYetConsistent:
    if change.target in case.occupied:
        return NotYetConsistent("the unit is still an earlier tenant's at the vendor, whose removal goes first")
    if change.after:
        return NotYetConsistent("a door is kept as it is until another one is seen as it should be")
    return NotYetConsistent("the vendor accepted a change that it does not show yet")


def _patience(error: BridgeError) -> int:
    return 1 if isinstance(error, PermanentError) else 0
