"""A database of an earlier version is taken over with all that is in it, and can be given back."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from bridge.domain.ids import DeliveryId, SiteId
from bridge.ports.pruning import Before, Pruned
from bridge.store.sqlite.connections import writer_engine
from bridge.store.sqlite.opening import schema_state
from tests.contracts.store_builders import LAKESIDE, START
from tests.store.store_file import open_store

pytestmark = pytest.mark.anyio


def bring_to(path: Path, revision: str, step: str = "upgrade") -> None:
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    engine = writer_engine(path, busy_timeout=1)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, step)(config, revision)


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_a_database_before_shelves_is_upgraded_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    path.touch(mode=0o600)
    bring_to(path, "0002")
    assert "shelf" not in tables(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state) "
            "VALUES ('lakeside', 'old', 'x', 1, x'7b7d', 'done')"
        )
    async with open_store(path) as store:
        shelf = store.shelf((LAKESIDE, SiteId("site1")))
        await shelf.put("row", {"n": 1})
        (row,) = await store.list_deliveries(state=None, connection=None, limit=9, before=None)
        assert (row.event_id, await shelf.get("row")) == ("old", {"n": 1})
    assert schema_state(path).is_current


async def test_deliveries_from_before_retention_are_pruned_like_others(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    path.touch(mode=0o600)
    bring_to(path, "0003")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state) "
            "VALUES ('lakeside', ?, 'x', 1, x'7b7d', ?)",
            [("old", "done"), ("dead", "dead"), ("newest", "done")],
        )
    async with open_store(path) as store:
        assert (await store.show_delivery(DeliveryId(1))).body == b"{}"
        old = Before(bodies=START, settled=datetime(1970, 1, 1, tzinfo=UTC), quarantined=START)
        assert await store.prune(old, limit=9) == Pruned(emptied=1)


def test_retention_can_be_undone(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    path.touch(mode=0o600)
    bring_to(path, "0004")
    bring_to(path, "0003", "downgrade")
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.OperationalError, match="is_emptied"):
        connection.execute("SELECT is_emptied FROM delivery")


def test_the_step_can_be_undone(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    path.touch(mode=0o600)
    bring_to(path, "0003")
    assert "shelf" in tables(path)
    bring_to(path, "0002", "downgrade")
    assert "shelf" not in tables(path)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT * FROM shelf")
