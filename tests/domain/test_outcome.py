"""How a failed run goes on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import Anomaly, OutcomeUnknown, RateLimited, Rejected, Unauthorized, Unreachable
from bridge.domain.outcome import MAX_ATTEMPTS, Dead, RetryAt, after_failure, delay

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def wait(error: Exception, attempts: int = 1, jitter: float = 1.0) -> timedelta:
    outcome = after_failure(error, attempts=attempts, now=NOW, jitter=jitter)
    assert isinstance(outcome, RetryAt)
    return outcome.when - NOW


def test_the_first_retry_comes_within_a_second() -> None:
    assert timedelta(0) < wait(Unreachable("x")) < timedelta(seconds=1)


def test_delays_double_to_a_minute_then_to_a_quarter_of_an_hour() -> None:
    delays = [delay(attempt, 1.0).total_seconds() for attempt in range(1, MAX_ATTEMPTS)]
    assert delays[:7] == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2]
    assert delays[7:10] == [60, 60, 60]
    assert delays[-1] == 15 * 60
    assert delays == sorted(delays)


@given(attempts=st.integers(1, 10_000), jitter=st.floats(allow_nan=False))
def test_a_delay_is_never_zero_nor_over_its_cap(attempts: int, jitter: float) -> None:
    assert timedelta(seconds=0.5) < delay(attempts, jitter) <= timedelta(minutes=15)


def test_the_other_sides_wish_is_honoured_with_a_cap() -> None:
    assert wait(RateLimited("x", retry_after=120)) == timedelta(seconds=120)
    assert wait(RateLimited("x", retry_after=10 * 365 * 86400.0)) == timedelta(hours=1)
    assert wait(RateLimited("x", retry_after=-5)) < timedelta(seconds=1)
    assert wait(RateLimited("x")) < timedelta(seconds=1)


@pytest.mark.parametrize("error", [Unreachable("x"), Anomaly("x"), OutcomeUnknown("x"), KeyError("defect")])
def test_tries_are_bounded(error: Exception) -> None:
    assert isinstance(after_failure(error, attempts=MAX_ATTEMPTS, now=NOW, jitter=0), Dead)


def test_what_no_try_can_mend_is_dead_at_once() -> None:
    assert after_failure(Rejected("no such unit"), attempts=1, now=NOW, jitter=0) == Dead(why="no such unit")


@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS, 10_000])
def test_a_refused_key_parks_the_work_and_loses_none_of_it(attempts: int) -> None:
    outcome = after_failure(Unauthorized("401"), attempts=attempts, now=NOW, jitter=1.0)
    assert isinstance(outcome, RetryAt)
    assert outcome.is_parked
    assert outcome.when - NOW >= timedelta(minutes=5)


@pytest.mark.parametrize("error", [Unreachable("x"), RateLimited("x", retry_after=600), KeyError("defect")])
def test_what_mends_itself_is_counted(error: Exception) -> None:
    outcome = after_failure(error, attempts=1, now=NOW, jitter=0)
    assert isinstance(outcome, RetryAt)
    assert not outcome.is_parked


def test_the_reason_of_a_defect_shows_its_type_and_nothing_of_its_text() -> None:
    outcome = after_failure(ValueError("code 482913"), attempts=1, now=NOW, jitter=0)
    assert isinstance(outcome, RetryAt)
    assert outcome.why == "unexpected ValueError"
