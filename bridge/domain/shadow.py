"""What a site in shadow would have come to: a rehearsal of each run at doors that exist in our books only.

Nothing of it is in an access record: what was rehearsed is never taken for ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.plan import Holding, make_plan
from bridge.domain.records import after_run
from bridge.domain.tenancy import Snapshot

MAX_ROUNDS: Final = 8
FIRST_LOOK: Final = timedelta(minutes=1)
LAST_LOOK: Final = timedelta(hours=1)
_STATE_BY_KIND: Final[Mapping[Kind, EntryState]] = {
    Kind.GRANT: EntryState.ACTIVE,
    Kind.RESUME: EntryState.ACTIVE,
    Kind.SUSPEND: EntryState.SUSPENDED,
}


class Door(StrEnum):
    """What a door is to a rental: in our rehearsal, or as the vendor shows it to be for somebody else's entries."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A rental's own door as it was seen last, and since when it is so (UTC)."""

    door: TargetId
    ours: Door
    theirs: Door
    since: datetime

    @property
    def differs(self) -> bool:
        return self.theirs is not Door.UNKNOWN and self.ours is not self.theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One tenant's rehearsed past: what would be remembered of each rental, and what the vendor would show of them."""

    records: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    entries: Mapping[TargetId, EntryState] = field(default_factory=dict)
    looks: Mapping[RentalId, Look] = field(default_factory=dict)

    @property
    def observed(self) -> Observed:
        return Observed(exists=bool(self.entries), entries=self.entries)

    @property
    def with_doors(self) -> int:
        """Return how many rentals would have a door now."""
        return sum(bool(record.targets) for record in self.records.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The changes that a run would have made, in order, each with what the vendor would have shown before it."""

    changes: tuple[tuple[Change, Observed], ...]
    stage: Stage


def rehearse(
    desired: Desired,
    stage: Stage,
    records: Mapping[RentalId, AccessRecord],
    capabilities: Capabilities,
    *,
    waits: Mapping[RentalId, frozenset[RentalId]],
    now: datetime,
) -> Rehearsal:
    """Return what a run would do and leave, as if every change were accepted and seen at once.

    `records` are those of the stage as the platform's answer leaves them. Gate codes are not rehearsed.
    """
    changes: list[tuple[Change, Observed]] = []
    observed = stage.observed
    holding = Holding(records=records, waits=waits)
    for _ in range(MAX_ROUNDS):
        plan = make_plan(desired, observed, holding, capabilities)
        tried = {change.step for change, _ in changes}
        ready = [c for c in plan.changes if not c.after and c.step not in tried and c.kind is not Kind.CHANGE_CODE]
        if not ready:
            break
        for change in ready:
            changes.append((change, observed))
            observed = _after(observed, change)
    left = after_run(desired, records, observed, {}, now)
    kept = {rental: one for rental, one in left.items() if one.targets or one.status is not AccessStatus.NONE}
    return Rehearsal(changes=tuple(changes), stage=replace(stage, records=kept, entries=observed.entries))


def _after(observed: Observed, change: Change) -> Observed:
    if change.kind is Kind.REMOVE_PERSON:
        return Observed()
    entries = dict(observed.entries)
    if change.kind is Kind.REVOKE and change.target is not None:
        entries.pop(change.target, None)
    elif (state := _STATE_BY_KIND.get(change.kind)) is not None:
        entries |= dict.fromkeys(entries if change.target is None else [change.target], state)
    return replace(observed, exists=True, entries=entries)


def looked_at(
    stage: Stage, desired: Desired, snapshot: Snapshot, theirs: Mapping[TargetId, bool] | None, at: datetime
) -> dict[RentalId, Look]:
    """Return how each rental's own door was seen at this look; `theirs` tells where strangers may enter, None nowhere.

    Doors that all share tell nothing of one rental. A rental that is over is looked after until both sides have closed
    its door; of one whose unit is somebody else's by now, nothing can be told.
    """
    shared = {door.target for door in desired.common_doors}
    told = {access.rental: access for access in desired.rentals}
    units = {rental.id: rental.unit for rental in snapshot.rentals}
    found: dict[RentalId, Look] = {}
    for rental in sorted({*told, *(desired.frozen & stage.looks.keys())}):
        access, before = told.get(rental), stage.looks.get(rental)
        door = None if access is None else access.target
        door = door or (None if before is None else before.door)
        if door is None or door in shared or (access is not None and access.opted_out):
            continue
        ours = Door.OPEN if stage.entries.get(door) is EntryState.ACTIVE else Door.CLOSED
        unit = units.get(rental)
        is_let_again = unit is not None and unit.holder not in {None, rental}
        is_over = access is not None and not access.is_served
        if is_over and before is None:
            continue
        seen = before.theirs if theirs is None and before is not None and before.door == door else Door.UNKNOWN
        if is_over and is_let_again:
            seen = Door.UNKNOWN  # whoever has it now is not told from who had it
        elif theirs is not None:
            seen = Door.OPEN if theirs.get(door) else Door.CLOSED
        if before is not None and (before.door, before.ours, before.theirs) == (door, ours, seen):
            found[rental] = before
        else:
            found[rental] = Look(door=door, ours=ours, theirs=seen, since=at)
    return found


def lasting(looks: Mapping[RentalId, Look], desired: Desired) -> dict[RentalId, Look]:
    """Return the looks to go on from: of a rental that is over and closed on both sides, nothing more is to be seen."""
    over = {access.rental for access in desired.rentals if not access.is_served}
    return {
        rental: look
        for rental, look in looks.items()
        if not (rental in over and look.ours is Door.CLOSED and not look.differs)
    }


def next_look(looks: Mapping[RentalId, Look], now: datetime) -> datetime | None:
    """Return when to look again where the two sides differ: sooner at first, to tell by how much one was later."""
    ages = [now - look.since for look in looks.values() if look.differs]
    return None if not ages else now + min(max(min(ages) / 2, FIRST_LOOK), LAST_LOOK)


def to_json(stage: Stage) -> dict[str, Any]:
    """Return the stage as it is stored."""
    return {
        "records": {rental: _record_to_json(record) for rental, record in sorted(stage.records.items())},
        "entries": {target: str(state) for target, state in sorted(stage.entries.items())},
        "looks": {
            rental: [look.door, str(look.ours), str(look.theirs), look.since.isoformat()]
            for rental, look in sorted(stage.looks.items())
        },
    }


def from_json(kept: Mapping[str, Any]) -> Stage:
    """Return the stage that was stored; an empty one where there is none."""
    return Stage(
        records={RentalId(rental): _record_from_json(rental, one) for rental, one in kept.get("records", {}).items()},
        entries={TargetId(target): EntryState(state) for target, state in kept.get("entries", {}).items()},
        looks={
            RentalId(rental): Look(
                door=TargetId(door), ours=Door(ours), theirs=Door(theirs), since=datetime.fromisoformat(since)
            )
            for rental, (door, ours, theirs, since) in kept.get("looks", {}).items()
        },
    )


def _record_to_json(record: AccessRecord) -> dict[str, Any]:
    return {
        "unit": record.unit,
        "targets": sorted(record.targets),
        "status": None if record.status is None else str(record.status),
        "reasons": sorted(record.reasons),
        "certainty": str(record.certainty),
        "since": _stamp(record.since),
        "overdue_since": _stamp(record.overdue_since),
        "flips": [moment.isoformat() for moment in record.flips],
        "staff_lock": record.staff_lock,
    }


def _record_from_json(rental: str, kept: Mapping[str, Any]) -> AccessRecord:
    return AccessRecord(
        rental=RentalId(rental),
        unit=None if kept["unit"] is None else UnitId(kept["unit"]),
        targets=frozenset(TargetId(target) for target in kept["targets"]),
        status=None if kept["status"] is None else AccessStatus(kept["status"]),
        reasons=frozenset(kept["reasons"]),
        certainty=Certainty(kept["certainty"]),
        since=_moment(kept["since"]),
        overdue_since=_moment(kept["overdue_since"]),
        flips=tuple(datetime.fromisoformat(moment) for moment in kept["flips"]),
        staff_lock=kept["staff_lock"],
    )


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(stamp: str | None) -> datetime | None:
    return None if stamp is None else datetime.fromisoformat(stamp)
