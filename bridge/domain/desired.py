"""What a tenant may open at a site, and when that next changes by itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.domain.access import AccessRecord, AccessStatus, Loss, Problem, Reason, RentalAccess
from bridge.domain.checks import NO_PAST, Check, Past, RentalChecks, earns_nothing, suspension
from bridge.domain.flips import held_flips
from bridge.domain.ids import RentalId, SubjectKey, TargetId, UnitId
from bridge.domain.policy import CommonDoorsPolicy, SitePolicy, midnight
from bridge.domain.tenancy import Rental, RentalState, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonDoor:
    """A door that a tenant's rentals share, and the rentals that it serves."""

    target: TargetId
    is_open: bool
    rentals: tuple[RentalId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The state to bring the vendor to; `next_change` (UTC) is when the rules would say something else."""

    subject: SubjectKey
    rentals: tuple[RentalAccess, ...]
    common_doors: tuple[CommonDoor, ...] = ()
    frozen: frozenset[RentalId] = frozenset()
    """Rentals to be left exactly as they are: nothing can be said of them, or they change too often."""
    held: Mapping[RentalId, datetime] = field(default_factory=dict)
    """The frozen ones that change too often, and when each may change again (UTC)."""
    overstayed: frozenset[RentalId] = frozenset()
    """Occupied rentals whose move-out date has passed, whatever the site makes of that."""
    next_change: datetime | None = None

    @property
    def needs_code(self) -> bool:
        """Suspension keeps the gate code: only a tenant without any rental needs none."""
        return bool(self.frozen) or any(rental.is_served for rental in self.rentals)


def leaving(desired: Desired, held: Collection[RentalId]) -> Desired:
    """Return the same with these rentals left exactly as they are."""
    if not held:
        return desired
    rentals = tuple(access for access in desired.rentals if access.rental not in held)
    return replace(desired, rentals=rentals, frozen=desired.frozen.union(held))


def held_back(desired: Desired, held: Mapping[RentalId, Loss], records: Mapping[RentalId, AccessRecord]) -> Desired:
    """Return the same with what is held told as it is at the door. `records` are those of the held as they stay."""
    rentals = (
        replace(
            access,
            status=records[access.rental].status or access.status,
            held=held[access.rental],
            opted_out=False,
        )
        if access.rental in held
        else access
        for access in desired.rentals
    )
    return replace(desired, rentals=tuple(rentals))


def desired_access(snapshot: Snapshot, policy: SitePolicy, now: datetime, past: Past = NO_PAST) -> Desired:
    """Return what the tenant may open at this site, and when that next changes.

    `now` is aware. Raises `Anomaly` for a rental whose state is no known word: unknown is never "nobody".
    """
    checks = RentalChecks(snapshot, policy, now, past)
    asked = [(rental, checks.of(rental)) for rental in sorted(snapshot.rentals, key=lambda rental: rental.id)]
    turns = [check.turns for _, found in asked for check in found if check.turns is not None]
    rentals = [rental_access(rental, found) for rental, found in asked]
    held = held_flips(rentals, past.records, policy.max_flips, now)
    frozen = frozenset(snapshot.unreadable) | held.keys()
    judged = tuple(rental for rental in rentals if rental.rental not in held)
    if past.revocation is not None:
        judged, frozen = (*judged, *_revoked_unread(snapshot.unreadable, past.records)), frozenset()
    doors = _common_doors(judged, frozen, policy, past.records)
    return Desired(
        subject=snapshot.subject,
        rentals=tuple(_told_of(rental, doors) for rental in judged),
        common_doors=doors,
        frozen=frozen,
        held=held,
        overstayed=frozenset(rental.id for rental in snapshot.rentals if _has_overstayed(rental, policy, now)),
        next_change=min((turn for turn in (*turns, *held.values()) if turn > now), default=None),
    )


def revoked_access(subject: SubjectKey, records: Mapping[RentalId, AccessRecord]) -> Desired:
    """Return that nothing is left to the tenant, from our own records alone: the platform need not be asked for it."""
    return Desired(subject=subject, rentals=_revoked_unread(records, records))


def _revoked_unread(rentals: Iterable[RentalId], records: Mapping[RentalId, AccessRecord]) -> tuple[RentalAccess, ...]:
    return tuple(
        RentalAccess(
            rental=rental,
            unit=records[rental].unit or UnitId(""),
            status=AccessStatus.NONE,
            reasons=frozenset({Reason.EMERGENCY}),
        )
        for rental in sorted(rentals)
        if rental in records
    )


def _has_overstayed(rental: Rental, policy: SitePolicy, now: datetime) -> bool:
    day = rental.move_out_date
    return rental.state is RentalState.OCCUPIED and day is not None and now >= midnight(day + timedelta(days=1), policy)


def _common_doors(
    rentals: Sequence[RentalAccess],
    frozen: Collection[RentalId],
    policy: SitePolicy,
    records: Mapping[RentalId, AccessRecord],
) -> tuple[CommonDoor, ...]:
    """Return the shared doors. A rental without a door of its own yet earns none of them.

    What a frozen rental has open is not closed for the others' sake.
    """
    known = [records[rental] for rental in frozen if rental in records]
    serving = [rental for rental in rentals if rental.is_served and _has_door(rental, records, policy)]
    is_open = any(rental.status is AccessStatus.GRANTED for rental in serving)
    if policy.common_doors_open is CommonDoorsPolicy.NONE_OVERDUE:
        reasons = [*(rental.reasons for rental in rentals), *(record.reasons for record in known)]
        is_open &= not any(Reason.OVERDUE in one for one in reasons)
    kept = {t for record in known if record.status is AccessStatus.GRANTED for t in record.targets}
    served = tuple(rental.rental for rental in serving)
    return tuple(
        CommonDoor(target=target, is_open=is_open, rentals=served)
        for target in policy.common_doors
        if served and (is_open or target not in kept)
    )


def _told_of(rental: RentalAccess, doors: Sequence[CommonDoor]) -> RentalAccess:
    """Return the rental, told where its own door is open and a shared one is not."""
    is_shut_out = rental.status is AccessStatus.GRANTED and not all(door.is_open for door in doors)
    return replace(rental, common_doors_closed=is_shut_out and rental.is_served)


def _has_door(rental: RentalAccess, records: Mapping[RentalId, AccessRecord], policy: SitePolicy) -> bool:
    if rental.target is not None:
        return True
    record = records.get(rental.rental)
    return record is not None and bool(record.targets - set(policy.common_doors))


def _lacks_mapping(rental: Rental) -> bool:
    """Tell whether staff have to map the unit; of a rental that is over, a list may leave the mapping out."""
    unit = rental.unit
    return rental.state is RentalState.OCCUPIED and unit.target is None and not unit.opted_out


def rental_access(rental: Rental, checks: Collection[Check]) -> RentalAccess:
    """Return what the checks of a rental come to."""
    unit = rental.unit
    if earns_nothing(checks):
        return RentalAccess(rental=rental.id, unit=unit.id, status=AccessStatus.NONE, target=unit.target)
    reasons = suspension(checks)
    if Reason.EMERGENCY in reasons:
        is_all = frozenset({Reason.EMERGENCY})
        return RentalAccess(
            rental=rental.id, unit=unit.id, status=AccessStatus.NONE, reasons=is_all, target=unit.target
        )
    return RentalAccess(
        rental=rental.id,
        unit=unit.id,
        status=AccessStatus.SUSPENDED if reasons else AccessStatus.GRANTED,
        reasons=reasons,
        target=unit.target,
        problem=Problem.NO_MAPPING if _lacks_mapping(rental) else None,
        opted_out=unit.opted_out,
    )
