"""Rentals, units and snapshots to ask about."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.policy import SitePolicy
from bridge.domain.tenancy import Rental, RentalFields, RentalState, Snapshot, Tenant, Unit

SUBJECT = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("s1"), tenant=TenantId("t1"))
LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
POLICY = SitePolicy(zone=LONDON)


def unit(
    number: int = 1,
    *,
    target: str | None = "auto",
    opted_out: bool = False,
    blocked: bool = False,
    holder: str | None = None,
) -> Unit:
    name = f"B-{number:03}"
    mapped = TargetId(name) if target == "auto" else None if target is None else TargetId(target)
    return Unit(
        id=UnitId(f"u{number}"),
        name=name,
        target=mapped,
        opted_out=opted_out,
        blocked=blocked,
        holder=None if holder is None else RentalId(holder),
    )


def rental(
    number: int = 1,
    *,
    state: RentalState = RentalState.OCCUPIED,
    overdue: bool = False,
    overlocked: bool = False,
    forgiven: date | None = None,
    start: date | None = None,
    end: date | None = None,
    move_out: date | None = None,
    overdue_since: datetime | None = None,
    of: Unit | None = None,
) -> Rental:
    return Rental(
        id=RentalId(f"r{number}"),
        unit=of or unit(number),
        state=state,
        overdue=overdue,
        overdue_since=overdue_since,
        start_date=start,
        end_date=end,
        move_out_date=move_out,
        fields=RentalFields(overlocked=overlocked, overdue_until=forgiven),
    )


def snapshot(*rentals: Rental) -> Snapshot:
    return Snapshot(subject=SUBJECT, tenant=Tenant(name="Mira"), rentals=rentals)
