"""A tenant at a site, as the platform has them at this moment, and nothing that contradicts itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from bridge.sdk import (
    NOWHERE,
    Anomaly,
    BridgeError,
    Rejected,
    Rental,
    RentalId,
    RentalState,
    Secret,
    SiteId,
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
from bridge.sources.storeganise.parallel import each, every
from bridge.sources.storeganise.wire import Owner, RentalRow, UnitRow

AT_ONCE: Final = 8
MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
MAX_PHONE: Final = 64
MAX_ID: Final = 64
NAMELESS: Final = "Tenant"
ALIVE: Final = frozenset({"ready", "running"})
MOVE_OUT: Final = "unit_moveOut"
BLOCKED: Final = "blocked"
STATE_BY_WORD: Final = {state.value: state for state in RentalState} | {"canceled": RentalState.CANCELLED}


class SnapshotReader:
    def __init__(self, *, sites: Sequence[SourceSite], api: StoreganiseApi, keyring: Keyring) -> None:
        self._sites = {site.id: site for site in sites}
        self._api = api
        self._keyring = keyring

    async def read(
        self, subject: SubjectKey, known: Collection[RentalId], elsewhere: Mapping[RentalId, SiteId] = NOWHERE
    ) -> Snapshot:
        """Return the tenant and their rentals; see the port. One call where nothing is missing from the list."""
        site = self._sites.get(subject.site)
        if site is None:
            raise Rejected(f"site {subject.site} is not configured")
        key = self._keyring.of_site(site.id)
        listed = await self._listed(subject, key)
        if not listed and not known:
            raise Anomaly(f"unit-rentals of user {subject.tenant}: an empty list, and nothing is known")
        rentals = await every(
            lambda row: self._finished(row, site, key),
            [row for row in listed if _has_unit(row) or row.id in known],
            at_once=AT_ONCE,
        )
        unlisted = sorted(set(known) - {row.id for row in listed})
        found, unreadable = await self._unlisted(unlisted, subject, site, key)
        rows = [*listed, *(row for row, _ in found)]
        rentals += [rental for _, rental in found]
        return Snapshot(
            subject=subject,
            tenant=await self._tenant(subject, rows, key),
            rentals=tuple(sorted(rentals, key=lambda rental: rental.id)),
            unreadable=unreadable,
            elsewhere=await self._elsewhere(elsewhere, subject),
        )

    async def _elsewhere(self, rentals: Mapping[RentalId, SiteId], subject: SubjectKey) -> tuple[Rental, ...]:
        """Return what can be read of the tenant's rentals at other configured sites; of the rest nothing is said."""
        there = {rental: self._sites[site] for rental, site in sorted(rentals.items()) if site in self._sites}
        found = await each(lambda one: self._at_its_site(one, there[one], subject), list(there), at_once=AT_ONCE)
        for result in found:
            if isinstance(result, BridgeError) and not isinstance(result, Anomaly | Rejected):
                raise result
        return tuple(result for result in found if isinstance(result, Rental))

    async def _at_its_site(self, rental_id: RentalId, site: SourceSite, subject: SubjectKey) -> Rental:
        _, rental = await self._alone(rental_id, replace(subject, site=site.id), site, self._keyring.of_site(site.id))
        return rental

    async def _listed(self, subject: SubjectKey, key: Secret) -> list[RentalRow]:
        """Return what the platform lists. One row that contradicts the question makes the whole list worthless."""
        listed = await self._api.rentals_of(subject.tenant, subject.site, key)
        incomplete = [row.id for row in listed if row.custom_fields is None]
        again = await every(lambda one: self._rental(one, key), incomplete, at_once=AT_ONCE)
        rows = list({row.id: row for row in (*listed, *again)}.values())
        for row in rows:
            _require_sense(row, subject)
        return rows

    async def _unlisted(
        self, rental_ids: Sequence[RentalId], subject: SubjectKey, site: SourceSite, key: Secret
    ) -> tuple[list[tuple[RentalRow, Rental]], dict[RentalId, str]]:
        """Return rentals read one by one, and why others could not be.

        Raises only what is not about one rental: a platform that is away, busy, or refuses the key.
        """
        results = await each(lambda one: self._alone(one, subject, site, key), rental_ids, at_once=AT_ONCE)
        found: list[tuple[RentalRow, Rental]] = []
        unreadable: dict[RentalId, str] = {}
        for rental_id, result in zip(rental_ids, results, strict=True):
            if isinstance(result, Anomaly | Rejected):
                unreadable[rental_id] = _why(rental_id, result)
            elif isinstance(result, BridgeError):
                raise result
            else:
                found.append(result)
        return found, unreadable

    async def _alone(
        self, rental_id: RentalId, subject: SubjectKey, site: SourceSite, key: Secret
    ) -> tuple[RentalRow, Rental]:
        row = await self._rental(rental_id, key)
        _require_sense(row, subject)
        return row, await self._finished(row, site, key)

    async def _rental(self, rental_id: str, key: Secret) -> RentalRow:
        row = await self._api.rental(rental_id, key)
        if row is None:
            raise Anomaly(f"unit-rentals/{rental_id} is not found")
        return row

    async def _tenant(self, subject: SubjectKey, rows: Sequence[RentalRow], key: Secret) -> Tenant:
        """Return the owner, who may be gone only where no rental of theirs can be read either."""
        owner = next((row.owner for row in rows if row.owner is not None), None)
        if owner is None:
            owner = await self._api.owner(subject.tenant, key)
        if owner is None and rows:
            raise Anomaly(f"users/{subject.tenant} is not found")
        return Tenant(name=NAMELESS) if owner is None else _tenant(owner)

    async def _finished(self, row: RentalRow, site: SourceSite, key: Secret) -> Rental:
        what = f"unit-rentals/{row.id}"
        codes = FieldCodes(prefix=site.field_prefix)
        return Rental(
            id=RentalId(row.id),
            unit=await self._unit(row, codes, key),
            state=STATE_BY_WORD.get(row.state, RentalState.UNKNOWN),
            start_date=read_day(row.start_date, site.zone, f"{what}: startDate"),
            end_date=read_day(row.end_date, site.zone, f"{what}: endDate"),
            move_out_date=await self._move_out_date(row, site, key),
            overdue=bool(row.overdue),
            overdue_since=_moment(row.overdue),
            fields=codes.read_rental(row.custom_fields or {}, what, site.zone),
        )

    async def _unit(self, row: RentalRow, codes: FieldCodes, key: Secret) -> Unit:
        """Return the unit, asking for it alone where it matters and the list left it or its fields out."""
        unit, unit_id = row.unit, _unit_id(row)
        if _is_occupied(row) and (unit is None or unit.custom_fields is None):
            unit = await self._api.unit(unit_id, key)
            if unit is None:
                raise Anomaly(f"units/{unit_id} is not found")
        return Unit(id=UnitId(unit_id), name="") if unit is None else _unit(unit, codes)

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


