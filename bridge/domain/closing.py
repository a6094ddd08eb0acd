"""How far the doors of one person have been closed since a moment, read from their histories."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import TargetId
from bridge.domain.intervals import DoorHistory, DoorState, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorEnd:
    """A door that was not closed at that moment. Times are UTC, None until it is so.

    `accepted_at` is when the vendor took the removal, `confirmed_at` when a look has shown it. What the person has at a
    door that the bridge did not make `is_foreign`, and stays.
    """

    door: TargetId
    state: DoorState
    accepted_at: datetime | None = None
    confirmed_at: datetime | None = None
    is_foreign: bool = False

    @property
    def is_closed(self) -> bool:
        return self.confirmed_at is not None


def door_ends(
    histories: Mapping[TargetId, DoorHistory], ours: Collection[TargetId], since: datetime
) -> tuple[DoorEnd, ...]:
    """Return the doors that were not closed at `since`, by name; `ours` are those that our records say are held."""
    found = (_end(door, histories.get(door), is_ours=door in ours, since=since) for door in {*histories, *ours})
    return tuple(sorted((end for end in found if end is not None), key=lambda end: end.door))


def _end(door: TargetId, history: DoorHistory | None, *, is_ours: bool, since: datetime) -> DoorEnd | None:
    if history is None:
        return DoorEnd(door=door, state=DoorState.UNKNOWN)
    last = history.last
    is_closed = last.state is DoorState.CLOSED and last.stage is Stage.CONFIRMED
    if is_closed and last.since < since and not is_ours:
        return None
    taken = (
        interval.since
        for interval in history.intervals
        if interval.since >= since and interval.stage is Stage.ACCEPTED and interval.towards is DoorState.CLOSED
    )
    confirmed_at = last.since if is_closed and not is_ours else None
    return DoorEnd(
        door=door,
        state=last.state,
        accepted_at=next(taken, confirmed_at),
        confirmed_at=confirmed_at,
        is_foreign=last.is_foreign,
    )
