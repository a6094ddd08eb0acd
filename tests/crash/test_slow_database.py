"""Commits that take two seconds: the platform hears 503 before it gives up, and no 200 for what is not kept."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash import slow_commits
from tests.crash.databases import served_by
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
from tests.flow.house import House, until
from tests.postgres.cluster import Cluster

COMMIT_SECONDS = 2
SLOW_SECONDS = 5.0
# Waits at the commit of each transaction that stores a delivery.
SLOW = f"""
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep({COMMIT_SECONDS}); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON delivery DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION slow()
"""
QUICK = "DROP FUNCTION slow CASCADE"


@contextmanager
def slow_file(house: MortalHouse) -> Iterator[None]:
    told = house.folder / "slow"
    told.write_text(str(COMMIT_SECONDS))
    yield
    told.unlink()


@contextmanager
def slow_server(house: MortalHouse) -> Iterator[None]:
    house.database.rows(SLOW)
    yield
    house.database.rows(QUICK)


def plays_out(house: MortalHouse, slow: Callable[[MortalHouse], object], program: list[str] | None) -> None:
    about = rents(house)
    with house.serving(program) as bridge:
        assert is_answered(house, bridge, about.move_in())
        house.until_status(about.rental, "granted")
        with posting(Steady(bridge, about)) as steady:
            until(lambda: len(steady.acknowledged) > 10)
            with slow(house):  # type: ignore[attr-defined]
                time.sleep(SLOW_SECONDS)
            mark = len(steady.answers)
            until(lambda: steady.since(mark)[-10:] == [200] * 10)
        assert 503 in steady.since(0)
        at_rest(house, bridge)
    assert_honest(steady, lambda: kept(house))
    assert_granted_once(house, about)
    assert_nothing_is_stuck(house)


def test_on_a_file(house: MortalHouse) -> None:  # C06
    plays_out(house, slow_file, [sys.executable, slow_commits.__file__, str(house.folder / "slow")])


def test_on_a_server(sandbox: House, postgres_cluster: Cluster, tmp_path: Path) -> None:  # C06
    with served_by(postgres_cluster) as database:
        plays_out(furnished(sandbox, tmp_path, database), slow_server, None)
