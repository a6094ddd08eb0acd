"""What a platform's list of a site proves: who rents there, or only that some do.

A list never takes anything from anybody: who is missing in one that can be believed is read by themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Handover
from bridge.domain.ids import RentalId
from bridge.domain.transfers import Links

FEW: Final = 3
LARGE_PERCENT: Final = 20
"""So many rentals fewer, and more than this share, are a large drop; so is a list that has none any more."""
APART: Final = timedelta(minutes=30)
"""A large drop is believed when another list, so much later, has about as many."""
RESTS_AFTER: Final = timedelta(days=3)
"""Longer than anything that a rental's end can still set off: a transfer, an overlap, a lock that is handed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Since when a site's list is not believed, whether a list was `counted` that may be true, and since when (UTC)."""

    since: datetime
    counted: int | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastListing:
    """What is remembered of a site's lists: how many rentals the last one had that was believed.

    Before the first of them, how many have access there. `ended` of them are known to be over since.
    """

    count: int
    ended: int = 0
    doubt: Doubt | None = None

    @property
    def expected(self) -> int:
        return max(0, self.count - self.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a list is worth: all that it says where `why` is None, else only what it adds. `last` is to be remembered.

    `is_news`: the one before was believed.
    """

    last: LastListing
    why: str | None = None
    is_news: bool = False

    @property
    def is_complete(self) -> bool:
        return self.why is None


def weigh(count: int, last: LastListing, now: datetime, *, repeated: int = 0) -> Weighed:
    """Weigh a list of `count` rentals whose pages all came, and of which `repeated` rows came again."""
    if repeated:
        why = f"{repeated} of its rows came twice, so others may be missing"
        return _doubted(why, last, now, counted=None)
    if not is_large_drop(last.expected, count):
        return Weighed(last=LastListing(count=count))
    doubt = last.doubt
    if doubt is not None and doubt.counted is not None and doubt.counted_at is not None:
        agrees = not is_large_drop(doubt.counted, count) and not is_large_drop(count, doubt.counted)
        if agrees and abs(now - doubt.counted_at) >= APART:
            return Weighed(last=LastListing(count=count))
        if agrees:
            return _doubted(_fewer(count, last), last, now, counted=(doubt.counted, doubt.counted_at))
    return _doubted(_fewer(count, last), last, now, counted=(count, now))


def is_large_drop(before: int, now: int) -> bool:
    """Tell whether a list has so many fewer than another that one of them is doubtful."""
    fewer = before - now
    return before > 0 and (now == 0 or (fewer >= FEW and fewer * 100 > LARGE_PERCENT * before))


def _fewer(count: int, last: LastListing) -> str:
    return f"it has {count} rentals where {last.expected} were expected, which no second list has borne out yet"


def _doubted(why: str, last: LastListing, now: datetime, *, counted: tuple[int, datetime] | None) -> Weighed:
    since = now if last.doubt is None else last.doubt.since
    number, at = (None, None) if counted is None else counted
    doubt = Doubt(since=since, counted=number, counted_at=at)
    return Weighed(last=LastListing(count=last.expected, doubt=doubt), why=why, is_news=last.doubt is None)


class Told(StrEnum):
    """What a list tells of a tenant who is known, or is in it."""

    ALL = "all"
    TOO_LITTLE = "too_little"
    """Their rentals are in it, but not all that a run would read."""
    NOT_ALL = "not_all"
    """A rental of theirs that may have a door is missing."""
    NOTHING_LEFT = "nothing_left"
    """They have none in it, and need none: what they had is over for long."""


def told_of(
    access: Mapping[RentalId, AccessRecord], links: Links, listed: frozenset[RentalId], now: datetime, *, is_read: bool
) -> Told:
    """Say what a list tells of a tenant with these records and these `listed` rentals.

    `is_read`: the list has told of those all that a run would read.
    """
    wanted = access.keys() - resting(access, links, now)
    if not wanted <= listed:
        return Told.NOT_ALL
    if not listed:
        return Told.NOTHING_LEFT
    return Told.ALL if is_read else Told.TOO_LITTLE


def resting(access: Mapping[RentalId, AccessRecord], links: Links, now: datetime) -> frozenset[RentalId]:
    """Return the rentals that are over for long, have nothing at the vendor, and hand nothing on any more."""
    return frozenset(
        rental
        for rental, record in access.items()
        if record.status is AccessStatus.NONE
        and not (record.targets or record.unsure)
        and record.certainty is Certainty.CONFIRMED
        and record.since is not None
        and now - record.since >= RESTS_AFTER
        and not _hands_on(rental, access, links)
    )


def _hands_on(rental: RentalId, access: Mapping[RentalId, AccessRecord], links: Links) -> bool:
    heir = access.get(links[rental].heir) if rental in links else None
    return heir is not None and heir.handover is not Handover.DONE
