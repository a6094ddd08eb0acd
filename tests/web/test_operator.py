"""The operator API says what happened, and is what its description says."""

from datetime import timedelta

import pytest
from openapi_spec_validator import validate

from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import Unreachable
from bridge.domain.ids import SiteId
from bridge.ports.pruning import Before
from tests.contracts.store_builders import START, a_delivery, a_key, a_sighting
from tests.web.conftest import World, event

pytestmark = pytest.mark.anyio


async def test_a_delivery_is_shown_with_its_body(world: World) -> None:
    await world.post(event(7))
    (row,) = await world.stored()
    shown = (await world.operator.get(f"/api/v1/deliveries/{row['id']}")).json()
    assert shown["body"] == event(7).decode()
    assert shown["subjects"] == []
    assert "sg-signature" not in str(shown)


async def test_a_body_that_is_no_longer_kept_is_null_and_cannot_be_replayed(world: World) -> None:
    await world.store.put(a_delivery("old", state=DeliveryState.IGNORED))
    await world.post(event(7))
    later = START + timedelta(days=1)
    await world.store.prune(Before(bodies=later, settled=START, quarantined=START), limit=9)
    assert (await world.operator.get("/api/v1/deliveries/1")).json()["body"] is None
    answer = await world.operator.post("/api/v1/deliveries/1/replay", json={"who": "sam"})
    assert answer.status_code == 404
    assert "no longer kept" in answer.json()["message"]


async def test_deliveries_are_listed_by_pages_the_newest_first(world: World) -> None:
    for number in range(5):
        await world.post(event(number))
    first = (await world.operator.get("/api/v1/deliveries", params={"limit": 3})).json()["deliveries"]
    rest = (await world.operator.get("/api/v1/deliveries", params={"before": first[-1]["id"]})).json()["deliveries"]
    ids = [row["id"] for row in first + rest]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5


async def test_a_replay_makes_it_due_again_and_says_who_asked(world: World) -> None:
    await world.post(b"junk")
    (row,) = await world.stored()
    answer = await world.operator.post(f"/api/v1/deliveries/{row['id']}/replay", json={"who": "sam"})
    assert answer.json()["state"] == "new"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/deliveries/99", None, 404),
        ("GET", f"/api/v1/deliveries/{10**30}", None, 404),
        ("POST", "/api/v1/deliveries/99/replay", {"who": "sam"}, 404),
        ("POST", "/api/v1/deliveries/1/replay", {}, 400),
        ("POST", "/api/v1/deliveries/1/replay", {"who": "x" * 100_000}, 413),
        ("GET", "/api/v1/deliveries?state=lost", None, 400),
        ("GET", "/api/v1/deliveries?limit=-1", None, 400),
        ("GET", "/api/v1/deliveries?limit=9999999", None, 200),
    ],
)
async def test_a_mistake_is_answered_with_a_sentence(
    world: World, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    answer = await world.operator.request(method, path, json=body)
    assert answer.status_code == status
    if status != 200:
        assert list(answer.json()) == ["message"]


async def test_the_description_is_valid_and_names_every_route(world: World) -> None:
    document = (await world.operator.get("/api/v1/openapi.json")).json()
    validate(document)
    assert set(document["paths"]) == {
        "/api/v1/status",
        "/api/v1/deliveries",
        "/api/v1/deliveries/{id}",
        "/api/v1/deliveries/{id}/replay",
        "/api/v1/alerts",
        "/api/v1/explain",
        "/api/v1/plan",
        "/api/v1/resync",
        "/api/v1/operations",
        "/api/v1/operations/{id}",
        "/api/v1/operations/{id}/items",
        "/api/v1/operations/{id}/cancel",
        "/api/v1/operations/{id}/resume",
        "/api/v1/queue",
        "/api/v1/pause",
        "/api/v1/resume",
        "/api/v1/deadletters",
        "/api/v1/deadletters/{letter}",
        "/api/v1/deadletters/replay",
        "/api/v1/deadletters/discard",
        "/api/v1/sweep",
        "/api/v1/catch-up",
        "/api/v1/holds",
        "/api/v1/holds/{digest}",
        "/api/v1/holds/{digest}/release",
        "/api/v1/holds/{digest}/drop",
        "/api/v1/revocations",
        "/api/v1/revocations/doors",
        "/api/v1/revocations/lift",
        "/api/v1/shadow",
        "/api/v1/drift",
        "/api/v1/drift/strangers",
        "/api/v1/ledger",
        "/api/v1/ledger/verify",
        "/api/v1/who",
        "/api/v1/who/then",
        "/api/v1/personal-data",
        "/api/v1/personal-data/erase",
        "/api/v1/db/trust",
        "/api/v1/db/doubt",
        "/api/v1/db/adopt",
    }


async def test_status_counts_what_waits(world: World) -> None:
    await world.post(event())
    assert (await world.operator.get("/api/v1/status")).json()["rows"]["delivery.new"] == 1


async def test_a_sweep_without_subjects_marks_none(world: World) -> None:
    answer = await world.operator.post("/api/v1/sweep")
    assert answer.json() == {"marked": 0, "in_step": 0, "found": 0, "not_listed": [], "unknown": []}


async def test_a_sweep_tells_whom_it_found_and_which_site_it_could_not_list(world: World) -> None:
    world.lister.rentals[SiteId("site1")] = (a_sighting(a_key("t1")), a_sighting(a_key("t2")))
    world.lister.failures[SiteId("site2")] = Unreachable("GET hillside.example: no answer")
    first = (await world.operator.post("/api/v1/sweep")).json()
    second = (await world.operator.post("/api/v1/sweep", json={"site": "site1"})).json()
    why = "GET hillside.example: no answer"
    assert first == {
        "marked": 0,
        "in_step": 0,
        "found": 2,
        "not_listed": [{"connection": "hillside", "site": "site2", "why": why}],
        "unknown": [],
    }
    assert second == {"marked": 2, "in_step": 0, "found": 0, "not_listed": [], "unknown": []}


async def test_a_site_that_fails_of_a_defect_shows_nothing_of_it(world: World) -> None:
    world.lister.failures[SiteId("site1")] = RuntimeError("code 482913")
    answer = (await world.operator.post("/api/v1/sweep", json={"site": "site1"})).json()
    assert [missed["why"] for missed in answer["not_listed"]] == ["unexpected RuntimeError"]


async def test_a_sweep_of_a_site_that_is_not_configured_is_a_mistake(world: World) -> None:
    answer = await world.operator.post("/api/v1/sweep", json={"site": "66f1a0c2b7d4e90015c0e999"})
    assert answer.status_code == 404
    assert "66f1a0c2b7d4e90015c0e999" in answer.json()["message"]
    assert (await world.operator.post("/api/v1/sweep", json={"sight": "x"})).status_code == 400
