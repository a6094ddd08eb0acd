"""Runs that end together on PostgreSQL: who has to wait for a lock waits alone, and renewing meets none of them."""

import asyncio

import pytest

from bridge.domain.errors import StoreUnavailable
from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement, SubjectCommit
from bridge.store import SqlStore, ledger
from tests.contracts.store_builders import a_delivery, a_key, a_sighting, an_entry
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_peer, a_store, mark

pytestmark = pytest.mark.anyio
KEYS = [a_key(f"t{number:02}") for number in range(40)]


async def test_who_waits_for_a_strangers_lock_holds_up_nobody_else(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, *KEYS[:6], event="first")
        claims = {claim.key: claim for claim in await store.claim_subjects(6)}
        with a_peer(postgres_tables) as peer:
            peer.execute("SET idle_in_transaction_session_timeout = 0")
            peer.execute("SELECT 1 FROM subject WHERE tenant = 't03' FOR UPDATE")
            ends = {
                key: asyncio.ensure_future(store.commit(claim, SubjectCommit(outcome=Done())))
                for key, claim in claims.items()
            }
            async with asyncio.timeout(3):
                await asyncio.gather(*(end for key, end in ends.items() if key != KEYS[3]))
            assert not ends[KEYS[3]].done()
            later = await mark_and_end(store, 6)
            assert later < 1.5, "nobody waits behind it either"
            peer.rollback()
            await ends[KEYS[3]]


async def mark_and_end(store: SqlStore, number: int) -> float:
    """Do a later run's writes; return the seconds that they took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await mark(store, KEYS[number], event=f"later-{number}")
    (claim,) = await store.claim_subjects(1)
    await store.commit(claim, SubjectCommit(outcome=Done()))
    return loop.time() - began


async def test_renewing_beside_ends_is_nobodys_deadlock(postgres_cluster: Cluster, postgres_tables: str) -> None:
    before = postgres_cluster.log.count("deadlock detected")
    async with a_store(postgres_tables) as store:
        for turn in range(10):
            await mark(store, *KEYS, event=f"turn-{turn}")
            claims = list(await store.claim_subjects(40))
            halves = claims[1::2] + claims[::2]
            ends = [
                store.commit(claim, SubjectCommit(outcome=Done(), entries=(an_entry(f"{turn}"),)))
                for claim in reversed(halves)
            ]
            await asyncio.gather(*ends, *(store.renew(claims) for _ in range(4)))
        chain = await store._ways.read(lambda connection: list(ledger.read_chain(connection)))
    assert len(chain) == 400
    assert postgres_cluster.log.count("deadlock detected") == before


async def test_when_the_server_is_gone_all_of_them_hear_of_it_at_once(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, *KEYS, event="first")
        claims = await store.claim_subjects(40)
        postgres_cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatebridge'"
        )
        ends = (store.commit(claim, SubjectCommit(outcome=Done())) for claim in claims)
        said = await asyncio.gather(*ends, return_exceptions=True)
        assert {type(one) for one in said} <= {type(None), StoreUnavailable}


async def test_the_ledger_is_free_while_a_row_is_waited_for(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, *KEYS[:2], event="first")
        claims = {claim.key: claim for claim in await store.claim_subjects(2)}
        await store.put(a_delivery("second"))
        (found,) = await store.claim_deliveries(1)
        with a_peer(postgres_tables) as peer:  # another process, which has the row and goes for the ledger
            peer.execute("SELECT 1 FROM subject WHERE tenant = 't01' FOR NO KEY UPDATE")
            seen = DeliverySettlement(outcome=Done(), sightings=(a_sighting(KEYS[1]),))
            ends = asyncio.gather(
                store.commit(claims[KEYS[0]], SubjectCommit(outcome=Done(), entries=(an_entry(),))),
                store.settle_delivery(found, seen),
            )
            await asyncio.sleep(0.1)
            got = peer.execute("SELECT pg_try_advisory_xact_lock(1735550567)").fetchone()
            peer.rollback()
            await ends
    assert got == (True,)


async def test_ends_of_runs_and_of_look_ups_meet_no_renewal(postgres_cluster: Cluster, postgres_tables: str) -> None:
    before = postgres_cluster.log.count("lock timeout")
    async with a_store(postgres_tables) as store:
        for turn in range(4):
            await mark(store, *KEYS[:20], event=f"turn-{turn}")
            claims = sorted(await store.claim_subjects(20), key=lambda claim: claim.key)
            for number in range(10):
                await store.put(a_delivery(f"{turn}-{number}"))
            found = await store.claim_deliveries(10)
            ends = [store.commit(claim, SubjectCommit(outcome=Done(), entries=(an_entry(),))) for claim in claims[10:]]
            ends += [
                store.settle_delivery(delivery, DeliverySettlement(outcome=Done(), sightings=(a_sighting(of.key),)))
                for delivery, of in zip(found, claims[:10], strict=True)
            ]
            await asyncio.gather(*ends, store.renew(claims))
            for claim in claims[:10]:
                await store.commit(claim, SubjectCommit(outcome=Done()))
    assert postgres_cluster.log.count("lock timeout") == before
