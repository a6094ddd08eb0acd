"""From one row of the platform's to a rental, asking for what the row leaves out."""

from datetime import date
from typing import Final

from bridge.sdk import Anomaly, Rental, RentalId, RentalState, Secret, SourceSite, Unit, UnitId
from bridge.sources.storeganise.client import StoreganiseApi
from bridge.sources.storeganise.days import read_day
from bridge.sources.storeganise.fields import FieldCodes
from bridge.sources.storeganise.rows import (
    STATE_BY_WORD,
    is_occupied,
    is_over,
    moment_of,
    unit_id_of,
    unit_of,
)
from bridge.sources.storeganise.wire import RentalRow

ALIVE: Final = frozenset({"ready", "running"})
MOVE_OUT: Final = "unit_moveOut"


class RowReader:
    """A tenant's own list and a site's are read alike, row by row."""

    def __init__(self, api: StoreganiseApi) -> None:
        self._api = api

    async def rental(self, row: RentalRow, site: SourceSite, key: Secret) -> Rental:
        """Return the rental. Raises `Anomaly` where the row, or what belongs to it, cannot be read."""
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
            overdue_since=moment_of(row.overdue),
            fields=codes.read_rental(row.custom_fields or {}, what, site.zone, is_over=is_over(row)),
        )

    async def _unit(self, row: RentalRow, codes: FieldCodes, key: Secret) -> Unit:
        """Return the unit, asking for it alone where it matters and the list left it or its fields out."""
        unit, unit_id = row.unit, unit_id_of(row)
        if is_occupied(row) and (unit is None or unit.custom_fields is None):
            unit = await self._api.unit(unit_id, key)
            if unit is None:
                raise Anomaly(f"units/{unit_id} is not found")
        return Unit(id=UnitId(unit_id), name="") if unit is None else unit_of(unit, codes)

    async def _move_out_date(self, row: RentalRow, site: SourceSite, key: Secret) -> date | None:
        """Return the date of a move-out job that is still alive; one that is gone or over has none."""
        if row.move_out_job_id is None or not is_occupied(row):
            return None
        job = await self._api.job(row.move_out_job_id, key)
        if job is None or job.type != MOVE_OUT or job.state not in ALIVE or job.data is None:
            return None
        if job.data.unit_rental_id not in {None, row.id}:
            raise Anomaly(f"jobs/{job.id} is another rental's move-out")
        text = job.data.date or job.data.move_out_date
        return read_day(text, site.zone, f"jobs/{job.id}: data.date")
