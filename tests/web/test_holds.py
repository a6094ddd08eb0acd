"""The operator API tells what is held, and releases or drops the very list that was looked at."""

import pytest

from tests.contracts.losing import budgets, housed, lose
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
ROOT = "/api/v1/holds"
SAID = {"who": "sam", "reason": "end of the season"}


async def held(world: World) -> str:
    """Have one removal pass and two held, and return the digest."""
    for key in await housed(world.store, 3):
        await lose(world.store, key, budgets(per_hour=1))
    (row,) = (await world.operator.get(ROOT)).json()["holds"]
    digest: str = row["digest"]
    return digest


async def test_a_hold_is_listed_with_its_cause_and_shown_with_each_rental(world: World) -> None:
    digest = await held(world)
    (row,) = (await world.operator.get(ROOT)).json()["holds"]
    assert row == {
        "digest": digest,
        "connection": "lakeside",
        "site": "site1",
        "kind": "removal",
        "since": "2026-03-04T12:00:00Z",
        "why": "more than 1 removals at this site within an hour",
        "count": 2,
    }
    shown = (await world.operator.get(f"{ROOT}/{digest}")).json()
    assert [one["rental"] for one in shown.pop("rentals")] == ["site1-t01", "site1-t02"]
    assert shown == row


@pytest.mark.parametrize("verb", ["release", "drop"])
async def test_a_decision_is_for_one_list_and_once(world: World, verb: str) -> None:
    digest = await held(world)
    done = await world.operator.post(f"{ROOT}/{digest}/{verb}", json=SAID)
    assert (done.status_code, done.json()["count"]) == (200, 2)
    again = await world.operator.post(f"{ROOT}/{digest}/{verb}", json=SAID)
    assert again.status_code == 404
    assert digest in again.json()["message"]
    assert (await world.operator.get(ROOT)).json() == {"holds": []}
    assert (await world.operator.get("/api/v1/queue")).json()["subjects"]["due"] == 2


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        ("release", {"reason": " "}, 400),
        ("release", {"reason": None}, 400),
        ("release", {"who": ""}, 400),
        ("release", {"rentals": ["r1"]}, 400),
        ("drop", {"reason": " "}, 400),
        ("approve", {}, 404),
    ],
)
async def test_a_mistake_decides_nothing(world: World, path: str, change: dict[str, object], status: int) -> None:
    digest = await held(world)
    answer = await world.operator.post(f"{ROOT}/{digest}/{path}", json=SAID | change)
    assert answer.status_code == status
    assert (await world.operator.get(f"{ROOT}/{digest}")).json()["count"] == 2


async def test_a_digest_that_is_none_is_answered_in_one_inert_line(world: World) -> None:
    answer = await world.operator.get(f"{ROOT}/x%0d%0a%1b[2J{'9' * 99}")
    assert answer.status_code == 404
    assert answer.json()["message"].isprintable()


async def test_the_one_alert_leads_to_the_command(world: World) -> None:
    await held(world)
    (alert,) = (await world.operator.get("/api/v1/alerts")).json()["alerts"]
    assert (alert["what"], alert["site"], alert["details"]["next"]) == (
        "removals_held",
        "site1",
        "gatebridge holds list",
    )
