"""A database of an earlier version is taken over with all that is in it, and its tables are those that are meant."""

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from bridge.domain.ids import DeliveryId
from bridge.domain.ledger import first_break
from bridge.store import ledger, schema
from bridge.store.postgres.connections import upgrading_engine
from bridge.store.postgres.opening import schema_state, upgrade
from bridge.store.tables import metadata
from tests.contracts.store_builders import a_delivery, a_key, an_entry, end, tenants
from tests.postgres.stores import a_store

pytestmark = pytest.mark.anyio
REVISIONS = [f"{number:04}" for number in range(1, int(schema.state_of_nothing().head) + 1)]
ROWS = """
INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, due_at) VALUES
    ('lakeside', 'waits', 'x', 1, '{}', 'new', 1), ('lakeside', 'over', 'x', 1, '{}', 'done', NULL);
INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, lease_until) VALUES
    ('lakeside', 'held', 'x', 1, '{}', 'running', 2);
UPDATE delivery SET due_at = 1 WHERE state = 'running';
INSERT INTO subject (connection, site, tenant, state, priority, due_at, generation) VALUES
    ('lakeside', 'site1', 'waits', 'ready', 10, 1, 1), ('lakeside', 'site1', 'rests', 'idle', 10, NULL, 1);
INSERT INTO access (subject_id, rental) SELECT id, 'r-' || tenant FROM subject;
INSERT INTO delivery_subject (delivery_id, subject_id) VALUES (2, 2);
INSERT INTO meta (name, value) VALUES ('bookmark', 'kept')
"""


def bring_to(url: str, revision: str, step: str = "upgrade") -> None:
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    engine = upgrading_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, step)(config, revision)
    engine.dispose()


def said(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def shape(url: str) -> list[Any]:
    """Return what the server says of every column, index and check."""
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    rules = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid > 0 AND conrelid::regclass::text <> 'alembic_version'"
    )
    return [sorted(said(url, one), key=str) for one in (columns, indexes, rules)]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_earlier_version_is_taken_over_with_its_rows(postgres_url: str, revision: str) -> None:
    bring_to(postgres_url, revision)
    said(postgres_url, ROWS)
    async with a_store(postgres_url) as store:
        assert {claim.event_id for claim in await store.claim_deliveries(9)} == {"waits", "held"}
        (claim,) = await store.claim_subjects(9)
        assert tenants([claim]) == ["waits"]
        await end(store, claim)
        assert [row.key.tenant for row in (await store.show_delivery(DeliveryId(2))).subjects] == ["rests"]
        assert set((await store.load(a_key("rests"))).access) == {"r-rests"}
        await store.put(a_delivery("after"))
        await store.record([an_entry("one")])
        chain = await store._ways.read(lambda connection: list(ledger.read_chain(connection)))
        assert (len(chain), first_break(chain)) == (1, None)
    assert schema_state(postgres_url).is_current


def test_each_step_can_be_undone_and_taken_again_with_rows_in_the_tables(postgres_url: str) -> None:
    shapes = {}
    for revision in REVISIONS:
        bring_to(postgres_url, revision)
        shapes[revision] = shape(postgres_url)
    said(postgres_url, ROWS)
    for revision in reversed(REVISIONS[:-1]):
        bring_to(postgres_url, revision, "downgrade")
        assert shape(postgres_url) == shapes[revision]
    upgrade(postgres_url)
    assert shape(postgres_url) == shapes[REVISIONS[-1]]
    assert said(postgres_url, "SELECT count(*) FROM delivery") == [(3,)]


def test_migrations_and_tables_agree(postgres_url: str) -> None:
    upgrade(postgres_url)
    engine = upgrading_engine(postgres_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    migrated = shape(postgres_url)
    said(postgres_url, "DROP SCHEMA public CASCADE")
    said(postgres_url, "CREATE SCHEMA public")
    engine = upgrading_engine(postgres_url)
    metadata.create_all(engine)
    engine.dispose()
    meant = shape(postgres_url)
    assert migrated == meant


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET what = 'x'",
        "DELETE FROM ledger",
        "DELETE FROM ledger WHERE false",
        "TRUNCATE ledger",
        "TRUNCATE ledger, meta CASCADE",
    ],
)
async def test_the_database_refuses_to_change_a_line_of_the_ledger(postgres_tables: str, change: str) -> None:
    async with a_store(postgres_tables) as store:
        await store.record([an_entry()])
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        said(postgres_tables, change)
    assert said(postgres_tables, "SELECT what FROM ledger") == [("granted",)]


async def test_a_line_changed_behind_our_back_breaks_the_chain(postgres_tables: str) -> None:
    async with a_store(postgres_tables) as store:
        await store.record([an_entry("one"), an_entry("two"), an_entry("three")])
        said(postgres_tables, "SET session_replication_role = replica; UPDATE ledger SET what = 'x' WHERE id = 2")
        chain = await store._ways.read(lambda connection: list(ledger.read_chain(connection)))
    assert first_break(chain) == 1


def test_a_step_that_fails_half_way_leaves_nothing(postgres_url: str) -> None:
    bring_to(postgres_url, "0004")
    before = shape(postgres_url)
    said(postgres_url, "CREATE SEQUENCE lease_owner")
    with pytest.raises(sa.exc.ProgrammingError):
        bring_to(postgres_url, "0005")
    assert shape(postgres_url) == before
    assert schema_state(postgres_url).current == "0004"
