"""A bridge that starts on a restored, copied or moved database, with real files."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bridge.domain.credential import Secret
from bridge.domain.errors import ConfigurationError, StoreUnavailable
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.trust import ANOTHER, NOT_HERE, OLDER, Mark
from bridge.service.alerts import Alerts
from bridge.service.trust import Trust
from bridge.store import Keyring, MarkFile, SqlStore, open_sqlite
from bridge.telemetry import Metrics
from tests.contracts.store_builders import START, SetClock
from tests.service.backups import back_up, restore

pytestmark = pytest.mark.anyio


def an_entry(what: str) -> LedgerEntry:
    return LedgerEntry(kind=LedgerKind.OPERATOR, at=START, what=what)


@asynccontextmanager
async def served(
    folder: Path, *, machine: str | None = "one", is_shared: bool = False
) -> AsyncIterator[tuple[Trust, SqlStore]]:
    """Open the folder's database as a bridge does when it starts."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    clock = SetClock()
    store = await open_sqlite(folder / "gb.db", keyring=Keyring(Secret("k" * 40)), clock=clock)
    trust = Trust(
        store=store,
        marks=MarkFile(folder / "gb.db.mark"),
        machine=machine,
        is_shared=is_shared,
        alerts=Alerts(Metrics()),
        clock=clock,
    )
    try:
        await trust.begin()
        yield trust, store
    finally:
        await store.close()


async def work(trust: Trust, store: SqlStore, what: str) -> None:
    """Do something that the ledger has, and stop as a bridge does."""
    await store.record([an_entry(what)])
    trust.stop()
    await trust.keep()


async def alerts(store: SqlStore) -> list[tuple[str, str]]:
    return [(row.entry.what, row.entry.details["why"]) for row in await store.list_alerts(limit=9)]


async def test_one_that_was_always_here_is_believed_at_every_start(tmp_path: Path) -> None:
    for day in range(4):
        async with served(tmp_path / "home") as (trust, store):
            assert await trust.doubted() is None
            await work(trust, store, f"day {day}")


async def test_yesterdays_backup_is_doubted_with_one_alert_until_a_person_trusts_it(tmp_path: Path) -> None:  # C13
    home, backup = tmp_path / "home", tmp_path / "backup.db"
    async with served(home) as (trust, store):
        await work(trust, store, "yesterday")
    back_up(home / "gb.db", backup)
    async with served(home) as (trust, store):
        await work(trust, store, "today")
    restore(backup, home / "gb.db")
    for _ in range(2):
        async with served(home) as (trust, store):
            assert await trust.doubted() == OLDER
            assert await alerts(store) == [("database_doubted", OLDER)]
    async with served(home) as (trust, store):
        await trust.trust(who="sam", reason="looked at the plan")
    async with served(home) as (trust, store):
        assert await trust.doubted() is None
        await work(trust, store, "tomorrow")


async def test_a_backup_with_another_day_since_is_doubted_though_it_is_as_long(tmp_path: Path) -> None:
    home, backup = tmp_path / "home", tmp_path / "backup.db"
    async with served(home) as (trust, store):
        await work(trust, store, "yesterday")
    back_up(home / "gb.db", backup)
    async with served(home) as (trust, store):
        await work(trust, store, "today")
    restore(backup, home / "gb.db")
    with closing(sqlite3.connect(home / "gb.db")) as database, database:
        database.execute(
            "INSERT INTO ledger (at, kind, what, details, chain) VALUES (1, 'operator', 'else', '{}', 'else')"
        )
    async with served(home) as (trust, _):
        assert await trust.doubted() == OLDER


async def test_a_copy_in_another_place_is_doubted(tmp_path: Path) -> None:
    home, there = tmp_path / "home", tmp_path / "there"
    async with served(home) as (trust, store):
        await work(trust, store, "yesterday")
    back_up(home / "gb.db", there / "gb.db")
    async with served(there) as (trust, _):
        assert await trust.doubted() == NOT_HERE


async def test_another_database_in_its_place_is_doubted(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home, other):
        async with served(folder) as (trust, store):
            await work(trust, store, "yesterday")
    back_up(other / "gb.db", tmp_path / "backup.db")
    restore(tmp_path / "backup.db", home / "gb.db")
    async with served(home) as (trust, _):
        assert await trust.doubted() == ANOTHER


async def test_a_host_that_joins_a_shared_one_has_no_mark_and_needs_none(tmp_path: Path) -> None:
    home, there = tmp_path / "home", tmp_path / "there"
    async with served(home, is_shared=True) as (trust, store):
        await work(trust, store, "yesterday")
    back_up(home / "gb.db", there / "gb.db")
    async with served(there, machine="two", is_shared=True) as (trust, _):
        assert await trust.doubted() is None


async def test_another_machine_with_the_whole_folder_is_refused_until_it_adopts_it(tmp_path: Path) -> None:  # C14
    home = tmp_path / "home"
    async with served(home) as (trust, store):
        await work(trust, store, "yesterday")
    with pytest.raises(ConfigurationError, match="gatebridge db adopt"):
        async with served(home, machine="two"):
            pytest.fail("two machines must not serve copies of one database")
    clock = SetClock()
    store = await open_sqlite(home / "gb.db", keyring=Keyring(Secret("k" * 40)), clock=clock)
    moved = Trust(
        store=store,
        marks=MarkFile(home / "gb.db.mark"),
        machine="two",
        is_shared=False,
        alerts=Alerts(Metrics()),
        clock=clock,
    )
    await moved.adopt(who="sam", reason="new hardware")
    await store.close()
    async with served(home, machine="two") as (trust, _):
        assert await trust.doubted() is None
    with pytest.raises(ConfigurationError, match="another machine"):
        async with served(home, machine="one"):
            pytest.fail("it has moved away")


async def test_a_crash_between_mark_and_name_is_a_start_like_any_other(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with served(home) as (trust, store):
        await work(trust, store, "yesterday")
    with closing(sqlite3.connect(home / "gb.db")) as database, database:
        database.execute("DELETE FROM meta WHERE name = 'bookmark:database'")
    async with served(home) as (trust, _):
        assert await trust.doubted() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"database": 1}', "\x00\xff", '{"database":"a","entry":"x"}'])
async def test_a_damaged_mark_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gb.db.mark"
    file.write_text(text, encoding="latin-1")
    assert MarkFile(file).read() is None


async def test_a_mark_is_kept_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    mark = Mark(database="ours", entry=3, chain="c3", machine=None)
    marks = MarkFile(tmp_path / "new" / "gb.db.mark")
    marks.keep(mark)
    assert marks.read() == mark
    assert (tmp_path / "new" / "gb.db.mark").stat().st_mode & 0o077 == 0


async def test_a_mark_that_cannot_be_kept_is_an_error_that_a_bridge_can_wait_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreUnavailable, match="cannot be kept"):
        MarkFile(tmp_path / "file" / "gb.db.mark").keep(Mark(database="ours", entry=0, chain=""))
