"""Claims, lists and counts stay fast however much is finished: they use the indexes that were made for them."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.access import Loss
from bridge.domain.dead_letters import Which
from bridge.domain.deliveries import DeliveryState
from bridge.domain.ids import DeliveryId, RentalId, SiteId, TargetId
from bridge.domain.judge import Losing
from bridge.domain.whom import By, Whom
from bridge.domain.work_id import WorkId
from bridge.ports.proof import Held
from bridge.ports.pruning import Before
from bridge.ports.store import Announcement, Priority
from bridge.store import (
    arrivals,
    dead_letters,
    desk,
    guard,
    hearing,
    holders,
    inbox,
    ledger,
    operations,
    pauses,
    pruning,
    queue,
    revocations,
    shadows,
    site_watch,
    subjects,
)
from bridge.store import listed as listed_sightings
from bridge.store.leases import Lease, Places
from bridge.store.sqlite.connections import writer_engine
from bridge.store.sqlite.opening import upgrade
from bridge.store.tables import shelf, to_micros
from tests.contracts.losing import budgets
from tests.contracts.store_builders import LAKESIDE, START, a_key, a_sighting

OLD, WAITING = 100_000, 2_000
NOW = START + timedelta(hours=1)
Query = Callable[[sa.Connection], Any]


def fill(connection: sqlite3.Connection) -> None:
    """Many finished rows, few that wait."""
    at = to_micros(START)
    states = [("done", None)] * OLD + [("new", at)] * WAITING + [("dead", None)] * 20 + [("quarantined", None)] * 20
    connection.executemany(
        "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, due_at) "
        "VALUES (?, ?, 'job.unit_moveIn.completed', ?, x'7b7d', ?, ?)",
        ((LAKESIDE, str(number), at + number, state, due) for number, (state, due) in enumerate(states)),
    )
    due = [("idle", None, 10)] * 20_000 + [("ready", at, 10)] * 500 + [("ready", at * 2, 10)] * 5_000
    connection.executemany(
        "INSERT INTO subject (connection, site, tenant, state, due_at, priority) VALUES (?, 'site', ?, ?, ?, ?)",
        ((LAKESIDE, str(number), *row) for number, row in enumerate(due)),
    )
    connection.execute("INSERT INTO access (subject_id, rental) SELECT id, 'rental' FROM subject")
    connection.executemany(
        "INSERT INTO loss (connection, site, kind, rental, at, site_had, connection_had) "
        "VALUES (?, 'site', 'removal', ?, ?, 9, 9)",
        ((LAKESIDE, str(number), at - number * 600_000_000) for number in range(20_000)),
    )
    connection.executemany(
        "INSERT INTO ledger (at, kind, what, connection, site, tenant, target, details, chain) "
        "VALUES (?, 'intent', 'grant', ?, 'site', ?, ?, '{}', '')",
        ((at, LAKESIDE, str(number % 20_000), f"B-{number % 5_000}") for number in range(OLD)),
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    path: Path = tmp_path_factory.mktemp("plans") / "gatebridge.db"
    upgrade(path)
    engine = writer_engine(path, busy_timeout=1)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        fill(driver)
        yield connection


def plans(connection: sa.Connection, query: Query) -> list[str]:
    """Return how SQLite goes about each statement that `query` runs."""
    found: list[str] = []

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> None:
        del others
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            rows = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(row[3] for row in rows)

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


def listed(state: DeliveryState | None, *, by_connection: bool) -> Query:
    name = LAKESIDE if by_connection else None
    return lambda connection: desk.list_deliveries(
        connection, state=state, name=name, limit=50, before=DeliveryId(OLD * 2)
    )


KNOWN = [a_sighting(a_key(str(number), site="site"), "rental") for number in range(500)]


def found(connection: sa.Connection, by: By) -> Any:
    return desk.find_subjects(connection, Whom(by=by, id="7"), {(LAKESIDE, SiteId("site"))})


PAUSED = {(LAKESIDE, SiteId("site")), (LAKESIDE, SiteId("other"))}
OF_A_SITE = Which(site=SiteId("site"), why="no")
TEN, HELD = Places(limit=10, first=1), Lease(length=timedelta(minutes=2), owner=0)
OLD_BODIES = Before(bodies=NOW, settled=START, quarantined=START)
OLD_ROWS = Before(bodies=NOW, settled=NOW, quarantined=NOW)
REMOVAL = Announcement(
    losing=(Losing(loss=Loss.REMOVAL, rental=RentalId("r7")),), budgets=budgets(per_hour=10, percent=20)
)
NOTHING_OLD = Before(bodies=START, settled=START, quarantined=START)
QUERIES: dict[str, tuple[Query, set[str]]] = {
    "claim deliveries": (
        lambda connection: inbox.claim(connection, places=TEN, now=NOW, lease=HELD),
        {"delivery_line", "delivery_lease"},
    ),
    "claim subjects": (
        lambda connection: subjects.claim(connection, places=TEN, now=NOW, lease=HELD),
        {"subject_claim", "subject_lease"},
    ),
    "claim subjects beside paused sites": (
        lambda connection: subjects.claim(connection, places=TEN, now=NOW, lease=HELD, without=PAUSED),
        {"subject_claim", "subject_lease"},
    ),
    "claim emergencies": (
        lambda connection: subjects.claim(connection, places=TEN, now=NOW, lease=HELD, only_emergencies=True),
        {"subject_claim", "subject_lease"},
    ),
    "next emergency": (
        lambda connection: subjects.next_due(connection, only_emergencies=True),
        {"subject_claim"},
    ),
    "whose access is revoked": (
        lambda connection: revocations.of_subject(connection, a_key("7", site="site")),
        {"sqlite_autoindex_revocation_1"},
    ),
    "what was rehearsed at a site": (
        lambda connection: shadows.notes(connection, site=(LAKESIDE, SiteId("site")), since=START),
        {"ledger_shadow"},
    ),
    "next subject beside paused sites": (
        lambda connection: subjects.next_due(connection, without=PAUSED),
        {"subject_next", "subject_lease"},
    ),
    "what was heard of late": (
        lambda connection: hearing.heard(
            connection,
            name=LAKESIDE,
            words={"job.unit_moveIn.completed": {"j1", "r1"}},
            since=START + timedelta(microseconds=OLD),
        ),
        {"delivery_by_connection"},
    ),
    "when deliveries have come": (
        lambda connection: arrivals.arrivals(connection, name=LAKESIDE, after=DeliveryId(OLD)),
        {"delivery_by_connection"},
    ),
    "what is paused": (pauses.list_pauses, {"sqlite_autoindex_meta_1"}),
    "sweep of a site": (
        lambda connection: subjects.mark_page_of(
            connection, site=(LAKESIDE, SiteId("site")), after="2", limit=500, priority=Priority.SWEEP, now=NOW
        ),
        {"sqlite_autoindex_subject_1"},
    ),
    "what a listing tells": (
        lambda connection: listed_sightings.mark_new(connection, sightings=KNOWN, priority=Priority.SWEEP, now=NOW),
        {"sqlite_autoindex_subject_1", "sqlite_autoindex_access_1"},
    ),
    "a tenant": (lambda connection: found(connection, By.TENANT), {"sqlite_autoindex_subject_1"}),
    "a rental": (lambda connection: found(connection, By.RENTAL), {"access_by_rental"}),
    "who has a unit": (lambda connection: found(connection, By.UNIT), {"access_by_unit"}),
    "is a site busy": (
        lambda connection: site_watch.is_busy(connection, site=(LAKESIDE, SiteId("site")), now=NOW),
        {"sqlite_autoindex_subject_1"},
    ),
    "a shelf": (
        lambda connection: connection.execute(sa.select(shelf).where(shelf.c.connection == "", shelf.c.site == "")),
        {"sqlite_autoindex_shelf_1"},
    ),
    "next delivery": (inbox.next_due, {"delivery_line", "delivery_lease"}),
    "next subject": (subjects.next_due, {"subject_next", "subject_lease"}),
    "counts": (desk.counts, {"delivery_line", "delivery_set_aside", "subject_dead"}),
    "the queue": (
        lambda connection: queue.view(connection, site=None, limit=10, now=NOW),
        {"delivery_line", "delivery_lease", "delivery_set_aside", "subject_next", "subject_lease", "subject_dead"},
    ),
    "the queue of a site": (
        lambda connection: queue.view(connection, site=SiteId("site"), limit=10, now=NOW),
        {"delivery_line", "delivery_set_aside", "subject_next", "subject_lease", "subject_dead"},
    ),
    "dead letters": (
        lambda connection: dead_letters.list_dead(connection, which=Which(), limit=200, after=None),
        {"delivery_set_aside", "subject_dead"},
    ),
    "dead letters of a site": (
        lambda connection: dead_letters.list_dead(connection, which=OF_A_SITE, limit=200, after=None),
        {"delivery_set_aside", "subject_dead", "sqlite_autoindex_delivery_subject_1"},
    ),
    "dead letters, further on": (
        lambda connection: dead_letters.list_dead(connection, which=Which(), limit=200, after=WorkId.read("d7")),
        {"delivery_set_aside"},
    ),
    "old bodies": (lambda connection: pruning.prune(connection, before=OLD_BODIES, limit=100), {"delivery_by_age"}),
    "old rows": (lambda connection: pruning.prune(connection, before=OLD_ROWS, limit=100), {"delivery_by_age"}),
    "nothing old": (
        lambda connection: pruning.prune(connection, before=NOTHING_OLD, limit=100),
        {"delivery_by_age"},
    ),
    "alerts": (lambda connection: ledger.list_alerts(connection, limit=50), {"ledger_alert"}),
    "who was at a door": (
        lambda connection: holders.subjects_at_door(connection, door=TargetId("A"), site=None),
        {"ledger_by_target"},
    ),
    "who has a door": (
        lambda connection: holders.list_holders(connection, held=Held(door=TargetId("A")), after=0, limit=200),
        {"ledger_by_target"},
    ),
    "a door's history": (
        lambda connection: holders.door_entries(connection, keys=[a_key("7", site="site")], door=TargetId("A")),
        {"ledger_by_tenant"},
    ),
    "dead deliveries": (listed(DeliveryState.DEAD, by_connection=False), {"delivery_set_aside"}),
    "dead deliveries of a connection": (listed(DeliveryState.DEAD, by_connection=True), {"delivery_set_aside"}),
    "waiting deliveries": (listed(DeliveryState.NEW, by_connection=False), {"delivery_line"}),
    "running deliveries": (listed(DeliveryState.RUNNING, by_connection=False), {"delivery_lease"}),
    "what a removal is judged by": (
        lambda connection: guard.read_book(connection, 7, a_key("7", site="site"), REMOVAL, NOW),
        {"loss_by_time", "sqlite_autoindex_loss_1", "sqlite_autoindex_hold_1"},
    ),
    "operations that are open": (operations.open_operations, {"operation_open"}),
    "deliveries of a connection": (listed(None, by_connection=True), {"delivery_by_connection"}),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_uses_its_index_and_scans_no_table(filled: sa.Connection, name: str) -> None:
    query, indexes = QUERIES[name]
    plan = plans(filled, query)
    assert {index for index in indexes if any(f"INDEX {index}" in line for line in plan)} == indexes
    tables = [line for line in plan if line in {"SCAN delivery", "SCAN subject", "SCAN ledger", "SCAN access"}]
    assert tables == []


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_takes_no_time_beside_a_hundred_thousand_old_rows(filled: sa.Connection, name: str) -> None:
    assert seconds(filled, QUERIES[name][0]) < 0.05
