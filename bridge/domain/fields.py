"""Which of our custom fields to write: only those that differ, only what is confirmed."""

from collections.abc import Collection, Mapping

from bridge.domain.access import AccessRecord, AccessStatus, Reason, RentalAccess
from bridge.domain.credential import CodeMemory
from bridge.domain.ids import RentalId
from bridge.domain.tenancy import FieldWrites, Rental, RentalState

_STILL_TO_COME = frozenset({RentalState.SUBMITTED, RentalState.RESERVED})


def field_writes(
    rentals: Collection[Rental],
    desired: Collection[RentalAccess],
    records: Mapping[RentalId, AccessRecord],
    codes: CodeMemory,
    settled: Collection[RentalId],
    *,
    heirs: Collection[RentalId] = (),
) -> tuple[FieldWrites, ...]:
    """Return what to write to the rentals in `settled`: their state at the vendor is confirmed, or they need staff.

    A rental with a problem gets its status only: no code is shown that may not open, none hidden that still may. One
    that never had anything from the bridge is left alone until it earns access, or would but for a revocation, and a
    code that staff typed on a rental still to come is theirs.

    `heirs` get staff's switch ticked, together with the status that tells of it. A resync that staff asked for is over
    where nothing keeps the rental in error.
    """
    by_id = {access.rental: access for access in desired}
    writes = (
        _write(rental, by_id[rental.id], records.get(rental.id), codes, is_heir=rental.id in heirs)
        for rental in rentals
        if rental.id in settled and not rental.is_gone
    )
    return tuple(write for write in writes if write is not None)


def _write(
    rental: Rental, access: RentalAccess, record: AccessRecord | None, codes: CodeMemory, *, is_heir: bool
) -> FieldWrites | None:
    fields = rental.fields
    has_access = access.status is not AccessStatus.NONE and not access.opted_out
    clear_resync = fields.resync is not None and access.problem is None
    is_told = Reason.EMERGENCY in access.reasons or _was_ours(rental, record, codes)
    if not has_access and not is_told:
        return FieldWrites(rental=rental.id, clear_resync=True) if clear_resync else None
    opens = has_access and access.problem is None
    code = codes.current if opens and codes.current is not None and fields.code != codes.current else None
    closed = not has_access and access.problem is None
    clear = closed and fields.code is not None and codes.ever_had(fields.code)
    words = access.words()
    status = words if words != fields.status else None
    overlock = is_heir and opens
    wanted = FieldWrites(
        rental=rental.id, code=code, clear_code=clear, overlock=overlock, clear_resync=clear_resync, status=status
    )
    return None if wanted == FieldWrites(rental=rental.id) else wanted


def _was_ours(rental: Rental, record: AccessRecord | None, codes: CodeMemory) -> bool:
    if record is not None and (record.targets or record.written_status is not None):
        return True
    if rental.state in _STILL_TO_COME:
        return False
    return rental.fields.code is not None and codes.ever_had(rental.fields.code)
