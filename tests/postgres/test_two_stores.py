"""Two stores on one database: nothing is had by two at once, nothing is lost, and what is common stays whole."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.deliveries import DeliveryState, Receipt
from bridge.domain.errors import Conflict, LeaseLost
from bridge.domain.ledger import first_break
from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement, Priority, Store, SubjectCommit
from bridge.store import SqlStore, ledger
from tests.contracts.store_builders import LAKESIDE, a_delivery, a_key, a_sighting, an_entry, end
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_child, a_store, mark

pytestmark = pytest.mark.anyio
KEYS = [a_key(f"t{number}") for number in range(12)]
WORKS = """
import asyncio, sys
from tests.postgres.stores import a_store
from tests.postgres.test_two_stores import Holdings, everything_put, working

async def main(url, name, puts):
    async with a_store(url) as store:
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(everything_put(store, name, int(puts)), *(working(store, Holdings(), n) for n in range(3)))
        print("done", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""
TAKES = """
import asyncio, sys
from bridge.domain.credential import GateCode
from bridge.domain.errors import Conflict
from tests.contracts.store_builders import an_entry
from tests.postgres.stores import a_store

async def main(url, codes):
    async with a_store(url) as store:
        (claim,) = await store.claim_subjects(1)
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        had = 0
        for number in range(int(codes)):
            try:
                await store.take_code(claim, GateCode(str(481000 + number)), an_entry())
                had += 1
            except Conflict:
                pass
        print("had", had, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main(*sys.argv[1:]))
"""


class Holdings:
    """Who holds what, for both stores of this process."""

    def __init__(self) -> None:
        self.held: set[Any] = set()
        self.runs: Counter[Any] = Counter()

    def take(self, what: Any) -> None:
        assert what not in self.held, f"{what} is held by two"
        self.held.add(what)
        self.runs[what] += 1

    def drop(self, what: Any) -> None:
        self.held.remove(what)


async def everything_put(store: Store, name: str, count: int) -> None:
    """Put so many deliveries, half of them common to all who do."""
    for number in range(count):
        event = f"common-{number}" if number % 2 else f"{name}-{number}"
        await store.put(a_delivery(event))
        if number % 5 == 0:
            await asyncio.sleep(0.002)


async def working(store: Store, holdings: Holdings, seed: int) -> None:
    """Work until there is nothing left for a while; what is done is written to the ledger."""
    dice, idle = random.Random(seed), 0
    while idle < 10:
        deliveries = await store.claim_deliveries(dice.randint(1, 6))
        for delivery in deliveries:
            holdings.take(delivery.id)
        subjects = await store.claim_subjects(dice.randint(1, 4))
        for subject in subjects:
            holdings.take(subject.key)
        for delivery in deliveries:
            seen = tuple(a_sighting(key) for key in dice.sample(KEYS, 3))
            holdings.drop(delivery.id)
            end_of_it = DeliverySettlement(outcome=Done(), sightings=seen, entries=(an_entry(delivery.event_id),))
            await store.settle_delivery(delivery, end_of_it)
        for subject in subjects:
            await store.note(subject, [an_entry()], ())
            holdings.drop(subject.key)
            wake = dice.sample(KEYS, 1) if dice.random() < 0.1 else ()
            await store.commit(subject, SubjectCommit(outcome=Done(), entries=(an_entry(),), wake=wake))
        idle = 0 if deliveries or subjects else idle + 1
        await asyncio.sleep(0 if deliveries or subjects else 0.02)


async def chain_of(store: SqlStore) -> list[Any]:
    return await store._ways.read(lambda connection: list(ledger.read_chain(connection)))


def rows(cluster: Cluster, statement: str) -> list[Any]:
    return cluster.execute(statement, database="tables")


def is_all_done(cluster: Cluster) -> bool:
    return rows(cluster, "SELECT DISTINCT state FROM delivery") == [(DeliveryState.DONE,)] and rows(
        cluster, "SELECT DISTINCT state, generation - taken_generation, marked_since FROM subject"
    ) == [("idle", 0, None)]


async def test_in_one_process(postgres_cluster: Cluster, postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        holdings, puts = Holdings(), 150
        await asyncio.gather(
            *(everything_put(store, name, puts) for store, name in ((one, "one"), (other, "other"))),
            *(working(store, holdings, seed) for seed, store in enumerate((one, other, one, other))),
        )
        chain = await chain_of(one)
    assert is_all_done(postgres_cluster)
    deliveries = [entry.what for entry, _ in chain if entry.what != "granted"]
    assert Counter(deliveries).most_common(1)[0][1] == 1
    assert len(deliveries) == puts // 2 * 3
    assert first_break(chain) is None


async def test_in_processes_of_their_own(postgres_cluster: Cluster, postgres_tables: str) -> None:
    puts = 120
    with (
        a_child(WORKS, postgres_tables, "one", str(puts)) as one,
        a_child(WORKS, postgres_tables, "other", str(puts)) as other,
    ):
        for child in (one, other):
            child.heard("open")
        for child in (one, other):
            child.go_on()
        for child in (one, other):
            await asyncio.to_thread(child.heard, "done")
    assert is_all_done(postgres_cluster)
    assert rows(postgres_cluster, "SELECT count(*), count(DISTINCT event_id) FROM delivery") == [
        (puts // 2 * 3, puts // 2 * 3)
    ]
    settled = "SELECT count(*), count(DISTINCT what) FROM ledger WHERE what <> 'granted'"
    assert rows(postgres_cluster, settled) == [(puts // 2 * 3, puts // 2 * 3)]
    async with a_store(postgres_tables) as store:
        assert first_break(await chain_of(store)) is None


async def test_one_event_posted_to_both_is_accepted_once(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        events = [str(number) for number in range(200) for _ in range(2)]
        posts = ((store, event) for event in events for store in (one, other))
        said = await asyncio.gather(*(store.put(a_delivery(event)) for store, event in posts))
    assert Counter(said) == {Receipt.ACCEPTED: 200, Receipt.DUPLICATE: 600}


async def test_a_mark_at_one_during_a_run_at_the_other_is_one_more_run(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        await mark(one, a_key(), event="first")
        (claim,) = await one.claim_subjects(1)
        for number in range(5):
            await mark(other, a_key(), event=f"during-{number}")
        assert not await other.claim_subjects(1)
        await end(one, claim)
        (again,) = await other.claim_subjects(1)
        assert again.generation == claim.generation + 5
        await end(other, again)
        assert not await one.claim_subjects(1)


async def test_the_chain_holds_over_thousands_of_entries_by_both(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        entries = [an_entry(str(number)) for number in range(5)]
        await asyncio.gather(*(store.record(entries) for _ in range(200) for store in (one, other)))
        chain = await chain_of(one)
    assert len(chain) == 2000
    assert first_break(chain) is None


async def test_a_code_taken_by_both_at_once_is_had_by_one(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        await mark(one, a_key("t1"), a_key("t2"), event="first")
        claims = [(store, (await store.claim_subjects(1))[0]) for store in (one, other)]
        for number in range(30):
            code = GateCode(str(482900 + number))
            takes = (store.take_code(claim, code, an_entry()) for store, claim in claims)
            said = await asyncio.gather(*takes, return_exceptions=True)
            assert sorted(str(type(one_said)) for one_said in said) == sorted([str(Conflict), str(type(None))])


async def test_codes_taken_by_two_processes_are_each_had_by_one(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, a_key("t1"), a_key("t2"), event="first")
        with a_child(TAKES, postgres_tables, "100") as one, a_child(TAKES, postgres_tables, "100") as other:
            for child in (one, other):
                child.heard("open")
            for child in (one, other):
                child.go_on()
            had = [int(child.heard("had")[0]) for child in (one, other)]
    assert sum(had) == 100
    assert rows(postgres_cluster, "SELECT count(*), count(DISTINCT fingerprint) FROM code") == [(100, 100)]


async def test_a_duty_has_one_turn_however_many_ask_at_once(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        for number in range(40):
            asked = (store.take_turn(f"duty{number}", every=60, longest=60) for _ in range(6) for store in (one, other))
            assert sum(await asyncio.gather(*asked)) == 1


async def test_a_fence_rises_with_each_claim_whoever_claims(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        fences: list[tuple[int, int]] = []
        for number, store in enumerate([one, other, other, one]):
            await mark(one, a_key(), event=f"mark-{number}")
            (claim,) = await store.claim_subjects(1)
            await end(store, claim)
            with pytest.raises(LeaseLost):
                await end(other if store is one else one, claim)
            fences.append((number + 1, claim.fence))
        assert [count for count, _ in fences] == [fence for _, fence in fences]


async def test_a_site_swept_by_both_while_they_work_is_looked_at_and_nothing_more(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        holdings = Holdings()
        await mark(one, *KEYS, event="first")

        async def sweeps(store: Store) -> None:
            for _ in range(10):
                await store.mark_known(priority=Priority.SWEEP)
                await store.mark_known(priority=Priority.SWEEP, site=(LAKESIDE, KEYS[0].site))

        await asyncio.gather(
            *(sweeps(store) for store in (one, other)),
            *(everything_put(store, name, 50) for store, name in ((one, "one"), (other, "other"))),
            *(working(store, holdings, seed) for seed, store in enumerate((one, other))),
        )
    assert is_all_done(postgres_cluster)
