"""Whatever becomes of the server: a delivery is acknowledged or refused in time, and nothing is opened anew."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from bridge.domain.deliveries import DeliveryState, Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.store import SqlStore
from tests.contracts.store_builders import a_delivery, a_key, an_entry, end
from tests.postgres.cluster import Cluster
from tests.postgres.disk import MountRefused, small_disk
from tests.postgres.stores import a_store, mark, soon
from tests.postgres.tables import emptied_tables
from tests.postgres.test_cluster import fill

pytestmark = pytest.mark.anyio
LONGEST = 1.5
SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN new; END $$;
CREATE TRIGGER slow BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION slow();
"""


@pytest.fixture(scope="module")
def lasting(postgres_cluster: Cluster) -> Iterator[Cluster]:
    """One that these tests may break; asked for after the session's own, which says why there is none."""
    del postgres_cluster
    with Cluster(max_connections=25) as one:
        yield one


@pytest.fixture
def cluster(lasting: Cluster) -> Cluster:
    lasting.start()
    lasting.execute("DROP DATABASE IF EXISTS broken WITH (FORCE)")
    return lasting


@pytest.fixture
async def store(cluster: Cluster, anyio_backend: str) -> AsyncIterator[SqlStore]:
    del anyio_backend
    async with a_store(emptied_tables(cluster, "tables")) as one:
        yield one


class Sender:
    """Posts events one after another, and notes which were acknowledged and how long it had to wait."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._count = 0
        self.kept: list[str] = []
        self.refused = 0
        self.slowest = 0.0

    async def post(self, *, body: bytes = b"{}") -> bool:
        self._count += 1
        event, began = f"event-{self._count}", time.monotonic()
        try:
            await self._store.put(a_delivery(event, body=body))
        except StoreUnavailable:
            self.refused += 1
            return False
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        self.kept.append(event)
        return True

    async def post_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.gather(*(self.post() for _ in range(5)))
            await asyncio.sleep(0.005)

    async def until_kept(self, seconds: float, *, body: bytes = b"{}") -> None:
        await soon(lambda: self.post(body=body), seconds)


async def all_kept(store: SqlStore, sender: Sender) -> bool:
    rows = await store.list_deliveries(state=DeliveryState.NEW, connection=None, limit=10_000, before=None)
    return set(sender.kept) <= {row.event_id for row in rows}


@pytest.mark.parametrize("way", ["stopped", "stopped at once", "killed", "backends terminated"])
async def test_it_goes_on_by_itself_and_has_all_that_was_acknowledged(
    cluster: Cluster, store: SqlStore, way: str
) -> None:
    sender = Sender(store)
    await mark(store, a_key(), event="first")
    (claim,) = await store.claim_subjects(1)
    posting = asyncio.ensure_future(sender.post_for(1.5))
    await asyncio.sleep(0.3)
    if way == "backends terminated":
        for _ in range(5):
            await asyncio.to_thread(cluster.terminate_backends, "tables")
            await asyncio.sleep(0.1)
    else:
        stops = {"stopped": cluster.stop, "stopped at once": lambda: cluster.stop(immediate=True)}
        await asyncio.to_thread(stops.get(way, cluster.kill))
        with pytest.raises(StoreUnavailable):
            await store.counts()
        await asyncio.to_thread(cluster.start)
    await posting
    await sender.until_kept(3)
    assert sender.refused or way == "backends terminated"
    assert sender.slowest < LONGEST
    assert await all_kept(store, sender)
    await store.note(claim, [an_entry()], ())
    await end(store, claim)


async def test_without_a_free_connection_it_refuses_until_there_is_one(cluster: Cluster, store: SqlStore) -> None:
    sender, others = Sender(store), list[psycopg.Connection[object]]()
    await sender.until_kept(1)
    writer = "SELECT pid FROM pg_stat_activity WHERE datname = 'tables' AND query LIKE 'INSERT INTO delivery%'"
    with contextlib.ExitStack() as stack:
        admin = stack.enter_context(psycopg.connect(cluster.url(), autocommit=True))

        def take_all() -> None:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    others.append(stack.enter_context(psycopg.connect(cluster.url())))

        take_all()
        assert await sender.post(), "the connections that it has are its own"
        for (pid,) in admin.execute(writer).fetchall():
            admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        had = len(others)
        while len(others) == had:
            take_all()
        await sender.post_for(0.5)
        assert sender.refused
        assert not await sender.post()
    await sender.until_kept(3)
    assert sender.slowest < LONGEST
    assert await all_kept(store, sender)


async def test_a_database_that_only_reads_is_written_to_again_once_it_lets_us(
    cluster: Cluster, store: SqlStore
) -> None:
    sender = Sender(store)
    await mark(store, a_key(), event="first")
    cluster.execute("ALTER DATABASE tables SET default_transaction_read_only = on")
    cluster.terminate_backends("tables")
    async with asyncio.timeout(3):
        while await sender.post():
            pass
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            await store.claim_subjects(1)
    cluster.execute("ALTER DATABASE tables RESET default_transaction_read_only")
    await sender.until_kept(3)
    assert sender.slowest < LONGEST
    for _ in range(10):
        await store.record([an_entry()])
    assert len(await store.claim_subjects(1)) == 1
    await store.counts()


async def test_a_full_disk_refuses_until_there_is_room(postgres_cluster: Cluster) -> None:
    del postgres_cluster
    body = bytes(range(256)) * 1024
    try:
        with small_disk(112) as disk, Cluster(data=disk / "data") as full:
            async with a_store(emptied_tables(full, "tables")) as store:
                sender = Sender(store)
                await sender.until_kept(1, body=body)
                fill(disk / "ballast")
                async with asyncio.timeout(5):
                    while await sender.post(body=body):
                        pass
                assert not await sender.post(body=body)
                await store.counts()
                (disk / "ballast").unlink()
                await sender.until_kept(3, body=body)
                assert sender.slowest < LONGEST
                assert await all_kept(store, sender)
    except MountRefused as refused:
        pytest.skip(f"no small disk here: {refused}")


async def test_a_slow_server_is_not_waited_for(cluster: Cluster, store: SqlStore) -> None:
    sender = Sender(store)
    await sender.until_kept(1)
    cluster.execute(SLOW, database="tables")
    try:
        await asyncio.gather(*(sender.post() for _ in range(20)))
        assert (sender.refused, len(sender.kept)) == (20, 1)
        assert sender.slowest < LONGEST
    finally:
        cluster.terminate_backends("tables")
        cluster.execute("DROP TRIGGER slow ON delivery; DROP FUNCTION slow", database="tables")
    await sender.until_kept(3)
    assert await all_kept(store, sender)


async def test_after_a_fault_acknowledgements_come_in_batches_again(cluster: Cluster) -> None:
    sizes: list[int] = []
    async with a_store(emptied_tables(cluster, "tables"), on_batch=lambda size, _: sizes.append(size)) as store:
        await Sender(store).until_kept(1)
        cluster.terminate_backends("tables")
        await Sender(store).until_kept(3)
        sizes.clear()
        said = await asyncio.gather(*(store.put(a_delivery(f"e{number}")) for number in range(500)))
        assert set(said) == {Receipt.ACCEPTED}
        assert max(sizes) > 100
        assert len(sizes) < 20
