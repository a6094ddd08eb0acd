"""A gate code is nowhere in the files, the log or an error."""

from pathlib import Path

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.errors import BridgeError, Conflict, PermanentError
from tests.contracts.store_builders import a_key, an_entry, claimed
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio
SEEDED = ("482913", "730216")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def test_no_file_of_the_database_holds_a_code(tmp_path: Path) -> None:
    async with open_store(tmp_path / "gatebridge.db") as store:
        claim = await claimed(store)
        for code in SEEDED:
            await store.take_code(claim, GateCode(code), an_entry())
        while_open = contents(tmp_path)
    closed = contents(tmp_path)
    assert {"gatebridge.db", "gatebridge.db-wal", "gatebridge.db-shm"} <= while_open.keys()
    everything = [*while_open.items(), *closed.items()]
    assert [name for name, data in everything for code in SEEDED if code.encode() in data] == []


async def test_no_file_of_the_database_holds_what_an_adapter_keeps(tmp_path: Path) -> None:
    async with open_store(tmp_path / "gatebridge.db") as store:
        shelf = store.shelf((a_key().connection, a_key().site))
        for code in SEEDED:
            await shelf.put("row", {"code": code, "name": "Mira Okafor"})
        while_open = contents(tmp_path)
    everything = [*while_open.items(), *contents(tmp_path).items()]
    assert [name for name, data in everything for text in (*SEEDED, "Okafor") if text.encode() in data] == []


async def test_an_item_copied_to_another_key_or_site_or_changed_is_refused(tmp_path: Path) -> None:
    path, here = tmp_path / "gatebridge.db", (a_key().connection, a_key().site)
    there = (here[0], a_key(site="site2").site)
    async with open_store(path) as store:
        for key in ("a", "b", "c"):
            await store.shelf(here).put(key, {"code": SEEDED[0]})
        await store.shelf(there).put("a", {"code": SEEDED[1]})
    with outside(path) as connection:
        connection.execute("UPDATE shelf SET sealed = (SELECT sealed FROM shelf WHERE key = 'b') WHERE key = 'a'")
        connection.execute("UPDATE shelf SET sealed = x'00' WHERE key = 'c'")
    async with open_store(path) as store:
        for place, key in ((here, "a"), (there, "a"), (here, "c")):
            with pytest.raises(PermanentError) as caught:
                await store.shelf(place).get(key)
            assert SEEDED[0] not in repr(caught.value)
        with pytest.raises(PermanentError):
            await store.shelf(here).entries()
        assert await store.shelf(here).get("b") == {"code": SEEDED[0]}


async def test_a_refused_code_is_in_no_error_and_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with open_store(tmp_path / "gatebridge.db") as store:
        await store.take_code(await claimed(store, a_key("t1")), GateCode(SEEDED[0]), an_entry())
        with pytest.raises(Conflict) as caught:
            await store.take_code(await claimed(store, a_key("t2")), GateCode(SEEDED[0]), an_entry())
    out, err = capfd.readouterr()
    assert SEEDED[0] not in f"{caught.value!r} {out} {err}"


async def test_a_seal_copied_to_another_tenant_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    async with open_store(path) as store:
        await store.take_code(await claimed(store, a_key("t1")), GateCode(SEEDED[0]), an_entry())
        await store.take_code(await claimed(store, a_key("t2")), GateCode(SEEDED[1]), an_entry())
    with outside(path) as connection:
        connection.execute("UPDATE code SET sealed = (SELECT sealed FROM code WHERE id = 1) WHERE id = 2")
    async with open_store(path) as store:
        with pytest.raises(BridgeError, match="another tenant's"):
            await store.load(a_key("t2"))
