"""What a vendor shows otherwise than the bridge left it, and whether a run may put it back.

A change is caused by drift where it would not be planned if the vendor still showed what was seen there last. All else
is asked for by the platform, and goes on whatever a site's policy is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.access import AccessRecord, Certainty
from bridge.domain.changes import Change, EntryState, Kind, Observed, Plan, Step
from bridge.domain.credential import GateCode
from bridge.domain.ids import RentalId, SubjectKey, TargetId
from bridge.domain.policy import DriftPolicy

MAX_ROUNDS: Final = 3
"""So often within a day the same thing is put back; then somebody at the vendor wants it otherwise, and is asked."""
DAY: Final = timedelta(days=1)
_TRUSTED: Final = frozenset({Certainty.CONFIRMED, Certainty.DRIFTED})


class DriftKind(StrEnum):
    MISSING = "missing"
    CHANGED = "changed"
    EXTRA_OURS = "extra_ours"
    EXTRA_FOREIGN = "extra_foreign"
    UNKNOWN = "unknown"
    """It was in force, and the vendor does not say so any more."""


class Aspect(StrEnum):
    """What of a person has drifted."""

    DOOR = "door"
    CODE = "code"
    PERSON = "person"


class Left(StrEnum):
    """Why it is left as it is."""

    REPORT = "report"
    """The site's policy says so."""
    FIGHT = "fight"
    """It was put back as often as is allowed, and somebody undid it each time."""
    FOREIGN = "foreign"
    """It is not the bridge's."""
    UNSETTLED = "unsettled"
    """It is looked at again until the vendor says what it is."""


