"""The operator API tells how far operations are, and stops and resumes them."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.domain.ids import TenantId
from bridge.domain.proposal import PlannedSubject
from bridge.service.resync import FEW
from tests.web.conftest import World
from tests.web.test_plan import GRANT, KEY

pytestmark = pytest.mark.anyio
SAM = {"who": "sam"}


def tenants(count: int) -> list[PlannedSubject]:
    return [replace(GRANT, subject=replace(KEY, tenant=TenantId(f"t{number:03}"))) for number in range(count)]


async def begun(world: World, count: int = 1) -> int:
    world.planned.extend(tenants(count))
    told = (await world.operator.post("/api/v1/resync", json={"all": True, **SAM})).json()
    number: int = told["operation"]["id"]
    return number


async def test_cancelled_it_says_for_how_many_and_resumed_it_takes_them_up_again(world: World) -> None:
    number = await begun(world, 100)
    await world.store.claim_subjects(4)
    told = (await world.operator.post(f"/api/v1/operations/{number}/cancel", json=SAM)).json()
    assert (told["never_begun"], told["taken_back"], told["at_work"]) == (36, 60, 4)
    assert told["operation"]["state"] == "cancelling"
    resumed = (await world.operator.post(f"/api/v1/operations/{number}/resume", json=SAM)).json()
    assert (resumed["state"], resumed["ended"], len(world.nudges)) == ("running", 0, 3)


async def test_a_second_one_of_many_is_a_conflict_that_names_the_first(world: World) -> None:
    number = await begun(world, FEW + 1)
    answer = await world.operator.post("/api/v1/resync", json={"all": True, "who": "otto"})
    assert answer.status_code == 409
    assert f"operation {number}, which sam asked for" in answer.json()["message"]
    assert len((await world.operator.get("/api/v1/operations")).json()["operations"]) == 1


async def test_where_its_site_is_paused_it_says_what_it_waits_for(world: World) -> None:
    number = await begun(world)
    pause = {"scope": "site", "name": "site1", "who": "olga", "reason": "new locks"}
    assert (await world.operator.post("/api/v1/pause", json=pause)).status_code == 200
    (note,) = (await world.operator.get(f"/api/v1/operations/{number}")).json()["notes"]
    assert note.startswith("site site1 of lakeside: site site1 is paused")
    assert note.endswith("nothing is done there until it is resumed")


async def test_tenants_come_in_pages(world: World) -> None:
    number = await begun(world, 501)
    first = (await world.operator.get(f"/api/v1/operations/{number}/items")).json()
    assert (len(first["items"]), first["after"]) == (500, 499)
    rest = (await world.operator.get(f"/api/v1/operations/{number}/items?after=499")).json()
    assert ([one["tenant"] for one in rest["items"]], rest["after"]) == (["t500"], None)


@pytest.mark.parametrize("number", ["7", "9" * 30])
async def test_an_unknown_one_is_not_found(world: World, number: str) -> None:
    root = f"/api/v1/operations/{number}"
    for answer in (
        await world.operator.get(root),
        await world.operator.get(f"{root}/items"),
        await world.operator.post(f"{root}/cancel", json=SAM),
        await world.operator.post(f"{root}/resume", json=SAM),
    ):
        assert (answer.status_code, list(answer.json())) == (404, ["message"])


@pytest.mark.parametrize("body", [{}, {"who": " "}, {"who": "sam", "force": True}])
async def test_a_mistake_decides_nothing(world: World, body: dict[str, Any]) -> None:
    number = await begun(world)
    for verb in ("cancel", "resume"):
        assert (await world.operator.post(f"/api/v1/operations/{number}/{verb}", json=body)).status_code == 400
    assert (await world.operator.get(f"/api/v1/operations/{number}")).json()["state"] == "running"
