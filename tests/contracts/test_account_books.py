"""How accounts' calls are shared out is kept as the pure rule has it, whoever asks."""

import asyncio
from pathlib import Path

import pytest

from bridge.domain.slots import Ask
from bridge.ports.store import Store
from tests.contracts.store_builders import SetClock
from tests.contracts.store_engines import opened

pytestmark = pytest.mark.anyio


def wish(wants: int, *, cap: int = 4, keeps: int = 0) -> Ask:
    return Ask(holder="whoever", cap=cap, keeps=keeps, wants=wants)


async def test_what_is_free_is_granted_up_to_the_cap(store: Store) -> None:
    assert (await store.rent("seam", wish(3))).slots == 3
    assert (await store.rent("seam", wish(9))).slots == 4


async def test_accounts_are_apart(store: Store) -> None:
    await store.rent("seam", wish(4))
    assert (await store.rent("salto", wish(4))).slots == 4


async def test_turns_follow_each_other_at_the_rate(store: Store) -> None:
    asks = Ask(holder="", cap=4, keeps=0, wants=1, rate=2.0, turns=1)
    first, second = await store.rent("seam", asks), await store.rent("seam", asks)
    assert second.turns_in - first.turns_in == pytest.approx(0.5)


async def test_a_rest_is_told_to_whoever_asks_next(store: Store, clock: SetClock) -> None:
    await store.rent("seam", Ask(holder="", cap=4, keeps=0, wants=0, rest=30.0))
    clock.move(seconds=10)
    assert (await store.rent("seam", wish(1))).rest == pytest.approx(20.0)


async def test_two_processes_never_have_more_than_the_cap(postgres_url: str, tmp_path: Path) -> None:
    clock = SetClock()
    one, other = (opened("postgresql", tmp_path, clock, postgres_url) for _ in range(2))
    async with one as here, other as there:
        await asyncio.gather(*(store.rent("seam", wish(4)) for store in (here, there) for _ in range(5)))
        for _ in range(2):  # who had more than its share gives it back at its first ask, and the other has it then
            shares = [(await store.rent("seam", wish(4))).slots for store in (here, there)]
            assert sum(shares) <= 4
        assert shares == [2, 2]


async def test_whoever_leaves_leaves_the_slots_to_the_others(postgres_url: str, tmp_path: Path) -> None:
    clock = SetClock()
    async with opened("postgresql", tmp_path, clock, postgres_url) as staying:
        async with opened("postgresql", tmp_path, clock, postgres_url) as leaving:
            assert (await leaving.rent("seam", wish(4))).slots == 4
            assert (await staying.rent("seam", wish(4))).slots == 0
            await asyncio.sleep(0.6)  # the one who stays has looked about
        async with asyncio.timeout(10):
            while (await staying.rent("seam", wish(4))).slots < 4:  # noqa: ASYNC110 - a store has no event to offer
                await asyncio.sleep(0.05)


async def test_slots_that_nobody_knows_of_run_out(postgres_url: str, tmp_path: Path) -> None:
    clock = SetClock()
    async with opened("postgresql", tmp_path, clock, postgres_url) as dying:
        assert (await dying.rent("seam", wish(4))).slots == 4
    async with opened("postgresql", tmp_path, clock, postgres_url) as living:
        assert (await living.rent("seam", wish(4))).slots == 0
        clock.move(minutes=2)
        assert (await living.rent("seam", wish(4))).slots == 4
