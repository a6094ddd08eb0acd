"""Faults of the database under a running bridge: 503 in time and never a false 200, then on by itself."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.crash.databases import Served, served_by
from tests.crash.mortal import (
    MortalHouse,
    assert_granted_once,
    assert_nothing_is_stuck,
    at_rest,
    furnished,
    is_answered,
    kept,
    rents,
)
from tests.crash.steady import Steady, assert_honest, posting
from tests.flow.house import Bridge, House, until
from tests.postgres.cluster import Cluster

DOWN_SECONDS = 2.0
CONNECTIONS = 24


@pytest.fixture(scope="module")
def breakable() -> Iterator[Cluster]:
    with Cluster(max_connections=CONNECTIONS) as cluster:
        yield cluster


@pytest.fixture
def served(breakable: Cluster) -> Iterator[Served]:
    with served_by(breakable) as database:
        yield database


@pytest.fixture
def on_it(sandbox: House, served: Served, tmp_path: Path) -> MortalHouse:
    return furnished(sandbox, tmp_path, served)


def stopped(served: Served) -> None:
    served.cluster.stop()
    time.sleep(DOWN_SECONDS)
    served.cluster.start()


def stopped_at_once(served: Served) -> None:
    served.cluster.stop(immediate=True)
    time.sleep(DOWN_SECONDS)
    served.cluster.start()


def cut_off(served: Served) -> None:
    for _ in range(5):
        served.cluster.terminate_backends(served.database)
        time.sleep(0.2)


def crowded_out(served: Served) -> None:
    """Take every connection that there is; those that the bridge had are cut, and have no place to come back to."""
    end = time.monotonic() + DOWN_SECONDS
    with ExitStack() as crowd:
        first = crowd.enter_context(psycopg.connect(served.cluster.url(), autocommit=True))
        while time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    crowd.enter_context(psycopg.connect(served.cluster.url()))
            first.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [served.database]
            )


def read_only(served: Served) -> None:
    """As after a failover to a standby: new sessions can be had, and refuse to write."""
    served.cluster.execute(f'ALTER DATABASE "{served.database}" SET default_transaction_read_only = on')
    served.cluster.terminate_backends(served.database)
    time.sleep(DOWN_SECONDS)
    served.cluster.execute(f'ALTER DATABASE "{served.database}" RESET default_transaction_read_only')
    served.cluster.terminate_backends(served.database)


@pytest.mark.parametrize("fault", [stopped, stopped_at_once, cut_off, crowded_out, read_only])
def test_it_is_answered_for_in_time_and_goes_by_without_a_restart(
    on_it: MortalHouse, served: Served, fault: Callable[[Served], None]
) -> None:
    with on_it.serving() as bridge:
        before, about = rents(on_it), rents(on_it)
        with posting(Steady(bridge, about)) as steady:
            assert is_answered(on_it, bridge, before.move_in())
            on_it.until_status(before.rental, "granted")
            fault(served)
            mark = len(steady.answers)
            assert_it_goes_on(on_it, bridge, steady, mark)
        assert fault is cut_off or 503 in steady.since(0), "it was noticed"
        at_rest(on_it, bridge)
    assert_honest(steady, lambda: kept(on_it))
    assert_granted_once(on_it, about)
    assert_nothing_is_stuck(on_it)


def assert_it_goes_on(house: MortalHouse, bridge: Bridge, steady: Steady, mark: int) -> None:
    """Deliveries are taken again within a few seconds, and worked on."""
    until(lambda: steady.since(mark)[-10:] == [200] * 10, 10.0)
    after = rents(house)
    assert is_answered(house, bridge, after.move_in())
    house.until_status(after.rental, "granted")
    assert_granted_once(house, after)
