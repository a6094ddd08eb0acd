"""What entries of the ledger say of a door, as a table: from which moment it was what, and by which entries."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.history import door_histories
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.intervals import DoorHistory, DoorState, Interval, Stage
from bridge.domain.ledger import LedgerEntry, LedgerKind, NumberedEntry

SUBJECT = SubjectKey(connection=ConnectionName("c"), site=SiteId("s"), tenant=TenantId("t"))
START = datetime(2026, 5, 3, 14, tzinfo=UTC)
R1, A, B = RentalId("r1"), TargetId("A"), TargetId("B")
INTENT, OUTCOME, READ_BACK = LedgerKind.INTENT, LedgerKind.OUTCOME, LedgerKind.READ_BACK
OPEN, SUSPENDED, CLOSED, UNKNOWN = DoorState
Line = tuple[LedgerKind, str, TargetId | None, dict[str, str]]


def told(*lines: Line) -> dict[TargetId, DoorHistory]:
    """Return the histories from one line a minute."""
    return door_histories(
        NumberedEntry(
            number=number,
            entry=LedgerEntry(
                kind=kind,
                at=START + timedelta(minutes=number),
                what=what,
                subject=SUBJECT,
                rental=R1,
                target=target,
                details=details,
            ),
        )
        for number, (kind, what, target, details) in enumerate(lines, start=1)
    )


def sent(kind: str, target: TargetId | None = A, **details: str) -> Line:
    return INTENT, kind, target, details


def answered(kind: str, what: str = "accepted", target: TargetId | None = A) -> Line:
    return OUTCOME, what, target, {"change": kind}


def read_back(kind: str, what: str = "confirmed", target: TargetId | None = A, **details: str) -> Line:
    return READ_BACK, what, target, {"change": kind, **details}


def looked(door: str, target: TargetId = A, what: str = "seen") -> Line:
    return READ_BACK, what, target, {"door": door}


def face(interval: Interval) -> tuple[DoorState, Stage, tuple[int, ...]]:
    return interval.state, interval.stage, interval.by


GRANTED = (sent("grant", door="closed"), answered("grant"), read_back("grant", door="open"))
ACCEPTED = (sent("grant", door="closed"), answered("grant"))

LAST = {
    "sent": ((sent("grant", door="closed"),), (UNKNOWN, Stage.SENT, (1,))),
    "accepted": (ACCEPTED, (UNKNOWN, Stage.ACCEPTED, (1, 2))),
    "no answer": ((sent("grant"), answered("grant", "unknown")), (UNKNOWN, Stage.NO_ANSWER, (1, 2))),
    "confirmed": (GRANTED, (OPEN, Stage.CONFIRMED, (1, 2, 3))),
    "accepted and not seen": (
        (*ACCEPTED, read_back("grant", "not_seen", door="closed")),
        (UNKNOWN, Stage.NOT_SEEN, (1, 2, 3)),
    ),
    "accepted and not in force": (
        (*ACCEPTED, read_back("grant", "accepted", door="unsettled")),
        (UNKNOWN, Stage.ACCEPTED, (1, 2, 3)),
    ),
    "not in force, however it is called": (
        (*ACCEPTED, read_back("grant", door="unsettled")),
        (UNKNOWN, Stage.ACCEPTED, (1, 2, 3)),
    ),
    "seen in a later run": (
        (*ACCEPTED, read_back("grant", "not_seen", door="closed"), looked("open")),
        (OPEN, Stage.CONFIRMED, (1, 2, 3, 4)),
    ),
    "refused": (
        (sent("grant", door="closed"), answered("grant", "failed")),
        (CLOSED, Stage.FAILED, (1, 1, 2)),
    ),
    "refused, and nobody knows what it was": (
        (sent("grant"), answered("grant", "failed")),
        (UNKNOWN, Stage.FAILED, (1, 2)),
    ),
    "a suspension that was refused leaves it open": (
        (*GRANTED, sent("suspend", door="open"), answered("suspend", "failed")),
        (OPEN, Stage.FAILED, (4, 4, 5)),
    ),
    "suspended": (
        (*GRANTED, sent("suspend", door="open"), answered("suspend"), read_back("suspend", door="suspended")),
        (SUSPENDED, Stage.CONFIRMED, (4, 5, 6)),
    ),
    "revoked": (
        (*GRANTED, sent("revoke", door="open"), answered("revoke"), read_back("revoke", door="closed")),
        (CLOSED, Stage.CONFIRMED, (4, 5, 6)),
    ),
    "a crash after the intent": ((*GRANTED, sent("suspend", door="open")), (UNKNOWN, Stage.SENT, (4,))),
    "the whole person suspended": (
        (*GRANTED, sent("suspend", None), answered("suspend", target=None), read_back("suspend", target=None)),
        (SUSPENDED, Stage.CONFIRMED, (4, 5, 6)),
    ),
    "the whole person's suspension accepted": (
        (*GRANTED, sent("suspend", None), answered("suspend", target=None)),
        (UNKNOWN, Stage.ACCEPTED, (4, 5)),
    ),
    "the whole person resumed": (
        (*GRANTED, looked("suspended"), sent("resume", None), read_back("resume", target=None)),
        (OPEN, Stage.CONFIRMED, (5, 6)),
    ),
    "the person removed": (
        (*GRANTED, sent("remove_person", None), read_back("remove_person", target=None)),
        (CLOSED, Stage.CONFIRMED, (4, 5)),
    ),
    "a new code leaves it open": (
        (*GRANTED, sent("change_code", None), answered("change_code", "unknown", None)),
        (OPEN, Stage.CONFIRMED, (1, 2, 3)),
    ),
    "words of a later version say nothing": (
        (*GRANTED, sent("levitate", door="gone"), looked("ajar"), (READ_BACK, "drifted", A, {})),
        (OPEN, Stage.CONFIRMED, (1, 2, 3)),
    ),
    "seen again": ((*GRANTED, looked("open")), (OPEN, Stage.CONFIRMED, (1, 2, 3, 4))),
}


@pytest.mark.parametrize(("lines", "last"), LAST.values(), ids=LAST.keys())
def test_the_last_that_is_known_of_a_door(
    lines: tuple[Line, ...], last: tuple[DoorState, Stage, tuple[int, ...]]
) -> None:
    assert face(told(*lines)[A].last) == last


def test_each_moment_has_its_state() -> None:
    history = told(*GRANTED, sent("revoke", door="open"), answered("revoke"), read_back("revoke", door="closed"))[A]
    states = [history.at(START + timedelta(minutes=minute, seconds=30)) for minute in range(7)]
    assert [None if one is None else one.state for one in states] == [
        None,
        UNKNOWN,
        UNKNOWN,
        OPEN,
        UNKNOWN,
        UNKNOWN,
        CLOSED,
    ]
    assert history.at(START + timedelta(minutes=3)) is history.intervals[2], "an interval begins with its first moment"


def test_a_door_that_somebody_else_shut_is_said_to_have_been_found_so() -> None:
    history = told(*GRANTED, sent("resume", door="suspended"), answered("resume"), read_back("resume", door="open"))[A]
    assert [(one.state, one.found_otherwise) for one in history.intervals if one.state is OPEN] == [
        (OPEN, 4),
        (OPEN, None),
    ]
    assert told(*GRANTED, looked("closed"))[A].intervals[-2].found_otherwise == 4


def test_a_removal_that_fails_does_not_bring_back_what_another_has_closed() -> None:
    lines = (
        *GRANTED,
        sent("revoke", door="open"),
        sent("remove_person", None),
        answered("revoke"),
        answered("remove_person", "failed", None),
    )
    assert face(told(*lines)[A].last)[:2] == (UNKNOWN, Stage.ACCEPTED)
    closed = (read_back("revoke", door="closed"), read_back("remove_person", "not_seen", None))
    assert face(told(*lines, *closed)[A].last)[:2] == (CLOSED, Stage.CONFIRMED)


def test_what_is_said_of_the_whole_person_is_about_each_of_the_doors_that_are_not_closed() -> None:
    lines = (looked("open", A), looked("closed", B), sent("suspend", None), answered("suspend", target=None))
    histories = told(*lines)
    assert {target: history.last.state for target, history in histories.items()} == {A: UNKNOWN, B: CLOSED}


def test_a_door_alone_gives_the_same_history_as_among_all() -> None:
    lines = (looked("open", A), looked("open", B), sent("suspend", None), read_back("suspend", target=None))
    rows = [one for one in lines if one[2] != B]
    alone, among = told(*rows)[A], told(*lines)[A]
    assert [(one.state, one.stage) for one in alone.intervals] == [(one.state, one.stage) for one in among.intervals]


def test_a_strangers_entry_is_marked_until_the_bridge_has_said_more() -> None:
    foreign = looked("open", what="foreign")
    assert told(foreign)[A].last.is_foreign
    assert not told(foreign, *GRANTED)[A].last.is_foreign


def test_a_clock_that_goes_back_makes_no_interval_that_ends_before_it_began() -> None:
    entries = [
        NumberedEntry(
            number=number,
            entry=LedgerEntry(kind=READ_BACK, at=at, what="seen", subject=SUBJECT, target=A, details={"door": door}),
        )
        for number, (at, door) in enumerate(
            [(START, "open"), (START - timedelta(hours=1), "suspended"), (START + timedelta(hours=1), "open")], 1
        )
    ]
    history = door_histories(entries)[A]
    assert all(one.until is None or one.since <= one.until for one in history.intervals)
    assert history.last.state is OPEN
