"""What a transfer hands on beside the gate code: staff's lock, once."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bridge.domain.access import AccessRecord, Handover
from bridge.domain.ids import RentalId
from bridge.domain.tenancy import Rental, RentalState, Snapshot
from bridge.domain.transfers import Links

_NOBODY: Final[frozenset[RentalId]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """`heirs` are closed for the lock of the rental before, and their switch is still to be ticked by the bridge.

    For those in `over` nothing is handed on any more, whatever becomes of the old rental's switch.
    """

    heirs: frozenset[RentalId] = _NOBODY
    over: frozenset[RentalId] = _NOBODY


def inherited_locks(snapshot: Snapshot, records: Mapping[RentalId, AccessRecord], links: Links) -> Inheritance:
    """Return which new rentals take over a lock, from a rental at this site or at another.

    Only an occupied rental inherits. Where nothing can be said of the old rental's lock, the question stays open;
    `records`, of other sites' rentals too, tell the last that was known.
    """
    family = _Family(snapshot, records, links)
    candidates = [
        rental for rental in snapshot.rentals if rental.state is RentalState.OCCUPIED and family.before[rental.id]
    ]
    locks = {rental.id: family.lock_of(rental.id) for rental in candidates if family.is_open(rental)}
    return Inheritance(
        heirs=frozenset(rental for rental, locked in locks.items() if locked),
        over=frozenset(rental.id for rental in candidates if locks.get(rental.id, False) is False),
    )


def with_locks(snapshot: Snapshot, heirs: Collection[RentalId]) -> Snapshot:
    """Return the snapshot as it will read when the heirs' switches are ticked."""
    if not heirs:
        return snapshot
    rentals = tuple(
        replace(rental, fields=replace(rental.fields, overlocked=True)) if rental.id in heirs else rental
        for rental in snapshot.rentals
    )
    return replace(snapshot, rentals=rentals)


class _Family:
    """Who followed whom, and whose lock is known."""

    def __init__(self, snapshot: Snapshot, records: Mapping[RentalId, AccessRecord], links: Links) -> None:
        self._rentals = {rental.id: rental for rental in (*snapshot.elsewhere, *snapshot.rentals)}
        self._records = records
        self.before: defaultdict[RentalId, list[RentalId]] = defaultdict(list)
        for left, link in links.items():
            self.before[link.heir].append(left)

    def is_open(self, rental: Rental) -> bool:
        """Tell whether the rental's switch is still to be set by the bridge, should there be a lock to take over.

        The tick and the status are one write: where the status that was sent with it stands, the tick stood too, and an
        empty switch is staff's own.
        """
        record = self._records.get(rental.id)
        if rental.fields.overlocked or (record is not None and record.handover is Handover.DONE):
            return False
        sent = record is not None and record.handover is Handover.SENT
        return not (sent and record is not None and rental.fields.status == record.written_status)

    def lock_of(self, rental_id: RentalId, seen: frozenset[RentalId] = _NOBODY) -> bool | None:
        """Return whether a rental is locked, itself or by those before it; None where that cannot be said."""
        rental = self._rentals.get(rental_id)
        if rental is None:
            return self._last_lock_of(rental_id)
        if rental.fields.overlocked:
            return True
        if not self.is_open(rental):
            return False
        seen |= {rental_id}
        locks = [self.lock_of(left, seen) for left in self.before[rental_id] if left not in seen]
        return True if True in locks else None if None in locks else False

    def _last_lock_of(self, rental_id: RentalId) -> bool | None:
        """Return the lock of a rental that cannot be read now: a lock that was in force is believed, no other word."""
        record = self._records.get(rental_id)
        return True if record is not None and record.staff_lock else None
