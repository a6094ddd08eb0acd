"""What has changed at a site, and what the jobs of moves say: all of it or an error, never on a filter's word alone."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Anomaly, RateLimited, Rejected, Unauthorized, Unsupported
from bridge.domain.ids import RentalId, SubjectKey, TenantId
from bridge.ports.source import ChangedRental, MoveJob, NamedJob
from tests.sources.storeganise.platform_wire import (
    ADDON,
    ADDON_KEY,
    CONNECTION,
    ENDED,
    OTHER_SITE,
    RENTAL,
    SITE,
    TENANT,
    PlatformWire,
    fixture,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio
AFTER = datetime(2026, 3, 4, 11, 50, 0, 123456, tzinfo=UTC)
STAMP = "2026-03-04T12:00:00.007Z"
UPDATED = datetime(2026, 3, 4, 12, 0, 0, 7000, tzinfo=UTC)
TRANSFER = "66f1a0c2b7d4e90015c0c503"
RENTAL_PATH, ENDED_PATH = f"unit-rentals/{RENTAL}", f"unit-rentals/{ENDED}"


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    bare = {"id": f"r{number}", "ownerId": f"t{number}", "siteId": SITE, "state": "occupied", "updated": STAMP}
    return {**bare, **changes}


def a_sighting(rental: str, tenant: str) -> Sighting:
    subject = SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(tenant))
    return Sighting(subject=subject, rental=RentalId(rental))


async def changed(wire: PlatformWire, rows: list[Any], **options: Any) -> list[ChangedRental]:
    wire.listing("unit-rentals", rows)
    return list(await open_source(wire, **options).list_changed(SITE, after=AFTER))


async def test_a_change_tells_whose_it_is_when_it_was_and_by_what_it_would_be_heard_of(wire: PlatformWire) -> None:
    (found,) = await changed(wire, [row(1, moveInJobId="j1", moveOutJobId="j2")])
    assert found == ChangedRental(
        sighting=a_sighting("r1", "t1"),
        updated=UPDATED,
        may_earn=True,
        jobs=(
            NamedJob(id="j1", told_by=("job.unit_moveIn.completed", "job.unit_transfer.completed")),
            NamedJob(id="j2", told_by=("job.unit_moveOut.completed", "job.unit_transfer.completed")),
        ),
    )


async def test_the_ended_are_asked_for_apart_since_a_list_may_hide_them(wire: PlatformWire) -> None:
    await changed(wire, [])
    query = {"siteId": SITE, "updatedAfter": "2026-03-04T11:50:00.123Z", "limit": "1000", "offset": "0"}
    assert [dict(asked.url.params) for asked in wire.asked] == [query, {**query, "state": "ended"}]


async def test_another_zone_is_told_in_utc(wire: PlatformWire) -> None:
    wire.listing("unit-rentals", [])
    await open_source(wire).list_changed(SITE, after=AFTER.astimezone(timezone(timedelta(hours=5))))
    assert wire.asked[0].url.params["updatedAfter"] == "2026-03-04T11:50:00.123Z"


async def test_one_list_is_enough_where_it_is_known_to_show_the_ended(wire: PlatformWire) -> None:
    await changed(wire, [], catch_up="one_list")
    assert len(wire.asked) == 1


async def test_a_platform_that_is_not_to_be_asked_is_not(wire: PlatformWire) -> None:
    with pytest.raises(Unsupported):
        await changed(wire, [], catch_up="off")
    assert wire.asked == []


async def test_a_rental_in_any_state_is_told_with_whether_it_may_earn(wire: PlatformWire) -> None:
    states = ("occupied", "pre_completed", "ended", "canceled", "abandoned", "submitted", "reserved")
    found = await changed(wire, [row(number, state=state) for number, state in enumerate(states)])
    assert [state for state, one in zip(states, found, strict=True) if one.may_earn] == ["occupied", "pre_completed"]


async def test_a_rental_in_both_lists_is_told_once_as_it_was_last(wire: PlatformWire) -> None:
    def lists(request: httpx.Request) -> httpx.Response:
        late = row(1, state="ended", updated="2026-03-04T12:00:01.000Z")
        return httpx.Response(200, json=[late if "state" in request.url.params else row(1)])

    wire.answer_with("unit-rentals", lists)
    (found,) = await open_source(wire).list_changed(SITE, after=AFTER)
    assert (found.may_earn, found.updated) == (False, UPDATED + timedelta(seconds=0.993))


async def test_what_is_older_than_was_asked_for_is_left_out(wire: PlatformWire) -> None:
    rows = [row(1), row(2, updated="2026-03-04T11:50:00.123Z"), row(3, updated="2024-01-01T00:00:00Z")]
    assert [one.sighting.rental for one in await changed(wire, rows)] == ["r1"]


async def test_a_stamp_without_an_offset_is_in_utc(wire: PlatformWire) -> None:
    assert [one.updated for one in await changed(wire, [row(1, updated="2026-03-04T12:00:00.007")])] == [UPDATED]


@pytest.mark.parametrize(
    "broken",
    [
        {"siteId": OTHER_SITE},
        {"siteId": OTHER_SITE, "updated": "2024-01-01T00:00:00Z"},
        {"updated": "yesterday"},
        {"updated": None},
        {"updated": 7},
        {"ownerId": "../x"},
        {"moveInJobId": "a b"},
        {"id": "a/b"},
    ],
)
async def test_one_row_that_cannot_be_used_makes_the_whole_list_worthless(
    wire: PlatformWire, broken: dict[str, Any]
) -> None:
    with pytest.raises(Anomaly, match="unit-rentals"):
        await changed(wire, [row(1), row(2, **broken)])


@pytest.mark.parametrize(
    ("rentals", "calls"), [(19, 1), (20, 2 * 2), (999, 2 * 2), (1000, 2 * 2), (1001, 2 * 2), (2500, 2 * 3)]
)
async def test_what_may_have_had_two_pages_is_read_twice(wire: PlatformWire, rentals: int, calls: int) -> None:
    found = await changed(wire, [row(number) for number in range(rentals)], catch_up="one_list")
    assert (len(found), len(wire.asked)) == (rentals, calls)


async def test_a_list_in_which_something_new_stands_each_time_comes_to_an_end(wire: PlatformWire) -> None:
    made = 0

    def ever_more(request: httpx.Request) -> httpx.Response:
        nonlocal made
        made += 1
        rows = [row(number) for number in range(30 + made)]
        return httpx.Response(200, json=rows if request.url.params["offset"] == "0" else [])

    wire.answer_with("unit-rentals", ever_more)
    assert len(await open_source(wire, catch_up="one_list").list_changed(SITE, after=AFTER)) > 30


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (401, Unauthorized), (400, Rejected)])
async def test_a_list_that_is_refused_is_an_error(wire: PlatformWire, status: int, error: type[Exception]) -> None:
    wire.answer("unit-rentals", {}, status=status)
    with pytest.raises(error):
        await open_source(wire).list_changed(SITE, after=AFTER)


async def test_a_sites_add_on_asks_for_itself(wire: PlatformWire) -> None:
    wire.listing("unit-rentals", [])
    source = open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY)
    await source.list_changed(SITE, after=AFTER)
    assert wire.keys == {f"Addon {ADDON}|{ADDON_KEY}"}


async def test_a_site_that_is_not_configured_is_not_asked_about(wire: PlatformWire) -> None:
    source = open_source(wire)
    with pytest.raises(Rejected):
        await source.list_changed(OTHER_SITE, after=AFTER)
    with pytest.raises(Rejected):
        await source.read_job(OTHER_SITE, "j1")
    assert wire.asked == []


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled", "ready", "running", None])
async def test_a_job_is_over_when_its_last_delivery_was_due(wire: PlatformWire, state: str | None) -> None:
    wire.answer("jobs/j1", {"id": "j1", "type": "unit_moveIn", "state": state, "updated": STAMP})
    is_over = state in {"completed", "failed"}
    assert await open_source(wire).read_job(SITE, "j1") == MoveJob(is_over=is_over, changed_at=UPDATED)


@pytest.mark.parametrize("updated", [None, "soon", 5, [], "2026-13-01"])
async def test_a_job_without_a_stamp_says_so(wire: PlatformWire, updated: Any) -> None:
    wire.answer("jobs/j1", {"id": "j1", "type": "unit_moveOut", "state": "completed", "updated": updated})
    assert await open_source(wire).read_job(SITE, "j1") == MoveJob(is_over=True, changed_at=None)


@pytest.mark.parametrize("kind", ["task", "valetOrder", None])
async def test_a_job_that_is_no_move_is_none(wire: PlatformWire, kind: str | None) -> None:
    wire.answer("jobs/j1", {"id": "j1", "type": kind, "state": "completed", "updated": STAMP})
    assert await open_source(wire).read_job(SITE, "j1") is None
    assert await open_source(wire).read_job(SITE, "j2") is None, "one that is gone"


async def test_a_transfer_tells_both_rentals_and_links_them(wire: PlatformWire) -> None:
    wire.answer(f"jobs/{TRANSFER}", fixture("job_transfer", updated=STAMP))
    wire.answer(RENTAL_PATH, fixture("rental_occupied"))
    wire.answer(ENDED_PATH, fixture("rental_ended"))
    job = await open_source(wire).read_job(SITE, TRANSFER)
    assert job is not None
    assert set(job.sightings) == {a_sighting(RENTAL, TENANT), a_sighting(ENDED, TENANT)}
    assert (dict(job.transfers), job.changed_at) == ({ENDED: RENTAL}, UPDATED)


async def test_a_transfer_of_two_owners_links_nobody(wire: PlatformWire) -> None:
    wire.answer(f"jobs/{TRANSFER}", fixture("job_transfer", updated=STAMP))
    wire.answer(RENTAL_PATH, fixture("rental_occupied", ownerId="t2"))
    wire.answer(ENDED_PATH, fixture("rental_ended"))
    job = await open_source(wire).read_job(SITE, TRANSFER)
    assert job is not None
    assert (len(job.sightings), dict(job.transfers)) == (2, {})


@pytest.mark.parametrize("status", [404, 403])
async def test_a_transfer_of_which_a_side_cannot_be_read_links_nobody(wire: PlatformWire, status: int) -> None:
    wire.answer(f"jobs/{TRANSFER}", fixture("job_transfer", updated=STAMP))
    wire.answer(RENTAL_PATH, fixture("rental_occupied"))
    wire.answer(ENDED_PATH, {}, status=status)
    job = await open_source(wire).read_job(SITE, TRANSFER)
    assert job is not None
    assert dict(job.transfers) == {}


async def test_a_transfer_to_a_site_that_is_not_configured_is_seen_here_only(wire: PlatformWire) -> None:
    wire.answer(f"jobs/{TRANSFER}", fixture("job_transfer", updated=STAMP))
    wire.answer(RENTAL_PATH, fixture("rental_occupied", siteId=OTHER_SITE))
    wire.answer(ENDED_PATH, fixture("rental_ended"))
    job = await open_source(wire).read_job(SITE, TRANSFER)
    assert job is not None
    assert job.sightings == (a_sighting(ENDED, TENANT),)
