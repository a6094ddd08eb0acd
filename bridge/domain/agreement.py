"""How a site's rehearsed doors agree with what the vendor showed, read from the notes that its runs have left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

from bridge.domain.ids import RentalId, SubjectKey, TargetId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.shadow import Door

WOULD: Final = "would"
LOOK: Final = "look"
OURS: Final = "ours"
THEIRS: Final = "theirs"
CHANGE: Final = "change"
HELD: Final = "held"
LOSS: Final = "loss"
LOST: Final = "lost"


class Standing(StrEnum):
    AGREE = "agree"
    WE_OPEN = "we_open"
    """We would have it open, and they have not."""
    THEY_OPEN = "they_open"
    """They have it open, and we would not."""
    UNKNOWN = "unknown"
    """The vendor cannot be read for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A moment from which a door was to be another, and by how much the other side came later.

    `they_follow`: ours was first. `seconds` is None while the other side has not come; it is at most so much, since
    nobody looks all the time.
    """

    at: datetime
    to: Door
    they_follow: bool
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One rental at its door: how it stands since when (UTC), and its turns, the oldest first.

    `held` says why the guard would have asked a person before the door was closed.
    """

    subject: SubjectKey
    rental: RentalId
    door: TargetId
    ours: Door
    theirs: Door
    since: datetime
    turns: tuple[Turn, ...] = ()
    held: str | None = None

    @property
    def standing(self) -> Standing:
        if self.theirs is Door.UNKNOWN:
            return Standing.UNKNOWN
        if self.ours is self.theirs:
            return Standing.AGREE
        return Standing.WE_OPEN if self.ours is Door.OPEN else Standing.THEY_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`percent` is of the rentals that can be compared, None without any; minutes are of what they followed."""

    rows: tuple[Compared, ...]
    totals: Mapping[Standing, int]
    percent: float | None
    they_followed: int
    we_followed: int
    median_minutes: float | None
    most_minutes: float | None
    would: Mapping[str, int]
    """How many changes of each kind would have been made."""
    held: int
    """How many rentals the guard would have held."""


def agreement(notes: Iterable[LedgerEntry], since: datetime | None = None) -> Agreement:
    """Return how it stands now, with the turns and changes from `since` on. Notes come in the order of their writing.

    Rentals that were seen last before `since`, and agreed then, are counted all the same: nothing has changed since.
    """
    series: dict[tuple[SubjectKey, RentalId], list[LedgerEntry]] = {}
    would: dict[str, int] = {}
    held: dict[tuple[SubjectKey, RentalId], str] = {}
    for note in notes:
        if note.kind is not LedgerKind.SHADOW or note.subject is None or note.rental is None:
            continue
        place = note.subject, note.rental
        if note.what == LOOK:
            series.setdefault(place, []).append(note)
        elif since is None or note.at >= since:
            kind = note.details.get(CHANGE, "")
            would[kind] = would.get(kind, 0) + 1
            if HELD in note.details:
                held[place] = note.details[HELD]
    rows = [_compared(place, looks, since, held.get(place)) for place, looks in sorted(series.items(), key=_by_place)]
    totals = {one: sum(row.standing is one for row in rows) for one in Standing}
    compared = len(rows) - totals[Standing.UNKNOWN]
    lags = [t.seconds / 60 for row in rows for t in row.turns if t.they_follow and t.seconds is not None]
    return Agreement(
        rows=tuple(rows),
        totals=totals,
        percent=None if not compared else round(100 * totals[Standing.AGREE] / compared, 1),
        they_followed=len(lags),
        we_followed=sum(not t.they_follow and t.seconds is not None for row in rows for t in row.turns),
        median_minutes=None if not lags else round(median(lags), 1),
        most_minutes=None if not lags else round(max(lags), 1),
        would=dict(sorted(would.items())),
        held=len(held),
    )


def _by_place(one: tuple[tuple[SubjectKey, RentalId], object]) -> tuple[SubjectKey, RentalId]:
    return one[0]


def _compared(
    place: tuple[SubjectKey, RentalId], looks: Sequence[LedgerEntry], since: datetime | None, held: str | None
) -> Compared:
    last = looks[-1]
    ours, theirs = _sides(last)
    return Compared(
        subject=place[0],
        rental=place[1],
        door=last.target or TargetId(""),
        ours=ours,
        theirs=theirs,
        since=last.at,
        turns=tuple(turn for turn in _turns(looks) if since is None or turn.at >= since),
        held=held,
    )


def _turns(looks: Sequence[LedgerEntry]) -> list[Turn]:
    """Return the moments at which one side left the other behind, each with when the other came, or it came back.

    What differed at the first look, or while a side was unknown, began nobody knows when: it is no turn.
    """
    turns: list[Turn] = []
    begun: Turn | None = None
    for before, look in pairwise(looks):
        (ours_before, theirs_before), (ours, theirs) = _sides(before), _sides(look)
        if Door.UNKNOWN in {theirs_before, theirs} or before.target != look.target:
            begun = None
        elif ours_before is theirs_before and ours is not theirs:
            is_ours = ours is not ours_before
            begun = Turn(at=look.at, to=ours if is_ours else theirs, they_follow=is_ours)
            turns.append(begun)
        elif ours is theirs and ours_before is theirs_before and ours is not ours_before:
            turns.append(Turn(at=look.at, to=ours, they_follow=True, seconds=0.0))
        elif ours is theirs and begun is not None:
            turns.pop()
            if ours is begun.to:
                seconds = (look.at - begun.at).total_seconds()
                turns.append(Turn(at=begun.at, to=begun.to, they_follow=begun.they_follow, seconds=seconds))
            begun = None
    return turns


def _sides(look: LedgerEntry) -> tuple[Door, Door]:
    return Door(look.details[OURS]), Door(look.details[THEIRS])
