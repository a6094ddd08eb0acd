"""A disk that is full, under the database and under the log: 503 as long as it is, and on by itself when it is not."""

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.databases import File, served_by
from tests.crash.mortal import (
    MortalHouse,
    assert_granted_once,
    assert_nothing_is_stuck,
    at_rest,
    furnished,
    is_answered,
    kept,
    order_fault,
    rents,
)
from tests.crash.steady import Steady, assert_honest, posting
from tests.flow.house import Bridge, House, until
from tests.postgres.cluster import Cluster
from tests.postgres.disk import MountRefused, small_disk

FULL_SECONDS = 2.0
RUN_SECONDS = 0.6
"""Somebody is always being looked at, so that the store takes the end of no run either."""
LONG_BODY = 20_000
Fault = Callable[[Bridge], contextlib.AbstractContextManager[None]]


def plays_out(house: MortalHouse, full: Fault, *, is_strict: bool = True) -> None:
    """See it through. Unless it `is_strict`, some room may be found in what the database had already."""
    before, about = rents(house), rents(house)
    with house.serving() as bridge:
        assert is_answered(house, bridge, before.move_in())
        house.until_status(before.rental, "granted")
        order_fault(house, latency=RUN_SECONDS / 4)
        with posting(Steady(bridge, about, body=LONG_BODY)) as steady:
            until(lambda: len(steady.acknowledged) > 10)
            with full(bridge):
                until(lambda: 503 in steady.since(0))
                mark = len(steady.answers)
                time.sleep(FULL_SECONDS)
                assert set(steady.since(mark)) <= {200, 503}
                assert not is_strict or set(steady.since(mark)) == {503}
                assert house.http.get(f"http://127.0.0.1:{bridge.port}/livez").status_code == 200
            mark = len(steady.answers)
            until(lambda: steady.since(mark)[-10:] == [200] * 10, 10.0)
            after = rents(house)
            assert is_answered(house, bridge, after.move_in())
            house.until_status(after.rental, "granted")
            order_fault(house, latency=0.0)
        at_rest(house, bridge)
        assert bridge.stop() == 0
    assert_honest(steady, lambda: kept(house))
    for tenancy in (before, about, after):
        assert_granted_once(house, tenancy)
    assert_nothing_is_stuck(house)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


def test_of_a_file_and_of_its_log(sandbox: House, tmp_path: Path) -> None:  # C03, C04
    del tmp_path
    try:
        with small_disk(8) as disk:
            plays_out(furnished(sandbox, disk), lambda _: filled(disk))
    except MountRefused as refused:
        pytest.skip(f"no small disk here: {refused}; see the next test")


def test_where_no_file_may_grow_not_even_the_log(house: MortalHouse) -> None:  # C03, C04
    @contextlib.contextmanager
    def limited(bridge: Bridge) -> Iterator[None]:
        """The system refuses every write behind the first bytes of a file."""
        before = resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        yield
        resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, before)

    assert isinstance(house.database, File)
    plays_out(house, limited)


def test_of_a_servers_tables(sandbox: House, postgres_cluster: Cluster, tmp_path: Path) -> None:  # C03
    try:
        with ExitStack() as stack:
            disk = stack.enter_context(small_disk(40))
            postgres_cluster.start()
            postgres_cluster.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
            stack.callback(postgres_cluster.execute, "DROP TABLESPACE small")
            database = stack.enter_context(served_by(postgres_cluster))
            postgres_cluster.execute(f"ALTER DATABASE {database.database} SET TABLESPACE small")
            plays_out(furnished(sandbox, tmp_path, database), lambda _: filled(disk))
    except MountRefused as refused:
        pytest.skip(f"no small disk here: {refused}")


@pytest.mark.soak
def test_of_a_server_that_then_stops_at_once(sandbox: House, tmp_path: Path) -> None:  # C03
    """With no room for its log of changes, PostgreSQL ends by itself; whoever looks after it starts it again."""

    @contextlib.contextmanager
    def until_it_has_ended(_: Bridge) -> Iterator[None]:
        with filled(disk):
            yield
        time.sleep(1.0)
        cluster.start()

    try:
        with ExitStack() as stack:
            disk = stack.enter_context(small_disk(112))
            cluster = stack.enter_context(Cluster(data=disk / "data", settings={"max_wal_size": "32MB"}))
            database = stack.enter_context(served_by(cluster))
            plays_out(furnished(sandbox, tmp_path, database), until_it_has_ended, is_strict=False)
    except MountRefused as refused:
        pytest.skip(f"no small disk here: {refused}")
