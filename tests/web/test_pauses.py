"""The operator API pauses and resumes, and says everywhere what is paused."""

import pytest

from tests.web.conftest import World, event

pytestmark = pytest.mark.anyio
SITE1 = {"scope": "site", "name": "site1", "who": "sam", "reason": "new locks"}


async def test_a_pause_is_told_until_it_is_resumed_and_deliveries_come_in(world: World) -> None:
    paused = await world.operator.post("/api/v1/pause", json=SITE1)
    expected = {"scope": "site", "name": "site1", "since": "2026-03-04T12:00:00Z", "who": "sam", "reason": "new locks"}
    assert paused.json() == expected
    assert (await world.post(event())).status_code == 200
    assert (await world.operator.get("/api/v1/queue")).json()["paused"] == [expected]
    assert (await world.operator.get("/api/v1/status")).json()["rows"]["pause.site"] == 1
    (alert,) = (await world.operator.get("/api/v1/alerts")).json()["alerts"]
    assert (alert["what"], alert["details"]) == ("paused", {"place": "site site1", "who": "sam", "reason": "new locks"})
    left = await world.operator.post("/api/v1/resume", json={"scope": "site", "name": "site1", "who": "sam"})
    assert left.json() == {"paused": []}
    assert (await world.operator.get("/api/v1/queue")).json()["paused"] == []


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        ("pause", {"name": "site9"}, 404),
        ("pause", {"scope": "adapter"}, 404),
        ("pause", {"scope": "adapter", "name": "seam"}, 200),
        ("pause", {"scope": "all", "name": ""}, 200),
        ("pause", {"scope": "all"}, 400),
        ("pause", {"name": ""}, 400),
        ("pause", {"scope": "gate"}, 400),
        ("pause", {"reason": " "}, 400),
        ("pause", {"reason": None}, 400),
        ("pause", {"until": "tomorrow"}, 400),
        ("resume", {}, 404),
        ("resume", {"who": ""}, 400),
    ],
)
async def test_a_mistake_pauses_nothing(world: World, path: str, change: dict[str, str | None], status: int) -> None:
    answer = await world.operator.post(f"/api/v1/{path}", json=SITE1 | change)
    assert answer.status_code == status
    paused = (await world.operator.get("/api/v1/queue")).json()["paused"]
    assert len(paused) == (1 if status == 200 else 0)
