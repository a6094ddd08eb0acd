"""What an explanation is made from: all that a run would know of a subject, without doing anything about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.domain.access import AccessRecord, Problem, RentalAccess
from bridge.domain.changes import Change, Kind, Observed, Plan
from bridge.domain.credential import NO_CODES, CodeMemory, RefusedCode
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.policy import SitePolicy, wall_clock
from bridge.domain.tenancy import FieldWrites, Snapshot

_BY_VENDOR = frozenset({Problem.REFUSED_BY_VENDOR, Problem.NO_CAPACITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The subject's place in the queue: `state` is idle, ready, running or dead; `attempts` are failed runs.

    `paused` says what keeps the bridge from working on it, where somebody has paused that.
    """

    state: str
    due_at: datetime | None = None
    attempts: int = 0
    note: str | None = None
    paused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One subject at `moment`. Where that is not now, nothing is known but what the rules say.

    `observed` is None where the vendor was not read, and `unseen` says why; `plan` is what would be done then. `work`
    is None for a subject that the bridge has never heard of. `codes` are those that the bridge gave; `refused_codes`,
    `writes` and `asks_new_code` are what a run would make of the rentals' fields. `open_tasks` are problems that staff
    were told of, by unit. `in_step`: a run would change nothing, not even what the bridge remembers.
    """

    policy: SitePolicy
    prefix: str
    moment: datetime
    is_now: bool
    snapshot: Snapshot
    desired: Desired
    records: Mapping[RentalId, AccessRecord]
    heirs: Collection[RentalId] = frozenset()
    codes: CodeMemory = NO_CODES
    refused_codes: tuple[RefusedCode, ...] = ()
    asks_new_code: bool = False
    observed: Observed | None = None
    unseen: str = ""
    plan: Plan = field(default_factory=Plan)
    writes: Mapping[RentalId, FieldWrites] = field(default_factory=dict)
    work: Work | None = None
    open_tasks: Mapping[UnitId, str] = field(default_factory=dict)
    in_step: bool = False
    has_drifted: bool = False
    """Something was found changed at the vendor and left so: only a run can tell that it is over."""

    def local(self, moment: datetime) -> str:
        return wall_clock(moment, self.policy)

    def field(self, tail: str) -> str:
        """Return the code of a custom field of ours at this site."""
        return f"{self.prefix}_{tail}"

    def left(self, rental: RentalId) -> list[Change]:
        """Return what is left to do at the vendor for a rental, in order."""
        return [change for change in self.plan.changes if rental in change.rentals]

    def left_at_doors(self, rental: RentalId) -> list[Change]:
        return [change for change in self.left(rental) if change.kind is not Kind.CHANGE_CODE]

    def with_problem(self, access: RentalAccess) -> RentalAccess:
        """Return the rental in error where staff were told that the vendor refuses what is still to be done."""
        told = self.open_tasks.get(access.unit)
        if access.problem is not None or told not in _BY_VENDOR or not self.left(access.rental):
            return access
        return replace(access, problem=Problem(told))
