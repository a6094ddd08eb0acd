"""Pruning a file: in small pieces, beside acknowledgements, and harmless wherever it is cut off."""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest

from bridge.domain.deliveries import Receipt
from bridge.ports.pruning import Before, Pruned
from bridge.service.alerts import Alerts
from bridge.service.retention import BATCH, Keep, Retention
from bridge.store import SqlStore
from bridge.store.pruning import MAX_BYTES
from bridge.store.tables import to_micros
from bridge.telemetry import Metrics
from tests.contracts.store_builders import START, SetClock, a_delivery, a_key, mark
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
LATER = START + timedelta(days=1)
BODIES = Before(bodies=LATER, settled=START - timedelta(days=1), quarantined=START - timedelta(days=1))
ROWS = Before(bodies=LATER, settled=LATER, quarantined=LATER)
SLOWEST_SECONDS = 0.75
"""Loose, for a busy machine: a sender that waits two seconds has not noticed."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gatebridge.db"


async def fill(path: Path, rows: int, size: int = 2000) -> None:
    """Make a database with settled deliveries, each linked to one subject, and a newest one."""
    async with open_store(path) as store:
        await mark(store, a_key())
    with outside(path) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state) "
            "VALUES ('lakeside', ?, 'x', ?, zeroblob(?), 'done')",
            ((f"old-{number}", to_micros(START) + number, size) for number in range(rows)),
        )
        connection.execute("INSERT INTO delivery_subject SELECT id, 1 FROM delivery WHERE id > 1")
        connection.execute("COMMIT")
    async with open_store(path) as store:
        await store.put(a_delivery("newest", at=LATER + timedelta(days=1)))


def count(path: Path, sql: str) -> int:
    with outside(path) as connection:
        (found,) = connection.execute(sql).fetchone()
    return int(found)


def retention(store: SqlStore, clock: SetClock) -> Retention:
    keep = Keep(bodies=timedelta(days=30), deliveries=timedelta(days=90))
    return Retention(pruner=store, keep=keep, alert_sink=store, alerts=Alerts(Metrics()), clock=clock)


async def test_large_bodies_make_small_batches(path: Path) -> None:
    await fill(path, 20, size=MAX_BYTES // 4)
    async with open_store(path) as store:
        batches = [await store.prune(BODIES, limit=100) for _ in range(6)]
    assert batches[0].emptied <= 5
    assert sum(batches, Pruned()) == Pruned(emptied=21)


async def test_a_body_larger_than_a_batch_is_emptied_all_the_same(path: Path) -> None:
    await fill(path, 1, size=MAX_BYTES * 2)
    async with open_store(path) as store:
        assert sum([await store.prune(BODIES, limit=100) for _ in range(3)], Pruned()) == Pruned(emptied=2)


async def test_the_links_to_subjects_go_with_the_rows(path: Path) -> None:
    await fill(path, 10)
    async with open_store(path) as store:
        assert await store.prune(ROWS, limit=100) == Pruned(removed=11)
    assert count(path, "SELECT count(*) FROM delivery_subject") == 0
    assert count(path, "SELECT count(*) FROM subject") == 1


async def test_the_room_of_what_was_pruned_is_used_again(path: Path) -> None:
    await fill(path, 500)
    async with open_store(path) as store:
        while await store.prune(ROWS, limit=100) != Pruned():
            pass
    free = count(path, "PRAGMA freelist_count")
    async with open_store(path) as store:
        await asyncio.gather(*(store.put(a_delivery(f"e{number}", body=b"x" * 2000)) for number in range(300)))
    assert count(path, "PRAGMA freelist_count") < free - 100


PRUNER = """
import asyncio, sys
from pathlib import Path
from tests.store.store_file import open_store
from tests.store.test_pruning import ROWS

async def main():
    async with open_store(Path(sys.argv[1])) as store:
        while True:
            print("pruned", (await store.prune(ROWS, limit=3)).removed, flush=True)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_leaves_the_rest_for_the_next_run(path: Path) -> None:
    await fill(path, 3000, size=10)
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", PRUNER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = 0
        for line in process.stdout:
            said += line.startswith("pruned")
            if said == 50:
                process.send_signal(signal.SIGKILL)
                break
        said += sum(line.startswith("pruned") and line.endswith("\n") for line in process.stdout.readlines())
    async with open_store(path) as store:
        assert 100 < count(path, "SELECT count(*) FROM delivery") <= 3002 - 3 * said
        assert count(path, "SELECT count(*) FROM pragma_foreign_key_check") == 0
        while await store.prune(ROWS, limit=500) != Pruned():
            pass
        assert await store.put(a_delivery("newest")) is Receipt.DUPLICATE
    with outside(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert count(path, "SELECT count(*) FROM delivery") == 1


async def acknowledge(store: SqlStore, lane: int, over: asyncio.Event) -> list[float]:
    """Put one delivery after another until it is over, and return how long each took."""
    took: list[float] = []
    while not over.is_set():
        began = perf_counter()
        await store.put(a_delivery(f"{lane}-{len(took)}", at=LATER + timedelta(days=1)))
        took.append(perf_counter() - began)
        await asyncio.sleep(0.005)
    return took


async def slowest_beside_pruning(path: Path, rows: int) -> float:
    """Prune bodies, then rows, while four senders post; return the slowest acknowledgement."""
    await fill(path, rows)
    clock, over = SetClock(), asyncio.Event()
    async with open_store(path, clock=clock) as store:
        lanes = [asyncio.create_task(acknowledge(store, lane, over)) for lane in range(4)]
        clock.move(days=31)
        emptied = await retention(store, clock).run()
        clock.move(days=60)
        removed = await retention(store, clock).run()
        over.set()
        took = [seconds for lane in await asyncio.gather(*lanes) for seconds in lane]
    assert (emptied, removed) == (Pruned(emptied=rows + 1), Pruned(removed=rows + 1))
    assert len(took) > rows // BATCH
    return max(took)


async def test_acknowledgements_do_not_wait_for_pruning(path: Path) -> None:
    assert await slowest_beside_pruning(path, 1500) < SLOWEST_SECONDS


@pytest.mark.soak
async def test_acknowledgements_do_not_wait_for_pruning_fifty_thousand(path: Path) -> None:
    assert await slowest_beside_pruning(path, 50_000) < SLOWEST_SECONDS
