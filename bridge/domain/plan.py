"""The changes that bring the vendor from what was observed to what is desired."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.changes import Change, EntryState, Kind, Observed, Plan
from bridge.domain.credential import GateCode
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, TargetId

_NOBODY: Final[frozenset[RentalId]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the bridge knows of its own doing at the vendor.

    `records` say what it made, and so may remove. `code` is the one in force, `taken_code` the one that the vendor took
    last, for vendors that do not show it; `renew_code` asks a vendor that makes codes for a new one. `profile_is_new`:
    the tenant's name, e-mail or phone is not what the vendor was told last. `waits` maps a left rental to those whose
    door must be seen open before its own is closed.
    """

    records: Mapping[RentalId, AccessRecord] = field(default_factory=dict)
    code: GateCode | None = None
    taken_code: GateCode | None = None
    renew_code: bool = False
    profile_is_new: bool = False
    waits: Mapping[RentalId, frozenset[RentalId]] = field(default_factory=dict)


def targets_to_look_at(desired: Desired, records: Mapping[RentalId, AccessRecord]) -> frozenset[TargetId]:
    """Return the targets that a plan can be about: what is wanted, and what the bridge has or may have opened."""
    wanted = {rental.target for rental in desired.rentals if rental.target is not None}
    shared = {door.target for door in desired.common_doors}
    return frozenset(wanted | shared).union(*(record.targets | record.unsure for record in records.values()))


def make_plan(desired: Desired, observed: Observed, holding: Holding, capabilities: Capabilities) -> Plan:
    """Return what is left to do; applied in full and observed again, it returns no change.

    The order: what must be closed before something else may open, then openings, suspensions, removals. Nobody waits
    outside for somebody else's removal.
    """
    return _Planner(desired, observed, holding, capabilities).plan()


@dataclass(slots=True)
class _Wish:
    """What one target should be, for the rentals that it serves."""

    is_open: bool
    rentals: set[RentalId]


