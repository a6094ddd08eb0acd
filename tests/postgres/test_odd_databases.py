"""Databases that are set up in an odd way are refused in a sentence, or make no difference."""

import asyncio
from collections.abc import Iterator

import pytest

from bridge.domain.errors import ConfigurationError
from bridge.domain.ledger import first_break
from bridge.ports.store import Store
from bridge.store.ledger import read_chain
from bridge.store.postgres.connections import conninfo
from tests.contracts.store_builders import a_delivery, a_key, an_entry
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_child, a_store, mark, soon
from tests.postgres.test_presence import CLAIMS

pytestmark = pytest.mark.anyio
PARTS = ("hunter", "2secret")


@pytest.mark.parametrize("between", ["@", "/", "@/", "/@", "?/", "/?"])
def test_no_part_of_a_password_is_shown_as_a_host_or_a_name(between: str) -> None:
    """Such a character has to be written as %XX; without that, libpq takes what follows for something else."""
    with pytest.raises(ConfigurationError, match=r"store\.url") as caught:
        conninfo(f"postgresql://staff:{between.join(PARTS)}@db.example.net:5432/gatebridge")
    assert not any(part in f"{caught.value} {caught.value.__cause__!r}" for part in PARTS)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql:///gatebridge?host=/run/postgresql",
        "postgresql://staff@[::1]:5432/gatebridge",
        "postgresql://staff:a%40b%2Fc@one:5432,two:5433/gatebridge?target_session_attrs=primary",
        "postgresql://db.example.net/gatebridge?user=staff@tenant&password=a@b",
    ],
)
def test_a_url_that_is_written_well_is_taken(url: str) -> None:
    assert "application_name=gatebridge" in conninfo(url)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_that_cannot_keep_every_name_is_refused(postgres_cluster: Cluster, encoding: str) -> None:
    postgres_cluster.start()
    postgres_cluster.execute("DROP DATABASE IF EXISTS narrow")
    postgres_cluster.execute(
        f"CREATE DATABASE narrow ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with pytest.raises(ConfigurationError, match=f"store.url: names a database in {encoding}"):
        async with a_store(postgres_cluster.url("narrow")):
            pass


@pytest.fixture
def snapshots(postgres_cluster: Cluster, postgres_tables: str) -> Iterator[str]:
    """A database whose transactions see one snapshot unless they say otherwise."""
    postgres_cluster.execute("ALTER DATABASE tables SET default_transaction_isolation = 'repeatable read'")
    yield postgres_tables
    postgres_cluster.execute("ALTER DATABASE tables RESET default_transaction_isolation")


async def test_the_ledgers_chain_does_not_fork_whatever_the_database_was_told(snapshots: str) -> None:
    async with a_store(snapshots) as store:
        await asyncio.gather(*(store.record([an_entry()]) for _ in range(40)))
        assert await store._ways.read(lambda connection: first_break(read_chain(connection))) is None


async def has_work(store: Store) -> bool:
    return bool(await store.claim_subjects(1))


async def test_bridges_in_two_schemas_do_not_take_each_other_for_their_own(
    postgres_cluster: Cluster, postgres_url: str
) -> None:
    for schema in ("north", "south"):
        postgres_cluster.execute(f"CREATE SCHEMA {schema}", database="test")
    joint = "&" if "?" in postgres_url else "?"
    north, south = (f"{postgres_url}{joint}options=-csearch_path%3D{name}" for name in ("north", "south"))
    async with a_store(north) as one, a_store(south) as stranger:
        # The stranger has the number that the one below will have in the north, and lives on.
        await mark(one, a_key("t1"), event="first")
        await one.put(a_delivery("second"))
        async with a_store(south) as second_stranger:
            with a_child(CLAIMS, north, "60") as child:
                (owner,) = child.heard("has")
                assert int(owner) == second_stranger._ways.owner != stranger._ways.owner
                child.kill()
                await soon(lambda: has_work(one), 2.5)


async def test_a_connection_that_died_in_a_quiet_hour_refuses_no_delivery(
    postgres_cluster: Cluster, postgres_tables: str
) -> None:
    async with a_store(postgres_tables) as store:
        await store.put(a_delivery("first"))
        postgres_cluster.terminate_backends("tables")
        await asyncio.sleep(0.3)
        await store.put(a_delivery("second"))
        found = await store.list_deliveries(state=None, connection=None, limit=9, before=None)
    assert [row.event_id for row in found] == ["second", "first"]
