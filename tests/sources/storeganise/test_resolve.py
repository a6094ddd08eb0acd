"""Scenarios 3, 5, 7, 8, 9, 12, 13, 14 and 15 of the reference's section 9, and whose a rental is."""

from typing import Any

import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Anomaly, Rejected
from tests.sources.storeganise.platform_wire import (
    ENDED,
    OTHER_SITE,
    RENTAL,
    SUBJECT,
    PlatformWire,
    claimed,
    delivery,
    fixture,
    open_source,
    raw,
    site,
)

pytestmark = pytest.mark.anyio

JOB = "jobs/66f1a0c2b7d4e90015c0c311"
JOB_ID = "66f1a0c2b7d4e90015c0c311"
RENTAL_PATH = f"unit-rentals/{RENTAL}"
ENDED_PATH = f"unit-rentals/{ENDED}"
SEEN = Sighting(subject=SUBJECT, rental=RENTAL)


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(RENTAL_PATH, fixture("rental_occupied"))
    platform.answer(ENDED_PATH, fixture("rental_ended"))
    platform.answer(JOB, fixture("job_move_in"))
    return platform


@pytest.mark.parametrize(
    "event_type",
    [
        "job.unit_moveIn.completed",
        "job.unit_moveIn.cancelled",
        "job.unit_moveOut.created",
        "job.unit_moveOut.started",
        "job.unit_moveOut.completed",
        "job.unit_moveOut.cancelled",
        "unitRental.updated",
        "unitRental.markOverdue",
        "unitRental.unmarkOverdue",
    ],
)
async def test_every_handled_type_leads_to_its_rental_with_or_without_a_job(
    wire: PlatformWire, event_type: str
) -> None:
    named = await open_source(wire).resolve(delivery(event_type, {"unitRentalId": RENTAL}))
    by_job = await open_source(wire).resolve(delivery(event_type, {"jobId": JOB_ID}))
    assert named.sightings == by_job.sightings == (SEEN,)


async def test_a_rental_that_the_event_names_costs_one_call_whatever_job_it_names(wire: PlatformWire) -> None:
    await open_source(wire).resolve(
        delivery("unitRental.markOverdue", {"unitRentalId": RENTAL, "jobId": "66f1a0c2b7d4e90015c0c999"})
    )
    assert wire.calls == [f"GET {RENTAL_PATH}"]


async def test_a_plain_move_in_costs_two_calls(wire: PlatformWire) -> None:
    await open_source(wire).resolve(claimed("job.unit_moveIn.completed", raw("event_b_plain")))
    assert wire.calls == [f"GET {JOB}", f"GET {RENTAL_PATH}"]


async def test_custom_fields_are_always_asked_for(wire: PlatformWire) -> None:
    await open_source(wire).resolve(delivery("unitRental.updated", {"unitRentalId": RENTAL}))
    assert wire.asked[0].url.params["include"] == "customFields"


async def test_a_job_without_a_result_is_read_from_its_start_step(wire: PlatformWire) -> None:
    wire.answer(JOB, fixture("job_move_in_without_result"))
    resolution = await open_source(wire).resolve(delivery("job.unit_moveIn.completed", {"jobId": JOB_ID}))
    assert resolution.sightings == (SEEN,)


async def test_a_job_that_names_its_rental_in_its_data_only_is_read_from_there(wire: PlatformWire) -> None:
    wire.answer("jobs/66f1a0c2b7d4e90015c0c402", fixture("job_move_out"))
    resolution = await open_source(wire).resolve(
        delivery("job.unit_moveOut.created", {"jobId": "66f1a0c2b7d4e90015c0c402"})
    )
    assert resolution.sightings == (SEEN,)


async def test_a_batch_in_a_legacy_job_leads_to_all_of_its_rentals(wire: PlatformWire) -> None:
    wire.answer("jobs/66f1a0c2b7d4e90015c0c611", fixture("job_overdue_batch"))
    resolution = await open_source(wire).resolve(
        delivery("unitRental.markOverdue", {"jobId": "66f1a0c2b7d4e90015c0c611"})
    )
    assert {sighting.rental for sighting in resolution.sightings} == {RENTAL, ENDED}


async def test_the_tenant_is_the_rentals_owner_and_never_the_jobs(wire: PlatformWire) -> None:
    resolution = await open_source(wire).resolve(delivery("job.unit_moveIn.completed", {"jobId": JOB_ID}))
    assert fixture("job_move_in")["ownerId"] != SUBJECT.tenant
    assert resolution.sightings[0].subject.tenant == SUBJECT.tenant


async def test_a_move_in_that_was_cancelled_before_it_had_a_rental_is_nothing(wire: PlatformWire) -> None:
    wire.answer(JOB, fixture("job_move_in_never_started"))
    resolution = await open_source(wire).resolve(delivery("job.unit_moveIn.cancelled", {"jobId": JOB_ID}))
    assert resolution.ignored == "the job has no rental"