class _Planner:
    def __init__(self, desired: Desired, observed: Observed, holding: Holding, capabilities: Capabilities) -> None:
        self._desired = desired
        self._observed = observed
        self._entries = observed.entries
        self._holding = holding
        self._capabilities = capabilities
        self._wishes = _wishes(desired, holding.records)
        self._ours = _ours(holding.records)
        frozen = [holding.records[rental] for rental in sorted(desired.frozen & holding.records.keys())]
        self._frozen = {target: record.rental for record in frozen for target in record.targets}
        is_open = (record for record in frozen if record.status is AccessStatus.GRANTED)
        self._frozen_open = {target for record in is_open for target in record.targets}

    def plan(self) -> Plan:
        unwished = sorted(self._entries.keys() - self._wishes.keys() - self._frozen.keys())
        foreign = tuple(target for target in unwished if target not in self._ours)
        removals = [self._removal(target) for target in unwished if target in self._ours]
        closings: list[Change] = []
        if self._capabilities.suspends is SuspendScope.PERSON:
            closings, openings, suspensions = self._of_the_person(removals)
            removals = [change for change in removals if change not in closings]
        else:
            openings, suspensions = self._target_by_target()
        if self._observed.exists and not self._desired.needs_code and not foreign:
            after = frozenset[RentalId]().union(*(change.after for change in removals))
            removals.append(Change(kind=Kind.REMOVE_PERSON, rentals=tuple(sorted(self._holding.records)), after=after))
        changes = (*closings, *self._code(), *openings, *self._profile(), *suspensions, *removals)
        return Plan(changes=changes, foreign=foreign)

    def _code(self) -> list[Change]:
        code = self._holding.code
        if not self._wishes or not self._observed.exists:
            return []
        if self._capabilities.code_maker is CodeMaker.VENDOR:
            is_wrong, code = code is None or self._holding.renew_code or self._observed.code_in_doubt, None
        else:
            shown = self._holding.taken_code if self._observed.code is None else self._observed.code
            is_wrong = code is not None and (shown != code or self._observed.code_in_doubt)
        return [Change(kind=Kind.CHANGE_CODE, code=code, rentals=self._everyone())] if is_wrong else []

    def _profile(self) -> list[Change]:
        is_new = self._holding.profile_is_new and self._capabilities.updates_person
        if not (is_new and self._observed.exists and self._wishes):
            return []
        return [Change(kind=Kind.UPDATE_PERSON)]

    def _target_by_target(self) -> tuple[list[Change], list[Change]]:
        openings, suspensions = [], []
        for target, wish in self._wishes.items():
            seen = self._entries.get(target)
            if wish.is_open and seen is not EntryState.ACTIVE:
                kind = Kind.GRANT if seen is None else Kind.RESUME
                openings.append(self._opening(kind, target, wish))
            elif not wish.is_open and seen is EntryState.ACTIVE and target not in self._frozen_open:
                suspensions.append(Change(kind=Kind.SUSPEND, target=target, rentals=tuple(sorted(wish.rentals))))
        return openings, suspensions

    def _of_the_person(self, removals: Iterable[Change]) -> tuple[list[Change], list[Change], list[Change]]:
        """Return closings, openings and suspensions where only the whole person can be suspended.

        While any door is open, one that should be closed is taken away instead. A suspended person is resumed only when
        nothing opens with it that should stay closed.
        """
        kept = self._frozen_open
        shut = [t for t, wish in self._wishes.items() if not wish.is_open and t in self._entries and t not in kept]
        is_suspended = EntryState.SUSPENDED in self._entries.values()
        if not any(wish.is_open for wish in self._wishes.values()):
            if self._frozen.keys() & self._entries.keys():
                return [self._dropped(target) for target in shut if not is_suspended], [], []
            is_active = EntryState.ACTIVE in (self._entries[target] for target in shut)
            everyone = tuple(sorted({rental for target in shut for rental in self._wishes[target].rentals}))
            return [], [], [Change(kind=Kind.SUSPEND, rentals=everyone)] if is_active else []
        closings = [self._dropped(target) for target in shut]
        openings = [
            self._opening(Kind.GRANT, target, wish)
            for target, wish in self._wishes.items()
            if wish.is_open and target not in self._entries
        ]
        if is_suspended:
            closings += removals
            # A frozen rental that is closed stays so: its door is taken away, or the switch would open it.
            lost = sorted((self._frozen.keys() - kept - self._wishes.keys()) & self._entries.keys())
            closings += [Change(kind=Kind.REVOKE, target=t, rentals=(self._frozen[t],)) for t in lost]
            in_the_way = {rental for change in closings for rental in change.rentals}
            rentals = tuple(sorted({r for wish in self._wishes.values() if wish.is_open for r in wish.rentals}))
            openings.append(
                Change(kind=Kind.RESUME, code=self._new_code(), rentals=rentals, after=frozenset(in_the_way))
            )
        return closings, openings, []

    def _dropped(self, target: TargetId) -> Change:
        return Change(kind=Kind.REVOKE, target=target, rentals=tuple(sorted(self._wishes[target].rentals)))

    def _opening(self, kind: Kind, target: TargetId, wish: _Wish) -> Change:
        return Change(kind=kind, target=target, code=self._new_code(), rentals=tuple(sorted(wish.rentals)))

    def _new_code(self) -> GateCode | None:
        return self._holding.code if self._capabilities.code_maker is CodeMaker.BRIDGE else None

    def _removal(self, target: TargetId) -> Change:
        """Return the removal of a door that nobody earns; a door in use waits for the one that takes its place."""
        left = self._ours[target]
        heirs = frozenset().union(*(self._holding.waits.get(rental, _NOBODY) for rental in left))
        is_open = self._entries[target] is EntryState.ACTIVE
        after = [rental for rental in heirs | left if is_open and self._is_awaited(rental, elsewhere=rental in heirs)]
        return Change(kind=Kind.REVOKE, target=target, rentals=tuple(sorted(left)), after=frozenset(after))

    def _is_awaited(self, rental: RentalId, *, elsewhere: bool) -> bool:
        """Tell whether a rental earns a door that is not seen open; one without a mapping has no door yet.

        An heir at another site is awaited as long as it is named at all.
        """
        access = next((access for access in self._desired.rentals if access.rental == rental), None)
        if access is None:
            return elsewhere
        earns = access.status is AccessStatus.GRANTED and access.is_served
        return earns and (access.target is None or not self._is_seen_open(access.target))

    def _is_seen_open(self, target: TargetId) -> bool:
        return self._entries.get(target) is EntryState.ACTIVE and target not in self._observed.unsettled

    def _everyone(self) -> tuple[RentalId, ...]:
        return tuple(sorted({rental for wish in self._wishes.values() for rental in wish.rentals}))


def _wishes(desired: Desired, records: Mapping[RentalId, AccessRecord]) -> dict[TargetId, _Wish]:
    """Return what each target should be: where two rentals share a door, it is open while either earns it.

    A rental whose unit lost its mapping keeps what it has: staff are asked, nobody is locked out by an emptied field.
    The doors that all share are as their own rule says, also where a unit was given the name of one.
    """
    shared = {door.target for door in desired.common_doors}
    wishes: dict[TargetId, _Wish] = {}
    for rental in desired.rentals:
        if not rental.is_served:
            continue
        kept = records[rental.rental].targets if rental.rental in records else frozenset[TargetId]()
        own = {rental.target} if rental.target is not None else kept - shared
        for target in sorted(own):
            wish = wishes.setdefault(target, _Wish(is_open=False, rentals=set()))
            wish.is_open |= rental.status is AccessStatus.GRANTED
            wish.rentals.add(rental.rental)
    for door in desired.common_doors:
        wishes[door.target] = _Wish(is_open=door.is_open, rentals=set(door.rentals))
    return wishes


def _ours(records: Mapping[RentalId, AccessRecord]) -> dict[TargetId, set[RentalId]]:
    ours: defaultdict[TargetId, set[RentalId]] = defaultdict(set)
    for record in records.values():
        for target in record.targets | record.unsure:
            ours[target].add(record.rental)
    return dict(ours)
