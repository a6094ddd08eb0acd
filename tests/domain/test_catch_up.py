"""A bookmark moves on with what is marked: never past what is not, never back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.catch_up import Place
from bridge.domain.ids import RentalId

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)
NAIVE = '{"at": "2026-03-04T12:00:00", "seen": {}, "told": {}}'


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def moved(
    place: Place,
    changed: Mapping[str, float],
    *waiting: str,
    told: Mapping[str, float] | None = None,
    latest: float = 60,
) -> Place:
    return place.moved_on(
        {RentalId(rental): at(stamp) for rental, stamp in changed.items()},
        waiting=[RentalId(rental) for rental in waiting],
        told={job: at(stamp) for job, stamp in (told or {}).items()},
        overlap=OVERLAP,
        latest=at(latest),
    )


@pytest.mark.parametrize(
    ("changed", "waiting", "latest", "stands"),
    [
        ({}, (), 60, 0),
        ({"a": 5, "b": 3}, (), 60, 5),
        ({"a": -5}, (), 60, 0),
        ({"a": 5, "b": 3}, ("b",), 60, 3),
        ({"a": 5, "b": 3}, ("a",), 60, 5),
        ({"a": 5, "b": -3}, ("b",), 60, 0),
        ({"a": 900, "b": 3}, (), 60, 60),
        ({"a": 5}, (), -20, 0),
    ],
    ids=[
        "nothing",
        "newest",
        "older",
        "held",
        "held by the newest",
        "held before",
        "from far ahead",
        "our clock behind",
    ],
)
def test_it_stands_at_the_newest_that_is_marked(
    changed: dict[str, float], waiting: tuple[str, ...], latest: float, stands: float
) -> None:
    assert moved(Place(at=NOON), changed, *waiting, latest=latest).at == at(stands)


def test_what_the_overlap_will_show_again_is_remembered_but_for_who_waits() -> None:
    place = moved(Place(at=NOON), {"old": -5, "edge": 0, "in": 1, "new": 10, "waits": 10}, "waits")
    assert dict(place.seen) == {"in": at(1), "new": at(10)}


def test_a_job_is_told_until_the_overlap_has_left_it_behind() -> None:
    first = moved(Place(at=NOON), {"a": 5}, told={"j1": 5})
    second = moved(first, {"a": 12}, told={"j2": 12})
    third = moved(second, {"a": 15})
    assert (dict(first.told), dict(second.told)) == ({"j1": at(5)}, {"j1": at(5), "j2": at(12)})
    assert dict(third.told) == {"j2": at(12)}


@pytest.mark.parametrize(
    "text", ["", NAIVE, "{}", "[]", "7", '"at"', '{"at": 5, "seen": {}, "told": {}}', '{"at": null}', "{"]
)
def test_what_is_no_bookmark_is_refused_as_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one, and says no more
        Place.from_text(text)


STAMPS = st.dictionaries(st.text(min_size=1, max_size=4), st.integers(-600, 600), max_size=6)


@given(STAMPS, STAMPS, STAMPS, st.integers(-60, 60))
def test_it_never_goes_back_and_is_read_as_it_was_written(
    before: dict[str, int], changed: dict[str, int], told: dict[str, int], latest: int
) -> None:
    place = moved(Place(at=NOON), before, told=told)
    later = moved(place, changed, *list(changed)[:1], latest=latest)
    assert later.at >= place.at
    assert Place.from_text(later.to_text()) == later
