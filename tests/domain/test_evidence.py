"""What a platform's list of a site proves: everything, or only that some rent there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Handover
from bridge.domain.evidence import APART, RESTS_AFTER, Doubt, LastListing, Told, resting, told_of, weigh
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.transfers import Link

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
R1, R2 = RentalId("r1"), RentalId("r2")


@pytest.mark.parametrize(
    ("expected", "count", "is_complete"),
    [
        (0, 0, True),
        (0, 500, True),
        (1, 1, True),
        (1, 0, False),
        (2, 1, True),
        (9, 7, True),
        (9, 6, False),
        (10, 8, True),
        (10, 7, False),
        (100, 80, True),
        (100, 79, False),
        (100, 50, False),
        (100, 0, False),
        (100, 5000, True),
    ],
)
def test_a_list_with_far_fewer_than_expected_is_not_believed(expected: int, count: int, *, is_complete: bool) -> None:
    assert weigh(count, LastListing(count=expected), NOW).is_complete is is_complete


def test_what_is_known_to_have_ended_since_is_not_expected() -> None:
    assert weigh(60, LastListing(count=100, ended=40), NOW) == weigh(60, LastListing(count=60), NOW)
    assert weigh(0, LastListing(count=1, ended=1), NOW).is_complete
    assert weigh(0, LastListing(count=1, ended=9), NOW).is_complete


def test_a_believed_list_is_what_the_next_one_is_compared_with() -> None:
    assert weigh(85, LastListing(count=100), NOW).last == LastListing(count=85)
    assert weigh(0, weigh(85, LastListing(count=100), NOW).last, NOW).why is not None


def test_rows_that_come_twice_make_any_list_doubtful_however_often_they_do() -> None:
    last = LastListing(count=100)
    for hours in range(5):
        weighed = weigh(100, last, NOW + timedelta(hours=hours), repeated=1)
        assert (weighed.is_complete, weighed.is_news) == (False, hours == 0)
        last = weighed.last
    assert weigh(100, last, NOW).last == LastListing(count=100)


@pytest.mark.parametrize(
    ("second", "later", "is_complete"),
    [
        (50, APART, True),
        (50, APART - timedelta(seconds=1), False),
        (48, APART, True),
        (52, APART, True),
        (30, APART, False),
        (0, APART, False),
        (95, timedelta(0), True),
    ],
)
def test_a_large_drop_is_believed_when_a_list_much_later_has_as_many(
    second: int, later: timedelta, *, is_complete: bool
) -> None:
    first = weigh(50, LastListing(count=100), NOW)
    weighed = weigh(second, first.last, NOW + later)
    assert (first.is_complete, weighed.is_complete) == (False, is_complete)
    assert weighed.is_news is False


def test_a_list_that_does_not_agree_begins_the_wait_anew_and_is_told_once() -> None:
    first = weigh(50, LastListing(count=100), NOW)
    other = weigh(20, first.last, NOW + APART)
    soon = weigh(20, other.last, NOW + APART + timedelta(minutes=1))
    assert [first.is_news, other.is_news, soon.is_news] == [True, False, False]
    assert [soon.is_complete, weigh(20, soon.last, NOW + 2 * APART).is_complete] == [False, True]
    assert soon.last.doubt == Doubt(since=NOW, counted=20, counted_at=NOW + APART)


def test_an_empty_list_is_never_borne_out_by_one_that_has_any() -> None:
    first = weigh(0, LastListing(count=100), NOW)
    assert not weigh(1, first.last, NOW + APART).is_complete
    assert weigh(0, first.last, NOW + APART).is_complete


@given(st.integers(0, 300), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 5), st.integers(0, 29)), max_size=8))
def test_no_large_drop_is_believed_of_lists_that_come_in_quick_succession(
    count: int, lists: list[tuple[int, int, int]]
) -> None:
    last, believed = LastListing(count=count), count
    for number, repeated, minutes in lists:
        weighed = weigh(number, last, NOW + timedelta(minutes=minutes), repeated=repeated)
        if weighed.is_complete:
            assert repeated == 0
            assert number * 100 >= believed * 80 or believed - number < 3
            believed = number
        last = weighed.last


OVER = AccessRecord(rental=R1, status=AccessStatus.NONE, certainty=Certainty.CONFIRMED, since=NOW - RESTS_AFTER)


def over(**changes: Any) -> AccessRecord:
    return replace(OVER, **changes)


@pytest.mark.parametrize(
    ("record", "rests"),
    [
        (over(), True),
        (over(since=NOW - RESTS_AFTER + timedelta(seconds=1)), False),
        (over(since=None), False),
        (over(status=None), False),
        (over(status=AccessStatus.GRANTED), False),
        (over(status=AccessStatus.SUSPENDED), False),
        (over(targets=frozenset({TargetId("B-014")})), False),
        (over(unsure=frozenset({TargetId("B-014")})), False),
        (over(certainty=Certainty.ACCEPTED), False),
        (over(certainty=Certainty.UNKNOWN), False),
    ],
)
def test_only_what_is_over_for_long_and_seen_closed_rests(record: AccessRecord, *, rests: bool) -> None:
    assert (resting({R1: record}, {}, NOW) == {R1}) is rests


def test_a_left_rental_rests_when_its_lock_is_handed_on() -> None:
    links = {R1: Link(heir=R2, seen_at=NOW)}
    access = {R1: over(), R2: AccessRecord(rental=R2)}
    assert resting(access, links, NOW) == frozenset()
    access[R2] = AccessRecord(rental=R2, handover=Handover.DONE)
    assert resting(access, links, NOW) == {R1}


@pytest.mark.parametrize(
    ("listed", "is_read", "told"),
    [
        ({R2}, True, Told.ALL),
        ({R1, R2}, True, Told.ALL),
        ({R2}, False, Told.TOO_LITTLE),
        (set(), True, Told.NOT_ALL),
        ({R1}, True, Told.NOT_ALL),
    ],
)
def test_a_tenant_is_known_by_a_list_that_has_all_that_may_have_a_door(
    listed: set[RentalId], told: Told, *, is_read: bool
) -> None:
    access = {R1: over(), R2: AccessRecord(rental=R2, status=AccessStatus.GRANTED)}
    assert told_of(access, {}, frozenset(listed), NOW, is_read=is_read) is told


def test_of_who_is_gone_for_long_nothing_is_left_to_ask() -> None:
    assert told_of({R1: over()}, {}, frozenset(), NOW, is_read=False) is Told.NOTHING_LEFT
    assert told_of({R1: over()}, {}, frozenset({R2}), NOW, is_read=True) is Told.ALL
