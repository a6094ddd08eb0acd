"""The control API: what happens in the world, the clock, the faults, the hooks, the log."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.sandbox.platform import MIRA, Hook, PlatformSettings, Sender, World, build_platform, demo_world

pytestmark = pytest.mark.anyio

B014 = "66f1a0c2b7d4e90015c0d014"
B021 = "66f1a0c2b7d4e90015c0d021"
API = "/api/v1/admin/"


class Standing:
    def now(self) -> datetime:
        return datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return demo_world(base=Standing())


def accept(request: httpx.Request) -> httpx.Response:
    del request
    return httpx.Response(200, json={})


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    settings = PlatformSettings(
        api_keys=(Secret("k"),), hooks=(Hook(url="http://bridge.test/x", secret=Secret("whs-hidden")),)
    )
    hooks_client = httpx.AsyncClient(transport=httpx.MockTransport(accept))
    app = build_platform(world, Sender(world, settings, client=hooks_client), settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://platform.test",
            headers={"authorization": "ApiKey k"},
        ) as client,
    ):
        yield client


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert isinstance(made, dict)
    return made


async def test_a_whole_life_can_be_played(client: httpx.AsyncClient) -> None:
    rental = await post(client, "move-ins", tenantId=MIRA, unitId=B014)
    assert rental["state"] == "occupied"
    assert (await post(client, f"rentals/{rental['id']}/overdue"))["overdue"]
    assert "overdue" not in await post(client, f"rentals/{rental['id']}/pay")
    moved = await post(client, f"rentals/{rental['id']}/transfer", unitId=B021)
    assert moved["id"] != rental["id"]
    job = await post(client, f"rentals/{moved['id']}/schedule-move-out", date="2026-03-31")
    assert job["state"] == "ready"
    await post(client, f"rentals/{moved['id']}/cancel-move-out")
    ended = await post(client, f"rentals/{moved['id']}/confirm-move-out", nextUnitState="blocked")
    assert ended["state"] == "ended"
    assert (await post(client, f"units/{B021}/unblock"))["state"] == "available"


async def test_a_world_can_be_built(client: httpx.AsyncClient) -> None:
    site = await post(client, "sites", code="hill", title="Hill")
    unit = await post(client, "units", siteId=site["id"], name="H-1", customFields={"gate_id": "H-1"})
    tenant = await post(client, "tenants", firstName="Ada", lastName="Berg", email="ada@example.net")
    addon = await post(client, "addons", siteId=site["id"])
    rental = await post(client, "move-ins", tenantId=tenant["id"], unitId=unit["id"], startDate="2026-03-09")
    assert (rental["siteId"], rental["state"]) == (site["id"], "reserved")
    assert addon["siteId"] == site["id"]
    assert (await post(client, f"rentals/{rental['id']}/complete-move-in"))["state"] == "occupied"


async def test_staff_edits_tell_the_hooks(client: httpx.AsyncClient) -> None:
    rental = await post(client, "move-ins", tenantId=MIRA, unitId=B014, autoComplete=False)
    edited = await post(client, f"rentals/{rental['id']}/edit", customFields={"gate_overlocked": True})
    assert edited["customFields"] == {"gate_overlocked": True}
    cancelled = await post(client, f"rentals/{rental['id']}/cancel-move-in")
    assert cancelled["state"] == "cancelled"


async def test_setting_the_clock_does_what_it_makes_due(client: httpx.AsyncClient, world: World) -> None:
    rental = await post(client, "move-ins", tenantId=MIRA, unitId=B014, startDate="2026-03-06")
    await post(client, f"rentals/{rental['id']}/owe", due="2026-03-06")
    clock = await post(client, "clock", now="2026-03-06T13:00:00Z")
    assert (clock["day"], clock["time"], clock["zone"]) == ("2026-03-06", "13:00:00", "Europe/London")
    after = world.books.rentals.get(rental["id"])
    assert (after.state, after.overdue is not None) == ("occupied", True)


async def test_advancing_the_clock_shows(client: httpx.AsyncClient) -> None:
    await post(client, "clock", advanceSeconds=3600)
    assert (await client.get("/sandbox/clock")).json()["now"] == "2026-03-04T13:00:00.000Z"


@pytest.mark.parametrize("body", [{"now": "soon"}, {"advanceSeconds": -1}, {"advanceSeconds": "1"}])
async def test_a_time_that_cannot_be_read_leaves_the_clock(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/sandbox/clock", json=body)).status_code == 400
    assert (await client.get("/sandbox/clock")).json()["now"] == "2026-03-04T12:00:00.000Z"


async def test_an_overdue_batch_can_be_one_event(client: httpx.AsyncClient, world: World) -> None:
    rental = await post(client, "move-ins", tenantId=MIRA, unitId=B014)
    await post(client, "overdue-batch", rentalIds=[rental["id"]], form="one_event")
    assert world.books.rentals.get(rental["id"]).overdue is not None
    bad = await client.post("/sandbox/overdue-batch", json={"rentalIds": [], "form": "some"})
    assert bad.status_code == 400


async def fault(client: httpx.AsyncClient, **plan: Any) -> None:
    answer = await client.put("/sandbox/faults", json=plan)
    assert answer.status_code == 200, answer.text


async def test_a_failing_api_fails_as_often_as_it_was_told(client: httpx.AsyncClient) -> None:
    await fault(client, api={"kind": "status", "status": 502, "remaining": 2})
    statuses = [(await client.get(f"{API}settings")).status_code for _ in range(3)]
    assert statuses == [502, 502, 200]


async def test_a_rate_limited_call_names_when_to_come_back(client: httpx.AsyncClient) -> None:
    await fault(client, api={"kind": "rate_limited", "retryAfter": 7})
    answer = await client.get(f"{API}settings")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_an_empty_page_is_a_200_that_only_lists_meet(client: httpx.AsyncClient) -> None:
    await fault(client, api={"kind": "empty_page"})
    assert (await client.get(f"{API}units/{B014}")).json()["id"] == B014
    assert (await client.get(f"{API}units")).json() == []
    assert len((await client.get(f"{API}units")).json()) > 0


async def test_a_fault_can_keep_to_one_path(client: httpx.AsyncClient) -> None:
    await fault(client, api={"kind": "html", "path": "units"})
    assert (await client.get(f"{API}settings")).status_code == 200
    answer = await client.get(f"{API}units/{B014}")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")


async def test_latency_delays_every_call(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await fault(client, latency=0.05)
    monkeypatch.setattr("bridge.sandbox.platform.gatekeeper.asyncio.sleep", sleep)
    await client.get(f"{API}settings")
    assert 0.05 in slept


async def test_a_new_plan_replaces_the_whole_old_one(client: httpx.AsyncClient) -> None:
    await fault(client, duplicate=True, drop=7, delay=1, reorder=3, latency=0.01)
    plan = (await client.get("/sandbox/faults")).json()
    assert (plan["duplicate"], plan["drop"], plan["reorder"]) == (True, 1.0, 3)
    await fault(client)
    plan = (await client.get("/sandbox/faults")).json()
    assert not any(plan[key] for key in ("latency", "duplicate", "drop", "delay", "reorder", "api"))


@pytest.mark.parametrize(
    "plan",
    [
        {"latency": -1},
        {"latency": float("1e400")},
        {"duplicate": 1},
        {"api": []},
        {"api": {"kind": "?"}},
        {"api": {"kind": "status", "status": 200}},
    ],
)
async def test_a_plan_that_makes_no_sense_is_400(client: httpx.AsyncClient, plan: dict[str, Any]) -> None:
    answer = await client.put("/sandbox/faults", content=json.dumps(plan), headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_hooks_come_and_go_and_never_show_their_secret(client: httpx.AsyncClient) -> None:
    await post(client, "hooks", url="http://other.test/", secret="whs-other", variant="D", events=["unit.updated"])
    shown = await client.get("/sandbox/hooks")
    assert [hook["variant"] for hook in shown.json()] == ["B", "D"]
    assert "whs-" not in shown.text
    gone = await client.request("DELETE", "/sandbox/hooks", json={"url": "http://other.test/"})
    assert len(gone.json()) == 1
    assert (await client.request("DELETE", "/sandbox/hooks", json={"url": "http://no.test/"})).status_code == 404


@pytest.mark.parametrize(
    "hook", [{"secret": " "}, {"secret": "s", "variant": "E"}, {"secret": "s", "events": ["unit.exploded"]}]
)
async def test_a_hook_that_could_not_work_is_refused(client: httpx.AsyncClient, hook: dict[str, Any]) -> None:
    assert (await client.post("/sandbox/hooks", json={"url": "http://other.test/", **hook})).status_code == 400


async def test_the_log_shows_each_delivery(client: httpx.AsyncClient) -> None:
    rental = await post(client, "move-ins", tenantId=MIRA, unitId=B014)
    await post(client, f"rentals/{rental['id']}/overdue")
    log = (await client.get("/sandbox/deliveries")).json()
    assert [entry["type"] for entry in log] == ["job.unit_moveIn.completed", "unitRental.markOverdue"]


@pytest.mark.parametrize("path", ["rentals/x/explode", f"rentals/{B014}/pay", "units/x/block"])
async def test_an_unknown_act_or_id_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(f"/sandbox/{path}", json={})).status_code == 404


async def test_an_impossible_act_is_409_and_says_why(client: httpx.AsyncClient) -> None:
    await post(client, "move-ins", tenantId=MIRA, unitId=B014)
    answer = await client.post("/sandbox/move-ins", json={"tenantId": MIRA, "unitId": B014})
    assert (answer.status_code, "B-014" in answer.json()["error"]["message"]) == (409, True)


async def test_a_form_from_another_page_does_nothing(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.post(
        "/sandbox/move-ins",
        content=json.dumps({"tenantId": MIRA, "unitId": B014}),
        headers={"content-type": "text/plain"},
    )
    assert answer.status_code == 400
    assert list(world.books.rentals) == []


async def test_the_business_clock_does_what_is_due_by_itself(world: World) -> None:
    settings = PlatformSettings(tick=0.001)
    app = build_platform(world, Sender(world, settings), settings)
    rental = world.move_in(MIRA, B014)
    world.owe(rental.id, Standing().now().date())
    async with app.router.lifespan_context(app):
        world.clock.set(datetime(2026, 3, 4, 13, 0, tzinfo=UTC))
        for _ in range(1000):
            if world.books.rentals.get(rental.id).overdue is not None:
                break
            await asyncio.sleep(0.001)
    assert world.books.rentals.get(rental.id).overdue is not None
