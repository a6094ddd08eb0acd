"""A host's clock that is wrong makes nobody try too soon, or too late: the process follows the database's."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bridge.domain.errors import Unreachable
from bridge.domain.outcome import MAX_ATTEMPTS, after_failure
from bridge.ports.clock import SystemClock
from bridge.ports.store import SubjectCommit
from bridge.store.postgres.clock import FollowedClock
from tests.contracts.store_builders import START, SetClock, a_key
from tests.postgres.stores import a_store, mark

pytestmark = pytest.mark.anyio


class Wrong:
    """A host's clock that is ahead."""

    def __init__(self, **ahead: float) -> None:
        self._ahead = timedelta(**ahead)

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead


def says(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


async def test_behind_it_does_not_use_all_tries_up_in_a_moment(postgres_tables: str) -> None:
    async with a_store(postgres_tables, clock=Wrong(minutes=-20)) as store:
        await mark(store, a_key("t1"), event="first")
        tries = 0
        while claims := await store.claim_subjects(1):
            tries += 1
            error = Unreachable("no answer")
            end = after_failure(error, attempts=tries, now=store.clock.now(), jitter=0.5)
            await store.commit(claims[0], SubjectCommit(outcome=end))
            assert tries < MAX_ATTEMPTS
    assert tries == 1


@pytest.mark.parametrize("hours", [-5, 5])
async def test_from_its_opening_a_store_tells_the_databases_time(postgres_tables: str, hours: float) -> None:
    async with a_store(postgres_tables, clock=Wrong(hours=hours)) as store:
        assert abs(store.clock.now() - SystemClock().now()) < timedelta(seconds=2)


def test_a_clock_that_is_nearly_right_is_left_alone() -> None:
    own = SetClock()
    clock = FollowedClock(own)
    assert clock.told(says(START + timedelta(seconds=0.9))) == START + timedelta(seconds=0.9)
    assert clock.now() == START


def test_a_host_whose_clock_is_put_right_is_followed_back() -> None:
    own = SetClock()
    own.move(hours=-1)
    clock = FollowedClock(own)
    clock.told(says(START))
    assert clock.now() == START
    own.move(hours=1)
    clock.told(says(START))
    assert clock.now() == START


def test_an_answer_that_took_long_says_nothing_of_the_clocks() -> None:
    own = SetClock()
    clock = FollowedClock(own)

    def slowly() -> datetime:
        own.move(seconds=30)
        return START

    clock.told(slowly)
    assert clock.now() == START + timedelta(seconds=30)
