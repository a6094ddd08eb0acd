"""How far both sides agree, as a table of looks."""

from datetime import timedelta

import pytest

from bridge.domain.agreement import HELD, LOOK, OURS, THEIRS, WOULD, Standing, Turn, agreement
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.shadow import Door
from tests.domain.tenancies import NOON, SUBJECT

OPEN, CLOSED, UNKNOWN = Door
Sides = tuple[int, Door, Door]


def look(minute: int, ours: Door, theirs: Door, *, rental: str = "r1", door: str = "A") -> LedgerEntry:
    return LedgerEntry(
        kind=LedgerKind.SHADOW,
        at=NOON + timedelta(minutes=minute),
        what=LOOK,
        subject=SUBJECT,
        rental=RentalId(rental),
        target=TargetId(door),
        details={OURS: str(ours), THEIRS: str(theirs)},
    )


def would(minute: int, kind: str = "grant", **details: str) -> LedgerEntry:
    return LedgerEntry(
        kind=LedgerKind.SHADOW,
        at=NOON + timedelta(minutes=minute),
        what=WOULD,
        subject=SUBJECT,
        rental=RentalId("r1"),
        details={"change": kind, **details},
    )


def turn(minute: int, to: Door, lag: float | None, *, they_follow: bool = True) -> Turn:
    seconds = None if lag is None else lag * 60
    return Turn(at=NOON + timedelta(minutes=minute), to=to, they_follow=they_follow, seconds=seconds)


@pytest.mark.parametrize(
    ("sides", "standing", "turns"),
    [
        ([(0, OPEN, OPEN)], Standing.AGREE, []),
        ([(0, OPEN, CLOSED)], Standing.WE_OPEN, []),
        ([(0, CLOSED, OPEN)], Standing.THEY_OPEN, []),
        ([(0, OPEN, UNKNOWN)], Standing.UNKNOWN, []),
        ([(0, OPEN, OPEN), (5, CLOSED, OPEN)], Standing.THEY_OPEN, [turn(5, CLOSED, None)]),
        ([(0, OPEN, OPEN), (5, CLOSED, OPEN), (9, CLOSED, CLOSED)], Standing.AGREE, [turn(5, CLOSED, 4)]),
        (
            [(0, OPEN, OPEN), (5, OPEN, CLOSED), (9, CLOSED, CLOSED)],
            Standing.AGREE,
            [turn(5, CLOSED, 4, they_follow=False)],
        ),
        ([(0, OPEN, OPEN), (5, CLOSED, CLOSED)], Standing.AGREE, [turn(5, CLOSED, 0)]),
        ([(0, OPEN, OPEN), (5, CLOSED, OPEN), (9, OPEN, OPEN)], Standing.AGREE, []),
        ([(0, OPEN, CLOSED), (9, OPEN, OPEN)], Standing.AGREE, []),
        (
            [(0, OPEN, OPEN), (5, CLOSED, OPEN), (6, CLOSED, UNKNOWN), (9, CLOSED, CLOSED)],
            Standing.AGREE,
            [turn(5, CLOSED, None)],
        ),
    ],
)
def test_who_was_later_is_told_from_when_both_agreed_before(
    sides: list[Sides], standing: Standing, turns: list[Turn]
) -> None:
    (row,) = agreement(look(*one) for one in sides).rows
    assert (row.standing, list(row.turns)) == (standing, turns)


def test_another_door_begins_anew() -> None:
    notes = [look(0, OPEN, OPEN), look(5, OPEN, CLOSED, door="B"), look(9, OPEN, OPEN, door="B")]
    (row,) = agreement(notes).rows
    assert (row.door, row.turns) == ("B", ())


def test_the_percentage_is_of_what_can_be_compared() -> None:
    sides = {"r1": (OPEN, OPEN), "r2": (CLOSED, CLOSED), "r3": (OPEN, CLOSED), "r4": (OPEN, UNKNOWN)}
    told = agreement(look(0, *both, rental=rental) for rental, both in sides.items())
    assert told.percent == 66.7
    assert {str(one): count for one, count in told.totals.items()} == {
        "agree": 2,
        "we_open": 1,
        "they_open": 0,
        "unknown": 1,
    }
    assert agreement([]).percent is None
    assert agreement([look(0, OPEN, UNKNOWN)]).percent is None


def test_minutes_are_of_what_they_followed() -> None:
    notes = [
        *(look(m, *sides) for m, sides in ((0, (OPEN, OPEN)), (1, (CLOSED, OPEN)), (3, (CLOSED, CLOSED)))),
        *(look(m, *sides) for m, sides in ((4, (OPEN, CLOSED)), (14, (OPEN, OPEN)))),
        *(look(m, *sides) for m, sides in ((20, (OPEN, CLOSED)), (50, (CLOSED, CLOSED)))),
    ]
    told = agreement(notes)
    assert (told.they_followed, told.we_followed, told.median_minutes, told.most_minutes) == (2, 1, 6.0, 10.0)


def test_from_a_time_on_only_its_changes_and_turns_count_and_every_rental_stands() -> None:
    notes = [
        would(0),
        look(0, OPEN, OPEN),
        look(1, CLOSED, OPEN),
        look(3, CLOSED, CLOSED),
        would(9, "revoke", held="x"),
    ]
    told = agreement(notes, NOON + timedelta(minutes=5))
    assert (dict(told.would), told.held, told.totals[Standing.AGREE]) == ({"revoke": 1}, 1, 1)
    assert told.rows[0].turns == ()
    assert told.rows[0].held == "x"
    whole = agreement(notes)
    assert dict(whole.would) == {"grant": 1, "revoke": 1}
    assert len(whole.rows[0].turns) == 1
    assert HELD == "held"


def test_other_entries_of_the_ledger_are_passed_over() -> None:
    other = LedgerEntry(kind=LedgerKind.INTENT, at=NOON, what="grant", subject=SUBJECT, rental=RentalId("r1"))
    assert agreement([other]).rows == ()
