"""A store opens for one process, durable, current, with its own key and without leases, or says which key to mend."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bridge.domain.credential import GateCode, Secret
from bridge.domain.errors import ConfigurationError
from bridge.domain.outcome import RetryAt
from bridge.ports.store import DeliverySettlement, Store
from bridge.store import KEY_FILE, KeyFile, Keyring, open_sqlite
from bridge.store.sqlite.connections import check_durability
from bridge.store.sqlite.opening import schema_state, upgrade
from tests.contracts.store_builders import START, SetClock, a_delivery, a_key, an_entry, claimed, end, mark
from tests.contracts.store_engines import KEYRING
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
CODE = GateCode("482913")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "gatebridge.db"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def open_to_all(path: Path) -> None:
    path.chmod(0o644)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)


@asynccontextmanager
async def opened_with_key_file(path: Path) -> AsyncIterator[Store]:
    store = await open_sqlite(path, keyring=KeyFile(path.parent), clock=SetClock())
    try:
        yield store
    finally:
        await store.close()


async def refusal(path: Path, keyring: Keyring | KeyFile = KEYRING) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        await open_sqlite(path, keyring=keyring, clock=SetClock())
    return caught.value


async def test_folder_and_files_are_their_owners_only(path: Path) -> None:
    async with open_store(path) as store:
        await store.put(a_delivery())
        modes = {file.name: mode(file) for file in files(path.parent)}
    assert mode(path.parent) == 0o700
    assert set(modes.values()) == {0o600}
    assert {"gatebridge.db", "gatebridge.db-wal"} <= modes.keys()


async def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    upgrade(path)
    open_to_all(path)
    async with open_store(path):
        assert mode(path) == 0o600


async def test_a_second_opening_is_refused_and_names_the_owner(path: Path) -> None:
    async with open_store(path):
        error = await refusal(path)
    assert error.key == "store.url"
    assert f"pid {os.getpid()}" in str(error)


async def test_another_process_is_refused_until_the_owner_is_gone(path: Path) -> None:
    script = f"from pathlib import Path; from bridge.store.sqlite.opening import upgrade; upgrade(Path({str(path)!r}))"
    command = [sys.executable, "-c", script]
    async with open_store(path):
        during = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: ASYNC221 - nothing else runs
    after = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: ASYNC221 - as above
    assert (during.returncode, after.returncode) == (1, 0)
    assert "another gatebridge process" in during.stderr


async def test_a_refused_opening_leaves_the_lock_free(path: Path) -> None:
    async with open_store(path):
        pass
    await refusal(path, Keyring(Secret("another key of thirty-two characters")))
    async with open_store(path) as store:
        await store.probe()


async def test_another_key_is_refused(path: Path) -> None:
    async with open_store(path):
        pass
    error = await refusal(path, Keyring(Secret("another key of thirty-two characters")))
    assert error.key == "store.key"
    assert "another key" in str(error)


async def test_a_new_database_makes_its_key_and_the_next_opening_uses_it(path: Path) -> None:
    async with opened_with_key_file(path) as store:
        await store.take_code(await claimed(store), CODE, an_entry())
    async with opened_with_key_file(path) as store:
        assert (await store.load(a_key())).codes.current == CODE
    assert mode(path.with_name(KEY_FILE)) == 0o600


async def test_a_sealed_database_without_its_key_file_is_refused_and_none_is_made(path: Path) -> None:
    async with opened_with_key_file(path):
        pass
    path.with_name(KEY_FILE).unlink()
    error = await refusal(path, KeyFile(path.parent))
    assert error.key == "store.key"
    assert str(path.with_name(KEY_FILE)) in str(error)
    assert not path.with_name(KEY_FILE).exists()


async def test_a_key_file_that_does_not_fit_is_refused_and_left_as_it_is(path: Path) -> None:
    async with open_store(path):
        pass
    KeyFile(path.parent).load_or_make()
    before = path.with_name(KEY_FILE).read_bytes()
    error = await refusal(path, KeyFile(path.parent))
    assert "another key" in str(error)
    assert path.with_name(KEY_FILE).read_bytes() == before


async def test_who_finds_the_database_taken_makes_no_key(path: Path) -> None:
    async with open_store(path):
        error = await refusal(path, KeyFile(path.parent))
    assert error.key == "store.url"
    assert not path.with_name(KEY_FILE).exists()


async def test_a_refused_key_file_leaves_a_new_database_without_tables(path: Path) -> None:
    write(path.with_name(KEY_FILE), b"short")
    path.with_name(KEY_FILE).chmod(0o600)
    assert (await refusal(path, KeyFile(path.parent))).key == "store.key"
    assert schema_state(path).current is None


async def test_a_database_of_a_later_version_is_refused_unchanged(path: Path) -> None:
    upgrade(path)
    with outside(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    error = await refusal(path)
    assert error.key == "store.url"
    assert "9999" in str(error)
    with pytest.raises(ConfigurationError):
        schema_state(path)


async def test_a_database_of_something_else_is_refused_unchanged(path: Path) -> None:
    path.parent.mkdir()
    with outside(path) as connection:
        connection.execute("CREATE TABLE invoices (id)")
    assert "something else" in str(await refusal(path))
    with outside(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("invoices",)]


async def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    write(path, b"this is no database, but long enough to be looked at. " * 100)
    error = await refusal(path)
    assert error.key == "store.url"
    assert "not a database" in str(error)


async def test_a_path_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert (await refusal(tmp_path / "file" / "gatebridge.db")).key == "store.url"


@pytest.mark.parametrize("pragma", ["journal_mode = DELETE", "synchronous = NORMAL"])
async def test_a_connection_that_is_not_durable_is_refused(path: Path, pragma: str) -> None:
    upgrade(path)
    with outside(path) as connection:
        connection.execute(f"PRAGMA {pragma}")
        with pytest.raises(ConfigurationError, match="needs WAL"):
            check_durability(connection)


async def test_leases_of_the_process_before_are_void_and_attempts_kept(path: Path) -> None:
    clock = SetClock()
    async with open_store(path, clock=clock) as store:
        claim = await claimed(store)
        await end(store, claim, RetryAt(when=START, why="no answer"))
        await store.claim_subjects(1)
        await store.put(a_delivery("e1"))
        await store.claim_deliveries(1)
    async with open_store(path, clock=clock) as store:
        (subject,) = await store.claim_subjects(9)
        (delivery,) = await store.claim_deliveries(9)
    assert (subject.key, subject.attempts, subject.since) == (a_key(), 1, START)
    assert (delivery.event_id, delivery.attempts) == ("e1", 0)


async def test_a_clock_that_went_back_while_closed_keeps_due_work_due(path: Path) -> None:
    clock = SetClock()
    async with open_store(path, clock=clock) as store:
        await mark(store, a_key("marked"))
        await store.put(a_delivery("waits"))
    clock.move(days=-3)
    async with open_store(path, clock=clock) as store:
        assert [claim.key.tenant for claim in await store.claim_subjects(9)] == ["marked"]
        assert [claim.event_id for claim in await store.claim_deliveries(9)] == ["waits"]


async def park(store: Store, until: datetime) -> None:
    parked = RetryAt(when=until, why="the key is refused", is_parked=True)
    await end(store, await claimed(store), parked)
    await store.put(a_delivery("parked"))
    (claim,) = await store.claim_deliveries(1)
    await store.settle_delivery(claim, DeliverySettlement(outcome=parked))


async def test_a_restart_does_not_shorten_the_wait_of_parked_work(path: Path) -> None:
    until = START + timedelta(minutes=5)
    async with open_store(path) as store:
        await park(store, until)
    async with open_store(path) as store:
        assert (await store.next_delivery_due(), await store.next_subject_due()) == (until, until)


async def test_parked_work_does_not_wait_out_a_clock_that_went_back_while_closed(path: Path) -> None:
    clock = SetClock()
    async with open_store(path, clock=clock) as store:
        await park(store, START + timedelta(minutes=5))
    now = clock.move(days=-3)
    async with open_store(path, clock=clock) as store:
        assert (await store.next_delivery_due(), await store.next_subject_due()) == (now, now)


async def test_what_was_put_is_there_after_closing(path: Path) -> None:
    async with open_store(path) as store:
        await store.put(a_delivery("kept"))
    async with open_store(path) as store:
        (row,) = await store.list_deliveries(state=None, connection=None, limit=9, before=None)
    assert row.event_id == "kept"
