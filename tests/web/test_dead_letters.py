"""The operator API tells how the work stands, and does what is decided about what was given up: each by itself."""

import json

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.outcome import Dead
from bridge.ports.store import Store, SubjectCommit
from tests.contracts.store_builders import a_key, claimed
from tests.web.conftest import World, event

pytestmark = pytest.mark.anyio
OPEN = AccessRecord(rental=RentalId("r1"), status=AccessStatus.NONE, targets=frozenset({TargetId("B-1")}))
ROOT = "/api/v1/deadletters"


async def give_up(store: Store, tenant: str, *records: AccessRecord, why: str = "refused") -> None:
    await store.commit(await claimed(store, a_key(tenant)), SubjectCommit(outcome=Dead(why=why), access=records))


async def listed(world: World, **params: str) -> list[str]:
    return [row["id"] for row in (await world.operator.get(ROOT, params=params)).json()["letters"]]


async def test_a_letter_is_listed_and_shown_with_its_open_doors(world: World) -> None:
    await give_up(world.store, "t1", OPEN)
    (row,) = (await world.operator.get(ROOT)).json()["letters"]
    assert (row["id"], row["tenant"], row["why"], row["attempts"]) == ("s1", "t1", "refused", 1)
    assert row["open_doors"] == [{"rental": "r1", "target": "B-1", "wanted": "revoked"}]
    assert (await world.operator.get(f"{ROOT}/s1")).json() == row


async def test_a_list_goes_on_where_it_ended(world: World) -> None:
    for number in range(5):
        await give_up(world.store, f"t{number}")
    first = (await world.operator.get(ROOT, params={"limit": 3})).json()
    rest = (await world.operator.get(ROOT, params={"limit": 3, "after": first["after"]})).json()
    assert [row["id"] for row in first["letters"] + rest["letters"]] == ["s1", "s2", "s3", "s4", "s5"]
    assert rest["after"] is None


async def test_each_is_decided_by_itself_and_what_is_refused_says_why(world: World) -> None:
    await give_up(world.store, "t1", OPEN)
    await give_up(world.store, "t2")
    body = {"ids": ["s1", "s2", "s2", "d9"], "who": "sam", "reason": "the site was sold"}
    answer = (await world.operator.post(f"{ROOT}/discard", json=body)).json()
    assert [row["id"] for row in answer["done"]] == ["s2"]
    assert [row["id"] for row in answer["refused"]] == ["s1", "d9"]
    assert "B-1 (last wanted: revoked)" in answer["refused"][0]["why"]
    assert await listed(world) == ["s1"]
    known = await world.operator.post(f"{ROOT}/discard", json={**body, "ids": ["s1"], "open_doors_stay_open": True})
    assert known.json()["refused"] == []
    assert await listed(world) == []


async def test_a_replay_needs_no_reason_and_makes_it_due(world: World) -> None:
    await give_up(world.store, "t1", OPEN)
    answer = (await world.operator.post(f"{ROOT}/replay", json={"ids": ["s1"], "who": "sam"})).json()
    assert ([row["id"] for row in answer["done"]], answer["refused"]) == (["s1"], [])
    view = (await world.operator.get("/api/v1/queue")).json()
    assert (view["subjects"]["due"], view["subjects"]["dead"]) == (1, 0)


async def test_the_queue_tells_the_age_of_the_oldest_event(world: World) -> None:
    await world.post(event())
    world.clock.advance(minutes=3)
    view = (await world.operator.get("/api/v1/queue")).json()
    assert (view["deliveries"]["new"], view["oldest_seconds"]) == (1, 180.0)
    assert [work["id"] for work in view["next_tries"]] == ["d1"]
    assert (await world.operator.get("/api/v1/queue", params={"site": "site1"})).json()["oldest"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/deadletters/s9", None, 404),
        ("GET", "/deadletters/d99999999999999999999", None, 404),
        ("GET", "/deadletters/17", None, 404),
        ("GET", "/deadletters/s1%0d%0aX", None, 404),
        ("GET", "/deadletters?kind=person", None, 400),
        ("GET", "/deadletters?why=%20", None, 400),
        ("GET", "/deadletters?after=7", None, 400),
        ("GET", "/deadletters?limit=9999999", None, 200),
        ("GET", "/queue?limit=-1", None, 400),
        ("GET", "/queue?limit=9999999", None, 200),
        ("POST", "/deadletters/discard", {"ids": ["s1"], "who": "sam"}, 400),
        ("POST", "/deadletters/discard", {"ids": ["s1"], "who": "sam", "reason": "  "}, 400),
        ("POST", "/deadletters/discard", {"ids": ["s1"], "who": "sam", "reason": "x" * 9999}, 400),
        (
            "POST",
            "/deadletters/discard",
            {"ids": ["s1"], "who": "sam", "reason": "x", "open_doors_stay_open": "no"},
            400,
        ),
        ("POST", "/deadletters/replay", {"ids": ["s1"], "who": " "}, 400),
        ("POST", "/deadletters/replay", {"ids": [], "who": "sam"}, 400),
        ("POST", "/deadletters/replay", {"ids": ["s1"] * 201, "who": "sam"}, 400),
        ("POST", "/deadletters/replay", {"ids": ["s0"], "who": "sam"}, 400),
        ("POST", "/deadletters/replay", {"ids": ["S1"], "who": "sam"}, 400),
        ("POST", "/deadletters/replay", {"ids": ["s1"], "who": "sam", "site": "x"}, 400),
    ],
)
async def test_a_mistake_is_answered_with_a_sentence(
    world: World, method: str, path: str, body: dict[str, object] | None, status: int
) -> None:
    answer = await world.operator.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == status
    if status != 200:
        assert list(answer.json()) == ["message"]
        assert "\n" not in json.loads(answer.text)["message"]
