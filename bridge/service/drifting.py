"""What of one run's plans is drift, what was put back, and what is remembered of it for the next run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.domain.access import Certainty
from bridge.domain.changes import Change, Observed, Plan, Step
from bridge.domain.drift import (
    Before,
    Drift,
    Left,
    Sight,
    Thing,
    believed,
    drifted,
    left_alone,
    new_drift,
    rounds_after,
    sight_after,
    without,
)
from bridge.domain.ids import RentalId
from bridge.domain.policy import DriftPolicy
from bridge.domain.tenancy import Snapshot
from bridge.ports.store import SubjectRecord


@dataclass(slots=True, kw_only=True)
class DriftWatch:
    """`left` and `sight` are known at the end: what stays as it is, and what to remember; None where that is as it was.

    A thing counts as put back when its intent was kept, once a run, however often the vendor must be asked.
    """

    before: Before = field(default_factory=Before)
    is_first: bool = True
    """Nothing was remembered when the run began."""
    is_revoked: bool = False
    """A person wants every door closed: nothing is left as somebody else has made it."""
    left: tuple[Drift, ...] = ()
    sight: Sight | None = None
    found: dict[Step, Drift] = field(default_factory=dict)
    _plan: Plan = field(default_factory=Plan)
    _healed: dict[Thing, Drift] = field(default_factory=dict)

    def begin(self, record: SubjectRecord, snapshot: Snapshot, policy: DriftPolicy) -> None:
        """Take up what is remembered; where staff ask for the run, nothing is left as somebody has made it."""
        is_asked_for = any(rental.fields.resync is not None for rental in snapshot.rentals)
        self.is_revoked = record.revocation is not None
        self.before = Before(
            sight=None if is_asked_for else record.sight,
            records=record.access,
            code=record.codes.current,
            policy=policy,
        )

    def sift(self, plan: Plan, plan_from: Callable[[Observed], Plan], now: datetime) -> Plan:
        """Return the plan without what is left as it is; `plan_from` plans the same from another observation."""
        self._plan, self.found = plan, {}
        seen = believed(self.before) if plan.changes and not self.is_revoked else None
        if seen is not None:
            self.found = drifted(plan, plan_from(seen), self.before, now)
        return without(plan, self.found)

    def announced(self, changes: Iterable[Change]) -> None:
        """Take note that these are about to be sent."""
        drifts = (self.found[change.step] for change in changes if change.step in self.found)
        self._healed |= {drift.thing: drift for drift in drifts}

    def certainty(self) -> dict[RentalId, Certainty]:
        """Return the rentals of what has drifted and is left."""
        left = (drift for drift in self.found.values() if drift.left is not None)
        return {rental: Certainty.DRIFTED for drift in left for rental in drift.rentals}

    def end(self, observed: Observed, now: datetime) -> None:
        """Make up what a run leaves, from its last look."""
        self.left = left_alone(self.found.values(), self._plan, observed, self.before.sight, now)
        sight = sight_after(observed, self._plan, self.before, left=self.left, healed=self._healed, now=now)
        if sight != self.before.sight:
            self.sight = sight

    def fail(self, now: datetime) -> None:
        """Make up what a run leaves that was broken off: what it has put back is counted."""
        sight = self.before.sight
        if self.sight is None and sight is not None and self._healed:
            self.sight = replace(sight, healed=rounds_after(sight, self._healed, now))

    def new(self, *why: Left) -> list[Drift]:
        """Return what was not left in the run before, for one of these reasons."""
        return [drift for drift in new_drift(self.left, self.before.sight) if drift.left in why]