async def test_a_completed_move_in_without_a_rental_is_tried_again(wire: PlatformWire) -> None:
    wire.answer(JOB, fixture("job_move_in_never_started"))
    with pytest.raises(Anomaly, match="names no rental"):
        await open_source(wire).resolve(delivery("job.unit_moveIn.completed", {"jobId": JOB_ID}))


async def test_a_job_that_the_platform_does_not_know_is_tried_again() -> None:
    with pytest.raises(Anomaly, match="is not found"):
        await open_source(PlatformWire()).resolve(delivery("job.unit_moveIn.completed", {"jobId": JOB_ID}))


async def test_a_rental_that_the_platform_does_not_know_is_tried_again(wire: PlatformWire) -> None:
    wire.answer(RENTAL_PATH, fixture("error_not_found"), status=404)
    with pytest.raises(Anomaly, match=RENTAL):
        await open_source(wire).resolve(delivery("job.unit_moveIn.completed", {"jobId": JOB_ID}))


async def test_an_answer_about_another_job_is_an_anomaly(wire: PlatformWire) -> None:
    wire.answer(JOB, fixture("job_move_in", id="66f1a0c2b7d4e90015c0c312"))
    with pytest.raises(Anomaly, match="another one"):
        await open_source(wire).resolve(delivery("job.unit_moveIn.completed", {"jobId": JOB_ID}))


@pytest.mark.parametrize("event_type", ["valet.item.low_stock", "invoice.create", "unit.archived", "user.created", ""])
async def test_an_unhandled_type_is_ignored_without_a_call(wire: PlatformWire, event_type: str) -> None:
    resolution = await open_source(wire).resolve(claimed(event_type, b"not even JSON"))
    assert resolution.ignored == "unhandled type"
    assert wire.asked == []


async def test_a_site_that_is_not_configured_is_ignored(wire: PlatformWire) -> None:
    resolution = await open_source(wire, [site(OTHER_SITE)]).resolve(
        delivery("unitRental.markOverdue", {"unitRentalId": RENTAL})
    )
    assert resolution.ignored == "site not configured"
    assert resolution.sightings == ()


@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        {"unitRentalId": 7},
        {"unitRentalId": {"id": RENTAL}},
        {"unitRentalId": "../users"},
        {"unitRentalId": f"{RENTAL}?ownerId=x"},
        {"unitRentalId": "a\u202eb"},
        {"unitRentalIds": RENTAL},
        {"unitRentalIds": [RENTAL, "a/b"]},
        {"jobId": "a,b"},
        {"unitRentalIds": [f"r{n}" for n in range(2001)]},
    ],
)
async def test_an_event_that_cannot_be_followed_is_set_aside_without_a_call(wire: PlatformWire, data: Any) -> None:
    with pytest.raises(Rejected):
        await open_source(wire).resolve(delivery("unitRental.markOverdue", data))
    assert wire.asked == []


async def test_a_field_of_another_type_is_named_and_not_shown(wire: PlatformWire) -> None:
    with pytest.raises(Rejected) as caught:
        await open_source(wire).resolve(delivery("unitRental.updated", {"unitRentalId": {"pin": "482913"}}))
    assert "data.unitRentalId" in str(caught.value)
    assert "482913" not in str(caught.value)


@pytest.mark.parametrize(
    "api_url",
    [
        "https://evil.example/api",
        "https://lakesidebox.storeganise.com.evil.example/api",
        "http://lakesidebox.storeganise.com/api",
        "https://lakesidebox.storeganise.com:8443/api",
        "https://user@lakesidebox.storeganise.com/api",
        "https://lakesidebox.storeganise.com/other/api",
        "https://evil.example#lakesidebox.storeganise.com/api",
        "not a url",
        "https://[",
        "",
        "\x00",
    ],
)
async def test_an_event_of_another_account_is_set_aside_and_no_key_leaves(wire: PlatformWire, api_url: str) -> None:
    with pytest.raises(Rejected, match="apiUrl"):
        await open_source(wire).resolve(delivery("unitRental.markOverdue", {"unitRentalId": RENTAL}, apiUrl=api_url))
    assert wire.asked == []


@pytest.mark.parametrize(
    "api_url", ["https://lakesidebox.storeganise.com/api", "https://LAKESIDEBOX.storeganise.com:443/api/v1/"]
)
async def test_the_accounts_own_api_url_is_fine_in_any_spelling(wire: PlatformWire, api_url: str) -> None:
    resolution = await open_source(wire).resolve(
        delivery("unitRental.markOverdue", {"unitRentalId": RENTAL}, apiUrl=api_url)
    )
    assert resolution.sightings == (SEEN,)
