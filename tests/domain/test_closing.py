"""How far a person's doors are closed since a moment, as a table of what the ledger was told."""

from datetime import timedelta

import pytest

from bridge.domain.closing import door_ends
from bridge.domain.ids import TargetId
from bridge.domain.intervals import DoorState
from tests.domain.test_history import INTENT, OUTCOME, READ_BACK, START, Line, told

A = TargetId("A")
OPENED: list[Line] = [
    (INTENT, "grant", A, {}),
    (OUTCOME, "accepted", A, {"change": "grant"}),
    (READ_BACK, "confirmed", A, {"change": "grant", "door": "open"}),
]
SENT: Line = (INTENT, "revoke", A, {"door": "open"})
TAKEN: Line = (OUTCOME, "accepted", A, {"change": "revoke"})
FAILED: Line = (OUTCOME, "failed", A, {"change": "revoke"})
SEEN: Line = (READ_BACK, "confirmed", A, {"change": "revoke", "door": "closed"})
STILL: Line = (READ_BACK, "not_seen", A, {"change": "revoke", "door": "open"})
SINCE = START + timedelta(minutes=3, seconds=30)


@pytest.mark.parametrize(
    ("lines", "state", "accepted", "confirmed"),
    [
        ([], DoorState.OPEN, None, None),
        ([SENT], DoorState.UNKNOWN, None, None),
        ([SENT, FAILED], DoorState.OPEN, None, None),
        ([SENT, TAKEN], DoorState.UNKNOWN, 5, None),
        ([SENT, TAKEN, STILL], DoorState.UNKNOWN, 5, None),
        ([SENT, TAKEN, SEEN], DoorState.CLOSED, 5, 6),
        ([SENT, FAILED, SENT, TAKEN, SEEN], DoorState.CLOSED, 7, 8),
    ],
)
def test_accepted_is_not_confirmed(
    lines: list[Line], state: DoorState, accepted: int | None, confirmed: int | None
) -> None:
    (end,) = door_ends(told(*OPENED, *lines), {A} if confirmed is None else set(), SINCE)
    times = (end.accepted_at, end.confirmed_at)
    assert (end.state, *times) == (
        state,
        *(None if m is None else START + timedelta(minutes=m) for m in (accepted, confirmed)),
    )
    assert end.is_closed is (confirmed is not None)


def test_what_was_closed_before_is_no_row() -> None:
    history = told(*OPENED, SENT, TAKEN, SEEN)
    assert door_ends(history, set(), START + timedelta(minutes=9)) == ()


def test_a_door_of_which_only_our_record_tells_is_not_taken_for_closed() -> None:
    (end,) = door_ends({}, {A}, START)
    assert (end.door, end.state, end.is_closed) == (A, DoorState.UNKNOWN, False)
    (held,) = door_ends(told(*OPENED, SENT, TAKEN, SEEN), {A}, SINCE)
    assert not held.is_closed, "the record says that we still hold it"


def test_a_strangers_entry_is_told_and_stays() -> None:
    (end,) = door_ends(told((READ_BACK, "foreign", A, {"door": "open"})), set(), START)
    assert (end.is_foreign, end.is_closed) == (True, False)
