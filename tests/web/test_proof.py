"""The operator API refuses what names nobody, no door and no moment, and says how far a check has come."""

from typing import Any

import pytest

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import Done
from bridge.ports.store import SubjectCommit
from bridge.service import ledger_proof
from tests.contracts.store_builders import a_key, an_entry, claimed
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
OPEN = AccessRecord(rental=RentalId("r1"), status=AccessStatus.GRANTED, targets=frozenset({TargetId("B-1")}))
FORGET = {"tenant": "tenant1", "who": "sam", "reason": "asked on paper"}


async def test_a_long_ledger_is_checked_part_by_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_proof, "PAGE", 2)
    monkeypatch.setattr(ledger_proof, "MAX_CHECKED", 2)
    await world.store.record([an_entry() for _ in range(5)])
    asked: dict[str, Any] = {}
    checked = []
    while True:
        part = (await world.operator.post("/api/v1/ledger/verify", json=asked)).json()
        checked.append(part["checked"])
        if part["is_done"]:
            break
        asked = {"after": part["last"], "through": part["through"]}
    assert checked == [2, 2, 1]


REFUSED: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "an unknown word": ("POST", "ledger/verify", {"json": {"from": 1}}, 400),
    "a time that is none": ("GET", "ledger", {"params": {"since": "noon"}}, 400),
    "a tenant that no id can be": ("GET", "ledger", {"params": {"tenant": "a\0b"}}, 400),
    "a door that none can be": ("GET", "who", {"params": {"door": " "}}, 400),
    "a unit that none can be": ("GET", "who", {"params": {"unit": "a\0b"}}, 400),
    "no door": ("GET", "who/then", {"params": {"at": "2026-03-01T12:00"}}, 400),
    "no time": ("GET", "who/then", {"params": {"door": "B-1"}}, 400),
    "a time to come": ("GET", "who/then", {"params": {"door": "B-1", "at": "2199-01-01"}}, 400),
    "a door that was never there": ("GET", "who/then", {"params": {"door": "B-1", "at": "2026-01-01"}}, 404),
    "nobody": ("GET", "personal-data", {"params": {}}, 400),
    "somebody unknown": ("GET", "personal-data", {"params": {"tenant": "t9"}}, 404),
    "nobody to forget": ("POST", "personal-data/erase", {"json": {**FORGET, "tenant": "t9"}}, 404),
    "no reason": ("POST", "personal-data/erase", {"json": {**FORGET, "reason": " "}}, 400),
    "nobody who says so": ("POST", "personal-data/erase", {"json": {"tenant": "t1", "reason": "x"}}, 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_makes_no_sense_is_refused_in_a_sentence(world: World, name: str) -> None:
    method, path, request, status = REFUSED[name]
    answer = await world.operator.request(method, f"/api/v1/{path}", **request)
    assert answer.status_code == status
    assert answer.json()["message"]


async def test_a_tenant_with_a_door_is_a_conflict_and_keeps_everything(world: World) -> None:
    claim = await claimed(world.store, a_key())
    await world.store.commit(claim, SubjectCommit(outcome=Done(), access=(OPEN,)))
    (found,) = (await world.operator.get("/api/v1/personal-data", params={"tenant": "tenant1"})).json()["sites"]
    answer = await world.operator.post("/api/v1/personal-data/erase", json=FORGET)
    assert "B-1" in found["why_kept"]
    assert (answer.status_code, answer.json()["message"]) == (409, found["why_kept"])


async def test_pages_of_tenants_follow_each_other(world: World) -> None:
    for tenant in ("t1", "t2", "t3"):
        claim = await claimed(world.store, a_key(tenant))
        entry = an_entry(kind=LedgerKind.CODE)
        await world.store.commit(claim, SubjectCommit(outcome=Done(), access=(OPEN,), entries=(entry,)))
    first = (await world.operator.get("/api/v1/who", params={"limit": 2})).json()
    rest = (await world.operator.get("/api/v1/who", params={"limit": 2, "after": first["after"]})).json()
    assert [row["tenant"] for row in first["rows"] + rest["rows"]] == ["t1", "t2", "t3"]
    assert rest["after"] is None
    assert first["rows"][0]["at_door"] is None, "a door of which the ledger tells nothing is not open: it is unknown"
