"""PostgreSQL answers what memory answers to any history, and no table of it holds a code."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from bridge.domain.credential import GateCode
from bridge.domain.errors import Conflict
from tests.contracts.store_builders import SetClock, a_key, an_entry
from tests.contracts.store_engines import opened
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_store, mark
from tests.postgres.tables import emptied_tables
from tests.store.test_agreement import STEPS, Player, Step

SEEDED = ("482913", "730216")


async def history(engine: str, steps: list[Step], url: str) -> list[Any]:
    clock = SetClock()
    async with opened(engine, Path(), clock, url) as store:
        player = Player(store, clock)
        for step in steps:
            await player.play(step)
        await player.look()
        return player.said


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_memory_and_postgresql_answer_alike(postgres_cluster: Cluster, steps: list[Step]) -> None:
    said = asyncio.run(history("postgresql", steps, emptied_tables(postgres_cluster, "tables")))
    assert asyncio.run(history("memory", steps, "")) == said


def contents(url: str) -> dict[str, str]:
    """Return every row of every table as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        whole = sql.SQL("SELECT string_agg(t::text, ' ') FROM {} AS t")
        rows = {name: connection.execute(whole.format(sql.Identifier(name))).fetchone() for (name,) in names}
    return {name: str(row) for name, row in rows.items()}


@pytest.mark.anyio
async def test_no_table_no_log_and_no_error_holds_a_code(
    postgres_cluster: Cluster, postgres_tables: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, a_key("t1"), a_key("t2"), event="first")
        one, other = await store.claim_subjects(2)
        for code in SEEDED:
            await store.take_code(one, GateCode(code), an_entry())
        with pytest.raises(Conflict) as caught:
            await store.take_code(other, GateCode(SEEDED[1]), an_entry())
        await store.shelf((a_key().connection, a_key().site)).put("row", {"code": SEEDED[0], "name": "Mira Okafor"})
    everything = [*contents(postgres_tables).values(), postgres_cluster.log, repr(caught.value), *capfd.readouterr()]
    assert [text for text in everything for secret in (*SEEDED, "Okafor") if secret in text] == []
    assert len(contents(postgres_tables)["code"]) > 100, "there are codes, and they are sealed"
