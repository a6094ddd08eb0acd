"""The blast-radius guard: which tenants may lose their access now, and which losses wait for a person.

What is counted are rentals, not calls: one that loses its unit and the gate is one. Each is counted when its first
change is about to be sent, and only once however often it is tried. Nothing that opens a door is ever held.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, Loss, RentalAccess
from bridge.domain.budgets import Budget, SiteBudgets
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.desired import Desired
from bridge.domain.ids import RentalId, SiteId, TargetId
from bridge.domain.trust import DOUBTED

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
FLOOR: Final = 3
"""From so many a day on the share counts: a site of nine units must be able to move two tenants out."""
HELD_ALREADY: Final = "it is held until a person decides"
HOLD_STANDS: Final = "others of this site are held until a person decides"
_CLOSING: Final = frozenset({Kind.SUSPEND, Kind.REVOKE, Kind.REMOVE_PERSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Losing:
    """A rental that is about to lose access; `since` is when what it has began (UTC), None where it has none."""

    loss: Loss
    rental: RentalId
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A loss that was cleared, and how many rentals had access then, here and (if that was asked) at all sites."""

    site: SiteId
    loss: Loss
    rental: RentalId
    at: datetime
    site_had: int = 0
    connection_had: int = 0


Held = tuple[Loss, RentalId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What is known of a connection's losses, as a site reads it.

    Where the book `is_doubted`, it may be an older one than it was.

    `taken` are all of the last day, and any of the site's that the asker may be repeating. `held` and `released` are
    the site's: what waits for a person, and what one has let go. `site_had` and `connection_had` are the rentals that
    have access now.
    """

    site: SiteId
    taken: Sequence[Taken] = ()
    held: Collection[Held] = frozenset()
    released: Collection[Held] = frozenset()
    site_had: int = 0
    connection_had: int = 0
    is_doubted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may go on. `taken` of it is to be counted; `held` says why of what is not cleared."""

    cleared: tuple[Losing, ...] = ()
    taken: tuple[Losing, ...] = ()
    held: Mapping[Held, str] = field(default_factory=dict)


def losses(
    changes: Iterable[Change], desired: Desired, records: Mapping[RentalId, AccessRecord], observed: Observed
) -> tuple[Losing, ...]:
    """Return which rentals lose access by these changes, each once, in the order of the changes.

    A rental whose old door goes because it has another one loses nothing, and neither does one that has no door any
    more when its person is removed at the vendor.
    """
    access = {one.rental: one for one in desired.rentals}
    found: dict[Held, Losing] = {}
    for change in changes:
        if change.kind not in _CLOSING:
            continue
        for rental in change.rentals:
            loss = None if rental in desired.frozen else _lost(change, access.get(rental))
            if loss is None or not _has(change, loss, records.get(rental), observed):
                continue
            since = _since(loss, records.get(rental))
            found.setdefault((loss, rental), Losing(loss=loss, rental=rental, since=since))
    return tuple(found.values())


def _lost(change: Change, access: RentalAccess | None) -> Loss | None:
    if access is None or not access.is_served:  # of whom nothing is said at all, the worst is counted
        return Loss.REMOVAL if change.is_removal else None
    return Loss.SUSPENSION if access.status is AccessStatus.SUSPENDED else None


def _has(change: Change, loss: Loss, record: AccessRecord | None, observed: Observed) -> bool:
    """Tell whether the rental has a door that the change closes: one that is suspended is not suspended again."""
    doors = frozenset[TargetId]() if record is None else record.targets | record.unsure
    closed = doors if change.target is None else {change.target}
    seen = [observed.entries[door] for door in closed if door in observed.entries]
    return EntryState.ACTIVE in seen if loss is Loss.SUSPENSION else bool(seen)


def _since(loss: Loss, record: AccessRecord | None) -> datetime | None:
    if record is None:
        return None
    begins = {AccessStatus.GRANTED} | ({AccessStatus.SUSPENDED} if loss is Loss.REMOVAL else set())
    return record.since if record.status in begins else None


class _Scope(StrEnum):
    SITE = "site"
    CONNECTION = "connection"


class _Count:
    """What one budget has still to give."""

    def __init__(self, scope: _Scope, loss: Loss, budget: Budget, book: Book, now: datetime) -> None:
        self._what = f"{loss}s at this {scope}"
        self._budget = budget
        is_site = scope is _Scope.SITE
        counted = [one for one in book.taken if one.loss is loss and (one.site == book.site or not is_site)]
        self._hour = {(one.site, one.rental) for one in counted if abs(now - one.at) < HOUR}
        self._day = {(one.site, one.rental) for one in counted if abs(now - one.at) < DAY}
        had = [book.site_had if is_site else book.connection_had]
        of_the_day = [one for one in book.taken if abs(now - one.at) < DAY and (one.site == book.site or not is_site)]
        self._most = max([*had, *(one.site_had if is_site else one.connection_had for one in of_the_day)])

    def refuses(self, place: tuple[SiteId, RentalId]) -> str | None:
        """Return why one more is too many, or None."""
        hour, day = len(self._hour | {place}), len(self._day | {place})
        most = self._budget.per_hour
        if most is not None and hour > most:
            return f"more than {most} {self._what} within an hour"
        share = self._budget.percent_per_day
        if share is not None and self._budget.has_share and day >= FLOOR and day * 100 > share * self._most:
            return f"{day} {self._what} within a day are more than {share:g} % of the {self._most} that had access"
        return None

    def take(self, place: tuple[SiteId, RentalId]) -> None:
        self._hour.add(place)
        self._day.add(place)


def judge(
    losing: Iterable[Losing], book: Book, budgets: SiteBudgets, now: datetime, *, spared: Collection[RentalId] = ()
) -> Verdict:
    """Say which of these may lose access now, and which wait for a person.

    Once something is held at a site, all further losses of its kind are held there until a person has decided: an hour
    that has gone by is no evidence. `spared` are rentals that this same run has just held; what goes with them is
    judged by the budgets alone. What a person has released passes and is not counted, and so does what was counted
    before and has not been open since. By a doubted book, no removal passes that a person has not released.
    """
    counts = {
        loss: [
            _Count(_Scope.SITE, loss, budgets.site.of(loss), book, now),
            _Count(_Scope.CONNECTION, loss, budgets.connection.of(loss), book, now),
        ]
        for loss in Loss
    }
    before = {(one.loss, one.rental): one.at for one in book.taken if one.site == book.site}
    stands = {loss for loss, rental in book.held if rental not in spared}
    cleared: list[Losing] = []
    taken: list[Losing] = []
    held: dict[Held, str] = {}
    for one in losing:
        key, place = (one.loss, one.rental), (book.site, one.rental)
        is_doubted = book.is_doubted and one.loss is Loss.REMOVAL
        is_old = not is_doubted and (_is_repeated(one, before.get(key)) or not budgets.limits(one.loss))
        is_free = key in book.released or is_old
        why = None if is_free else DOUBTED if is_doubted else _why_held(key, book, stands, counts[one.loss], place)
        if why is not None:
            held[key] = why
            continue
        cleared.append(one)
        if not is_free:
            taken.append(one)
            for count in counts[one.loss]:
                count.take(place)
    return Verdict(cleared=tuple(cleared), taken=tuple(taken), held=held)


def _why_held(
    key: Held, book: Book, stands: Collection[Loss], counts: Iterable[_Count], place: tuple[SiteId, RentalId]
) -> str | None:
    if key in book.held:
        return HELD_ALREADY
    if key[0] in stands:
        return HOLD_STANDS
    return next((why for count in counts if (why := count.refuses(place)) is not None), None)


def _is_repeated(losing: Losing, before: datetime | None) -> bool:
    return before is not None and (losing.since is None or losing.since <= before)
