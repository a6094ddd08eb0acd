"""A site's rules of access, as data."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bridge.domain.ids import TargetId

NO_TIME: Final = timedelta(0)


class OverduePolicy(StrEnum):
    RENTAL = "rental"
    """A rental's own flag suspends it."""
    TENANT = "tenant"
    """Any overdue rental of the tenant at the site suspends all of them."""
    IGNORE = "ignore"


class MoveOutPolicy(StrEnum):
    KEEP = "keep"
    """Access stays until staff confirm the move-out."""
    END_OF_DAY = "end_of_day"
    """Access is suspended when the move-out date has passed."""


class CommonDoorsPolicy(StrEnum):
    """When a tenant of several units may open the doors that all share, such as a gate or a lobby."""

    ANY = "any"
    """While any of their rentals may be entered."""
    NONE_OVERDUE = "none_overdue"
    """While any may be entered and none is suspended for being overdue."""


class DriftPolicy(StrEnum):
    """What is done about what somebody has changed at the vendor."""

    HEAL = "heal"
    """It is put back."""
    REPORT = "report"
    """It is left as it is and told; what the platform asks for still goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """Hours of every day, by the site's wall clock, in which what is open is not closed by the clock or by money.

    From `start` to before `end`; over midnight where `end` is the earlier one. They differ.
    """

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    """What a site's operator has decided.

    `early_access` opens a rental that long before its first day begins, `overlap` keeps a transferred rental's door
    open that long after the transfer was seen, `grace` is how long overdue does not count after it was marked. A rental
    that changes between open and closed more than `max_flips` times in an hour is held as it is.
    """

    zone: ZoneInfo
    overdue: OverduePolicy = OverduePolicy.RENTAL
    move_out_date: MoveOutPolicy = MoveOutPolicy.KEEP
    common_doors: tuple[TargetId, ...] = ()
    common_doors_open: CommonDoorsPolicy = CommonDoorsPolicy.ANY
    early_access: timedelta = NO_TIME
    overlap: timedelta = NO_TIME
    grace: timedelta = NO_TIME
    blackout: Blackout | None = None
    max_flips: int = 10
    drift: DriftPolicy = DriftPolicy.HEAL


def midnight(day: date, policy: SitePolicy) -> datetime:
    """Return the first moment of `day` by the site's wall clock, in UTC.

    Where that midnight is skipped or doubled by a change of clock, `zoneinfo` reads it with the offset before the
    change: the first of two, and for a skipped one the moment the clock jumped.
    """
    return datetime.combine(day, time.min, tzinfo=policy.zone).astimezone(UTC)


def wall_clock(moment: datetime, policy: SitePolicy) -> str:
    """Return an aware moment as people at the site read it, to the minute."""
    return f"{moment.astimezone(policy.zone):%Y-%m-%d %H:%M %Z}"


def blackout_end(policy: SitePolicy, now: datetime) -> datetime | None:
    """Return when the blackout that `now` lies in ends (UTC), None outside of one.

    The wall clock decides. Where it is set back in between, the hours that come twice are both in it.
    """
    blackout = policy.blackout
    if blackout is None:
        return None
    local = now.astimezone(policy.zone)
    clock = local.time()
    if blackout.start < blackout.end:
        inside = blackout.start <= clock < blackout.end
    else:
        inside = clock >= blackout.start or clock < blackout.end
    if not inside:
        return None
    day = local.date() if clock < blackout.end else local.date() + timedelta(days=1)
    ends = [
        datetime.combine(day, blackout.end, tzinfo=policy.zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)
    ]
    return next((end for end in ends if end > now), now + timedelta(minutes=1))
