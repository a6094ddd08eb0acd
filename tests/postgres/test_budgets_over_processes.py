"""Processes that share a database share its budgets: the last place is had once, whoever asks."""

import asyncio

import pytest

from bridge.domain.dead_letters import Signature
from bridge.domain.errors import NotFoundHere
from bridge.ports.store import Priority
from bridge.store import SqlStore
from tests.contracts.losing import announce, budgets, claim_of, housed
from tests.contracts.store_builders import START
from tests.postgres.stores import a_child, a_store

pytestmark = pytest.mark.anyio
LIMIT = budgets(per_hour=5)
LOSES = """
import asyncio, sys
from tests.contracts.losing import announce
from tests.postgres.stores import a_store
from tests.postgres.test_budgets_over_processes import LIMIT

async def main(url):
    async with a_store(url) as store:
        claims = await store.claim_subjects(8)
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        judged = await asyncio.gather(*(announce(store, claim, LIMIT) for claim in claims))
        print("lost", sum(not one.held for one in judged), sum(len(one.alerts) for one in judged), flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_cannot_both_take_the_last_place(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await housed(store, 16)
        await store.mark_known(priority=Priority.LIVE)
        with a_child(LOSES, postgres_tables) as one, a_child(LOSES, postgres_tables) as other:
            for child in (one, other):
                child.heard("open")
            for child in (one, other):
                child.go_on()
            told = [[int(count) for count in child.heard("lost")] for child in (one, other)]
        assert [sum(column) for column in zip(*told, strict=True)] == [5, 1], "five are lost, and one alert is raised"
        (hold,) = await store.list_holds()
        assert len(hold.items) == 11


async def test_a_list_that_grows_while_it_is_released_is_refused_or_released_as_it_was(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        keys = await housed(one, 8)
        none = budgets(per_hour=0)
        assert (await announce(one, await claim_of(one, keys[0]), none)).held
        for number, key in enumerate(keys[1:]):
            claim = await claim_of(one, key)
            (seen,) = await other.list_holds()
            decided, judged = await asyncio.gather(_release(other, seen.digest), announce(one, claim, none))
            assert judged.held
            released = 0 if decided is None else decided
            assert released in {0, len(seen.items)}, number
            left = sum(len(hold.items) for hold in await one.list_holds())
            assert left == len(seen.items) + 1 - released


async def _release(store: SqlStore, digest: str) -> int | None:
    try:
        return len((await store.release_hold(digest, Signature(who="sam", at=START, reason="x"))).items)
    except NotFoundHere:
        return None
