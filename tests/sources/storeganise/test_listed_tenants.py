"""What a site's list says of each tenant is what a run would read of them alone, or nothing."""

from typing import Any

import httpx
import pytest

from bridge.domain.ids import RentalId, SiteId, SubjectKey, TenantId
from bridge.ports.source import SiteListing
from tests.sources.storeganise.platform_wire import CONNECTION, SITE, PlatformWire, fixture, open_source

pytestmark = pytest.mark.anyio


def whole(number: int = 1, tenant: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a rental as a list shows it that was asked for all that belongs to it."""
    tenant = number if tenant is None else tenant
    bare = {
        "id": f"r{number}",
        "ownerId": f"t{tenant}",
        "siteId": SITE,
        "state": "occupied",
        "unitId": f"u{number}",
        "startDate": "2026-03-04",
        "customFields": {"gate_pinCode": "482913", "gate_overlocked": number % 2 == 0, "gate_status": "granted"},
        "unit": {"id": f"u{number}", "name": f"B-{number}", "state": "occupied", "customFields": {"gate_id": "B"}},
        "owner": {"id": f"t{tenant}", "firstName": "Mira", "lastName": f"Okafor {tenant}", "email": "m@example.net"},
    }
    return {**bare, **changes}


def a_subject(tenant: int = 1) -> SubjectKey:
    return SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(f"t{tenant}"))


async def listed(wire: PlatformWire, rows: list[Any]) -> SiteListing:
    wire.listing("unit-rentals", rows)
    listing = await open_source(wire).list_site(SITE)
    wire.asked.clear()
    return listing


def one_tenants(wire: PlatformWire, rows: list[dict[str, Any]]) -> None:
    """Answer both lists as the platform does: a site's, and one tenant's there."""

    def page(request: httpx.Request) -> httpx.Response:
        params = request.url.params
        found = [row for row in rows if params.get("ownerId", row["ownerId"]) == row["ownerId"]]
        start = int(params["offset"])
        return httpx.Response(200, json=found[start : start + int(params["limit"])])

    wire.answer_with("unit-rentals", page)


async def test_it_is_what_a_look_at_each_of_them_alone_tells(wire: PlatformWire) -> None:
    job = fixture("job_move_out", id="j4", data={"unitRentalId": "r4", "date": "2026-06-30"})
    rows = [
        whole(1),
        whole(2, tenant=1, overdue="2026-04-11T18:00:09.201Z"),
        whole(3, overdue=True, startDate=None),
        whole(4, moveOutJobId="j4"),
        whole(5, unit={"id": "u5", "name": "B-5", "state": "blocked", "customFields": {"gate_id": "NONE"}}),
        whole(6, state="pre_completed"),
        whole(7, customFields={"gate_overlocked": "perhaps"}),
        whole(8, moveOutJobId="j8"),
        *(whole(number, tenant=number % 3 + 20) for number in range(20, 260)),
        whole(260, tenant=1),
    ]
    one_tenants(wire, rows)
    wire.answer("jobs/j4", job)
    source = open_source(wire)

    listing = await source.list_site(SITE)

    assert len(listing.sightings) == len(rows)
    tenants = {seen.subject for seen in listing.sightings}
    assert listing.snapshots == {one: await source.snapshot(one, {}) for one in tenants}
    assert len(listing.snapshots[a_subject(1)].rentals) == 3
    assert listing.snapshots[a_subject(4)].rentals[0].move_out_date is not None
    assert listing.snapshots[a_subject(7)].unreadable.keys() == {RentalId("r7")}


async def test_a_call_is_made_for_a_page_and_for_a_job_that_a_row_names(wire: PlatformWire) -> None:
    wire.listing("unit-rentals", [whole(number) for number in range(1, 260)] + [whole(260, moveOutJobId="j1")])
    await open_source(wire).list_site(SITE)
    assert wire.calls == ["GET unit-rentals"] * 3 + ["GET jobs/j1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": None},
        {"unit": None},
        {"customFields": None},
        {"unit": {"id": "u1", "name": "B-1", "state": "occupied"}},
        {"owner": {"id": "t9", "firstName": "Somebody"}},
        {"unit": {"id": "u9", "name": "B-9", "state": "occupied", "customFields": {}}},
        {"startDate": 20260304},
        {"unitId": None, "unit": None},
    ],
)
async def test_a_tenant_of_whom_a_row_says_too_little_is_left_to_be_read_alone(
    wire: PlatformWire, changes: dict[str, Any]
) -> None:
    listing = await listed(wire, [whole(1, **changes), whole(2, tenant=1), whole(3)])
    assert listing.snapshots.keys() == {a_subject(3)}
    assert [seen.rental for seen in listing.sightings] == ["r1", "r2", "r3"]


async def test_a_job_that_cannot_be_had_leaves_its_tenant_to_be_read_alone(wire: PlatformWire) -> None:
    wire.answer("jobs/j1", {}, status=503)
    listing = await listed(wire, [whole(1, moveOutJobId="j1"), whole(2)])
    assert listing.snapshots.keys() == {a_subject(2)}


async def test_rows_that_come_again_are_counted_and_are_no_second_rental(wire: PlatformWire) -> None:
    rows = [whole(number) for number in range(1, 111)]
    listing = await listed(wire, [*rows, rows[99], rows[0]])
    assert (len(listing.sightings), listing.repeated, len(listing.snapshots)) == (110, 2, 110)


async def test_a_rental_that_two_tenants_are_said_to_have_says_nothing_of_either(wire: PlatformWire) -> None:
    listing = await listed(wire, [whole(1, tenant=1), whole(1, tenant=2), whole(3)])
    assert (set(listing.snapshots), listing.repeated) == ({a_subject(3)}, 1)


async def test_a_server_that_ignores_the_offset_is_seen_by_its_repeated_rows(wire: PlatformWire) -> None:
    rows = [whole(number) for number in range(1, 251)]
    wire.answer_with("unit-rentals", lambda _: httpx.Response(200, json=rows))
    listing = await open_source(wire).list_site(SITE)
    assert (len(listing.sightings), listing.repeated) == (250, 250)


async def test_another_sites_key_is_nobodys(wire: PlatformWire) -> None:
    listing = await listed(wire, [whole(1)])
    assert {key.site for key in listing.snapshots} == {SiteId(SITE)}
