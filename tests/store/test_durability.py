"""What is acknowledged is on disk; what cannot be is refused in time; and the store mends by itself."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import sqlalchemy as sa

from bridge.domain.deliveries import Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.ports.store import Priority
from bridge.store import SqlStore, WriterLimits
from tests.contracts.store_builders import a_delivery, a_key, mark
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gatebridge.db"


async def put_all(store: SqlStore, events: list[str]) -> list[Receipt]:
    receipts: dict[str, Receipt] = {}

    async def put(event: str) -> None:
        receipts[event] = await store.put(a_delivery(event))

    async with anyio.create_task_group() as group:
        for event in events:
            group.start_soon(put, event)
    return [receipts[event] for event in events]


class Stall:
    """A unit that holds the writer until it is let go."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.let_go = threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self, connection: sa.Connection) -> None:
        del connection
        self._loop.call_soon_threadsafe(self.reached.set)
        self.let_go.wait(10)


async def stall(store: SqlStore) -> tuple[Stall, "asyncio.Future[None]"]:
    unit = Stall()
    running = asyncio.ensure_future(store._ways.write(unit))
    await unit.reached.wait()
    return unit, running


async def test_what_waits_together_is_committed_together(path: Path) -> None:
    batches: list[int] = []
    async with open_store(path, on_batch=lambda size, _: batches.append(size)) as store:
        unit, running = await stall(store)
        group = asyncio.ensure_future(put_all(store, [f"e{number}" for number in range(64)]))
        await anyio.sleep(0.01)
        unit.let_go.set()
        await asyncio.gather(running, group)
    assert batches == [1, 64]


async def test_a_batch_is_bounded(path: Path) -> None:
    batches: list[int] = []
    limits = WriterLimits(batch=10)
    async with open_store(path, limits=limits, on_batch=lambda size, _: batches.append(size)) as store:
        await put_all(store, [f"e{number}" for number in range(100)])
    assert max(batches) == 10


async def test_a_delivery_does_not_wait_for_a_backlog_of_other_work(path: Path) -> None:
    async with open_store(path, limits=WriterLimits(units=2)) as store:
        unit, running = await stall(store)
        done: list[str] = []

        async def work(name: str) -> None:
            await store._ways.write(lambda connection: connection.exec_driver_sql("SELECT 1").close())
            done.append(name)

        async def put() -> None:
            await store.put(a_delivery("e1"))
            done.append("put")

        names = [f"unit {number}" for number in range(6)]
        waiting = [asyncio.ensure_future(one) for one in (*map(work, names), put())]
        await anyio.sleep(0.01)
        unit.let_go.set()
        await asyncio.gather(running, *waiting)
    assert "put" in done[:3]
    assert [name for name in done if name != "put"] == names


async def test_a_full_queue_refuses_at_once(path: Path) -> None:
    async with open_store(path, limits=WriterLimits(waiting=3, budget=60)) as store:
        unit, running = await stall(store)
        waiting = [asyncio.ensure_future(store.put(a_delivery(event))) for event in ("e1", "e2")]
        await anyio.sleep(0.01)
        with pytest.raises(StoreUnavailable, match="too much waits"):
            await store.put(a_delivery("e3"))
        unit.let_go.set()
        await asyncio.gather(running, *waiting)
        assert await store.put(a_delivery("e3")) is Receipt.ACCEPTED


async def test_bodies_that_wait_are_bounded_in_bytes(path: Path) -> None:
    async with open_store(path, limits=WriterLimits(waiting_bytes=100)) as store:
        with pytest.raises(StoreUnavailable, match="too much waits"):
            await store.put(a_delivery(body=b"x" * 101))
        await store.put(a_delivery(body=b"x" * 100))


async def test_a_slow_disk_is_refused_in_time_and_the_late_row_does_no_harm(path: Path) -> None:
    async with open_store(path, limits=WriterLimits(budget=0.05)) as store:
        unit, running = await stall(store)
        with anyio.fail_after(2):
            with pytest.raises(StoreUnavailable, match="in time"):
                await store.put(a_delivery())
            with pytest.raises(StoreUnavailable, match="in time"):
                await store.probe()
        unit.let_go.set()
        await running
        assert await store.put(a_delivery()) is Receipt.DUPLICATE


async def test_a_full_disk_refuses_and_recovers_without_restart(path: Path) -> None:
    async with open_store(path) as store:
        await store._ways.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1").close())
        with pytest.raises(StoreUnavailable, match="full"):
            await store.put(a_delivery("big", body=b"x" * 500_000))
        with pytest.raises(StoreUnavailable, match="full"):
            await store.put(a_delivery("again", body=b"x" * 500_000))
        await store._ways.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 100000").close())
        assert await store.put(a_delivery("big", body=b"x" * 500_000)) is Receipt.ACCEPTED


async def test_a_database_locked_from_outside_refuses_and_recovers(path: Path) -> None:
    async with open_store(path, limits=WriterLimits(budget=0.2)) as store:
        with outside(path) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await store.put(a_delivery("e1"))
            other.execute("ROLLBACK")
        await anyio.sleep(0.2)
        assert await store.put(a_delivery("e2")) is Receipt.ACCEPTED


