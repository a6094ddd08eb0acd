"""A vendor is left alone when several tenants in a row get no answer, and asked again by one at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.breaker import LONGEST_PROBE, RECOVERY, Breaker, BreakerState, cool_down
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def who(name: str) -> SubjectKey:
    return SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("site1"), tenant=TenantId(name))


def after(failures: Sequence[str], breaker: Breaker | None = None) -> Breaker:
    breaker = breaker or Breaker()
    for name in failures:
        breaker = breaker.failed(who(name), "no answer", now=NOW, jitter=1)
    return breaker


@pytest.mark.parametrize(
    ("failures", "state"),
    [
        ("", BreakerState.CLOSED),
        ("abcd", BreakerState.CLOSED),
        ("abcde", BreakerState.OPEN),
        ("aaaab", BreakerState.OPEN),
        ("aaaaaaaaa", BreakerState.CLOSED),
        ("aaaaaaaaab", BreakerState.OPEN),
    ],
)
def test_it_opens_after_five_failures_in_a_row_of_more_than_one_tenant(failures: str, state: BreakerState) -> None:
    assert after(failures).state(NOW) is state


def test_an_answer_in_between_starts_the_count_anew() -> None:
    breaker = after("abcd").answered(who("a"), now=NOW)
    assert after("abcd", breaker).state(NOW) is BreakerState.CLOSED
    assert after("abcde", breaker).state(NOW) is BreakerState.OPEN


def test_while_it_is_open_nobody_is_let_through_and_after_the_cool_down_one() -> None:
    breaker = after("abcde")
    soon, later = NOW + timedelta(seconds=9), NOW + timedelta(seconds=10)
    assert (breaker.wants_probe(soon), breaker.wants_probe(later)) == (False, True)
    assert not breaker.lets(who("a"))
    probing = breaker.probing(who("z"), now=later)
    assert (probing.lets(who("z")), probing.lets(who("a"))) == (True, False)
    assert not probing.wants_probe(later), "a second probe"


def test_only_the_probe_decides() -> None:
    probing = after("abcde").probing(who("z"), now=NOW)
    assert probing.failed(who("a"), "late", now=NOW, jitter=1) == probing
    assert probing.answered(who("a"), now=NOW) == probing
    assert probing.untold(who("a"), now=NOW) == probing
    assert probing.answered(who("z"), now=NOW).state(NOW) is BreakerState.CLOSED


def test_a_probe_that_fails_makes_the_next_one_wait_twice_as_long_up_to_five_minutes() -> None:
    breaker, now, waits = after("abcde"), NOW, []
    for _ in range(7):
        assert breaker.probe_at is not None
        waits.append((breaker.probe_at - now).total_seconds())
        now = breaker.probe_at
        breaker = breaker.probing(who("z"), now=now).failed(who("z"), "still no answer", now=now, jitter=1)
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    assert breaker.since == NOW, "it is one outage"
    assert breaker.why == "still no answer"


def test_a_probe_that_says_nothing_makes_room_for_another_soon() -> None:
    later = NOW + timedelta(seconds=10)
    untold = after("abcde").probing(who("z"), now=later).untold(who("z"), now=later)
    assert untold.state(later) is BreakerState.OPEN
    assert untold.wants_probe(later + timedelta(seconds=1))


def test_a_probe_of_which_nothing_is_ever_heard_makes_room_for_another() -> None:
    lost = after("abcde").probing(who("z"), now=NOW)
    assert not lost.wants_probe(NOW + LONGEST_PROBE - timedelta(seconds=1))
    assert lost.wants_probe(NOW + LONGEST_PROBE)
    other = lost.probing(who("a"), now=NOW + LONGEST_PROBE)
    assert not other.wants_probe(NOW + LONGEST_PROBE)
    assert other.answered(who("z"), now=NOW + LONGEST_PROBE) == other


def test_what_was_an_outage_is_recovering_for_a_while() -> None:
    closed = after("abcde").probing(who("z"), now=NOW).answered(who("z"), now=NOW)
    assert closed.is_recovering(NOW + RECOVERY - timedelta(seconds=1))
    assert not closed.is_recovering(NOW + RECOVERY)
    assert not Breaker().is_recovering(NOW)


@given(
    st.lists(st.tuples(st.sampled_from(["failed", "answered", "untold", "probe"]), st.sampled_from("abc")), max_size=40)
)
def test_whatever_happens_there_is_a_way_back(steps: list[tuple[str, str]]) -> None:
    breaker, now = Breaker(), NOW
    for what, name in steps:
        now += timedelta(seconds=7)
        if what == "probe":
            breaker = breaker.probing(who(name), now=now) if breaker.wants_probe(now) else breaker
        elif what == "failed":
            breaker = breaker.failed(who(name), "no answer", now=now, jitter=0)
        elif what == "answered":
            breaker = breaker.answered(who(name), now=now)
        else:
            breaker = breaker.untold(who(name), now=now)
        assert (breaker.since is None) == (breaker.probe_at is None)
        assert breaker.probe is None or breaker.probe_at is not None
    if breaker.probe is not None:
        breaker = breaker.untold(breaker.probe, now=now)
    now += cool_down(20, 1)
    if breaker.state(now) is not BreakerState.CLOSED:
        assert breaker.wants_probe(now)
        breaker = breaker.probing(who("z"), now=now).answered(who("z"), now=now)
    assert breaker.state(now) is BreakerState.CLOSED


def test_a_clock_that_goes_back_leaves_no_site_alone_for_longer() -> None:
    breaker = after("abcde")
    assert breaker.state(NOW) is BreakerState.OPEN
    assert breaker.wants_probe(NOW - timedelta(hours=1))
