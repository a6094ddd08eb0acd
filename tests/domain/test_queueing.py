"""Who has the next place: a table, and what holds for any queue."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.queueing import ELDEST_EVERY, NOT_CLOSING_EVERY, Priority, Waiting, choose

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMERGENCY, LIVE, BULK, RETRY, SWEEP = Priority


def one(number: int, priority: int = LIVE, age: int = 0, *, closes: bool = False) -> Waiting:
    """Return one that has waited for `age` seconds."""
    return Waiting(id=number, priority=priority, due_at=START - timedelta(seconds=age), closes=closes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    waiting: list[Waiting]
    chosen: list[int]
    first: int = 1


CASES = {
    "nobody": Case(waiting=[], chosen=[]),
    "by priority": Case(
        waiting=[one(1, SWEEP), one(2, RETRY), one(3, BULK), one(4, LIVE), one(5, EMERGENCY)], chosen=[5, 4, 3, 2, 1]
    ),
    "by age within a priority": Case(waiting=[one(1, age=1), one(2, age=3), one(3, age=2)], chosen=[2, 3, 1]),
    "by number at the same age": Case(waiting=[one(3), one(1), one(2)], chosen=[1, 2, 3]),
    "an emergency comes before what closes": Case(
        waiting=[one(1, closes=True), one(2, EMERGENCY)], chosen=[2, 1], first=1
    ),
    "an emergency comes before the eldest": Case(
        waiting=[one(1, SWEEP, age=999), one(2, EMERGENCY)], chosen=[2, 1], first=ELDEST_EVERY
    ),
    "the eldest has each eighth place": Case(
        waiting=[one(1, SWEEP, age=999), one(2), one(3)], chosen=[1, 2, 3], first=ELDEST_EVERY
    ),
    "the eldest waits for its place": Case(
        waiting=[one(1, SWEEP, age=999), one(2), one(3)], chosen=[2, 1, 3], first=ELDEST_EVERY - 1
    ),
    "what closes comes first whatever its priority": Case(
        waiting=[one(1, LIVE, age=9), one(2, SWEEP, closes=True), one(3, LIVE)], chosen=[2, 1, 3]
    ),
    "each fourth place is not for what closes": Case(
        waiting=[one(1), *(one(number, SWEEP, closes=True) for number in range(2, 8))],
        chosen=[2, 3, 4, 1, 5, 6, 7],
    ),
    "that place is for what opens, be it the youngest": Case(
        waiting=[one(9), *(one(number, LIVE, age=9, closes=True) for number in range(1, 6))],
        chosen=[1, 2, 3, 9, 4, 5],
    ),
    "one in two lines is chosen once": Case(
        waiting=[one(1, age=1), one(1, age=1, closes=True), one(2)], chosen=[1, 2], first=1
    ),
    "closing counts though the other line came last": Case(
        waiting=[one(2, SWEEP, closes=True), one(1), one(2, SWEEP)], chosen=[2, 1]
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_table_of_queues(name: str) -> None:
    case = CASES[name]
    assert choose(case.waiting, limit=9, first_place=case.first) == case.chosen


QUEUES = st.lists(
    st.builds(one, st.integers(1, 30), st.sampled_from(Priority), st.integers(0, 99), closes=st.booleans()), max_size=40
)


@given(QUEUES, st.integers(0, 20), st.integers(1, 99))
def test_everybody_is_chosen_once_until_the_places_are_taken(queue: list[Waiting], limit: int, first: int) -> None:
    chosen = choose(queue, limit=limit, first_place=first)
    ids = {waiting.id for waiting in queue}
    assert len(chosen) == len(set(chosen)) == min(limit, len(ids))
    assert ids >= set(chosen)


@given(QUEUES, st.integers(1, 99))
def test_no_emergency_waits_for_anything_else(queue: list[Waiting], first: int) -> None:
    by_id = {waiting.id: waiting for waiting in sorted(queue, key=lambda waiting: waiting.closes)}
    chosen = [by_id[number].priority == EMERGENCY for number in choose(queue, limit=99, first_place=first)]
    assert chosen == sorted(chosen, reverse=True)


@given(QUEUES, st.integers(1, 99), st.integers(0, 40))
def test_the_eldest_waits_for_eight_places_at_most(queue: list[Waiting], first: int, closing: int) -> None:
    queue = [waiting for waiting in queue if waiting.priority != EMERGENCY]
    queue += [one(1000 + number, LIVE, closes=True) for number in range(closing)]
    eldest = one(999, SWEEP, age=1000)
    assert 999 in choose([*queue, eldest], limit=ELDEST_EVERY, first_place=first)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 99))
def test_of_eight_places_one_is_left_to_what_opens(closing: int, opening: int, first: int) -> None:
    queue = [one(number, closes=True) for number in range(closing)]
    queue += [one(100 + number) for number in range(opening)]
    chosen = choose(queue, limit=2 * NOT_CLOSING_EVERY, first_place=first)
    assert not opening or any(number >= 100 for number in chosen)
    assert not closing or any(number < 100 for number in chosen)


@given(QUEUES, st.integers(1, 99), st.randoms())
def test_the_order_in_which_they_are_told_plays_no_part(queue: list[Waiting], first: int, dice: object) -> None:
    unlike = list({(waiting.id, waiting.closes): waiting for waiting in queue}.values())
    shuffled = list(unlike)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random of hypothesis
    seen = {waiting.id for waiting in unlike if waiting.closes}
    alike = [waiting for waiting in unlike if waiting.closes or waiting.id not in seen]
    same = [waiting for waiting in shuffled if waiting.closes or waiting.id not in seen]
    assert choose(alike, limit=20, first_place=first) == choose(same, limit=20, first_place=first)
