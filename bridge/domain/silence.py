"""Whether a source that is usually heard at this time of day has fallen silent.

The last hours are compared with the same hours of the last seven days. A day is 24 hours here, whatever zone people
live in: after clocks have changed a habit stands an hour off for a week. That alone makes no silence of it, since each
third of those hours must have been heard, and by default a third is an hour long.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from bridge.domain.ids import DeliveryId

SLOT: Final = timedelta(minutes=10)
"""What is remembered of a time: in which slot, counted from 1970, something came."""
DAY: Final = timedelta(days=1) // SLOT
DAYS: Final = 7
"""Each day of the week once. The one a week ago must have been heard: Sunday is compared with Sunday."""
USUAL_DAYS: Final = 4
"""More of the seven than not: a holiday, or a day on which the bridge was away, does not end a habit."""
PARTS: Final = 3
"""In each of so many parts of the hours something came, so three deliveries at least. Fewer come and fail to come by
chance, and hours in which business only begins or ends are quiet for the rest."""
LONGEST_GAP: Final = 3 * SLOT
"""Looks further apart than this say that the bridge was away in between, and deaf."""
NOTHING: Final = DeliveryId(0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Deliveries that came after a look: the last one's number, the first and the last moment, and the slots."""

    last: DeliveryId
    first_at: datetime
    last_at: datetime
    slots: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """When a connection's deliveries have come, as far as one has looked.

    `deaf_until` is since when the looks have had no gap: what did not come before may have met a bridge that was away.
    `is_told` says that people know of a silence that began with `last_at`.
    """

    looked_at: datetime
    deaf_until: datetime
    last: DeliveryId = NOTHING
    last_at: datetime | None = None
    slots: frozenset[int] = frozenset()
    is_told: bool = False

    @classmethod
    def begin(cls, now: datetime) -> Self:
        """Return what is known before the first look."""
        return cls(looked_at=now, deaf_until=now)

    def felt(self, arrived: Arrived | None, *, now: datetime) -> Self:
        """Return what is known after a look at `now` that has found this; whatever came ends a silence."""
        was_away = abs(now - self.looked_at) > LONGEST_GAP
        known = replace(self, looked_at=now, deaf_until=now if was_away else self.deaf_until)
        if arrived is None:
            return known
        oldest = slot_of(now) - (DAYS + 1) * DAY  # the longest hours that are compared are a day
        return replace(
            known,
            last=arrived.last,
            last_at=arrived.last_at,
            slots=frozenset(slot for slot in self.slots | arrived.slots if slot >= oldest),
            is_told=False,
        )

    def told(self) -> Self:
        """Return the same after people were told of the silence."""
        return replace(self, is_told=True)

    def silent_since(self, length: timedelta, *, now: datetime) -> datetime | None:
        """Return when the last delivery came, if that is `length` ago, more usually come, and the bridge was there.

        Returns None for a connection that is heard, is usually quiet at this time, or was never heard.
        """
        if self.last_at is None or now - max(self.last_at, self.deaf_until) < length:
            return None
        days = [self._was_heard(slot_of(now) - ago * DAY, length) for ago in range(1, DAYS + 1)]
        return self.last_at if days[-1] and sum(days) >= USUAL_DAYS else None

    def _was_heard(self, end: int, length: timedelta) -> bool:
        """Tell whether something came in each part of the hours before a slot."""
        part = max(round(length / SLOT / PARTS), 1)
        parts = (range(end - (number + 1) * part, end - number * part) for number in range(PARTS))
        return all(not self.slots.isdisjoint(slots) for slots in parts)

    def to_text(self) -> str:
        """Return what `from_text` reads."""
        kept = {
            "looked_at": self.looked_at.isoformat(),
            "deaf_until": self.deaf_until.isoformat(),
            "last": self.last,
            "last_at": None if self.last_at is None else self.last_at.isoformat(),
            "slots": sorted(self.slots),
            "is_told": self.is_told,
        }
        return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises `ValueError` for anything that `to_text` did not write."""
        kept = json.loads(text)
        try:
            return cls(
                looked_at=_moment(kept["looked_at"]),
                deaf_until=_moment(kept["deaf_until"]),
                last=DeliveryId(int(kept["last"])),
                last_at=None if kept["last_at"] is None else _moment(kept["last_at"]),
                slots=_slots(kept["slots"]),
                is_told=bool(kept["is_told"]),
            )
        except (TypeError, KeyError):
            raise ValueError("no pulse") from None


def slot_of(moment: datetime) -> int:
    """Return the number of the slot that the moment is in."""
    return (moment - _EPOCH) // SLOT


def _slots(numbers: Iterable[int]) -> frozenset[int]:
    return frozenset(int(number) for number in numbers)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no pulse")
    return moment
