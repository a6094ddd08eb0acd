"""A database that cannot be used is refused in one line that names the setting, and never its password."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from bridge.domain.credential import Secret
from bridge.domain.errors import ConfigurationError
from bridge.ports.clock import Clock
from bridge.store import Keyring, databases
from bridge.store.postgres.opening import schema_state, upgrade
from bridge.store.postgres.presence import refuse_pooler
from tests.contracts.store_builders import SetClock, a_delivery
from tests.contracts.store_engines import KEYRING
from tests.postgres.cluster import Cluster
from tests.postgres.stores import a_peer, a_store
from tests.postgres.waiting import until

pytestmark = pytest.mark.anyio
PASSWORD = "hunter-2-secret"


@pytest.fixture(scope="module")
def own(postgres_cluster: Cluster) -> Iterator[Cluster]:
    """One whose settings these tests may change; asked for after the session's own, which says why there is none."""
    del postgres_cluster
    with Cluster(max_connections=20) as one:
        one.execute(f"CREATE ROLE staff LOGIN PASSWORD '{PASSWORD}'")
        rules = one.data / "pg_hba.conf"
        rules.write_text("host all staff 127.0.0.1/32 scram-sha-256\n" + rules.read_text("utf-8"), "utf-8")
        one.execute("SELECT pg_reload_conf()")
        yield one


async def refusal(url: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        async with a_store(url):
            pass
    return caught.value


def is_one_line_about(error: ConfigurationError, key: str, words: str) -> bool:
    text = str(error)
    assert (key in text, words in text, "\n" in text) == (True, True, False), text
    return True


def at(cluster: Cluster, database: str, user: str = "postgres") -> str:
    return f"postgresql://{user}@127.0.0.1:{cluster.port}/{database}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgresql://staff:{PASSWORD}@[::1/gatebridge", "is not a URL"),
        (f"postgresql://staff:{PASSWORD}@127.0.0.1/x?sslmode=require&colour={PASSWORD}", "is not a URL"),
        (f"postgresql://staff:{PASSWORD}@127.0.0.1:1/gatebridge", "gatebridge at 127.0.0.1:1"),
    ],
    ids=["brackets", "unknown word", "nobody there"],
)
async def test_a_url_that_leads_nowhere(url: str, words: str) -> None:
    error = await refusal(url)
    assert is_one_line_about(error, "store.url", words)
    assert PASSWORD not in f"{error} {error!r} {error.__cause__!r}"


async def test_a_wrong_password_is_not_repeated(own: Cluster) -> None:
    error = await refusal(at(own, "postgres", f"staff:{PASSWORD}-not"))
    assert is_one_line_about(error, "store.url", "password authentication failed")
    assert PASSWORD not in f"{error} {error!r} {error.__cause__!r}"


async def test_a_database_that_is_not_there(own: Cluster) -> None:
    assert is_one_line_about(await refusal(at(own, "nowhere")), "store.url", "does not exist")


async def test_a_role_that_may_make_no_tables(own: Cluster) -> None:
    own.empty_database("bare")
    own.execute("REVOKE ALL ON SCHEMA public FROM public", database="bare")
    error = await refusal(at(own, "bare", f"staff:{PASSWORD}"))
    assert is_one_line_about(error, "store.url", "no schema has been selected")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
async def test_a_server_that_could_lose_what_it_stores(own: Cluster, name: str) -> None:
    own.empty_database("bare")
    own.execute(f"ALTER SYSTEM SET {name} = off")
    try:
        own.execute("SELECT pg_reload_conf()")
        until(lambda: own.execute(f"SHOW {name}") == [("off",)])
        assert is_one_line_about(await refusal(at(own, "bare")), "store.url", f"{name} = off")
    finally:
        own.execute(f"ALTER SYSTEM RESET {name}")
        own.execute("SELECT pg_reload_conf()")
    assert own.execute("SELECT relname FROM pg_class WHERE oid >= 16384", database="bare") == []


async def test_acknowledgements_wait_for_the_disk_whatever_the_database_was_told(own: Cluster) -> None:
    own.empty_database("bare")
    own.execute("ALTER DATABASE bare SET synchronous_commit = off")
    async with a_store(at(own, "bare")) as store:
        await store.put(a_delivery())
        waits = await store._ways.read(lambda one: one.exec_driver_sql("SHOW synchronous_commit").scalar_one())
    assert waits == "on"


async def test_a_database_of_a_later_version(own: Cluster) -> None:
    own.empty_database("bare")
    upgrade(at(own, "bare"))
    own.execute("UPDATE alembic_version SET version_num = '9999'", database="bare")
    assert is_one_line_about(await refusal(at(own, "bare")), "store.url", "later gatebridge")


async def test_a_database_of_something_else(own: Cluster) -> None:
    own.empty_database("bare")
    own.execute("CREATE TABLE delivery (van text)", database="bare")
    assert is_one_line_about(await refusal(at(own, "bare")), "store.url", "the database is of something else")
    assert own.execute("SELECT relname FROM pg_class WHERE oid >= 16384 AND relkind = 'r'", database="bare") == [
        ("delivery",)
    ]


async def test_another_key(postgres_tables: str) -> None:
    async with a_store(postgres_tables):
        pass
    with pytest.raises(ConfigurationError) as caught:
        await databases.open_store(
            postgres_tables, key=Keyring(Secret("another key of 32 characters or so")), clock=SetClock()
        )
    assert is_one_line_about(caught.value, "store.key", "another key")


async def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Clock = SetClock()
    for name in list(sys.modules):
        if name.startswith("bridge.store.postgres"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("bridge.store.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError) as caught:
        await databases.open_store("postgresql://127.0.0.1:1/x", key=KEYRING, clock=clock)
    assert is_one_line_about(caught.value, "store.url", "gatebridge[postgres]")


def test_a_pooler_that_shares_sessions(postgres_tables: str) -> None:
    with a_peer(postgres_tables) as one, a_peer(postgres_tables) as other:

        class Pooled:
            """Each statement goes to whichever session is free."""

            info = one.info
            _next: Callable[..., Any] = cycle((one, other)).__next__

            def execute(self, statement: str) -> psycopg.Cursor[Any]:
                session: psycopg.Connection[Any] = Pooled._next()
                return session.execute(statement.encode())

        with pytest.raises(ConfigurationError, match="pooler"):
            refuse_pooler(Pooled())  # type: ignore[arg-type]  # all that it needs of a session
        refuse_pooler(one)


async def test_many_that_open_a_new_database_at_once_all_come_up_and_one_makes_the_tables(own: Cluster) -> None:
    own.empty_database("bare")
    url = at(own, "bare")

    async def opened() -> int:
        async with a_store(url, connections=1) as store:
            await store.put(a_delivery())
            await store.probe()
            return store._ways.owner

    with capture_logs() as logs:
        owners = await asyncio.gather(*(opened() for _ in range(4)))
    assert len(set(owners)) == 4
    assert [line["schema_before"] for line in logs if line["event"] == "store.opened"].count(None) == 1
    assert schema_state(url).is_current


async def test_a_peer_that_cleans_up_keeps_nobody_from_opening(own: Cluster) -> None:
    own.empty_database("bare")
    url = at(own, "bare")
    upgrade(url)
    with a_peer(url) as peer:
        peer.execute("SET idle_in_transaction_session_timeout = 0")
        peer.execute("LOCK TABLE delivery IN SHARE UPDATE EXCLUSIVE MODE")
        began = time.monotonic()
        async with a_store(url) as store:
            await store.put(a_delivery())
        assert time.monotonic() - began < 2
