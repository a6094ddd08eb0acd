"""What "too many requests" teach, and how it is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.strain import FORGOTTEN, MIN_RATE, RECOVERY, Strain


def refused(strain: Strain, now: float, *, asked: float | None = None, usual: float = 20.0) -> Strain:
    return strain.refused(now=now, sent_at=now - 0.1, asked=asked, usual=usual)


def test_a_first_refusal_halves_the_rate_and_a_second_halves_that() -> None:
    first = refused(Strain(), 100)
    second = refused(first, 102)
    assert first.rate_at(101) == 10
    assert second.rate_at(104) == pytest.approx(5, rel=0.02)


def test_a_few_calls_prove_little() -> None:
    assert refused(Strain(), 100, usual=0.5).rate_at(101) == 1


def test_the_rate_doubles_each_quiet_minute_and_is_free_after_ten() -> None:
    strain = refused(Strain(), 100, asked=5)
    quiet = strain.rest_until
    assert strain.rate_at(quiet) == 10
    assert strain.rate_at(quiet + RECOVERY) == pytest.approx(20)
    assert strain.rate_at(quiet + FORGOTTEN) is None


def test_a_late_refusal_that_asks_for_more_time_gets_it_and_teaches_nothing() -> None:
    strain = refused(Strain(), 100)
    late = strain.refused(now=101, sent_at=99, asked=30, usual=20)
    assert (late.rest(101), late.rate, late.strikes) == (30, strain.rate, strain.strikes)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5000),
            st.integers(0, 20),
            st.one_of(st.none(), st.integers(-10, 10**12)),
            st.integers(0, 1000),
        ),
        max_size=30,
    )
)
def test_no_refusals_whatever_stop_an_account_for_ever(steps: list[tuple[int, int, int | None, int]]) -> None:
    strain, now = Strain(), 1000.0
    for passes, old, asked, usual in steps:
        now += passes
        before = strain.rest(now)
        strain = strain.refused(now=now, sent_at=now - old, asked=asked, usual=usual)
        assert before <= strain.rest(now) <= max(before, 3600)
        rate = strain.rate_at(now)
        assert rate is None or rate >= MIN_RATE
    assert strain.rest(now + 3600) == 0
    assert strain.rate_at(now + 3600 + FORGOTTEN) is None
