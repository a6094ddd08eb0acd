"""A receiver and a worker as two processes on one PostgreSQL: what one hears the other does, whichever of them dies."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crash.calls import calls
from tests.crash.databases import Database
from tests.crash.mortal import (
    MortalHouse,
    assert_each_was_made_once,
    assert_granted_once,
    assert_nothing_is_stuck,
    furnished,
    is_answered,
    is_dead,
    kept,
    kill,
    order_fault,
    rents,
    rows,
)
from tests.crash.steady import Steady, posting
from tests.flow.house import House, until

RECEIVER, WORKER = ("--only", "receiver"), ("--only", "worker")
PROMPT = 0.5
POSTS = 8
WORK = "SELECT state FROM subject WHERE state IN ('ready', 'running')"
WAITING = """
SELECT state FROM subject WHERE state IN ('ready', 'running')
UNION ALL SELECT state FROM delivery WHERE state IN ('new', 'running')
"""


@pytest.fixture
def hearing(own_sandbox: House, served_database: Database, tmp_path: Path) -> MortalHouse:
    (folder := tmp_path / "hearing").mkdir()
    return furnished(own_sandbox, folder, served_database)


@pytest.fixture
def working(own_sandbox: House, served_database: Database, tmp_path: Path) -> MortalHouse:
    (folder := tmp_path / "working").mkdir()
    return furnished(own_sandbox, folder, served_database)


def is_at_rest(house: MortalHouse) -> bool:
    return not rows(house, WAITING)


def test_the_worker_begins_as_soon_as_the_receiver_has_answered(hearing: MortalHouse, working: MortalHouse) -> None:
    with hearing.serving(options=RECEIVER) as receiver, working.serving(options=WORKER):
        times = []
        for _ in range(POSTS):
            tenancy, posted = rents(hearing), datetime.now(UTC)
            assert is_answered(hearing, receiver, tenancy.move_in())
            until(lambda posted=posted: any(call.at > posted for call in calls(hearing)))  # type: ignore[misc]
            times.append((next(call.at for call in calls(hearing) if call.at > posted) - posted).total_seconds())
            hearing.until_status(tenancy.rental, "granted")
            until(lambda: is_at_rest(hearing))
            assert_granted_once(hearing, tenancy)
        # A poll alone would find a quarter of them after three quarters of its second only.
        assert sorted(times)[POSTS * 3 // 4] < PROMPT
    assert_nothing_is_stuck(hearing)


def test_either_may_die_at_its_work_and_nothing_is_lost(hearing: MortalHouse, working: MortalHouse) -> None:
    order_fault(hearing, latency=0.1)
    tenancies = [rents(hearing) for _ in range(8)]
    with working.serving(options=WORKER) as worker:
        with hearing.serving(options=RECEIVER) as receiver:
            for tenancy in tenancies[:4]:
                assert is_answered(hearing, receiver, tenancy.move_in())
            with posting(Steady(receiver, tenancies[0])) as first:
                until(lambda: len(first.acknowledged) > 20)
                kill(receiver)
                is_dead(receiver)
        until(lambda: is_at_rest(hearing))
        with hearing.serving(options=RECEIVER) as receiver:
            for tenancy in tenancies[4:]:
                assert is_answered(hearing, receiver, tenancy.move_in())
            until(lambda: rows(hearing, WORK))
            kill(worker)
            is_dead(worker)
            with posting(Steady(receiver, tenancies[4], name="later")) as second:
                time.sleep(0.5)
            assert set(second.since(0)) == {200}, "who receives needs nobody who works"
            with working.serving(options=WORKER):
                for tenancy in tenancies:
                    hearing.until_status(tenancy.rental, "granted")
                until(lambda: is_at_rest(hearing))
    assert first.acknowledged | second.acknowledged <= kept(hearing)
    for tenancy in tenancies:
        assert_granted_once(hearing, tenancy)
    assert_each_was_made_once(hearing)
    assert_nothing_is_stuck(hearing)
