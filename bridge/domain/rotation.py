"""A new gate code that staff ask for in a rental's field: made once for one request, whatever happens in between."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from bridge.domain.access import AccessRecord
from bridge.domain.ids import RentalId
from bridge.domain.tenancy import Rental, Resync


def unserved(
    rentals: Iterable[Rental], living: Collection[RentalId], records: Mapping[RentalId, AccessRecord]
) -> tuple[AccessRecord, ...]:
    """Return the records of the `living` rentals whose request is not served yet, marked as served.

    They go to the store with the new code, in one unit of work: a run that finds the mark knows that the code was made.
    """
    asking = [rental.id for rental in rentals if rental.id in living and rental.fields.resync is Resync.ROTATE]
    asked = [records.get(rental, AccessRecord(rental=rental)) for rental in asking]
    return tuple(replace(record, rotated=True) for record in asked if not record.rotated)


def without_old_marks(
    rentals: Iterable[Rental], records: Mapping[RentalId, AccessRecord]
) -> dict[RentalId, AccessRecord]:
    """Return the records without the marks of requests that are gone from their fields: the next one is a new one."""
    gone = {rental.id for rental in rentals if rental.fields.resync is not Resync.ROTATE}
    return {
        rental: replace(record, rotated=False) if record.rotated and rental in gone else record
        for rental, record in records.items()
    }
