"""The operator API plans, has it done, and tells how far it is."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from bridge.domain.changes import Kind
from bridge.domain.errors import Unreachable
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.proposal import PlannedRental, PlannedSubject, Standing, Step
from bridge.domain.whom import Selection
from bridge.web.operations import BadRequest
from bridge.web.plan import selection_of, while_asked
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
KEY = SubjectKey(connection=ConnectionName("lakeside"), site=SiteId("site1"), tenant=TenantId("t1"))
NAME = {"connection": "lakeside", "site": "site1", "tenant": "t1"}
GRANT = PlannedSubject(
    subject=KEY,
    rentals=(
        PlannedRental(
            rental=RentalId("r1"),
            unit=UnitId("u1"),
            standing=Standing.GRANT,
            status="granted",
            steps=(Step(kind=Kind.GRANT, target=TargetId("B-014"), waits_for=(RentalId("r0"),)),),
            fields=("status",),
            does=("open B-014",),
            reasons=("rental_state: the rental is occupied",),
            calls=2,
        ),
    ),
    foreign=(TargetId("B-099"),),
)


@pytest.mark.parametrize(
    ("query", "selection"),
    [
        ({"tenant": " t1 "}, Selection(tenant="t1")),
        ({"rental": "r1", "unit": "B 014", "site": "s1"}, Selection(rental="r1", unit="B 014", site=SiteId("s1"))),
        ({"all": "true"}, Selection()),
        ({"site": "s1", "all": "false"}, Selection(site=SiteId("s1"))),
    ],
)
def test_all_that_is_given_counts(query: dict[str, str], selection: Selection) -> None:
    assert selection_of(query) == selection


@pytest.mark.parametrize(
    "query", [{}, {"all": "no"}, {"all": "true", "site": "s1"}, {"tenant": " "}, {"site": ""}, {"tenants": "t1"}]
)
def test_nobody_or_everybody_and_somebody_is_a_mistake(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        selection_of(query)


async def test_a_plan_has_an_item_a_rental(world: World) -> None:
    world.planned.append(GRANT)
    told = (await world.operator.get("/api/v1/plan?all=true")).json()
    assert told["items"] == [
        {
            **NAME,
            "rental": "r1",
            "unit": "u1",
            "standing": "grant",
            "status": "granted",
            "changes": [{"kind": "grant", "target": "B-014", "waits_for": ["r0"]}],
            "fields": ["status"],
            "does": ["open B-014"],
            "reasons": ["rental_state: the rental is occupied"],
            "calls": 2,
            "held": None,
        }
    ]
    assert told["foreign"] == [{**NAME, "target": "B-099"}]
    none = dict.fromkeys(("change", "removal", "unchanged", "unknown", "held"), 0)
    assert told["totals"] == {"grant": 1, "foreign": 1, **none}
    assert (told["tenants"], told["calls"]) == (1, 5)
    assert (told["made_at"], told["expires_at"]) == ("2026-03-04T12:00:00Z", "2026-03-04T12:15:00Z")


async def test_a_resync_is_an_operation_that_wakes_the_worker_and_is_followed(world: World) -> None:
    world.planned.append(GRANT)
    told = (await world.operator.post("/api/v1/resync", json={"all": True, "who": "sam"})).json()
    assert (told["marked"], told["is_live"], len(world.nudges)) == ([NAME], True, 1)
    number = told["operation"]["id"]
    followed = (await world.operator.get(f"/api/v1/operations/{number}")).json()
    assert followed == told["operation"]
    assert (followed["state"], followed["who"], followed["asked"], followed["plan"]) == (
        "running",
        "sam",
        "--all",
        told["plan"]["digest"],
    )
    assert (followed["tenants"], followed["ended"], followed["counts"]["running"]) == (1, 0, 1)
    items = (await world.operator.get(f"/api/v1/operations/{number}/items")).json()
    assert items == {"items": [{**NAME, "progress": "running", "due_at": None, "why": None}], "after": None}


async def test_where_nothing_is_to_be_done_there_is_no_operation(world: World) -> None:
    told = (await world.operator.post("/api/v1/resync", json={"all": True, "who": "sam"})).json()
    assert (told["operation"], told["marked"]) == (None, [])
    assert (await world.operator.get("/api/v1/operations")).json() == {"operations": []}


async def test_what_is_no_longer_so_is_a_conflict_and_marks_nobody(world: World) -> None:
    digest = (await world.operator.get("/api/v1/plan?all=true")).json()["digest"]
    world.planned.append(GRANT)
    answer = await world.operator.post("/api/v1/resync", json={"all": True, "plan": digest, "who": "sam"})
    assert answer.status_code == 409
    assert "rental r1: nothing then, grant B-014, field status now" in answer.json()["message"]
    assert (await world.store.claim_subjects(1), world.nudges) == ([], [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"who": "sam"}, 400),
        ({"all": True}, 400),
        ({"all": True, "who": " "}, 400),
        ({"all": True, "tenant": "t1", "who": "sam"}, 400),
        ({"tenant": "", "who": "sam"}, 400),
        ({"all": True, "who": "sam", "force": True}, 400),
        ({"all": True, "who": "sam", "plan": "0123456789abcdef"}, 409),
    ],
)
async def test_a_mistake_marks_nobody(world: World, body: dict[str, Any], status: int) -> None:
    world.planned.append(GRANT)
    answer = await world.operator.post("/api/v1/resync", json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["message"])
    assert await world.store.claim_subjects(1) == []


async def test_the_answers_shape_is_described(world: World) -> None:
    document = (await world.operator.get("/api/v1/openapi.json")).json()
    asked = document["paths"]["/api/v1/plan"]["get"]["parameters"]
    assert [one["name"] for one in asked] == ["tenant", "rental", "unit", "site", "all"]
    assert {"rental", "standing", "changes", "reasons", "calls"} <= set(
        document["components"]["schemas"]["PlannedOut"]["required"]
    )


async def test_a_plan_that_nobody_waits_for_any_more_is_given_up() -> None:
    ended: list[str] = []

    async def plan_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("given up")

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Unreachable):
        await while_asked(Request({"type": "http", "method": "GET"}, gone), plan_for_ever())
    await asyncio.sleep(0)
    assert ended == ["given up"]
