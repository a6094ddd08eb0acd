"""The kinds of simulated gate: who makes the codes, whether they are shown, and what can be suspended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bridge.sandbox.gate import Codes, GateKind, GateSettings, Suspends, build_gate

pytestmark = pytest.mark.anyio

ROOT, BY_HAND = "/v1/sites/lakeside", "/sandbox/sites/lakeside"
MADE = GateKind(codes=Codes.MADE)


@asynccontextmanager
async def gate(kind: GateKind | None = None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build_gate(GateSettings(kind=kind or GateKind())))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9100") as client:
        yield client


async def add(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Add somebody, with an open entry at B-014."""
    answer = await client.post(f"{ROOT}/people", json={"name": "Mira", **body})
    result: dict[str, Any] = answer.json()["result"]
    await client.put(f"{ROOT}/people/{result['id']}/access/B-014", json={"state": "active"})
    return result


async def edit(client: httpx.AsyncClient, id_: int, **body: Any) -> dict[str, Any]:
    said: dict[str, Any] = (await client.patch(f"{ROOT}/people/{id_}", json=body)).json()
    return said


async def shown(client: httpx.AsyncClient) -> dict[str, Any]:
    (person,) = (await client.get(f"{ROOT}/people")).json()["result"]["people"]
    found: dict[str, Any] = person
    return found


async def type_code(client: httpx.AsyncClient, code: str, target: str = "B-014") -> str:
    answer = await client.post("/keypad", json={"site": "lakeside", "target": target, "code": code})
    reason: str = answer.json()["reason"]
    return reason


async def test_a_made_code_is_told_once_and_opens() -> None:
    async with gate(GateKind(codes=Codes.MADE, shows_codes=False)) as client:
        told = await add(client)
        assert await type_code(client, told["code"]) == "ok"
        assert (await shown(client))["code"] == "******"
        assert (await edit(client, told["id"], name="Mira Lind"))["result"] == {"id": told["id"]}


async def test_made_codes_are_six_digits_and_no_two_alike() -> None:
    async with gate(MADE) as client:
        codes = [(await add(client))["code"] for _ in range(50)]
        assert len(set(codes)) == 50
        assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)


async def test_a_code_that_is_made_anew_voids_the_one_before() -> None:
    async with gate(MADE) as client:
        old = await add(client)
        new = (await edit(client, old["id"], new_code=True))["result"]
        assert new["id"] == old["id"]
        assert [await type_code(client, code) for code in (old["code"], new["code"])] == ["unknown_code", "ok"]


async def test_who_makes_the_codes_takes_none() -> None:
    async with gate(MADE) as client:
        answer = await client.post(f"{ROOT}/people", json={"name": "Mira", "code": "048213"})
        assert answer.json()["error"]["code"] == "unsupported"
        told = await add(client)
        assert (await edit(client, told["id"], code="048213"))["error"]["code"] == "unsupported"
        assert await type_code(client, told["code"]) == "ok"


async def test_who_takes_codes_makes_none() -> None:
    async with gate() as client:
        answer = await client.post(f"{ROOT}/people", json={"name": "Mira"})
        assert answer.json()["error"]["code"] == "bad_request"
        told = await add(client, code="048213")
        assert "code" not in told
        assert (await edit(client, told["id"], new_code=True))["error"]["code"] == "unsupported"
        assert await type_code(client, "048213") == "ok"


async def test_a_code_and_a_new_one_exclude_each_other() -> None:
    async with gate() as client:
        told = await add(client, code="048213")
        both = await edit(client, told["id"], code="590274", new_code=True)
        assert both["error"]["code"] == "bad_request"


async def test_by_hand_a_code_may_be_given_at_any_gate() -> None:
    async with gate(MADE) as client:
        answer = await client.post(f"{BY_HAND}/people", json={"name": "Fire service", "code": "112112"})
        assert answer.json()["ok"]
        assert (await shown(client))["code"] == "112112"


