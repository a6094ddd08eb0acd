"""Who rents at a site: all of them or nobody, and never on the filters' word alone."""

from typing import Any

import httpx
import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Anomaly, RateLimited, Rejected, Unauthorized, Unreachable
from bridge.domain.ids import RentalId, SubjectKey, TenantId
from tests.sources.storeganise.platform_wire import (
    ADDON,
    ADDON_KEY,
    API_KEY,
    CONNECTION,
    OTHER_SITE,
    SITE,
    PlatformWire,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a rental as a list shows it that was asked for nothing beside it."""
    bare = {"id": f"r{number}", "ownerId": f"t{number}", "siteId": SITE, "state": "occupied", "unitId": f"u{number}"}
    return {**bare, **changes}


def seen(number: int = 1) -> Sighting:
    subject = SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(f"t{number}"))
    return Sighting(subject=subject, rental=RentalId(f"r{number}"))


async def listed(wire: PlatformWire, rows: list[Any]) -> list[Sighting]:
    wire.listing("unit-rentals", rows)
    listing = await open_source(wire).list_site(SITE)
    assert listing.site == SITE
    return list(listing.sightings)


async def test_occupied_rentals_are_asked_for_with_what_belongs_to_them(wire: PlatformWire) -> None:
    assert await listed(wire, [row(1), row(2)]) == [seen(1), seen(2)]
    (asked,) = wire.asked
    include = "unit,owner,customFields"
    query = {"siteId": SITE, "state": "occupied", "include": include, "limit": "100", "offset": "0"}
    assert dict(asked.url.params) == query
    assert wire.keys == {f"ApiKey {API_KEY}"}


@pytest.mark.parametrize(("rentals", "calls"), [(0, 1), (19, 1), (99, 2), (100, 2), (250, 3), (1000, 11)])
async def test_a_hundred_rentals_cost_a_call_and_the_end_of_the_list_one_at_most(
    wire: PlatformWire, rentals: int, calls: int
) -> None:
    assert len(await listed(wire, [row(number) for number in range(rentals)])) == rentals
    assert len(wire.calls) == calls


@pytest.mark.parametrize("state", ["ended", "cancelled", "canceled", "abandoned", "submitted", "reserved"])
async def test_a_rental_in_another_state_than_was_asked_for_is_left_out(wire: PlatformWire, state: str) -> None:
    assert await listed(wire, [row(1), row(2, state=state)]) == [seen(1)]


async def test_a_state_that_is_no_known_word_may_earn_access(wire: PlatformWire) -> None:
    assert await listed(wire, [row(1, state="pre_completed")]) == [seen(1)]


async def test_one_row_of_another_site_makes_the_whole_list_worthless(wire: PlatformWire) -> None:
    with pytest.raises(Anomaly, match=SITE):
        await listed(wire, [row(1), row(2, siteId=OTHER_SITE, state="ended")])


async def test_an_operator_says_how_long_a_page_is(wire: PlatformWire) -> None:
    wire.listing("unit-rentals", [row(number) for number in range(110)])
    assert len((await open_source(wire, list_page=40).list_site(SITE)).sightings) == 110
    assert [request.url.params["limit"] for request in wire.asked] == ["40"] * 3


@pytest.mark.parametrize(
    "broken", [{}, {"ownerId": None}, {"ownerId": "../x"}, {"state": None}, {"id": "a/b"}, {"siteId": 7}]
)
async def test_one_row_that_does_not_say_whose_it_is_makes_the_whole_list_worthless(
    wire: PlatformWire, broken: dict[str, Any]
) -> None:
    rows = [row(1), row(2, **broken) if broken else {"id": "r2"}]
    with pytest.raises(Anomaly):
        await listed(wire, rows)


@pytest.mark.parametrize(
    ("status", "error"), [(404, Rejected), (403, Unauthorized), (429, RateLimited), (503, Unreachable)]
)
async def test_a_later_page_that_fails_fails_the_whole_list(
    wire: PlatformWire, status: int, error: type[Exception]
) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        if request.url.params["offset"] != "0":
            return httpx.Response(status, json={})
        return httpx.Response(200, json=[row(number) for number in range(100)])

    wire.answer_with("unit-rentals", page)
    with pytest.raises(error):
        await open_source(wire).list_site(SITE)


async def test_a_server_that_ignores_the_offset_does_not_list_for_ever(wire: PlatformWire) -> None:
    rows = [row(number) for number in range(250)]
    wire.answer_with("unit-rentals", lambda _: httpx.Response(200, json=rows))
    assert len((await open_source(wire).list_site(SITE)).sightings) == 250
    assert len(wire.calls) == 2


@pytest.mark.parametrize("body", [{}, "none", None, 7])
async def test_an_answer_that_is_no_list_is_an_anomaly(wire: PlatformWire, body: Any) -> None:
    wire.answer_with("unit-rentals", lambda _: httpx.Response(200, json=body))
    with pytest.raises(Anomaly):
        await open_source(wire).list_site(SITE)


async def test_a_site_that_is_not_configured_is_not_listed(wire: PlatformWire) -> None:
    with pytest.raises(Rejected):
        await open_source(wire).list_site(OTHER_SITE)
    assert wire.asked == []


async def test_a_site_is_listed_by_its_add_on_where_there_is_no_api_key(wire: PlatformWire) -> None:
    wire.listing("unit-rentals", [])
    await open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY).list_site(SITE)
    assert wire.keys == {f"Addon {ADDON}|{ADDON_KEY}"}