def _require_sense(row: RentalRow, subject: SubjectKey) -> None:
    """Raise `Anomaly` where an answer contradicts itself or the question: a filter ignored, a rental changed hands."""
    if row.owner_id != subject.tenant:
        raise Anomaly(f"unit-rentals/{row.id} belongs to another user")
    if row.site_id != subject.site:
        raise Anomaly(f"unit-rentals/{row.id} is at another site")
    if row.owner is not None and row.owner.id != row.owner_id:
        raise Anomaly(f"unit-rentals/{row.id}: owner and ownerId differ")
    if row.unit is not None and row.unit_id is not None and row.unit.id != row.unit_id:
        raise Anomaly(f"unit-rentals/{row.id}: unit and unitId differ")
    state = STATE_BY_WORD.get(row.state, RentalState.UNKNOWN)
    if state in {RentalState.OCCUPIED, RentalState.UNKNOWN} and not _has_unit(row):
        raise Anomaly(f"unit-rentals/{row.id} is {state} without a unit")


def _is_occupied(row: RentalRow) -> bool:
    return row.state == RentalState.OCCUPIED


def _has_unit(row: RentalRow) -> bool:
    """Tell whether a rental has a unit; an order that never got one, or lost it, opens nothing."""
    return _unit_id(row) != ""


def _unit_id(row: RentalRow) -> str:
    """Return the unit's id, empty where there is no unit."""
    return row.unit_id or (row.unit.id if row.unit is not None else "")


def _why(rental_id: RentalId, error: Anomaly | Rejected) -> str:
    """Return why a rental cannot be read, naming its id; the platform's own words may be about a person."""
    what = f"unit-rentals/{inert(rental_id, MAX_ID)}"
    if isinstance(error, Rejected):
        return f"{what}: the platform refuses to show it"
    why = str(error)
    return why if why.startswith(what) else f"{what}: {why}"


def _unit(unit: UnitRow, codes: FieldCodes) -> Unit:
    mapping = codes.read_unit(unit.custom_fields or {}, f"units/{unit.id}")
    return Unit(
        id=UnitId(unit.id),
        name=inert(unit.name or "", MAX_NAME),
        target=mapping.target,
        opted_out=mapping.opted_out,
        blocked=unit.state == BLOCKED,
        holder=None if unit.rental_id is None else RentalId(unit.rental_id),
    )


def _moment(value: Any) -> datetime | None:
    """Return the time stamp that `overdue` may be, None for any other form of it: only its truth is documented."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _tenant(owner: Owner) -> Tenant:
    whole = " ".join(part for part in (owner.first_name, owner.last_name) if part and part.strip())
    name = inert(whole or owner.name or owner.company_name or "", MAX_NAME)
    return Tenant(
        name=name or NAMELESS,
        email=inert(owner.email or "", MAX_EMAIL) or None,
        phone=inert(owner.phone or "", MAX_PHONE) or None,
    )
