"""Whoever was away for so long that others took it for dead does nothing more for what it had before."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import ConfigurationError, LeaseLost
from bridge.service.leases import Leases
from bridge.store import SqlStore
from bridge.store.postgres import presence
from bridge.store.postgres.presence import Presence
from bridge.store.postgres.ways import PostgresWays
from tests.contracts.store_builders import a_key
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_store, mark, soon
from tests.postgres.test_presence import cut_presence

pytestmark = pytest.mark.anyio


def presence_of(store: SqlStore) -> Presence:
    assert isinstance(store._ways, PostgresWays)
    return store._ways._presence


@contextmanager
def away(cluster: Cluster, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cut the store's presence off inside the block."""

    def no_connection() -> psycopg.Connection[object]:
        raise psycopg.OperationalError("no route")

    with monkeypatch.context() as patch:
        patch.setattr(presence_of(store), "_connect", no_connection)
        cut_presence(cluster, presence_of(store).owner)
        yield


async def is_certain(store: SqlStore) -> bool:
    return store.is_certain


async def begun(store: SqlStore, leases: Leases) -> ClaimedSubject:
    asked_at = leases.now()
    (claim,) = await store.claim_subjects(1)
    leases.begin([claim], asked_at=asked_at)
    return claim


async def test_what_another_took_meanwhile_is_not_acted_upon(
    postgres_cluster: Cluster, postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_store(postgres_tables) as one, a_store(postgres_tables) as other:
        leases = Leases(one)
        await mark(one, a_key("t1"), event="first")
        before = await begun(one, leases)
        with away(postgres_cluster, one, monkeypatch):
            await soon(lambda: other.claim_subjects(1), 5)
        await soon(lambda: is_certain(one), 5)
        with pytest.raises(LeaseLost):
            leases.check(before)
        assert await leases.renew() == [before]


async def test_what_nobody_took_is_relied_on_again_after_a_renewal(
    postgres_cluster: Cluster, postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_store(postgres_tables) as one:
        leases = Leases(one)
        await mark(one, a_key("t1"), a_key("t2"), event="first")
        before = await begun(one, leases)
        with away(postgres_cluster, one, monkeypatch):
            await asyncio.sleep(presence.GRACE_SECONDS)
        await soon(lambda: is_certain(one), 5)
        leases.check(await begun(one, leases))
        with pytest.raises(LeaseLost):
            leases.check(before)
        assert await leases.renew() == []
        leases.check(before)


async def test_a_moment_away_costs_nothing(
    postgres_cluster: Cluster, postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "GRACE_SECONDS", 20.0)
    async with a_store(postgres_tables) as one:
        leases = Leases(one)
        await mark(one, a_key("t1"), event="first")
        claim = await begun(one, leases)
        cut_presence(postgres_cluster, presence_of(one).owner)
        await asyncio.sleep(0.5)
        leases.check(claim)


async def test_a_connection_that_is_lost_after_a_long_silence_is_no_new_grace(
    postgres_cluster: Cluster, postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "UNSEEN_SECONDS", 1.0)
    async with a_store(postgres_tables) as store:
        with away(postgres_cluster, store, monkeypatch):
            monkeypatch.setattr(presence, "GRACE_SECONDS", 60.0)
            await asyncio.sleep(1.5)
            assert not store.is_certain


async def test_who_cannot_come_at_all_leaves_no_pipe_open(
    postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipes: list[int] = []
    make = os.pipe

    def noted() -> tuple[int, int]:
        ends = make()
        pipes.extend(ends)
        return ends

    def refused(*_: object) -> None:
        raise psycopg.OperationalError("no")

    monkeypatch.setattr(os, "pipe", noted)
    monkeypatch.setattr(presence, "_hold", refused)
    with pytest.raises(ConfigurationError):
        async with a_store(postgres_tables):
            pass
    assert len(pipes) == 2
    for end in pipes:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)
