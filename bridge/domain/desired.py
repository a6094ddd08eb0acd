"""What a tenant may open at a site, and when that next changes by itself."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bridge.domain.access import AccessStatus, Problem, Reason, RentalAccess
from bridge.domain.errors import Anomaly
from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.policy import MoveOutPolicy, OverduePolicy, SitePolicy
from bridge.domain.tenancy import Rental, RentalState, Snapshot

_EARNS_NOTHING: Final = frozenset(
    {
        RentalState.ENDED,
        RentalState.CANCELLED,
        RentalState.ABANDONED,
        RentalState.SUBMITTED,
        RentalState.RESERVED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The state to bring the vendor to; `next_change` (UTC) is when the rules would say something else."""

    subject: SubjectKey
    rentals: tuple[RentalAccess, ...]
    unreadable: frozenset[RentalId] = frozenset()
    """Rentals to be left exactly as they are."""
    next_change: datetime | None = None

    @property
    def needs_code(self) -> bool:
        """Suspension keeps the gate code: only a tenant without any rental needs none."""
        return bool(self.unreadable) or any(
            rental.status is not AccessStatus.NONE and not rental.opted_out for rental in self.rentals
        )


def desired_access(snapshot: Snapshot, policy: SitePolicy, now: datetime) -> Desired:
    """Return what the tenant may open at this site, and when that next changes.

    `now` is aware. Raises `Anomaly` for a rental whose state is no known word: unknown is never "nobody".
    """
    any_overdue = any(_owes(r, policy, now) for r in snapshot.rentals if r.state is RentalState.OCCUPIED)
    rentals = tuple(
        _rental_access(rental, policy, now, any_overdue=any_overdue)
        for rental in sorted(snapshot.rentals, key=lambda rental: rental.id)
    )
    turns = [turn for rental in snapshot.rentals for turn in _turning_points(rental, policy) if turn > now]
    return Desired(
        subject=snapshot.subject,
        rentals=rentals,
        unreadable=frozenset(snapshot.unreadable),
        next_change=min(turns, default=None),
    )


def _rental_access(rental: Rental, policy: SitePolicy, now: datetime, *, any_overdue: bool) -> RentalAccess:
    unit = rental.unit
    if rental.state in _EARNS_NOTHING:
        return RentalAccess(rental=rental.id, unit=unit.id, status=AccessStatus.NONE, target=unit.target)
    if rental.state is not RentalState.OCCUPIED:
        raise Anomaly(f"rental {rental.id} is in a state that the bridge does not know")
    reasons = frozenset(_reasons(rental, policy, now, any_overdue=any_overdue))
    return RentalAccess(
        rental=rental.id,
        unit=unit.id,
        status=AccessStatus.SUSPENDED if reasons else AccessStatus.GRANTED,
        reasons=reasons,
        target=unit.target,
        problem=Problem.NO_MAPPING if unit.target is None and not unit.opted_out else None,
        opted_out=unit.opted_out,
    )


def _reasons(rental: Rental, policy: SitePolicy, now: datetime, *, any_overdue: bool) -> list[Reason]:
    overdue = {
        OverduePolicy.RENTAL: _owes(rental, policy, now),
        OverduePolicy.TENANT: any_overdue,
        OverduePolicy.IGNORE: False,
    }[policy.overdue]
    starts, ends = _starts(rental, policy), _ends(rental, policy)
    evidence = {
        Reason.OVERDUE: overdue,
        Reason.MANUAL: rental.fields.overlocked,
        Reason.NOT_STARTED: starts is not None and now < starts,
        Reason.MOVE_OUT_PASSED: ends is not None and now >= ends,
        Reason.UNIT_BLOCKED: rental.unit.blocked,
    }
    return [reason for reason, applies in evidence.items() if applies]


def _turning_points(rental: Rental, policy: SitePolicy) -> list[datetime]:
    if rental.state is not RentalState.OCCUPIED:
        return []
    turns = (_starts(rental, policy), _ends(rental, policy), _goodwill_ends(rental, policy))
    return [turn for turn in turns if turn is not None]


def _owes(rental: Rental, policy: SitePolicy, now: datetime) -> bool:
    """Tell whether the rental is overdue, and staff's goodwill for it is over."""
    until = _goodwill_ends(rental, policy)
    return rental.overdue and (until is None or now >= until)


def _goodwill_ends(rental: Rental, policy: SitePolicy) -> datetime | None:
    """Return when goodwill ends, None where there is none or nothing for it to forgive."""
    until = rental.fields.overdue_until
    if until is None or not rental.overdue or policy.overdue is OverduePolicy.IGNORE:
        return None
    return midnight(until + timedelta(days=1), policy)


def _starts(rental: Rental, policy: SitePolicy) -> datetime | None:
    return None if rental.start_date is None else midnight(rental.start_date, policy)


def _ends(rental: Rental, policy: SitePolicy) -> datetime | None:
    if rental.move_out_date is None or policy.move_out_date is MoveOutPolicy.KEEP:
        return None
    return midnight(rental.move_out_date + timedelta(days=1), policy)


def midnight(day: date, policy: SitePolicy) -> datetime:
    """Return the first moment of `day` by the site's wall clock, in UTC.

    Where that midnight is skipped or doubled by a change of clock, `zoneinfo` reads it with the offset before the
    change: the first of two, and for a skipped one the moment the clock jumped.
    """
    return datetime.combine(day, time.min, tzinfo=policy.zone).astimezone(UTC)
