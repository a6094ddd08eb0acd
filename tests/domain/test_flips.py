"""A rental that opens and closes all the time is left as it is."""

from datetime import datetime, timedelta

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.changes import Observed
from bridge.domain.checks import Past
from bridge.domain.desired import Desired, desired_access
from bridge.domain.ids import RentalId
from bridge.domain.policy import SitePolicy
from bridge.domain.records import after_run
from bridge.domain.tenancy import Rental, RentalState
from tests.domain.tenancies import LONDON, NOON, rental, snapshot

R1 = RentalId("r1")
POLICY = SitePolicy(zone=LONDON, max_flips=10)


class Loop:
    """Somebody who locks and unlocks, and a bridge that follows."""

    def __init__(self) -> None:
        self.records: dict[RentalId, AccessRecord] = {}
        self.now = NOON

    def run(self, one: Rental) -> Desired:
        wanted = desired_access(snapshot(one), POLICY, self.now, Past(records=self.records))
        self.records = after_run(wanted, self.records, Observed(), {}, self.now)
        return wanted

    def flip(self, times: int, *, every: timedelta = timedelta(minutes=1)) -> None:
        for turn in range(times):
            self.now += every
            self.run(rental(overlocked=turn % 2 == 0))


def looped(times: int = 10) -> Loop:
    loop = Loop()
    loop.run(rental())
    loop.flip(times)
    return loop


def test_ten_flips_an_hour_are_followed_and_the_eleventh_is_not() -> None:
    loop = looped()
    assert loop.records[R1].status is AccessStatus.GRANTED
    wanted = loop.run(rental(overlocked=True))
    assert wanted.rentals == ()
    assert wanted.frozen == {R1}
    assert loop.records[R1].status is AccessStatus.GRANTED, "it stays as it was"


def test_it_is_let_go_when_the_hour_since_the_first_flip_is_over() -> None:
    loop = looped()
    wanted = loop.run(rental(overlocked=True))
    first = NOON + timedelta(minutes=1)
    assert wanted.next_change == first + timedelta(hours=1)
    loop.now = first + timedelta(hours=1)
    assert loop.run(rental(overlocked=True)).rentals[0].words() == "suspended: manual"


def test_a_move_out_is_never_held() -> None:
    loop = looped()
    assert loop.run(rental(state=RentalState.ENDED)).rentals[0].words() == "revoked"


def test_a_slow_change_is_no_loop() -> None:
    loop = Loop()
    loop.run(rental())
    loop.flip(40, every=timedelta(minutes=7))
    assert not loop.run(rental(overlocked=True)).frozen


def test_another_reason_for_the_same_state_is_no_flip() -> None:
    loop = Loop()
    loop.run(rental(overlocked=True))
    for minute in range(30):
        loop.now = NOON + timedelta(minutes=minute)
        assert not loop.run(rental(overlocked=True, overdue=minute % 2 == 0)).frozen
    assert loop.records[R1].flips == ()


def test_only_the_latest_hour_is_remembered() -> None:
    loop = looped()
    loop.now = NOON + timedelta(hours=5)
    loop.run(rental())
    assert loop.records[R1].flips == ()


def test_a_failed_run_that_is_repeated_flips_once() -> None:
    loop = looped(1)
    flips = loop.records[R1].flips
    for _ in range(20):
        loop.run(rental(overlocked=True))
    assert loop.records[R1].flips == flips == (datetime.fromisoformat("2026-03-04T12:01:00+00:00"),)