async def test_no_door_opens_for_a_suspended_person_until_they_are_resumed() -> None:
    async with gate() as client:
        told = await add(client, code="048213")
        await edit(client, told["id"], suspended=True)
        assert (await shown(client))["suspended"] is True
        assert [await type_code(client, "048213", door) for door in ("B-014", "B-021")] == [
            "suspended",
            "no_access_here",
        ]
        await edit(client, told["id"], suspended=False)
        assert await type_code(client, "048213") == "ok"


async def test_a_suspended_entry_stays_so_when_its_person_is_resumed() -> None:
    async with gate() as client:
        told = await add(client, code="048213")
        await client.put(f"{ROOT}/people/{told['id']}/access/B-014", json={"state": "suspended"})
        await edit(client, told["id"], suspended=False)
        assert await type_code(client, "048213") == "suspended"


async def test_who_suspends_people_only_suspends_no_entry() -> None:
    async with gate(GateKind(suspends=Suspends.PERSON)) as client:
        told = await add(client, code="048213")
        answer = await client.put(f"{ROOT}/people/{told['id']}/access/B-014", json={"state": "suspended"})
        assert answer.json()["error"]["code"] == "unsupported"
        assert await type_code(client, "048213") == "ok"


async def test_email_and_phone_can_be_given_changed_and_taken_away() -> None:
    async with gate() as client:
        told = await add(client, code="048213", email="mira@example.org", phone="+44 20")
        await edit(client, told["id"], email="lind@example.org", phone="")
        assert [(await shown(client))[key] for key in ("name", "email", "phone")] == ["Mira", "lind@example.org", ""]


@pytest.mark.parametrize("body", [{"email": "x" * 121}, {"phone": "4\n4"}])
async def test_an_email_or_phone_that_does_not_fit_is_refused(body: dict[str, str]) -> None:
    async with gate() as client:
        told = await add(client, code="048213")
        assert (await edit(client, told["id"], name="New", **body))["error"]["code"] == "bad_contact"
        assert (await shown(client))["name"] == "Mira"


@pytest.mark.parametrize("body", [{"suspended": "true"}, {"suspended": 1}, {"new_code": "yes"}, {"email": 1}])
async def test_a_flag_that_is_none_is_a_bad_request(body: dict[str, Any]) -> None:
    async with gate() as client:
        told = await add(client, code="048213")
        assert (await edit(client, told["id"], **body))["error"]["code"] == "bad_request"


async def test_a_lost_edit_changes_nothing_and_tells_a_code_that_nobody_has() -> None:
    async with gate(MADE) as client:
        told = await add(client)
        await client.post("/sandbox/faults", json={"kind": "lose_write"})
        new = (await edit(client, told["id"], new_code=True, suspended=True))["result"]["code"]
        assert [await type_code(client, code) for code in (told["code"], new)] == ["ok", "unknown_code"]


async def test_a_gate_says_which_kind_it_is() -> None:
    async with gate(GateKind(codes=Codes.MADE, shows_codes=False, suspends=Suspends.PERSON)) as client:
        kind = {"codes": "made", "shows_codes": False, "suspends": "person", "one_occupant": False}
        assert (await client.get(f"{ROOT}/")).json()["result"]["kind"] == kind
        assert (await client.get("/sandbox/kind")).json() == kind


async def test_a_gate_can_become_another_kind_and_keeps_its_people() -> None:
    async with gate() as client:
        told = await add(client, code="048213")
        answer = await client.patch("/sandbox/kind", json={"codes": "made", "shows_codes": False})
        assert answer.json() == {"codes": "made", "shows_codes": False, "suspends": "target", "one_occupant": False}
        assert await type_code(client, "048213") == "ok"
        assert (await shown(client))["code"] == "******"
        assert (await edit(client, told["id"], new_code=True))["ok"]


@pytest.mark.parametrize("body", [{"codes": "found"}, {"shows_codes": "no"}, {"suspends": None}, {"odd": 1}])
async def test_a_kind_that_does_not_exist_is_refused(body: dict[str, Any]) -> None:
    async with gate() as client:
        assert (await client.patch("/sandbox/kind", json=body)).status_code == 422
        assert (await client.get("/sandbox/kind")).json() == GateKind().model_dump(mode="json")
