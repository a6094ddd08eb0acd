"""The changes that bring the vendor from what was observed to what is desired."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.credential import GateCode
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, TargetId


class EntryState(StrEnum):
    """What a person may do at one target, as the vendor shows it."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The person that the bridge made for the subject. `code` is None where the vendor does not show codes.

    `exists` False is only said by a look-up that can be trusted; what cannot be read is an error, not an empty answer.
    """

    exists: bool = False
    code: GateCode | None = None
    entries: Mapping[TargetId, EntryState] = field(default_factory=dict)


class Kind(StrEnum):
    GRANT = "grant"
    RESUME = "resume"
    CHANGE_CODE = "change_code"
    SUSPEND = "suspend"
    REVOKE = "revoke"
    REMOVE_PERSON = "remove_person"


class Rank(IntEnum):
    """Order inside a plan: nobody waits outside for somebody else's removal."""

    GRANTS = 1
    SUSPENSIONS = 2
    REMOVALS = 3


RANK: Final[Mapping[Kind, Rank]] = {
    Kind.CHANGE_CODE: Rank.GRANTS,
    Kind.GRANT: Rank.GRANTS,
    Kind.RESUME: Rank.GRANTS,
    Kind.SUSPEND: Rank.SUSPENSIONS,
    Kind.REVOKE: Rank.REMOVALS,
    Kind.REMOVE_PERSON: Rank.REMOVALS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing to do at the vendor, for the rentals it serves.

    `target` is None for changes of the person; `code` is set where the vendor must learn it. `after` names rentals
    whose own doors must be seen open first: a transfer, or a new mapping, closes the old door only then.
    """

    kind: Kind
    target: TargetId | None = None
    code: GateCode | None = None
    rentals: tuple[RentalId, ...] = ()
    after: frozenset[RentalId] = frozenset()

    @property
    def step(self) -> "Step":
        """What makes it the same change in another plan."""
        return self.kind, self.target

    @property
    def is_removal(self) -> bool:
        return RANK[self.kind] is Rank.REMOVALS


Step = tuple[Kind, TargetId | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Changes in the order to apply them; `foreign` are entries of our person that the bridge did not make."""

    changes: tuple[Change, ...] = ()
    foreign: tuple[TargetId, ...] = ()


def make_plan(
    desired: Desired,
    observed: Observed,
    records: Mapping[RentalId, AccessRecord],
    code: GateCode | None,
    transfers: Mapping[RentalId, RentalId] | None = None,
) -> Plan:
    """Return what is left to do; applied in full and observed again, it returns no change.

    `records` say what the bridge made, and so may remove. `code` is the one in force, needed for any grant.
    `transfers` maps a left rental to the one that replaced it.
    """
    wishes = _wishes(desired.rentals, records)
    ours = {target: record.rental for record in records.values() for target in record.targets}
    changes: list[Change] = []

    if wishes and code is not None and observed.code is not None and observed.code != code:
        changes.append(Change(kind=Kind.CHANGE_CODE, code=code, rentals=_rentals(wishes.values())))
    for target, wish in wishes.items():
        changes += _towards(target, wish, observed.entries.get(target), code)

    held = {target for rental in desired.unreadable & records.keys() for target in records[rental].targets}
    unwished = sorted(observed.entries.keys() - wishes.keys() - held)
    foreign = tuple(target for target in unwished if target not in ours)
    for target in unwished:
        if target in ours:
            heir = (transfers or {}).get(ours[target], ours[target])
            after = _not_open_yet(heir, desired.rentals, observed.entries)
            changes.append(Change(kind=Kind.REVOKE, target=target, rentals=(ours[target],), after=after))
    if observed.exists and not desired.needs_code and not foreign:
        changes.append(Change(kind=Kind.REMOVE_PERSON, rentals=tuple(sorted(records))))

    changes.sort(key=lambda change: RANK[change.kind])
    return Plan(changes=tuple(changes), foreign=foreign)


def _wishes(
    rentals: Iterable[RentalAccess], records: Mapping[RentalId, AccessRecord]
) -> dict[TargetId, list[RentalAccess]]:
    """Group by target: where two rentals share a door, it is open while either earns it.

    A rental whose unit lost its mapping keeps what it has: staff are asked, nobody is locked out by an emptied field.
    """
    wishes: dict[TargetId, list[RentalAccess]] = {}
    for rental in rentals:
        if rental.status is AccessStatus.NONE or rental.opted_out:
            continue
        if rental.target is not None:
            wishes.setdefault(rental.target, []).append(rental)
        elif rental.rental in records:
            for target in sorted(records[rental.rental].targets):
                wishes.setdefault(target, []).append(rental)
    return wishes


def _towards(
    target: TargetId, wish: Sequence[RentalAccess], seen: EntryState | None, code: GateCode | None
) -> list[Change]:
    rentals = _rentals([wish])
    if any(rental.status is AccessStatus.GRANTED for rental in wish):
        if seen is EntryState.ACTIVE:
            return []
        kind = Kind.RESUME if seen is EntryState.SUSPENDED else Kind.GRANT
        return [Change(kind=kind, target=target, code=code, rentals=rentals)]
    if seen is EntryState.ACTIVE:
        return [Change(kind=Kind.SUSPEND, target=target, rentals=rentals)]
    return []


def _not_open_yet(
    heir: RentalId, rentals: Iterable[RentalAccess], entries: Mapping[TargetId, EntryState]
) -> frozenset[RentalId]:
    """Return the heir, while it earns a door that is not seen open; one without a mapping has no door yet."""
    waits = any(
        access.rental == heir
        and access.status is AccessStatus.GRANTED
        and not access.opted_out
        and (access.target is None or entries.get(access.target) is not EntryState.ACTIVE)
        for access in rentals
    )
    return frozenset({heir}) if waits else frozenset()


def _rentals(wishes: Iterable[Sequence[RentalAccess]]) -> tuple[RentalId, ...]:
    return tuple(sorted({rental.rental for wish in wishes for rental in wish}))
