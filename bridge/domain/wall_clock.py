"""A moment that somebody names by the clock on the wall of a site."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def moment_by(zone: ZoneInfo, named: datetime) -> datetime:
    """Return the moment in UTC that `named` means; without an offset it is the wall clock's of `zone`.

    Raises `ValueError`, in a sentence for whoever named it, for a time that the wall clock leaves out or shows twice.
    """
    if named.tzinfo is not None:
        return named.astimezone(UTC)
    first, second = (named.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != named:
        raise ValueError(f"{named.isoformat()} does not exist at {zone.key}: the clocks were put forward over it")
    if first != second:
        both = " or ".join(one.astimezone(zone).isoformat() for one in (first, second))
        raise ValueError(f"{named.isoformat()} came twice at {zone.key}: say {both}")
    return first
