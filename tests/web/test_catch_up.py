"""`POST /api/v1/catch-up`: what was found is told, and a mistake changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.errors import Unreachable
from bridge.domain.ids import SiteId
from bridge.ports.source import MoveJob
from bridge.service.catch_up import LOOK_BACK
from tests.contracts.store_builders import a_key, a_sighting
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
SITE1, SITE2 = SiteId("site1"), SiteId("site2")
PATH = "/api/v1/catch-up"


async def test_it_tells_whom_it_found_and_which_site_it_could_not_ask(world: World) -> None:
    world.lister.rentals[SITE1] = (a_sighting(a_key("t1")), a_sighting(a_key("t2")))
    world.lister.failures[SITE2] = Unreachable("GET hillside.example: no answer")
    answer = (await world.operator.post(PATH)).json()
    failed = {"connection": "hillside", "site": "site2", "why": "GET hillside.example: no answer"}
    assert answer == {"changed": 2, "found": 2, "missed": 0, "not_caught_up": [failed]}
    assert (await world.operator.get("/api/v1/status")).json()["rows"]["subject.ready"] == 2


async def test_a_move_whose_webhook_never_came_is_counted_where_monitoring_looks(world: World) -> None:
    await world.operator.post(PATH)
    world.lister.rentals[SITE1] = (a_sighting(a_key("t1")),)
    world.lister.changed_at = world.clock.now() - timedelta(minutes=30)
    world.lister.moves["j1"] = MoveJob(is_over=True, changed_at=world.lister.changed_at)
    assert (await world.operator.post(PATH)).json()["missed"] == 1
    metrics = (await world.operator.get("/metrics")).text
    assert 'gatebridge_missed_webhooks_total{connection="lakeside"} 1.0' in metrics
    (alert,) = (await world.operator.get("/api/v1/alerts")).json()["alerts"]
    assert (alert["what"], alert["details"]["jobs"]) == ("webhooks_missed", "j1")


async def test_only_the_connection_that_was_named_is_asked(world: World) -> None:
    assert (await world.operator.post(PATH, json={"connection": "hillside"})).json()["not_caught_up"] == []
    assert list(world.lister.asked_after) == [SITE2]


@pytest.mark.parametrize("since", ["2026-01-02T03:00", "2026-01-02T03:00Z", " 2026-01-02T05:00+02:00 "])
async def test_a_time_is_in_utc_or_has_an_offset(world: World, since: str) -> None:
    await world.operator.post(PATH, json={"since": since})
    assert world.lister.asked_after[SITE1] == datetime(2026, 1, 2, 3, tzinfo=UTC)


async def test_without_a_time_it_begins_where_it_would_by_itself(world: World) -> None:
    await world.operator.post(PATH)
    assert world.lister.asked_after[SITE1] == world.clock.now() - LOOK_BACK - timedelta(minutes=10)


@pytest.mark.parametrize("since", ["", "yesterday", "1999-12-31", "9999-01-01T00:00+23:00", "12:00"])
async def test_a_time_that_is_none_is_a_mistake(world: World, since: str) -> None:
    answer = await world.operator.post(PATH, json={"since": since})
    assert (answer.status_code, world.lister.asked_after) == (400, {})
    assert "since" in answer.json()["message"]


async def test_an_unknown_connection_is_a_mistake_and_an_unknown_word_widens_nothing(world: World) -> None:
    answer = await world.operator.post(PATH, json={"connection": "no\nsuch"})
    assert (answer.status_code, "\n" in answer.json()["message"]) == (404, False)
    assert (await world.operator.post(PATH, json={"conection": "lakeside"})).status_code == 400
    assert world.lister.asked_after == {}


async def test_a_defect_shows_nothing_of_itself(world: World) -> None:
    world.lister.failures[SITE1] = RuntimeError("code 482913")
    answer = (await world.operator.post(PATH)).json()
    assert [failed["why"] for failed in answer["not_caught_up"]] == ["unexpected RuntimeError"]
