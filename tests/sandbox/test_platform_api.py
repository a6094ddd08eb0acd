"""The admin API: shapes, lists, writes, and who may call it (reference, sections 1, 4 and 5)."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.sandbox.platform import (
    LAKESIDE,
    LAKESIDE_ADDON,
    MIRA,
    EventType,
    PlatformSettings,
    Sender,
    World,
    build_platform,
    demo_world,
)

pytestmark = pytest.mark.anyio

B014 = "66f1a0c2b7d4e90015c0d014"
B021 = "66f1a0c2b7d4e90015c0d021"
B027 = "66f1a0c2b7d4e90015c0d027"
JONAS = "66f1a0c2b7d4e90015c01778"
NOBODY = "66f1a0c2b7d4e90015c00000"
ROOT = "http://platform.test/api/v1/admin/"


class Standing:
    def now(self) -> datetime:
        return datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def client_of(world: World, **changes: Any) -> httpx.AsyncClient:
    settings = PlatformSettings(api_keys=(Secret("k-1"), Secret("k-2")), addon_key=Secret("a-1"), **changes)
    app = build_platform(world, Sender(world, settings), settings)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT, headers={"authorization": "ApiKey k-1"})


@pytest.fixture
def world() -> World:
    return demo_world(base=Standing())


@pytest.fixture
async def api(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(world) as client:
        yield client


async def ids(client: httpx.AsyncClient, path: str, **query: str | int) -> list[str]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize(
    "proof",
    [
        "ApiKey k-1",
        "ApiKey k-2",
        f"Addon {LAKESIDE_ADDON}|a-1",
    ],
)
async def test_a_known_key_opens_the_api(api: httpx.AsyncClient, proof: str) -> None:
    assert (await api.get("settings", headers={"authorization": proof})).status_code == 200


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "ApiKey",
        "ApiKey k-3",
        "apikey k-1",
        "Bearer k-1",
        "ApiKey a-1",
        f"Addon {LAKESIDE_ADDON}|k-1",
        f"Addon {NOBODY}|a-1",
        f"Addon {LAKESIDE_ADDON}",
        "Addon |a-1",
        "ApiKey \xe9",
    ],
)
async def test_any_other_proof_is_401_with_the_error_body(api: httpx.AsyncClient, proof: str) -> None:
    answer = await api.get("settings", headers={b"authorization": proof.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "unauthorized"


async def test_without_configured_keys_nobody_gets_in(world: World) -> None:
    settings = PlatformSettings()
    app = build_platform(world, Sender(world, settings), settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as client:
        for proof in ("ApiKey ", f"Addon {LAKESIDE_ADDON}|"):
            assert (await client.get("settings", headers={"authorization": proof})).status_code == 401


async def test_a_rental_has_the_documented_shape(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    body = (await api.get(f"unit-rentals/{rental.id}")).json()
    assert body["id"] == rental.id
    assert (body["unitId"], body["siteId"], body["ownerId"]) == (B014, LAKESIDE, MIRA)
    assert (body["state"], body["startDate"], body["moveInJobId"]) == ("occupied", "2026-03-04", rental.move_in_job_id)
    assert body["created"] == "2026-03-04T12:00:00.000Z"
    assert not {"customFields", "unit", "owner", "overdue", "endDate", "moveOutJobId"} & body.keys()


async def test_custom_fields_come_only_when_asked_for_in_the_parts_too(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {"gate_pinCode": "482913"})
    bare = (await api.get(f"unit-rentals/{rental.id}", params={"include": "unit,owner"})).json()
    whole = (await api.get(f"unit-rentals/{rental.id}", params={"include": "unit,owner,customFields,junk"})).json()
    assert not any("customFields" in part for part in (bare, bare["unit"], bare["owner"]))
    assert whole["customFields"] == {"gate_pinCode": "482913"}
    assert whole["unit"]["customFields"] == {"gate_id": "B-014"}
    assert whole["owner"]["customFields"] == {}


async def test_overdue_is_a_stamp_on_rental_and_owner(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    world.mark_overdue(rental.id)
    body = (await api.get(f"unit-rentals/{rental.id}", params={"include": "owner"})).json()
    assert body["overdue"] == body["owner"]["overdue"] == "2026-03-04T12:00:00.000Z"


async def test_a_list_is_a_bare_array_of_a_hundred_and_pages_by_offset(world: World, api: httpx.AsyncClient) -> None:
    made = [world.create_unit(LAKESIDE, f"C-{number}").id for number in range(250)]
    first = await ids(api, "units")
    rest = await ids(api, "units", limit=1000, offset=100)
    assert len(first) == 100
    assert {*made} <= {*first, *rest}
    assert not {*first} & {*rest}


async def test_a_limit_above_the_maximum_is_cut(world: World) -> None:
    async with client_of(world, max_limit=4) as client:
        assert len(await ids(client, "units", limit=5000)) == 4


async def test_a_list_past_its_end_is_empty(api: httpx.AsyncClient) -> None:
    assert await ids(api, "units", offset=1000) == []


@pytest.mark.parametrize(
    "query", [{"limit": "x"}, {"offset": "-1"}, {"updatedAfter": "soon"}, {"start": "a,b"}, {"limit": "9" * 5000}]
)
async def test_a_parameter_that_cannot_be_read_is_400(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get("unit-rentals", params=query)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "bad_request")


async def test_rentals_are_found_by_owner_site_ids_and_state(world: World, api: httpx.AsyncClient) -> None:
    far = world.create_site(code="far", title="Far")
    mine, other = world.move_in(MIRA, B014), world.move_in(JONAS, B021)
    there = world.move_in(MIRA, world.create_unit(far.id, "F-1").id)
    to_come = world.move_in(MIRA, B027, date(2026, 4, 1))
    assert await ids(api, "unit-rentals", ownerId=MIRA, siteId=LAKESIDE) == [mine.id, to_come.id]
    assert await ids(api, "unit-rentals", ids=f"{there.id},{other.id},{NOBODY}") == [other.id, there.id]
    assert await ids(api, "unit-rentals", ownerId=MIRA, state="reserved") == [to_come.id]
    assert await ids(api, "unit-rentals", siteId=LAKESIDE, state="active") == [mine.id, other.id, to_come.id]
    assert await ids(api, "unit-rentals", state="nonsense") == []


async def test_ended_rentals_are_listed_without_a_state(world: World, api: httpx.AsyncClient) -> None:
    ended = world.confirm_move_out(world.move_in(MIRA, B014).id)
    assert await ids(api, "unit-rentals", ownerId=MIRA) == [ended.id]
    assert await ids(api, "unit-rentals", ownerId=MIRA, state="active") == []


async def test_ended_rentals_can_be_hidden_but_not_from_those_who_name_them(world: World) -> None:
    ended = world.confirm_move_out(world.move_in(MIRA, B014).id)
    async with client_of(world, list_hides_ended=True) as client:
        assert await ids(client, "unit-rentals", ownerId=MIRA) == []
        assert await ids(client, "unit-rentals", state="ended") == [ended.id]
        assert await ids(client, "unit-rentals", ids=ended.id) == [ended.id]


async def test_units_and_users_are_found_by_what_they_have(world: World, api: httpx.AsyncClient) -> None:
    far = world.create_site(code="far", title="Far")
    unit = world.create_unit(far.id, "F-1")
    assert await ids(api, "units", siteId=far.id) == [unit.id]
    assert await ids(api, "units", state="blocked") == ["66f1a0c2b7d4e90015c0d033"]
    assert await ids(api, "units", search="b-01") == [B014]
    assert await ids(api, "users", search="okafor") == [MIRA]
    assert await ids(api, "users", ids=JONAS) == [JONAS]


async def test_a_body_above_the_cap_is_refused(api: httpx.AsyncClient) -> None:
    content = b'{"customFields": {"a": "' + b"x" * 1024 * 1024 + b'"}}'
    answer = await api.put(f"units/{B014}", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_updated_after_finds_what_changed_since(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    world.clock.advance(timedelta(seconds=10))
    world.move_in(JONAS, B021)
    assert rental.id not in await ids(api, "unit-rentals", updatedAfter="2026-03-04T12:00:00.000Z")
    assert rental.id in await ids(api, "unit-rentals", updatedAfter="2026-03-04T11:59:59.999Z")
    world.mark_overdue(rental.id)
    assert rental.id in await ids(api, "unit-rentals", updatedAfter="2026-03-04T12:00:05.000Z")


async def test_start_and_end_are_ranges_of_days(world: World, api: httpx.AsyncClient) -> None:
    soon = world.move_in(MIRA, B014, date(2026, 3, 10))
    late = world.move_in(MIRA, B021, date(2026, 3, 20))
    ended = world.confirm_move_out(world.move_in(JONAS, B027).id)
    assert await ids(api, "unit-rentals", start="2026-03-05,2026-03-10") == [soon.id]
    assert await ids(api, "unit-rentals", start="2026-03-11,") == [late.id]
    assert await ids(api, "unit-rentals", end="2026-03-04,2026-03-04") == [ended.id]


async def test_a_put_merges_and_null_clears(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {"other_field": "keep", "gate_pinCode": "111222"})
    answer = await api.put(
        f"unit-rentals/{rental.id}",
        params={"include": "customFields"},
        json={"customFields": {"gate_pinCode": None, "gate_status": "granted"}},
    )
    assert answer.json()["customFields"] == {"other_field": "keep", "gate_status": "granted"}


async def test_a_put_tells_the_hooks_what_it_changed(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    await api.put(f"unit-rentals/{rental.id}", json={"customFields": {"gate_status": "granted"}})
    event = world.books.events[-1]
    assert (event.type, event.changed_keys) == (EventType.RENTAL_UPDATED, ("customFields.gate_status",))


async def test_a_put_on_a_unit_tells_of_the_unit(world: World, api: httpx.AsyncClient) -> None:
    answer = await api.put(f"units/{B014}?include=customFields", json={"customFields": {"gate_id": "B-14"}})
    assert answer.json()["customFields"] == {"gate_id": "B-14"}
    assert world.books.events[-1].unit_id == B014


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"customFields": []}', "application/json"),
        (b'{"customFields": {"a": {"b": 1}}}', "application/json"),
        (b'{"startDate": "tomorrow"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"{}", "text/plain"),
    ],
)
async def test_a_put_that_cannot_be_read_is_400(
    world: World, api: httpx.AsyncClient, content: bytes, kind: str
) -> None:
    rental = world.move_in(MIRA, B014)
    answer = await api.put(f"unit-rentals/{rental.id}", content=content, headers={"content-type": kind})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["unit-rentals", "units", "users", "sites", "jobs", "addons"])
async def test_an_unknown_id_is_404_with_the_error_body(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(f"{path}/{NOBODY}")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")


async def test_users_answer_to_an_address_and_sites_to_a_code(api: httpx.AsyncClient) -> None:
    assert (await api.get("users/mira@example.net")).json()["id"] == MIRA
    site = (await api.get("sites/lakeside")).json()
    assert (site["id"], site["title"]) == (LAKESIDE, {"en": "Lakeside"})
    assert "name" not in site


async def test_an_addon_shows_its_settings_and_site(api: httpx.AsyncClient) -> None:
    assert (await api.get(f"addons/{LAKESIDE_ADDON}")).json() == {
        "id": LAKESIDE_ADDON,
        "siteId": LAKESIDE,
        "customFields": {"gate_environment": "testing"},
    }


async def test_a_move_in_job_names_its_unit_in_the_result_only(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    job = (await api.get(f"jobs/{rental.move_in_job_id}")).json()
    assert "unitId" not in job["data"]
    assert job["result"] == {
        "unitId": B014,
        "unitRentalId": rental.id,
        "ownerId": MIRA,
        "siteId": LAKESIDE,
        "startDate": "2026-03-04",
    }
    assert job["steps"][0]["result"] == {"unitId": B014, "unitRentalId": rental.id}


async def test_a_move_out_job_belongs_to_the_keys_user(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    job_id = world.schedule_move_out(rental.id, date(2026, 6, 30)).id
    job = (await api.get(f"jobs/{job_id}")).json()
    assert job["ownerId"] == world.books.api_user_id != MIRA
    assert (job["state"], job["data"]["date"], job["result"]) == ("ready", "2026-06-30", {"ownerId": MIRA})


async def test_completing_the_step_of_a_move_out_ends_the_rental(world: World, api: httpx.AsyncClient) -> None:
    rental = world.move_in(MIRA, B014)
    job_id = world.schedule_move_out(rental.id).id
    answer = await api.put(f"jobs/{job_id}/steps/s1", json={"state": "completed", "nextUnitState": "blocked"})
    assert (answer.status_code, answer.json()["state"]) == (200, "completed")
    assert (world.books.rentals.get(rental.id).state, world.books.units.get(B014).state) == ("ended", "blocked")
    again = await api.put(f"jobs/{job_id}/steps/s1", json={"state": "completed"})
    assert again.status_code == 409


@pytest.mark.parametrize("word", ["occupied", "gone", 7])
async def test_a_move_out_leaves_a_unit_available_or_blocked_and_nothing_else(
    world: World, api: httpx.AsyncClient, word: str | int
) -> None:
    rental = world.move_in(MIRA, B014)
    job_id = world.schedule_move_out(rental.id).id
    answer = await api.put(f"jobs/{job_id}/steps/s1", json={"state": "completed", "nextUnitState": word})
    assert answer.status_code in {400, 409}
    assert world.books.rentals.get(rental.id).state == "occupied"


async def test_the_step_of_a_move_in_is_not_for_callers(world: World, api: httpx.AsyncClient) -> None:
    job_id = world.move_in(MIRA, B014, date(2026, 4, 1)).move_in_job_id
    answer = await api.put(f"jobs/{job_id}/steps/s1", json={"state": "completed"})
    assert answer.status_code == 409


async def test_a_task_is_made_and_can_be_read(api: httpx.AsyncClient) -> None:
    data = {"targetType": "unit", "targetId": B014, "title": "Gate sync failed", "desc": "Controller 3"}
    made = await api.post("jobs", json={"type": "task", "ownerId": None, "data": data})
    read = (await api.get(f"jobs/{made.json()['id']}")).json()
    assert (read["type"], read["state"], read["data"]) == ("task", "ready", data)


@pytest.mark.parametrize("body", [{"type": "unit_moveOut", "data": {}}, {"type": "task"}, {"type": "task", "data": {}}])
async def test_no_other_job_can_be_made(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post("jobs", json=body)).status_code == 400


async def test_an_unknown_path_and_method_have_the_error_body_too(api: httpx.AsyncClient) -> None:
    for answer in (await api.get("invoices"), await api.delete(f"units/{B014}")):
        assert answer.status_code in {404, 405}
        assert answer.json()["error"]["message"]
