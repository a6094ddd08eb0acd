"""Whoever dies is followed within two seconds; whoever lives, frozen or cut off for a moment, is left what it has."""

import asyncio
import time

import psycopg
import pytest

from bridge.domain.errors import LeaseLost
from bridge.store import SqlStore
from bridge.store.postgres import presence
from tests.contracts.store_builders import a_delivery, a_key, an_entry, end
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_child, a_peer, a_store, mark, soon

pytestmark = pytest.mark.anyio
CLAIMS = """
import asyncio, sys
from bridge.domain.errors import LeaseLost
from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement, SubjectCommit
from tests.contracts.store_builders import an_entry
from tests.postgres.stores import a_store

async def refused(act):
    try:
        await act
    except LeaseLost:
        return "refused"
    return "done"

async def main(url, lease):
    async with a_store(url, lease_seconds=float(lease)) as store:
        (subject,), (delivery,) = await store.claim_subjects(1), await store.claim_deliveries(1)
        print("has", store._ways.owner, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

        lost = len(await store.renew([subject, delivery]))
        said = [
            await refused(store.note(subject, [an_entry()], ())),
            await refused(store.keep_ref(subject, {"late": True})),
            await refused(store.commit(subject, SubjectCommit(outcome=Done()))),
            await refused(store.settle_delivery(delivery, DeliverySettlement(outcome=Done()))),
        ]
        print("late", lost, *said, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main(*sys.argv[1:]))
"""
SESSION = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND objid = %s"


async def work_for_one(store: SqlStore) -> None:
    await mark(store, a_key("t1"), event="first")
    await store.put(a_delivery("second"))


def cut_presence(cluster: Cluster, owner: int) -> None:
    """End the session that holds this owner's lock, and no other."""
    for (pid,) in cluster.execute(SESSION, [owner]):
        cluster.execute("SELECT pg_terminate_backend(%s)", [pid])


async def both_certain(one: SqlStore, other: SqlStore) -> bool:
    return one.is_certain and other.is_certain


async def followed(store: SqlStore) -> float:
    """Wait until both pieces of work can be claimed; return the seconds that it took."""
    began, subjects, deliveries = time.monotonic(), 0, 0
    async with asyncio.timeout(20):
        while not (subjects and deliveries):
            subjects += len(await store.claim_subjects(1))
            deliveries += len(await store.claim_deliveries(1))
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_the_work_of_one_that_was_killed_is_taken_over_within_two_seconds(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await work_for_one(store)
        with a_child(CLAIMS, postgres_tables, "60") as child:
            child.heard("has")
            assert not await store.claim_subjects(1)
            child.kill()
            assert await followed(store) < 2


async def test_a_frozen_one_keeps_its_work_until_its_leases_end_and_its_late_writes_are_refused(
    postgres_tables: str,
) -> None:
    async with a_store(postgres_tables) as store:
        await work_for_one(store)
        with a_child(CLAIMS, postgres_tables, "3") as child:
            child.heard("has")
            child.freeze()
            began = time.monotonic()
            took = await followed(store)
            assert 1.5 < took < 3.5, "not before its lease is over, though its process is silent"
            child.thaw()
            child.go_on()
            assert child.heard("late") == ["2", "refused", "refused", "refused", "refused"]
            assert time.monotonic() - began < 10


async def test_one_that_only_lost_its_presence_comes_back_as_itself_and_loses_nothing(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        await mark(one, a_key("t1"), event="first")
        (claim,) = await one.claim_subjects(1)
        owner = one._ways.owner
        for _ in range(2):
            cut_presence(postgres_cluster, owner)
            await asyncio.sleep(1.5)
            assert not await other.claim_subjects(1)
            assert (one._ways.owner, one.is_certain) == (owner, True)
        await one.note(claim, [an_entry()], ())
        await end(one, claim)


async def test_one_that_cannot_come_back_is_not_certain_before_the_others_take_over(
    postgres_cluster: Cluster, postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        await mark(one, a_key("t1"), event="first")
        (claim,) = await one.claim_subjects(1)

        def no_connection() -> psycopg.Connection[object]:
            raise psycopg.OperationalError("no route")

        monkeypatch.setattr(one._ways._presence, "_connect", no_connection)  # type: ignore[attr-defined]  # PostgreSQL's way
        cut_presence(postgres_cluster, one._ways.owner)
        certain_until = taken_at = 0.0
        async with asyncio.timeout(10):
            while not taken_at:
                now = time.monotonic()
                certain_until = now if one.is_certain else certain_until
                taken_at = time.monotonic() if await other.claim_subjects(1) else 0.0
        assert certain_until < taken_at - 0.2
        with pytest.raises(LeaseLost):
            await one.note(claim, [an_entry()], ())


async def test_after_a_restart_of_the_server_both_are_back_and_nothing_was_taken_from_a_living_one(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        await mark(one, a_key("t1"), a_key("t2"), event="first")
        (first,), (second,) = await one.claim_subjects(1), await other.claim_subjects(1)
        owners = (one._ways.owner, other._ways.owner)
        postgres_cluster.restart()
        await soon(lambda: both_certain(one, other), 5)
        await asyncio.sleep(2 * presence.GRACE_SECONDS)
        assert (one._ways.owner, other._ways.owner) == owners
        await end(one, first)
        await end(other, second)


async def test_one_that_cannot_take_over_for_a_moment_stays_present_and_does_so_later(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as store:
        await work_for_one(store)
        with a_child(CLAIMS, postgres_tables, "60") as child:
            child.heard("has")
            postgres_cluster.execute("ALTER DATABASE tables SET default_transaction_read_only = on")
            child.kill()
            await asyncio.sleep(2.5)
            assert len(postgres_cluster.execute(SESSION, [store._ways.owner])) == 1
            postgres_cluster.execute("ALTER DATABASE tables RESET default_transaction_read_only")
            assert await followed(store) < 2.5


async def test_a_lock_that_hides_the_tables_ends_nobodys_presence(
    postgres_cluster: Cluster, postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "UNSEEN_SECONDS", 1.0)
    async with a_store(postgres_tables) as store:
        (before,) = postgres_cluster.execute(SESSION, [store._ways.owner])
        with a_peer(postgres_tables) as peer:
            peer.execute("SET idle_in_transaction_session_timeout = 0")
            peer.commit()
            peer.execute("LOCK TABLE subject, delivery IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(2)
            assert not store.is_certain, "for all that it has seen, the server may be gone"
            await asyncio.sleep(4)
            assert postgres_cluster.execute(SESSION, [store._ways.owner]) == [before]
        await soon(lambda: both_certain(store, store), 2)
        assert postgres_cluster.execute(SESSION, [store._ways.owner]) == [before]


async def test_who_leaves_leaves_its_work_to_the_others(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as stays:
        async with a_store(postgres_tables) as leaves:
            await mark(leaves, a_key("t1"), event="first")
            assert await leaves.claim_subjects(1)
        await soon(lambda: stays.claim_subjects(1), 2)


async def test_a_delivery_at_one_is_heard_of_at_the_other(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        heard, own = asyncio.Event(), asyncio.Event()
        other.on_work(heard.set)
        one.on_work(own.set)
        async with asyncio.timeout(2):
            while not heard.is_set():
                await one.put(a_delivery(str(time.monotonic())))
                await asyncio.sleep(0.1)
        assert not own.is_set()
