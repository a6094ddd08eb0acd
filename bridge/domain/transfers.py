"""Who followed whom, for how long the door before stays open, and what is doubtful where no link tells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Reason
from bridge.domain.ids import RentalId
from bridge.domain.policy import SitePolicy, blackout_end, midnight
from bridge.domain.tenancy import Rental, RentalState, Snapshot

PATIENCE: Final = timedelta(hours=6)
"""How long a left door waits for the new one to be seen open; what fails on one side holds up the other no longer."""
QUICK_ATTEMPTS: Final = 2
"""Failed runs for which a door also waits for a new rental that no link names yet: the link may be on its way."""
LATE_LINK: Final = timedelta(hours=1)
"""How long after its closing a left door may still be opened again for an overlap."""
FOLLOWS_WITHIN: Final = timedelta(days=1)
RECENT: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A transfer that was seen: `heir` replaced the left rental. `seen_at` is UTC."""

    heir: RentalId
    seen_at: datetime


Links = Mapping[RentalId, Link]
"""By the rental that was left."""


def last_heir(rental: RentalId, links: Links) -> RentalId | None:
    """Return the end of the chain of transfers that begins at a rental, None where it was never left."""
    seen = {rental}
    link = links.get(rental)
    while link is not None and link.heir in links and link.heir not in seen:
        seen.add(link.heir)
        link = links[link.heir]
    return None if link is None else link.heir


def overlap_end(
    rental: Rental, record: AccessRecord | None, links: Links, policy: SitePolicy, now: datetime
) -> datetime | None:
    """Return until when a transferred rental keeps its door (UTC), None where it does not.

    It keeps what is open, or was closed only because the word of the transfer came late. A unit that is let again is
    kept from nobody. The end waits for that of a blackout.
    """
    link = links.get(rental.id)
    if link is None or rental.state is not RentalState.ENDED or not policy.overlap:
        return None
    if rental.unit.holder not in {None, rental.id} or not _is_open_or_was(record, now):
        return None
    begins = [link.seen_at]
    if rental.end_date is not None:
        begins.append(midnight(rental.end_date + timedelta(days=1), policy))
    ends = min(begins) + policy.overlap
    return blackout_end(policy, ends) or ends


def _is_open_or_was(record: AccessRecord | None, now: datetime) -> bool:
    if record is None or record.status is None:
        return False
    return record.status is AccessStatus.GRANTED or (record.since is not None and now - record.since < LATE_LINK)


def heirs_to_wait_for(
    snapshot: Snapshot,
    links: Links,
    records: Mapping[RentalId, AccessRecord],
    elsewhere: Mapping[RentalId, AccessRecord],
    *,
    now: datetime,
    attempts: int,
) -> dict[RentalId, frozenset[RentalId]]:
    """Return, for each left rental, the new ones whose door must be seen open before its own is closed.

    Those at this site are judged by what is observed there. `elsewhere` has what is known of heirs at other sites: only
    those that may still open are returned. A door of a unit that is let again waits for nobody.
    """
    let_again = {r.id for r in snapshot.rentals if r.unit.holder not in {None, r.id}}
    here = {rental.id for rental in snapshot.rentals}
    waits: dict[RentalId, frozenset[RentalId]] = {}
    for left, link in links.items():
        heir = last_heir(left, links) or link.heir
        is_hopeful = heir in here or heir in snapshot.unreadable or may_open(elsewhere.get(heir))
        if is_hopeful and left not in let_again and now < link.seen_at + PATIENCE:
            waits[left] = frozenset({heir})
    if attempts < QUICK_ATTEMPTS:
        newcomers = frozenset(_newcomers(snapshot.rentals, records, links))
        waits |= dict.fromkeys(here - links.keys() - let_again - newcomers, newcomers)
    return waits


def wait_ends(links: Links, waiting: Iterable[RentalId]) -> datetime | None:
    """Return when the first of these left rentals stops waiting (UTC)."""
    return min((links[left].seen_at + PATIENCE for left in waiting if left in links), default=None)


def may_open(record: AccessRecord | None) -> bool:
    """Tell whether an heir at another site is still to be opened, as far as is known."""
    if record is None or record.status is None:
        return True
    return record.status is AccessStatus.GRANTED and record.certainty is not Certainty.CONFIRMED


def unclear_transfers(
    snapshot: Snapshot, links: Links, records: Mapping[RentalId, AccessRecord], now: datetime
) -> frozenset[RentalId]:
    """Return the new rentals that may have followed a locked one, without a link that says so.

    One that starts within a day after the same tenant's locked rental ended stays unclear until a link comes, or until
    staff take the lock from the old rental or put one on the new. One that was open before, or that started long before
    the bridge heard of it, is not doubted.
    """
    followed = {link.heir for link in links.values()}
    locked = [r for r in snapshot.rentals if r.state is RentalState.ENDED and r.fields.overlocked and r.id not in links]
    lost = (records[rental] for rental in snapshot.unreadable if rental in records and rental not in links)
    may_be_locked = any(record.staff_lock for record in lost)
    return frozenset(
        rental.id
        for rental in snapshot.rentals
        if rental.state is RentalState.OCCUPIED
        and rental.id not in followed
        and not rental.fields.overlocked
        and _is_doubted(rental, records.get(rental.id), now)
        and (may_be_locked or any(_follows(rental, old) for old in locked))
    )


def _newcomers(rentals: Iterable[Rental], records: Mapping[RentalId, AccessRecord], links: Links) -> set[RentalId]:
    """Return the occupied rentals of which the platform was never told anything, and that no link explains."""
    followed = {link.heir for link in links.values()}
    told = {record.rental for record in records.values() if record.written_status is not None}
    return {rental.id for rental in rentals if rental.state is RentalState.OCCUPIED} - followed - told


def _is_doubted(rental: Rental, record: AccessRecord | None, now: datetime) -> bool:
    """Tell whether the question is still open: nobody has answered it by what they did with the rental since."""
    if record is not None and record.status is AccessStatus.GRANTED:
        return False
    if record is not None and record.status is AccessStatus.SUSPENDED:
        if Reason.TRANSFER_UNCLEAR in record.reasons:
            return True
        if record.reasons != {Reason.NOT_STARTED}:
            return False
    return rental.start_date is not None and abs(rental.start_date - now.date()) <= RECENT


def _follows(rental: Rental, old: Rental) -> bool:
    if rental.start_date is None or old.end_date is None:
        return False
    return timedelta(0) <= rental.start_date - old.end_date <= FOLLOWS_WITHIN