async def test_a_broken_connection_is_replaced(path: Path) -> None:
    async with open_store(path) as store:

        def break_it(connection: sa.Connection) -> None:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.close()

        with pytest.raises(StoreUnavailable):
            await store._ways.write(break_it)
        assert await store.put(a_delivery()) is Receipt.ACCEPTED


async def test_a_unit_that_fails_by_itself_leaves_the_batch_and_nothing_of_its_own(path: Path) -> None:
    def half_done(connection: sa.Connection) -> None:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('half', 'done')")
        connection.exec_driver_sql("INSERT INTO meta VALUES ('half', 'twice')")

    async with open_store(path) as store:
        unit, running = await stall(store)
        tasks = [
            asyncio.ensure_future(store._ways.write(half_done)),
            asyncio.ensure_future(store.put(a_delivery("good"))),
            asyncio.ensure_future(store.put(a_delivery("\ud800"))),
            asyncio.ensure_future(store.put(a_delivery("good"))),
        ]
        await anyio.sleep(0.01)
        unit.let_go.set()
        failed, good, bad, doubled = await asyncio.gather(*tasks, return_exceptions=True)
        await running
        rows = await store._ways.read(lambda c: c.exec_driver_sql("SELECT name FROM meta").scalars().all())
    assert isinstance(failed, sa.exc.IntegrityError)
    assert isinstance(bad, UnicodeError)
    assert [good, doubled] == [Receipt.ACCEPTED, Receipt.DUPLICATE]
    assert "half" not in rows


async def test_a_fault_of_the_database_fails_the_whole_batch(path: Path) -> None:
    async with open_store(path) as store:
        unit, running = await stall(store)
        tasks = [
            asyncio.ensure_future(store.put(a_delivery("e1"))),
            asyncio.ensure_future(store._ways.write(lambda c: c.exec_driver_sql("SELECT no_such()").close())),
        ]
        await anyio.sleep(0.01)
        unit.let_go.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await running
        assert [type(result) for result in results] == [StoreUnavailable, StoreUnavailable]
        assert await store.put(a_delivery("e1")) is Receipt.ACCEPTED


async def test_an_observer_that_fails_does_not_stop_the_writer(path: Path) -> None:
    def fail(size: int, seconds: float) -> None:
        raise ZeroDivisionError(f"{size} in {seconds}")

    async with open_store(path, on_batch=fail) as store:
        assert [await store.put(a_delivery(event)) for event in ("e1", "e2")] == [Receipt.ACCEPTED] * 2


async def test_closing_finishes_what_was_accepted(path: Path) -> None:
    async with open_store(path) as store:
        puts = [asyncio.ensure_future(store.put(a_delivery(f"e{number}"))) for number in range(50)]
        await anyio.lowlevel.checkpoint()
        await store.close()
        assert await asyncio.gather(*puts) == [Receipt.ACCEPTED] * 50


async def test_a_caller_that_went_away_does_not_disturb_the_others(path: Path) -> None:
    async with open_store(path) as store:
        unit, running = await stall(store)
        gone = asyncio.ensure_future(store.put(a_delivery("gone")))
        stays = asyncio.ensure_future(store.put(a_delivery("stays")))
        await anyio.sleep(0.01)
        gone.cancel()
        unit.let_go.set()
        await running
        assert await stays is Receipt.ACCEPTED


async def test_readers_can_neither_write_nor_checkpoint(path: Path) -> None:
    async with open_store(path) as store:
        with pytest.raises(StoreUnavailable, match="readonly"):
            await store._ways.read(lambda c: c.exec_driver_sql("DELETE FROM meta").close())
        limit = await store._ways.read(lambda c: c.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())
    assert limit == 0


async def test_a_long_sweep_lets_acknowledgements_in_between(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.store.store.SWEEP_PAGE", 2)
    batches: list[int] = []
    async with open_store(path, on_batch=lambda size, _: batches.append(size)) as store:
        await mark(store, *(a_key(f"t{number}") for number in range(5)))
        batches.clear()
        assert await store.mark_known(priority=Priority.SWEEP) == 5
    assert len(batches) == 3


ROOT = Path(__file__).parents[2]
PUTTER = """
import asyncio, sys
from pathlib import Path
from bridge.ports.clock import SystemClock
from bridge.store import open_sqlite
from tests.contracts.store_builders import a_delivery
from tests.contracts.store_engines import KEYRING

async def main():
    store = await open_sqlite(Path(sys.argv[1]), keyring=KEYRING, clock=SystemClock())
    async def put(lane):
        number = 0
        while True:
            event = f"{lane}-{number}"
            await store.put(a_delivery(event))
            print("acknowledged", event, flush=True)
            number += 1
    await asyncio.gather(*(put(lane) for lane in range(16)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", PUTTER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if len(said) == 300:
                process.send_signal(signal.SIGKILL)
                break
        said += process.stdout.readlines()
    acknowledged = {line.split()[1] for line in said if line.startswith("acknowledged") and line.endswith("\n")}
    async with open_store(path) as store:
        kept = await store._ways.read(lambda c: set(c.exec_driver_sql("SELECT event_id FROM delivery").scalars()))
    assert len(acknowledged) >= 200
    assert acknowledged - kept == set()
