"""Each site is swept on its own interval, and they drift apart."""

from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.worker.rounds import Rounds


def a_site(name: str) -> SiteKey:
    return ConnectionName("lakeside"), SiteId(name)


HERE, THERE = a_site("here"), a_site("there")


def times(rounds: Rounds, until: float) -> dict[SiteKey, list[float]]:
    """Return when each site is swept, by a clock that stands while they are."""
    found: dict[SiteKey, list[float]] = {}
    now = 0.0
    while (wait := rounds.wait(now)) is not None and now + wait <= until:
        now += wait
        for site in rounds.take(now):
            found.setdefault(site, []).append(round(now, 3))
    return found


def test_all_are_swept_soon_after_the_start_and_then_each_on_its_own_interval() -> None:
    rounds = Rounds({HERE: 100, THERE: 250}, now=0, first=30, chance=lambda: 1)
    assert times(rounds, 600) == {HERE: [30, 130, 230, 330, 430, 530], THERE: [30, 280, 530]}


def test_an_interval_shorter_than_the_first_wait_is_kept() -> None:
    assert times(Rounds({HERE: 10}, now=0, first=30, chance=lambda: 1), 25) == {HERE: [10, 20]}


def test_chance_makes_it_a_tenth_sooner_at_the_most() -> None:
    draws = iter([0, 1, 0.5])
    rounds = Rounds({HERE: 100}, now=0, first=0, chance=lambda: next(draws))
    assert times(rounds, 284) == {HERE: [0, 90, 190]}


def test_what_was_late_is_swept_once_and_not_made_up_for() -> None:
    rounds = Rounds({HERE: 10, THERE: 20}, now=0, first=5, chance=lambda: 1)
    assert rounds.take(1000) == [HERE, THERE]
    assert (rounds.take(1000), rounds.wait(1000)) == ([], 10)


def test_without_a_site_there_is_nothing_to_wait_for() -> None:
    assert Rounds({}, now=0, first=30).wait(0) is None
