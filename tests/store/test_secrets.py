"""A gate code is nowhere in the files, the log or an error."""

from pathlib import Path

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.errors import BridgeError, Conflict
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
