"""The same queries as on SQLite find their indexes here; what never rests does so before the server's first look."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.postgres.connections import pool_engine
from bridge.store.postgres.opening import upgrade
from bridge.store.tables import to_micros
from tests.contracts.store_builders import LAKESIDE, START
from tests.postgres.cluster import Cluster
from tests.store.test_plans import OLD, QUERIES, WAITING, Query

BIG = {"delivery", "subject", "ledger", "access"}
ANALYSED = pytest.StashKey[sa.Engine]()
NEVER_REST = ("claim ", "next ", "counts", "the queue")
ALL_OF_IT = {"is a site busy", "what a listing tells", "what a removal is judged by"}
"""Here all subjects are of one site, and a page of its listing is a good part of them: an index would not help."""
FILL = """
ALTER TABLE delivery SET (autovacuum_enabled = off);
ALTER TABLE subject SET (autovacuum_enabled = off);
ALTER TABLE access SET (autovacuum_enabled = off);
ALTER TABLE ledger SET (autovacuum_enabled = off);
INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, due_at)
SELECT '{name}', 'e' || n, 'job.unit_moveIn.completed', {at} + n, '{{}}',
       CASE WHEN n < {old} THEN 'done' WHEN n < {old} + {waiting} THEN 'new'
            WHEN n % 2 = 0 THEN 'dead' ELSE 'quarantined' END,
       CASE WHEN n >= {old} AND n < {old} + {waiting} THEN {at} END
FROM generate_series(0, {old} + {waiting} + 39) AS n;
INSERT INTO subject (connection, site, tenant, state, due_at, priority)
SELECT '{name}', 'site', n, CASE WHEN n < 20000 THEN 'idle' ELSE 'ready' END,
       CASE WHEN n < 20000 THEN NULL WHEN n < 20500 THEN {at} ELSE {at} * 2 END, 10
FROM generate_series(0, 25499) AS n;
INSERT INTO access (subject_id, rental) SELECT id, 'rental' FROM subject;
INSERT INTO ledger (at, kind, what, details, chain)
SELECT {at}, 'intent', 'grant', '{{}}', '' FROM generate_series(1, {old})
"""


@pytest.fixture(scope="module")
def database(postgres_cluster: Cluster) -> Iterator[sa.Engine]:
    postgres_cluster.start()
    postgres_cluster.empty_database("plans")
    url = postgres_cluster.url("plans")
    upgrade(url)
    fill = FILL.format(name=LAKESIDE, at=to_micros(START), old=OLD, waiting=WAITING)
    postgres_cluster.execute(fill, database="plans")
    engine = pool_engine(url, connections=1)
    yield engine
    engine.dispose()


@pytest.fixture
def fresh(database: sa.Engine) -> Iterator[sa.Connection]:
    with database.connect() as connection:
        yield connection


@pytest.fixture
def analysed(database: sa.Engine, request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    with database.connect() as connection:
        if request.config.stash.get(ANALYSED, None) is not database:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
            request.config.stash[ANALYSED] = database
        yield connection


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def plans(connection: sa.Connection, query: Query) -> list[dict[str, Any]]:
    """Return how the server goes about each statement that `query` runs."""
    found: list[dict[str, Any]] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> None:
        del others
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            given = parameters[0] if isinstance(parameters, list) else parameters
            (said,) = cursor.connection.cursor().execute(f"EXPLAIN (FORMAT JSON) {statement}", given).fetchone()
            found.extend(nodes(said[0]["Plan"]))

    sa.event.listen(connection, "before_cursor_execute", explain)
    undone = connection.begin_nested()
    try:
        query(connection)
    finally:
        sa.event.remove(connection, "before_cursor_execute", explain)
        undone.rollback()
    return found


def seconds(connection: sa.Connection, query: Query) -> float:
    """Return the best of a few runs: a busy machine slows some, a missing index all."""
    times = []
    for _ in range(5):
        undone = connection.begin_nested()
        began = perf_counter()
        query(connection)
        times.append(perf_counter() - began)
        undone.rollback()
    return min(times)


@pytest.mark.parametrize("name", [name for name in QUERIES if name.startswith(NEVER_REST)])
def test_what_never_rests_finds_its_indexes_on_tables_never_looked_at(fresh: sa.Connection, name: str) -> None:
    assert_quick(fresh, name)


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_finds_its_indexes(analysed: sa.Connection, name: str) -> None:
    assert_quick(analysed, name)


def assert_quick(connection: sa.Connection, name: str) -> None:
    query, indexes = QUERIES[name]
    found = plans(connection, query)
    scanned = [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"]
    assert name in ALL_OF_IT or BIG.isdisjoint(scanned)
    wanted = indexes & {"delivery_line", "subject_claim"} if name.startswith("claim ") else set[str]()
    assert wanted <= {node.get("Index Name") for node in found}
    assert seconds(connection, query) < 0.1
