"""A peer that stands still in the middle of a transaction keeps nobody waiting for long."""

import asyncio
import time
from typing import Any

import psycopg
import pytest

from bridge.domain.deliveries import Receipt
from bridge.domain.errors import StoreUnavailable
from bridge.store.postgres.connections import conninfo
from tests.contracts.store_builders import LAKESIDE, a_delivery, a_key, an_entry, end, tenants
from tests.postgres.stores import a_peer, a_store, mark, soon

pytestmark = pytest.mark.anyio
INSERT = (
    "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, due_at) "
    "VALUES (%s, %s, 'x', 1, ''::bytea, 'new', 1)"
)


async def test_claims_go_past_the_subjects_and_deliveries_that_it_has_locked(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, *(a_key(f"t{number}") for number in range(6)), event="first")
        for number in range(6):
            await store.put(a_delivery(f"e{number}"))
        with a_peer(postgres_tables) as peer:
            peer.execute("SELECT 1 FROM subject WHERE tenant IN ('t0', 't1', 't2') FOR UPDATE")
            peer.execute("SELECT 1 FROM delivery WHERE event_id IN ('e0', 'e1', 'e2') FOR UPDATE")
            assert tenants(await store.claim_subjects(2)) == ["t3", "t4"]
            assert [claim.event_id for claim in await store.claim_deliveries(2)] == ["e3", "e4"]
            peer.rollback()
            assert tenants(await store.claim_subjects(9)) == ["t0", "t1", "t2", "t5"]


async def test_only_the_event_that_it_is_storing_is_refused_and_in_its_budget(postgres_tables: str) -> None:
    sizes: list[int] = []
    async with a_store(postgres_tables, on_batch=lambda size, _: sizes.append(size)) as store:
        with a_peer(postgres_tables) as peer:
            peer.execute(INSERT, [LAKESIDE, "theirs"])
            began = time.monotonic()
            events = ["theirs", "theirs", *(f"e{number}" for number in range(100))]
            said = await asyncio.gather(*(store.put(a_delivery(one)) for one in events), return_exceptions=True)
            assert time.monotonic() - began < 1.5
            assert [type(one) for one in said[:2]] == [StoreUnavailable] * 2
            assert set(said[2:]) == {Receipt.ACCEPTED}
            peer.commit()
        assert await store.put(a_delivery("theirs")) is Receipt.DUPLICATE


async def test_a_locked_table_refuses_all_in_the_budget_and_nothing_is_reopened(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        with a_peer(postgres_tables) as peer:
            peer.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            puts = (store.put(a_delivery(f"e{number}")) for number in range(300))
            said = await asyncio.gather(*puts, return_exceptions=True)
            assert time.monotonic() - began < 1.5
            assert {type(one) for one in said} == {StoreUnavailable}
        assert await store.put(a_delivery("e0")) in {Receipt.ACCEPTED, Receipt.DUPLICATE}


async def test_a_probe_that_has_to_wait_takes_no_delivery_with_it(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await store.probe()
        with a_peer(postgres_tables) as peer:
            peer.execute("SELECT 1 FROM meta WHERE name = 'probed_at' FOR UPDATE")
            probe, kept = await asyncio.gather(store.probe(), store.put(a_delivery()), return_exceptions=True)
            assert isinstance(probe, StoreUnavailable)
            assert kept is Receipt.ACCEPTED
        await store.probe()


@pytest.mark.parametrize(
    "lock",
    [
        "SELECT 1 FROM subject WHERE tenant = 't1' FOR UPDATE",
        "SELECT pg_advisory_xact_lock(1735550567)",
    ],
    ids=["subject", "ledger"],
)
async def test_the_server_throws_it_out_and_work_goes_on(postgres_tables: str, lock: str) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, a_key("t1"), event="first")
        (claim,) = await store.claim_subjects(1)
        with a_peer(postgres_tables) as peer:
            peer.execute(lock)
            working = asyncio.gather(store.note(claim, [an_entry()], ()), store.record([an_entry()]))
            slowest = 0.0
            for number in range(20):
                began = time.monotonic()
                assert await store.put(a_delivery(f"e{number}")) is Receipt.ACCEPTED
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 1
            async with asyncio.timeout(4.5):
                await working
            with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
                peer.execute("SELECT 1")
        await end(store, claim)


@pytest.mark.soak
async def test_one_that_is_frozen_while_it_is_told_of_its_claims_is_thrown_out_too(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        for number in range(40):
            await store.put(a_delivery(f"e{number}", body=bytes(1024 * 1024)))
        frozen: psycopg.Connection[Any] = psycopg.connect(conninfo(postgres_tables))
        frozen.execute("BEGIN")
        frozen.pgconn.send_query(b"UPDATE delivery SET fence = fence + 1 RETURNING body")
        await asyncio.sleep(1)
        assert await store.claim_deliveries(3) == []
        await soon(lambda: store.claim_deliveries(3), 30)
        frozen.close()


def test_who_opened_a_transaction_and_went_away_is_not_believed_in_for_hours(postgres_tables: str) -> None:
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
    with a_peer(postgres_tables) as session:
        said = [session.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    assert said == [("5",), ("2",), ("3",), ("10000",)]
