"""What a batch of acknowledgements makes of odd rows: each has its own answer."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from bridge.domain.deliveries import DeliveryState, Receipt
from bridge.domain.ids import DeliveryId
from bridge.store import SqlStore
from tests.contracts.store_builders import a_delivery
from tests.postgres.stores import a_store

pytestmark = pytest.mark.anyio


async def in_one_batch(store: SqlStore, *given: object) -> list[object]:
    """Put them while the writer is at something, so that they wait for it together."""
    return list(await asyncio.gather(*(store.put(one) for one in given), return_exceptions=True))  # type: ignore[arg-type]  # odd ones too


async def test_a_body_of_any_bytes_comes_back_as_it_was(postgres_tables: str) -> None:
    bodies = [bytes(range(256)), b"\0", b"", "\ud800".encode("utf-8", "surrogatepass"), bytes(1024 * 1024)]
    async with a_store(postgres_tables) as store:
        for number, body in enumerate(bodies):
            await store.put(a_delivery(f"e{number}", body=body))
        assert [claim.body for claim in await store.claim_deliveries(9)] == bodies


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "\x1b[31m", '{}\\,"NULL"'])
async def test_odd_text_in_a_type_or_header_is_kept_harmless(postgres_tables: str, odd: str) -> None:
    async with a_store(postgres_tables) as store:
        given = replace(a_delivery(), event_type=odd, headers={"user-agent": odd}, state=DeliveryState.TEST, note=odd)
        assert await store.put(given) is Receipt.ACCEPTED
        row = await store.show_delivery(DeliveryId(1))
        assert row.headers == {"user-agent": odd}
        assert "\0" not in f"{row.event_type} {row.note}"


@pytest.mark.parametrize("event", ["a\0b", "\ud800"])
async def test_a_row_that_the_database_cannot_take_fails_alone(postgres_tables: str, event: str) -> None:
    async with a_store(postgres_tables) as store:
        rows = [a_delivery(f"e{number}") for number in range(60)]
        rows[30] = a_delivery(event)
        said = await in_one_batch(store, *rows)
        assert isinstance(said[30], Exception)
        assert Counter(map(str, said[:30] + said[31:])) == {str(Receipt.ACCEPTED): 59}
        assert (await store.counts())["delivery.new"] == 59


async def test_of_two_hundred_alike_in_one_batch_one_is_accepted(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        said = await in_one_batch(store, *(a_delivery() for _ in range(200)))
        assert Counter(said) == {Receipt.ACCEPTED: 1, Receipt.DUPLICATE: 199}


async def test_many_large_bodies_at_once_are_kept(postgres_tables: str) -> None:
    body = bytes(range(256)) * 4096
    async with a_store(postgres_tables) as store:
        said = await in_one_batch(store, *(a_delivery(f"e{number}", body=body) for number in range(8)))
        assert Counter(said) == {Receipt.ACCEPTED: 8}
        assert {claim.body for claim in await store.claim_deliveries(9)} == {body}
