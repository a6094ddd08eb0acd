"""When a source that says nothing is a silent one: a table of weeks, hour by hour."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.ids import DeliveryId
from bridge.domain.silence import LONGEST_GAP, SLOT, Arrived, Pulse, slot_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
THREE = timedelta(hours=3)
SILENT, QUIET = "silent", "quiet"
DAILY = (9.5, 10.5, 11.5)
"""Once an hour in the hours before noon."""


def arrived(*moments: datetime) -> Arrived:
    return Arrived(
        last=DeliveryId(len(moments)),
        first_at=min(moments),
        last_at=max(moments),
        slots=frozenset(slot_of(moment) for moment in moments),
    )


def pulse(*moments: datetime, now: datetime = NOON, looks_since: timedelta = timedelta(days=30)) -> Pulse:
    """Return what is known at `now` of deliveries that came at these moments."""
    return Pulse(looked_at=now, deaf_until=now - looks_since).felt(arrived(*moments), now=now)


def judged(known: Pulse) -> str:
    return QUIET if known.silent_since(THREE, now=NOON) is None else SILENT


def week(*days: int, hours: Iterable[float] = DAILY, to: datetime = NOON) -> list[datetime]:
    """Return deliveries at these hours of the days so many days ago."""
    midnight = to.replace(hour=0, minute=0)
    hours = tuple(hours)
    return [midnight - timedelta(days=ago) + timedelta(hours=hour) for ago in days for hour in hours]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ((1, 2, 3, 4, 5, 6, 7), SILENT),
        ((1, 2, 3, 7), SILENT),
        ((4, 5, 6, 7), SILENT),
        ((1, 2, 7), QUIET),
        ((1, 2, 3, 4, 5, 6), QUIET),
        ((7,), QUIET),
        ((8, 9, 10, 11, 12, 13, 14), QUIET),
    ],
)
def test_the_day_a_week_ago_and_four_in_all_make_a_habit(days: tuple[int, ...], found: str) -> None:
    assert judged(pulse(*week(*days))) == found


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        ((9.0, 10.0, 11.0), SILENT),
        ((9.9, 10.9, 11.9), SILENT),
        ((9.5, 11.5), QUIET),
        ((10.5, 11.2, 11.4, 11.6, 11.8), QUIET),
        ((9.1, 9.2, 9.3, 10.1), QUIET),
        ((8.9, 10.5, 11.5), QUIET),
        ((9.5, 10.5, 12.1), QUIET),
    ],
    ids=["first minutes", "last minutes", "two", "opening late", "closing early", "too early", "later than now"],
)
def test_something_came_in_each_third_of_the_hours(hours: tuple[float, ...], found: str) -> None:
    assert judged(pulse(*week(*range(1, 8), hours=hours))) == found


def test_a_silence_begins_with_the_last_delivery() -> None:
    last = NOON - THREE
    assert pulse(*week(*range(1, 8)), last).silent_since(THREE, now=NOON) == last


def test_what_came_within_the_hours_is_no_silence() -> None:
    last = NOON - THREE + timedelta(seconds=1)
    assert pulse(*week(*range(1, 8)), last).silent_since(THREE, now=NOON) is None


def test_a_delivery_stamped_ahead_of_the_clock_is_no_silence() -> None:
    assert pulse(*week(*range(1, 8)), NOON + timedelta(hours=5)).silent_since(THREE, now=NOON) is None


def test_who_was_never_heard_is_not_silent() -> None:
    assert Pulse.begin(NOON - timedelta(days=30)).silent_since(THREE, now=NOON) is None


def test_an_office_that_is_closed_on_sundays_is_not_silent_on_one() -> None:
    sunday = datetime(2026, 3, 8, 12, tzinfo=UTC)
    office = pulse(*week(1, 2, 3, 4, 5, 6, to=sunday), now=sunday)
    assert office.silent_since(THREE, now=sunday) is None
    monday = sunday + timedelta(days=1)
    assert office.silent_since(THREE, now=monday) is not None


def test_the_night_of_a_busy_day_is_quiet() -> None:
    day = [8 + quarter / 4 for quarter in range(40)]
    site = pulse(*week(*range(8), hours=day, to=NOON), now=NOON + timedelta(hours=6))
    for minutes in range(0, 14 * 60, 10):
        now = NOON + timedelta(hours=6, minutes=minutes)
        assert site.silent_since(THREE, now=now) is None, now


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_a_change_of_the_clocks_alone_makes_no_silence(change: datetime) -> None:
    """An office opens at eight and closes at six, by its own clock, and is heard each ten minutes."""
    zone = ZoneInfo("Europe/London")
    days = [(change + timedelta(days=day)).date() for day in range(-9, 9)]
    opening = [datetime(day.year, day.month, day.day, 8, tzinfo=zone).astimezone(UTC) for day in days]
    heard = {start + timedelta(minutes=minutes) for start in opening for minutes in range(0, 10 * 60 + 1, 10)}
    now = change - timedelta(days=9)
    known = Pulse.begin(now)
    while now < change + timedelta(days=8):
        now += SLOT
        known = known.felt(arrived(now) if now in heard else None, now=now)
        assert known.silent_since(THREE, now=now) is None, now


def test_a_bridge_that_was_away_waits_as_long_again() -> None:
    busy = week(*range(1, 8), hours=[hour / 2 for hour in range(48)])
    back = NOON.replace(hour=11)
    known = pulse(*busy, now=NOON - timedelta(days=1)).felt(None, now=back)
    assert known.silent_since(THREE, now=back + timedelta(hours=2, minutes=59)) is None
    assert known.silent_since(THREE, now=back + THREE) is not None


def test_a_short_restart_is_no_absence() -> None:
    known = pulse(*week(*range(1, 8)), now=NOON - LONGEST_GAP).felt(None, now=NOON)
    assert known.silent_since(THREE, now=NOON) is not None


def test_what_came_ends_a_silence_and_looks_alone_do_not() -> None:
    told = pulse(*week(*range(1, 8))).told()
    assert told.felt(None, now=NOON + SLOT).is_told
    assert not told.felt(arrived(NOON), now=NOON + SLOT).is_told


def test_what_is_remembered_does_not_grow_with_time() -> None:
    known, now = Pulse.begin(NOON), NOON
    for _ in range(40 * 144):
        now += SLOT
        known = known.felt(arrived(now), now=now)
    assert len(known.slots) <= 8 * 144 + 1
    assert known.deaf_until == NOON


def test_the_longest_hours_are_remembered_whole() -> None:
    day = timedelta(days=1)
    known = pulse(*week(*range(9), hours=range(24), to=NOON - day), now=NOON)
    assert known.silent_since(day, now=NOON - day + timedelta(hours=35)) is not None


PULSES = st.builds(
    Pulse,
    looked_at=st.just(NOON),
    deaf_until=st.just(NOON),
    last=st.integers(min_value=0).map(DeliveryId),
    last_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    slots=st.frozensets(st.integers(min_value=0), max_size=20),
    is_told=st.booleans(),
)


@given(PULSES)
def test_what_is_kept_is_read_again(known: Pulse) -> None:
    assert Pulse.from_text(known.to_text()) == known


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[]", '{"looked_at":1}', Pulse.begin(NOON).to_text().replace("+00:00", "")]
)
def test_what_was_not_kept_so_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no pulse|Expecting value"):
        Pulse.from_text(text)
