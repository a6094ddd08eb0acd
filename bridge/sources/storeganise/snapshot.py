"""A tenant at a site, as the platform has them at this moment, and nothing that contradicts itself."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final

from bridge.sdk import (
    Anomaly,
    Rejected,
    Rental,
    RentalId,
    RentalState,
    Secret,
    Snapshot,
    SourceSite,
    SubjectKey,
    Tenant,
    Unit,
    UnitId,
    inert,
)
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.days import read_day
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.keyring import Keyring
from bridge.sources.storeganise.parallel import every
from bridge.sources.storeganise.wire import Owner, RentalRow, UnitRow

AT_ONCE: Final = 8
MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
MAX_PHONE: Final = 64
ALIVE: Final = frozenset({"ready", "running"})
MOVE_OUT: Final = "unit_moveOut"
BLOCKED: Final = "blocked"
STATE_BY_WORD: Final = {state.value: state for state in RentalState} | {"canceled": RentalState.CANCELLED}


class SnapshotReader:
    def __init__(self, *, sites: Sequence[SourceSite], api: StoreganiseApi, keyring: Keyring) -> None:
        self._sites = {site.id: site for site in sites}
        self._api = api
        self._keyring = keyring

    async def read(self, subject: SubjectKey, known: Collection[RentalId]) -> Snapshot:
        """Return the tenant and their rentals; see the port. One call where nothing is missing from the list."""
        site = self._sites.get(subject.site)
        if site is None:
            raise Rejected(f"site {subject.site} is not configured")
        key = self._keyring.of_site(site.id)
        listed = await self._api.rentals_of(subject.tenant, subject.site, key)
        if not listed and not known:
            raise Anomaly(f"unit-rentals of user {subject.tenant}: an empty list, and nothing is known")
        unlisted = sorted(set(known) - {row.id for row in listed})
        incomplete = [row.id for row in listed if row.custom_fields is None]
        again = await every(lambda one: self._rental(one, key), [*unlisted, *incomplete], at_once=AT_ONCE)
        rows = {row.id: row for row in (*listed, *again)}
        for row in rows.values():
            _require_subject(row, subject)
        tenant = await self._tenant(subject, rows.values(), key)
        rentals = await every(
            lambda row: self._finished(row, site, key),
            [row for row in rows.values() if _has_unit(row)],
            at_once=AT_ONCE,
        )
        return Snapshot(subject=subject, tenant=tenant, rentals=tuple(sorted(rentals, key=lambda rental: rental.id)))

    async def _rental(self, rental_id: str, key: Secret) -> RentalRow:
        row = await self._api.rental(rental_id, key)
        if row is None:
            raise Anomaly(f"unit-rentals/{rental_id} is not found")
        return row

    async def _tenant(self, subject: SubjectKey, rows: Iterable[RentalRow], key: Secret) -> Tenant:
        owner = next((row.owner for row in rows if row.owner is not None), None)
        if owner is None:
            owner = await self._api.owner(subject.tenant, key)
        if owner is None:
            raise Anomaly(f"users/{subject.tenant} is not found")
        return _tenant(owner)

    async def _finished(self, row: RentalRow, site: SourceSite, key: Secret) -> Rental:
        what = f"unit-rentals/{row.id}"
        codes = FieldCodes(prefix=site.field_prefix)
        return Rental(
            id=RentalId(row.id),
            unit=await self._unit(row, codes, key),
            state=STATE_BY_WORD.get(row.state, RentalState.UNKNOWN),
            start_date=read_day(row.start_date, site.zone, f"{what}: startDate"),
            move_out_date=await self._move_out_date(row, site, key),
            overdue=bool(row.overdue),
            fields=codes.read_rental(row.custom_fields or {}, what),
        )

    async def _unit(self, row: RentalRow, codes: FieldCodes, key: Secret) -> Unit:
        """Return the unit, asking for it alone where it matters and the list left it or its fields out."""
        unit = row.unit
        if _is_occupied(row) and (unit is None or unit.custom_fields is None):
            unit = await self._api.unit(_unit_id(row), key)
            if unit is None:
                raise Anomaly(f"units/{row.unit_id} is not found")
        if unit is None:
            return Unit(id=UnitId(_unit_id(row)), name="")
        return _unit(unit, codes)

    async def _move_out_date(self, row: RentalRow, site: SourceSite, key: Secret) -> date | None:
        """Return the date of a move-out job that is still alive; one that is gone or over has none."""
        if row.move_out_job_id is None or not _is_occupied(row):
            return None
        job = await self._api.job(row.move_out_job_id, key)
        if job is None or job.type != MOVE_OUT or job.state not in ALIVE or job.data is None:
            return None
        if job.data.unit_rental_id not in {None, row.id}:
            raise Anomaly(f"jobs/{job.id} is another rental's move-out")
        text = job.data.date or job.data.move_out_date
        return read_day(text, site.zone, f"jobs/{job.id}: data.date")


def _require_subject(row: RentalRow, subject: SubjectKey) -> None:
    """Raise `Anomaly` where an answer is not about what was asked: a filter was ignored, or a rental changed hands."""
    if row.owner_id != subject.tenant:
        raise Anomaly(f"unit-rentals/{row.id} belongs to another user")
    if row.site_id != subject.site:
        raise Anomaly(f"unit-rentals/{row.id} is at another site")
    if row.owner is not None and row.owner.id != row.owner_id:
        raise Anomaly(f"unit-rentals/{row.id}: owner and ownerId differ")
    if row.unit is not None and row.unit_id is not None and row.unit.id != row.unit_id:
        raise Anomaly(f"unit-rentals/{row.id}: unit and unitId differ")


def _is_occupied(row: RentalRow) -> bool:
    return row.state == RentalState.OCCUPIED


def _has_unit(row: RentalRow) -> bool:
    """Tell whether a rental has a unit; an order that never got one, or lost it, opens nothing."""
    if row.unit_id is not None or row.unit is not None:
        return True
    if STATE_BY_WORD.get(row.state, RentalState.UNKNOWN) in {RentalState.OCCUPIED, RentalState.UNKNOWN}:
        raise Anomaly(f"unit-rentals/{row.id} is {row.state} without a unit")
    return False


def _unit_id(row: RentalRow) -> str:
    unit_id = row.unit_id or (row.unit.id if row.unit is not None else None)
    if unit_id is None:
        raise Anomaly(f"unit-rentals/{row.id} has no unit")
    return unit_id


def _unit(unit: UnitRow, codes: FieldCodes) -> Unit:
    mapping = codes.read_unit(unit.custom_fields or {}, f"units/{unit.id}")
    return Unit(
        id=UnitId(unit.id),
        name=inert(unit.name or "", MAX_NAME),
        target=mapping.target,
        opted_out=mapping.opted_out,
        blocked=unit.state == BLOCKED,
    )


def _tenant(owner: Owner) -> Tenant:
    whole = " ".join(part for part in (owner.first_name, owner.last_name) if part and part.strip())
    name = inert(whole or owner.name or owner.company_name or "", MAX_NAME)
    return Tenant(
        name=name or "Tenant",
        email=inert(owner.email or "", MAX_EMAIL) or None,
        phone=inert(owner.phone or "", MAX_PHONE) or None,
    )
