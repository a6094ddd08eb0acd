import json
from typing import Any

import httpx
import pytest

from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, OutcomeUnknown, Rejected
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.tenancy import FieldWrites
from bridge.ports.source import StaffTask
from tests.sources.storeganise.platform_wire import OTHER_SITE, RENTAL, SITE, PlatformWire, open_source, site

pytestmark = pytest.mark.anyio

PATH = f"unit-rentals/{RENTAL}"
TASK = StaffTask(site=SITE, unit=UnitId("u1"), title="Gate access: unit without mapping", text="Fill in gate_id.")


async def written(wire: PlatformWire, writes: FieldWrites, *, prefix: str = "gate") -> Any:
    wire.answer(PATH, {"id": RENTAL}, method="PUT")
    await open_source(wire, [site(prefix=prefix)]).write_back(writes, site=SITE)
    assert wire.calls == [f"PUT {PATH}"]
    return json.loads(wire.asked[0].content)


async def test_a_code_and_a_status_are_written_in_one_call(wire: PlatformWire) -> None:
    body = await written(wire, FieldWrites(rental=RENTAL, code=GateCode("004829"), status="granted"))
    assert body == {"customFields": {"gate_pinCode": "004829", "gate_status": "granted"}}


async def test_a_cleared_code_is_null(wire: PlatformWire) -> None:
    body = await written(wire, FieldWrites(rental=RENTAL, clear_code=True))
    assert body == {"customFields": {"gate_pinCode": None}}


async def test_fields_carry_the_sites_prefix(wire: PlatformWire) -> None:
    assert await written(wire, FieldWrites(rental=RENTAL, status="error"), prefix="ks") == {
        "customFields": {"ks_status": "error"}
    }


async def test_nothing_to_write_is_no_call(wire: PlatformWire) -> None:
    await open_source(wire).write_back(FieldWrites(rental=RENTAL), site=SITE)
    assert wire.asked == []


async def test_a_write_without_an_answer_is_unknown_and_not_repeated(wire: PlatformWire) -> None:
    wire.answer(PATH, {}, method="PUT", status=502)
    with pytest.raises(OutcomeUnknown):
        await open_source(wire).write_back(FieldWrites(rental=RENTAL, status="granted"), site=SITE)
    assert len(wire.calls) == 1


async def test_an_unsafe_rental_id_is_never_written_to(wire: PlatformWire) -> None:
    with pytest.raises(Anomaly):
        await open_source(wire).write_back(FieldWrites(rental=RentalId("../units/u1"), status="x"), site=SITE)
    assert wire.asked == []


async def test_a_site_that_is_not_configured_is_never_written_to(wire: PlatformWire) -> None:
    with pytest.raises(Rejected):
        await open_source(wire).write_back(FieldWrites(rental=RENTAL, status="x"), site=OTHER_SITE)
    assert wire.asked == []


async def test_a_task_is_put_on_its_unit(wire: PlatformWire) -> None:
    wire.answer("jobs", {"id": "66f1a0c2b7d4e90015c0c777", "type": "task"}, method="POST")
    assert await open_source(wire).raise_task(TASK) == "66f1a0c2b7d4e90015c0c777"
    assert json.loads(wire.asked[0].content) == {
        "type": "task",
        "ownerId": None,
        "data": {
            "targetType": "unit",
            "targetId": "u1",
            "title": "Gate access: unit without mapping",
            "desc": "Fill in gate_id.",
        },
    }


@pytest.mark.parametrize("body", [None, {}, {"id": 7}, {"id": "a/b"}, [], "ok"])
async def test_a_task_whose_id_is_not_told_is_made_once_all_the_same(wire: PlatformWire, body: Any) -> None:
    wire.answer_with("jobs", lambda _: httpx.Response(200, json=body), method="POST")
    assert await open_source(wire).raise_task(TASK) == ""
    assert len(wire.calls) == 1


async def test_a_tasks_text_is_inert(wire: PlatformWire) -> None:
    wire.answer("jobs", {"id": "t1"}, method="POST")
    await open_source(wire).raise_task(
        StaffTask(site=SITE, unit=UnitId("u1"), title="a\x1b[31m\nb", text="c\r\nd" * 1000)
    )
    data = json.loads(wire.asked[0].content)["data"]
    assert data["title"].isprintable()
    assert data["desc"].isprintable()
    assert len(data["desc"]) <= 1000


async def test_an_unsafe_unit_id_gets_no_task(wire: PlatformWire) -> None:
    with pytest.raises(Anomaly):
        await open_source(wire).raise_task(StaffTask(site=SITE, unit=UnitId("../x"), title="a", text="b"))
    assert wire.asked == []
