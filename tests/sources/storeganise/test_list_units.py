"""The units that staff map to doors: all of a site's, or an error that says which one cannot be read."""

from typing import Any

import httpx
import pytest

from bridge.domain.errors import Anomaly, Rejected, Unauthorized, Unreachable
from bridge.domain.ids import TargetId, UnitId
from bridge.domain.tenancy import Unit
from tests.sources.storeganise.platform_wire import (
    ADDON,
    ADDON_KEY,
    API_KEY,
    OTHER_SITE,
    SITE,
    PlatformWire,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    bare = {"id": f"u{number}", "siteId": SITE, "name": f"B-{number:03}", "state": "available", "customFields": {}}
    return {**bare, **changes}


async def listed(wire: PlatformWire, *rows: dict[str, Any]) -> list[Unit]:
    wire.listing("units", rows)
    return list(await open_source(wire).list_units(SITE))


async def test_units_are_listed_as_staff_have_mapped_them(wire: PlatformWire) -> None:
    rows = [
        row(1, customFields={"gate_id": " d-1 "}),
        row(2, customFields={"gate_id": "NONE"}),
        row(3, customFields={"gate_id": None}),
        row(4, state="blocked", customFields={"seam_id": "another's"}),
    ]
    assert await listed(wire, *rows) == [
        Unit(id=UnitId("u1"), name="B-001", target=TargetId("d-1")),
        Unit(id=UnitId("u2"), name="B-002", opted_out=True),
        Unit(id=UnitId("u3"), name="B-003"),
        Unit(id=UnitId("u4"), name="B-004", blocked=True),
    ]
    (asked,) = wire.asked
    assert dict(asked.url.params) == {"siteId": SITE, "include": "customFields", "limit": "100", "offset": "0"}
    assert wire.keys == {f"ApiKey {API_KEY}"}


async def test_units_are_listed_to_the_last_page(wire: PlatformWire) -> None:
    assert len(await listed(wire, *[row(number) for number in range(250)])) == 250
    assert len(wire.calls) == 3


async def test_a_unit_that_nobody_can_rent_is_left_out(wire: PlatformWire) -> None:
    assert [unit.id for unit in await listed(wire, row(1), row(2, state="archived"))] == ["u1"]


async def test_a_name_is_one_printable_line(wire: PlatformWire) -> None:
    (unit,) = await listed(wire, row(1, name="B\n\x1b[31m014"))
    assert unit.name == "B [31m014"


async def test_one_unit_of_another_site_makes_the_whole_list_worthless(wire: PlatformWire) -> None:
    with pytest.raises(Anomaly, match=SITE):
        await listed(wire, row(1), row(2, siteId=OTHER_SITE))


@pytest.mark.parametrize(
    "broken", [{"id": "a/b"}, {"name": 7}, {"customFields": []}, {"customFields": {"gate_id": []}}]
)
async def test_one_unit_that_cannot_be_read_makes_the_whole_list_worthless(
    wire: PlatformWire, broken: dict[str, Any]
) -> None:
    with pytest.raises(Anomaly, match="units"):
        await listed(wire, row(1), row(2, **broken))


@pytest.mark.parametrize(("status", "error"), [(404, Rejected), (403, Unauthorized), (503, Unreachable)])
async def test_a_later_page_that_fails_fails_the_whole_list(
    wire: PlatformWire, status: int, error: type[Exception]
) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        if request.url.params["offset"] != "0":
            return httpx.Response(status, json={})
        return httpx.Response(200, json=[row(number) for number in range(100)])

    wire.answer_with("units", page)
    with pytest.raises(error):
        await open_source(wire).list_units(SITE)


async def test_units_of_a_site_that_is_not_configured_are_not_asked_for(wire: PlatformWire) -> None:
    with pytest.raises(Rejected):
        await open_source(wire).list_units(OTHER_SITE)
    assert wire.asked == []


async def test_units_are_listed_by_the_sites_add_on_where_there_is_no_api_key(wire: PlatformWire) -> None:
    wire.listing("units", [])
    await open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY).list_units(SITE)
    assert wire.keys == {f"Addon {ADDON}|{ADDON_KEY}"}