_OURS: Final = frozenset({Left.REPORT, Left.FIGHT})
Thing = tuple[Aspect, TargetId | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that has drifted; `left` is None where it is put back, `since` is when it was seen first (UTC)."""

    kind: DriftKind
    aspect: Aspect
    target: TargetId | None
    since: datetime
    left: Left | None = None
    rentals: tuple[RentalId, ...] = ()

    @property
    def thing(self) -> Thing:
        return self.aspect, self.target

    def words(self) -> str:
        """Return it for people, such as `missing: door B-014`."""
        return f"{self.kind}: {self.aspect}{f' {self.target}' if self.target else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOf:
    """What has drifted of one subject."""

    subject: SubjectKey
    drift: Drift


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One person at the vendor as the bridge left them, or as it was content with.

    `healed` are the moments (UTC) at which a thing was put back, and `left` what has drifted and stays as it is.
    """

    exists: bool = False
    is_code_right: bool = False
    entries: Mapping[TargetId, EntryState] = field(default_factory=dict)
    healed: Mapping[Thing, tuple[datetime, ...]] = field(default_factory=dict)
    left: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was known when a run began. Without a `sight` nothing is drift: all is asked for."""

    sight: Sight | None = None
    records: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    code: GateCode | None = None
    policy: DriftPolicy = DriftPolicy.HEAL


def believed(before: Before) -> Observed | None:
    """Return what the vendor would show if nobody had touched it, None where that is not known."""
    sight = before.sight
    if sight is None:
        return None
    return Observed(
        exists=sight.exists,
        code=before.code if sight.is_code_right else None,
        code_in_doubt=not sight.is_code_right,
        entries=sight.entries,
    )


def drifted(plan: Plan, asked: Plan, before: Before, now: datetime) -> dict[Step, Drift]:
    """Return the changes of `plan` that drift has caused. `asked` is the plan from what is `believed`."""
    sight = before.sight
    if sight is None:
        return {}
    doors = {change.target for change in asked.changes if change.target is not None}
    kinds = {change.kind for change in asked.changes if change.target is None}
    kinds |= {Kind.UPDATE_PERSON} | ({Kind.REMOVE_PERSON} if sight.exists else set())
    found = {}
    for change in plan.changes:
        is_asked = change.kind in kinds if change.target is None else change.target in doors
        if not is_asked and (_is_trusted(change, before.records) or _is_left(_thing(change), sight)):
            found[change.step] = _drift(change, sight, before.policy, now)
    return found


def without(plan: Plan, drifts: Mapping[Step, Drift]) -> Plan:
    """Return the plan without what is left as it is."""
    kept = (change for change in plan.changes if (one := drifts.get(change.step)) is None or one.left is None)
    return Plan(changes=tuple(kept), foreign=plan.foreign)


def left_alone(
    drifts: Iterable[Drift], plan: Plan, observed: Observed, sight: Sight | None, now: datetime
) -> tuple[Drift, ...]:
    """Return all that is not as it should be and stays so after a run, each as old as it is known to be."""
    found = [one for one in drifts if one.left is not None]
    unsettled = sorted(observed.unsettled & (sight.entries if sight is not None else {}).keys())
    loose = [(DriftKind.EXTRA_FOREIGN, target, Left.FOREIGN) for target in plan.foreign]
    loose += [(DriftKind.UNKNOWN, target, Left.UNSETTLED) for target in unsettled]
    found += [Drift(kind=kind, aspect=Aspect.DOOR, target=t, since=now, left=why) for kind, t, why in loose]
    known = {_same(one): one for one in sight.left} if sight is not None else {}
    return tuple(known.get(_same(one), one) for one in found)


def new_drift(left: Iterable[Drift], sight: Sight | None) -> list[Drift]:
    """Return what was not left in the run before."""
    known = {_same(one) for one in sight.left} if sight is not None else set()
    return [one for one in left if _same(one) not in known]


def sight_after(
    observed: Observed,
    plan: Plan,
    before: Before,
    *,
    left: tuple[Drift, ...],
    healed: Collection[Thing],
    now: datetime,
) -> Sight:
    """Return what to remember of a run's last look; `plan` is what was left to do then, drift too.

    What has drifted and is left is remembered as it should be: it stays drift until somebody puts it right.
    """
    sight = before.sight or Sight()
    entries = {t: state for t, state in observed.entries.items() if t not in observed.unsettled}
    ours = [one for one in left if one.left in _OURS]
    for one in ours:
        doors = entries.keys() & sight.entries.keys() if one.target is None else {one.target}
        for door in doors:
            if door in sight.entries:
                entries[door] = sight.entries[door]
            else:
                entries.pop(door, None)
    for one in left:
        if one.left is Left.UNSETTLED and one.target is not None:
            entries[one.target] = sight.entries[one.target]
    is_wrong = observed.code_in_doubt or any(change.kind is Kind.CHANGE_CODE for change in plan.changes)
    return Sight(
        exists=sight.exists if ours else observed.exists,
        is_code_right=sight.is_code_right if any(one.aspect is Aspect.CODE for one in ours) else not is_wrong,
        entries=entries,
        healed=rounds_after(sight, healed, now),
        left=left,
    )


def rounds_after(sight: Sight, healed: Collection[Thing], now: datetime) -> Mapping[Thing, tuple[datetime, ...]]:
    """Return when things were put back within the last day, `healed` just now; without any, as it was."""
    if not healed:
        return sight.healed
    recent = {thing: _of_the_day(moments, now) for thing, moments in sight.healed.items()}
    recent |= {thing: (*recent.get(thing, ()), now) for thing in healed}
    return {thing: moments for thing, moments in recent.items() if moments}


def may_be_over(sight: Sight | None, plan: Plan) -> bool:
    """Tell whether what is remembered as drifted should be looked at, though nothing is to be changed."""
    if sight is None or not sight.left:
        return False
    foreign = {one.target for one in sight.left if one.left is Left.FOREIGN}
    return foreign != set(plan.foreign) or any(one.left is not Left.FOREIGN for one in sight.left)


def _drift(change: Change, sight: Sight, policy: DriftPolicy, now: datetime) -> Drift:
    thing = _thing(change)
    left = None
    if policy is DriftPolicy.REPORT:
        left = Left.REPORT
    elif _is_left(thing, sight, {Left.FIGHT}) or len(_of_the_day(sight.healed.get(thing, ()), now)) >= MAX_ROUNDS:
        left = Left.FIGHT
    aspect, target = thing
    return Drift(kind=_kind(change, sight), aspect=aspect, target=target, since=now, left=left, rentals=change.rentals)


def _is_left(thing: Thing, sight: Sight, by: Collection[Left] = _OURS) -> bool:
    """Tell whether it is left already. That a person was asked is not over with the day."""
    return any(one.thing == thing and one.left in by for one in sight.left)


def _thing(change: Change) -> Thing:
    if change.target is not None:
        return Aspect.DOOR, change.target
    return (Aspect.CODE if change.kind is Kind.CHANGE_CODE else Aspect.PERSON), None


def _kind(change: Change, sight: Sight) -> DriftKind:
    if change.kind is Kind.GRANT:
        return DriftKind.MISSING
    is_removal = change.is_removal or (change.kind is Kind.SUSPEND and change.target is not None)
    is_new = change.target not in sight.entries if change.target is not None else True
    return DriftKind.EXTRA_OURS if is_removal and is_new else DriftKind.CHANGED


def _is_trusted(change: Change, records: Mapping[RentalId, AccessRecord]) -> bool:
    """Tell whether what was seen last is all that the bridge has done: nothing of its own can turn up late."""
    known = [records[rental] for rental in change.rentals if rental in records]
    seen = [record for record in known if record.status is not None]
    is_late = any(change.target in record.unsure for record in known)
    return bool(seen) and not is_late and all(record.certainty in _TRUSTED for record in seen)


def _of_the_day(moments: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    return tuple(moment for moment in moments if abs(now - moment) < DAY)


def _same(drift: Drift) -> tuple[DriftKind, Thing, Left | None]:
    return drift.kind, drift.thing, drift.left
