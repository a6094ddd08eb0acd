"""A question about a tenant, a rental or a unit, answered by the platform."""

from typing import Any

import httpx
import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Unauthorized, Unreachable
from bridge.domain.ids import SiteId, UnitId
from bridge.domain.whom import By, Whom
from bridge.ports.source import Located
from tests.sources.storeganise.platform_wire import (
    ADDON_KEY,
    OTHER_SITE,
    RENTAL,
    SITE,
    SUBJECT,
    TENANT,
    PlatformWire,
    fixture,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio

UNIT = UnitId("66f1a0c2b7d4e90015c0d014")
TWIN = UnitId("66f1a0c2b7d4e90015c0d114")
SEEN = Sighting(subject=SUBJECT, rental=RENTAL)
NOBODY = Located()


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(f"units/{UNIT}", fixture("unit"))
    platform.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied"))
    return platform


def named(wire: PlatformWire, *rows: dict[str, Any]) -> None:
    """Answer lists of units by site, whatever is searched for."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        found = [row for row in rows if row["siteId"] == asked["siteId"]]
        return httpx.Response(200, json=found[int(asked["offset"]) :])

    wire.answer_with("units", answer)


async def locate(wire: PlatformWire, by: By, text: str, at: SiteId | None = None, **options: Any) -> Located:
    return await open_source(wire, **options).locate(Whom(by=by, id=text, site=at))


async def test_a_rental_leads_to_its_own_owner_and_site(wire: PlatformWire) -> None:
    assert await locate(wire, By.RENTAL, RENTAL) == Located(sightings=(SEEN,))
    assert wire.calls == [f"GET unit-rentals/{RENTAL}"]


async def test_a_tenant_leads_to_what_they_rent_at_every_site(wire: PlatformWire) -> None:
    wire.listing("unit-rentals", [fixture("rental_occupied")])
    assert await locate(wire, By.TENANT, TENANT) == Located(sightings=(SEEN,))


async def test_a_unit_leads_to_the_rental_that_holds_it(wire: PlatformWire) -> None:
    assert await locate(wire, By.UNIT, UNIT) == Located(sightings=(SEEN,), units=(UNIT,))


async def test_a_unit_that_is_not_let_is_known_and_leads_to_nobody(wire: PlatformWire) -> None:
    wire.answer(f"units/{UNIT}", fixture("unit", rentalId=None))
    assert await locate(wire, By.UNIT, UNIT) == Located(units=(UNIT,))


async def test_a_unit_is_found_by_its_whole_name(wire: PlatformWire) -> None:
    row = fixture("unit")
    named(wire, row, {**row, "id": TWIN, "name": f"{row['name']}0"})
    assert await locate(wire, By.UNIT, row["name"]) == Located(sightings=(SEEN,), units=(UNIT,))
    assert wire.asked[0].url.params["search"] == row["name"]


async def test_a_name_that_two_units_have_tells_both_and_nobody(wire: PlatformWire) -> None:
    row = fixture("unit")
    named(wire, row, {**row, "id": TWIN, "siteId": OTHER_SITE})
    sites = [site(), site(OTHER_SITE)]
    assert await locate(wire, By.UNIT, row["name"], sites=sites) == Located(units=(UNIT, TWIN))
    assert await locate(wire, By.UNIT, row["name"], SITE, sites=sites) == Located(sightings=(SEEN,), units=(UNIT,))


async def test_an_id_of_another_form_is_found_where_no_unit_has_it_for_a_name(wire: PlatformWire) -> None:
    named(wire)
    wire.answer("units/unit-7", fixture("unit", id="unit-7"))
    assert await locate(wire, By.UNIT, "unit-7") == Located(sightings=(SEEN,), units=(UnitId("unit-7"),))


async def test_another_site_is_nobodys(wire: PlatformWire) -> None:
    wire.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied", siteId=OTHER_SITE))
    wire.answer(f"units/{UNIT}", fixture("unit", siteId=OTHER_SITE))
    assert await locate(wire, By.RENTAL, RENTAL) == NOBODY
    assert await locate(wire, By.UNIT, UNIT) == NOBODY


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("text", ["../settings", "a b", "", "\x1b[2J", "x" * 10_000, "é"])
async def test_what_is_no_id_never_enters_a_path(wire: PlatformWire, by: By, text: str) -> None:
    named(wire)
    assert await locate(wire, by, text) == NOBODY
    assert all(call == "GET units" for call in wire.calls)


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_what_the_platform_refuses_to_look_up_is_nobodys(wire: PlatformWire, status: int) -> None:
    wire.answer("unit-rentals/nothing", {"error": {}}, status=status)
    assert await locate(wire, By.RENTAL, "nothing") == NOBODY


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (503, Unreachable)])
async def test_a_platform_that_cannot_be_asked_is_an_error(
    wire: PlatformWire, status: int, error: type[Exception]
) -> None:
    wire.answer(f"unit-rentals/{RENTAL}", {"error": {}}, status=status)
    with pytest.raises(error):
        await locate(wire, By.RENTAL, RENTAL)


async def test_without_an_api_key_each_sites_add_on_is_asked(wire: PlatformWire) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_here = request.headers["authorization"].startswith("Addon a2|")
        return httpx.Response(200, json=fixture("rental_occupied")) if is_here else httpx.Response(403, json={})

    wire.answer_with(f"unit-rentals/{RENTAL}", answer)
    sites = [site(OTHER_SITE, addon_id="a1"), site(addon_id="a2")]
    found = await locate(wire, By.RENTAL, RENTAL, sites=sites, api_key=None, addon_key=ADDON_KEY)
    assert found == Located(sightings=(SEEN,))
