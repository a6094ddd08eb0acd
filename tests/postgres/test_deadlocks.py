"""Two that wait for each other: one of them begins again, nobody hears of it, and nothing is done twice."""

import asyncio
from collections import Counter

import pytest

from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement, Priority, SubjectCommit
from bridge.store import ledger
from tests.contracts.store_builders import a_delivery, a_key, a_sighting, an_entry
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_peer, a_store, mark

pytestmark = pytest.mark.anyio


def deadlocks(cluster: Cluster) -> int:
    return cluster.log.count("deadlock detected")


async def test_two_runs_that_wake_each_other_both_end_once(postgres_cluster: Cluster, postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        keys, before = [a_key("t1"), a_key("t2")], deadlocks(postgres_cluster)
        for number in range(20):
            await mark(one, *keys, event=f"mark-{number}")
            claims = [(store, (await store.claim_subjects(1))[0]) for store in (one, other)]
            ends = (
                store.commit(claim, SubjectCommit(outcome=Done(), wake=keys, entries=(an_entry(f"{number}"),)))
                for store, claim in claims
            )
            await asyncio.gather(*ends)
            for claim in await one.claim_subjects(2):
                assert claim.generation == 3 * number + 3
                await one.commit(claim, SubjectCommit(outcome=Done()))
            if deadlocks(postgres_cluster) > before:
                break
        said = await one._ways.read(lambda connection: [entry.what for entry, _ in ledger.read_chain(connection)])
    assert set(Counter(said).values()) == {2}


async def test_a_unit_that_loses_to_another_is_run_again_and_has_its_effect_once(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, a_key("t1"), a_key("t2"), event="first")
        claims = {str(claim.key.tenant): claim for claim in await store.claim_subjects(2)}
        before = deadlocks(postgres_cluster)
        with a_peer(postgres_tables) as peer:
            peer.execute("SET deadlock_timeout = '10s'")
            peer.execute("SELECT 1 FROM subject WHERE tenant = 't2' FOR UPDATE")
            end = SubjectCommit(outcome=Done(), wake=[a_key("t2")], entries=(an_entry("once"),))
            ending = asyncio.ensure_future(store.commit(claims["t1"], end))
            await asyncio.sleep(1)
            await asyncio.to_thread(peer.execute, "UPDATE subject SET note = 'met' WHERE tenant = 't1'")
            assert deadlocks(postgres_cluster) == before + 1
            peer.rollback()
            await ending
        said = await store._ways.read(lambda connection: [entry.what for entry, _ in ledger.read_chain(connection)])
        assert said.count("once") == 1
        rows = postgres_cluster.execute("SELECT tenant, state, generation FROM subject ORDER BY 1", database="tables")
        assert rows == [("t1", "idle", 1), ("t2", "running", 2)]


async def test_a_sweep_beside_settlements_is_nobodys_failure(postgres_tables: str) -> None:
    keys = [a_key(f"t{number:03}") for number in range(120)]
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        # Known in another order than that of their names: a sweep meets them by number.
        for start in range(0, 120, 40):
            await mark(one, *keys[80 - start : 120 - start], event=f"known-{start}")
        for number in range(40):
            await one.put(a_delivery(f"e{number}"))

        async def settle() -> None:
            while claims := await other.claim_deliveries(1):
                seen = tuple(a_sighting(key) for key in keys)
                end = DeliverySettlement(outcome=Done(), sightings=seen, entries=(an_entry(claims[0].event_id),))
                await other.settle_delivery(claims[0], end)

        async def sweep() -> None:
            for _ in range(20):
                assert await one.mark_known(priority=Priority.SWEEP) == 120

        await asyncio.gather(settle(), settle(), settle(), sweep(), sweep())
        said = await one._ways.read(lambda connection: [entry.what for entry, _ in ledger.read_chain(connection)])
        assert Counter(said) == {f"e{number}": 1 for number in range(40)}
        generations = {claim.generation for claim in await one.claim_subjects(120)}
        assert generations == {1 + 40 + 40}
