"""The ledger only grows, and a changed line shows."""

import sqlite3
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from bridge.domain.ledger import LedgerEntry, LedgerKind, first_break
from bridge.store import ledger
from tests.contracts.store_builders import START, an_entry
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gatebridge.db"


@pytest.mark.parametrize("change", ["UPDATE ledger SET what = 'x'", "DELETE FROM ledger"])
async def test_the_database_refuses_to_change_a_line(path: Path, change: str) -> None:
    async with open_store(path) as store:
        await store.record([an_entry()])
    with outside(path) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(change)


async def test_the_chain_holds_over_units_and_openings(path: Path) -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=2)))
    abroad = LedgerEntry(kind=LedgerKind.OPERATOR, at=elsewhere, what="replayed", details={"b": "é", "a": "1"})
    async with open_store(path) as store:
        await store.record([an_entry("one"), an_entry("two")])
        await store.record([abroad])
    async with open_store(path) as store:
        await store.record([an_entry("four")])
        chain = await store._ways.read(lambda connection: list(ledger.read_chain(connection)))
    assert [entry.what for entry, _ in chain] == ["one", "two", "replayed", "four"]
    assert first_break(chain) is None


async def test_a_line_changed_behind_our_back_breaks_the_chain(path: Path) -> None:
    async with open_store(path) as store:
        await store.record([an_entry("one"), an_entry("two"), an_entry("three")])
    with outside(path) as connection:
        connection.execute("DROP TRIGGER ledger_no_update")
        connection.execute("UPDATE ledger SET what = 'never happened' WHERE id = 2")
    async with open_store(path) as store:
        chain = await store._ways.read(lambda connection: list(ledger.read_chain(connection)))
    assert first_break(chain) == 1
