"""Leases run by the database's clock, whatever the processes' own clocks say."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from bridge.domain.credential import GateCode
from bridge.domain.deliveries import ClaimedDelivery, ClaimedSubject, Receipt
from bridge.domain.errors import LeaseLost
from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement
from bridge.store import SqlStore
from tests.contracts.store_builders import a_delivery, a_key, an_entry, end
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_child, a_store, mark, soon

pytestmark = pytest.mark.anyio
A_DAY_OFF = """
import asyncio, sys, time
from datetime import datetime, timedelta

days, began = float(sys.argv[2]), time.time
time.time = lambda: began() + days * 86_400

class Wrong(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(time.time(), tz)

import datetime as module
module.datetime = Wrong
from tests.postgres.stores import a_store

async def main(url):
    async with a_store(url, lease_seconds=1.5) as store:
        (claim,) = await store.claim_subjects(1)
        print("has", flush=True)
        for _ in range(6):
            await asyncio.sleep(0.5)
            assert await store.renew([claim]) == []
        print("renewed", flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main(sys.argv[1]))
"""


async def claims_of(store: SqlStore) -> tuple[ClaimedSubject, ClaimedDelivery]:
    await mark(store, a_key(), event="first")
    await store.put(a_delivery("second"))
    (subject,), (delivery,) = await store.claim_subjects(1), await store.claim_deliveries(1)
    return subject, delivery


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_process_whose_own_clock_is_a_day_off_takes_and_keeps_its_leases(
    postgres_cluster: Cluster, postgres_tables: str, days: int
) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, a_key(), event="first")
        with a_child(A_DAY_OFF, postgres_tables, str(days)) as child:
            child.heard("has")
            ((until, now),) = postgres_cluster.execute(
                "SELECT lease_until / 1e6, extract(epoch FROM clock_timestamp()) FROM subject", database="tables"
            )
            assert 0.5 < until - now <= 1.5
            began, others = time.monotonic(), list[ClaimedSubject]()
            while time.monotonic() < began + 2.5:
                others += await store.claim_subjects(1)
                await asyncio.sleep(0.05)
            assert not others, "it renews in time"
            child.heard("renewed")
            await soon(lambda: store.claim_subjects(1), 3)


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=-1)])
async def test_a_receiver_whose_clock_is_off_delays_no_delivery(postgres_tables: str, ahead: timedelta) -> None:
    async with a_store(postgres_tables) as store:
        assert await store.put(a_delivery(at=datetime.now(UTC) + ahead)) is Receipt.ACCEPTED
        (claim,) = await store.claim_deliveries(1)
        assert claim.received_at - datetime.now(UTC) == pytest.approx(ahead, abs=timedelta(minutes=1))


async def test_what_was_due_first_is_served_first_whichever_clock_was_ahead(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        for number in range(4):
            ahead = timedelta(days=4 - number)
            await store.put(a_delivery(f"e{number}", at=datetime.now(UTC) + ahead))
        assert [claim.event_id for claim in await store.claim_deliveries(4)] == ["e0", "e1", "e2", "e3"]


async def test_a_lease_that_ran_out_is_taken_over_and_every_late_write_is_refused(postgres_tables: str) -> None:
    async with a_store(postgres_tables, lease_seconds=0.3) as one, a_store(postgres_tables) as other:
        subject, delivery = await claims_of(one)
        assert not await other.claim_subjects(1)
        assert not await other.claim_deliveries(1)
        await asyncio.sleep(0.5)
        (newer,), (again,) = await other.claim_subjects(1), await other.claim_deliveries(1)
        assert (newer.fence, again.fence) == (subject.fence + 1, delivery.fence + 1)
        late: list[Any] = [
            one.note(subject, [an_entry()], ()),
            one.keep_ref(subject, {"late": True}),
            one.take_code(subject, GateCode("482913"), an_entry()),
            end(one, subject),
            one.settle_delivery(delivery, DeliverySettlement(outcome=Done())),
        ]
        said = await asyncio.gather(*late, return_exceptions=True)
        assert [type(one_said) for one_said in said] == [LeaseLost] * 5
        assert set(await one.renew([subject, delivery])) == {subject, delivery}
        record = await other.load(a_key())
        assert (record.ref, record.codes.current) == (None, None)
        await end(other, newer)
        await other.settle_delivery(again, DeliverySettlement(outcome=Done()))


async def test_a_lease_that_is_renewed_is_nobody_elses(postgres_tables: str) -> None:
    async with a_store(postgres_tables, lease_seconds=0.6) as one, a_store(postgres_tables) as other:
        claims = await claims_of(one)
        for _ in range(6):
            await asyncio.sleep(0.2)
            assert await one.renew(claims) == []
            assert not await other.claim_subjects(1)
            assert not await other.claim_deliveries(1)


async def test_a_claim_that_was_taken_back_by_force_is_refused_though_nobody_has_it(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables, lease_seconds=0.2) as store:
        subject, delivery = await claims_of(store)
        await asyncio.sleep(0.3)
        with psycopg.connect(postgres_cluster.url("tables"), autocommit=True) as outside:
            outside.execute("UPDATE subject SET state = 'ready', lease_until = NULL WHERE state = 'running'")
            outside.execute("UPDATE delivery SET state = 'new', lease_until = NULL WHERE state = 'running'")
        assert set(await store.renew([subject, delivery])) == {subject, delivery}
        with pytest.raises(LeaseLost):
            await end(store, subject)
