"""The operator API takes a person's access away, tells of each door, and gives it back."""

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.outcome import Done
from bridge.ports.store import SubjectCommit
from tests.contracts.store_builders import a_key, claimed, mark
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
ROOT = "/api/v1/revocations"
SAID = {"tenant": "t1", "who": "sam", "reason": "threatened the staff"}


async def housed(world: World) -> None:
    """Have a tenant who has a door."""
    claim = await claimed(world.store, a_key("t1"))
    record = AccessRecord(rental=RentalId("r1"), targets=frozenset({TargetId("B-001")}), status=AccessStatus.GRANTED)
    await world.store.commit(claim, SubjectCommit(outcome=Done(), access=(record,)))


async def test_what_is_revoked_is_told_by_door_listed_and_given_back(world: World) -> None:
    await housed(world)
    before = (await world.operator.get(f"{ROOT}/doors", params={"tenant": "t1"})).json()
    told = (await world.operator.post(ROOT, json=SAID)).json()
    (row,) = (await world.operator.get(ROOT)).json()["revocations"]
    paused = await world.operator.post("/api/v1/pause", json={"scope": "all", "who": "kim", "reason": "locks"})
    seen = (await world.operator.get(f"{ROOT}/doors", params={"tenant": "t1", "site": "site1"})).json()
    left = (await world.operator.post(f"{ROOT}/lift", json=SAID)).json()

    assert (before["revocation"], before["open"]) == (None, 1)
    assert row == told["revocation"]
    assert (row["tenant"], row["site"], row["who"], row["reason"]) == ("t1", None, "sam", "threatened the staff")
    (site,) = told["sites"]
    assert (site["progress"], site["paused"]) == ("waiting", None)
    assert site["doors"] == [
        {
            "door": "B-001",
            "state": "unknown",
            "accepted_at": None,
            "confirmed_at": None,
            "foreign": False,
            "why": "the work on it is waiting",
        }
    ]
    assert paused.status_code == 200
    assert "everything is paused since" in seen["sites"][0]["paused"]
    assert left == {"revocations": []}
    assert len(world.nudges) == 2


async def test_a_person_of_two_connections_is_not_guessed(world: World) -> None:
    key = a_key("t1")
    await mark(world.store, key, type(key)(connection="hillside", site="site2", tenant="t1"))  # type: ignore[arg-type]  # plain texts
    refused = await world.operator.post(ROOT, json=SAID)
    assert (refused.status_code, "hillside, lakeside" in refused.json()["message"]) == (404, True)
    done = await world.operator.post(ROOT, json={**SAID, "connection": "hillside"})
    assert [site["site"] for site in done.json()["sites"]] == ["site2"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reason": " "}, 400),
        ({"who": None}, 400),
        ({"tenant": ""}, 400),
        ({"tenant": "a\nb"}, 400),
        ({"door": "B-001"}, 400),
        ({"tenant": "nobody"}, 404),
        ({"site": "s9"}, 404),
        ({"connection": "elsewhere"}, 404),
    ],
)
async def test_a_mistake_revokes_nothing(world: World, change: dict[str, object], status: int) -> None:
    await housed(world)
    answer = await world.operator.post(ROOT, json=SAID | change)
    assert answer.status_code == status
    assert answer.json()["message"].isprintable()
    assert (await world.operator.get(ROOT)).json() == {"revocations": []}


async def test_one_of_every_site_is_not_lifted_at_one(world: World) -> None:
    await housed(world)
    await world.operator.post(ROOT, json=SAID)
    refused = await world.operator.post(f"{ROOT}/lift", json={**SAID, "site": "site1"})
    assert (refused.status_code, "every site" in refused.json()["message"]) == (404, True)
    assert (await world.operator.get(f"{ROOT}/doors")).status_code == 400
