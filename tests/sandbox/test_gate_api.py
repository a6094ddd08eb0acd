"""The vendor API of the simulated gate, with its oddities."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.sandbox.gate import Fault, FaultKind, GateKind, GateSettings, build_gate

pytestmark = pytest.mark.anyio

ROOT = "/v1/sites/lakeside"


@asynccontextmanager
async def api(settings: GateSettings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build_gate(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9100") as client:
        yield client


async def add(client: httpx.AsyncClient, code: str = "048213", key: str = "k", name: str = "Mira") -> httpx.Response:
    return await client.post(f"{ROOT}/people", json={"external_key": key, "name": name, "code": code})


async def people(client: httpx.AsyncClient, **params: str | int) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await client.get(f"{ROOT}/people", params=params)).json()["result"]["people"]
    return listed


def word(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    refused: str = answer.json()["error"]["code"]
    return refused


async def test_a_second_person_with_the_same_key_is_not_refused() -> None:
    async with api() as client:
        ids = [(await add(client, code)).json()["result"]["id"] for code in ("048213", "590274")]
        assert [p["id"] for p in await people(client, external_key="k")] == ids


async def test_a_code_is_had_by_one_person_of_a_site() -> None:
    async with api() as client:
        await add(client)
        assert word(await add(client, key="other")) == "code_in_use"
        elsewhere = await client.post("/v1/sites/hillside/people", json={"name": "Ivo", "code": "048213"})
        assert elsewhere.json()["ok"]


async def test_the_code_of_a_removed_person_is_free() -> None:
    async with api() as client:
        person = (await add(client)).json()["result"]["id"]
        await client.delete(f"{ROOT}/people/{person}")
        assert (await add(client)).json()["ok"]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"])
async def test_a_code_that_is_not_six_digits_is_refused(code: str) -> None:
    async with api() as client:
        assert word(await add(client, code)) == "bad_code"


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\nb"])
async def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    async with api() as client:
        assert word(await add(client, name=name)) == "bad_name"


async def test_an_edit_that_is_refused_changes_nothing() -> None:
    async with api() as client:
        person = (await add(client)).json()["result"]["id"]
        answer = await client.patch(f"{ROOT}/people/{person}", json={"name": "New", "code": "1"})
        assert word(answer) == "bad_code"
        assert (await people(client))[0]["name"] == "Mira"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "people/7", None),
        ("PATCH", "people/7", {"name": "x"}),
        ("DELETE", "people/7", None),
        ("PUT", "people/7/access/B-014", {"state": "active"}),
        ("DELETE", "people/7/access/B-014", None),
    ],
)
async def test_somebody_who_is_not_there_is_not_found_inside_a_200(
    method: str, path: str, body: dict[str, str] | None
) -> None:
    async with api() as client:
        assert word(await client.request(method, f"{ROOT}/{path}", json=body)) == "not_found"


async def test_an_entry_that_is_not_there_is_not_found() -> None:
    async with api() as client:
        person = (await add(client)).json()["result"]["id"]
        assert word(await client.delete(f"{ROOT}/people/{person}/access/B-014")) == "not_found"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"name": 1}', b'{"name": "Mira"}', b"x" * 70_000])
async def test_a_body_that_is_no_person_is_a_bad_request(body: bytes) -> None:
    async with api() as client:
        assert word(await client.post(f"{ROOT}/people", content=body)) == "bad_request"


async def test_a_state_that_does_not_exist_is_refused() -> None:
    async with api() as client:
        person = (await add(client)).json()["result"]["id"]
        answer = await client.put(f"{ROOT}/people/{person}/access/B-014", json={"state": "frozen"})
        assert word(answer) == "bad_request"


async def test_people_come_in_pages() -> None:
    async with api(GateSettings(page_size=2)) as client:
        for code in ("100001", "100002", "100003"):
            await add(client, code)
        first = (await client.get(f"{ROOT}/people")).json()["result"]
        last = (await client.get(f"{ROOT}/people", params={"after": first["people"][-1]["id"]})).json()["result"]
        assert [first["more"], last["more"]] == [True, False]
        assert [p["code"] for p in (*first["people"], *last["people"])] == ["100001", "100002", "100003"]


async def test_a_full_site_takes_nobody() -> None:
    async with api(GateSettings(capacity=1)) as client:
        await add(client)
        assert word(await add(client, "590274")) == "capacity"


async def test_a_strict_gate_refuses_what_is_not_listed() -> None:
    async with api(GateSettings(strict={"lakeside": frozenset({"B-014"})})) as client:
        person = (await add(client)).json()["result"]["id"]
        known = await client.put(f"{ROOT}/people/{person}/access/B-014", json={"state": "active"})
        unknown = await client.put(f"{ROOT}/people/{person}/access/B-021", json={"state": "active"})
        assert (known.json()["ok"], word(unknown)) == (True, "unknown_target")
        assert word(await client.get("/v1/sites/hillside/people")) == "unknown_site"


async def test_codes_are_masked_where_the_gate_is_told_so() -> None:
    async with api(GateSettings(kind=GateKind(shows_codes=False))) as client:
        await add(client)
        assert [p["code"] for p in await people(client)] == ["******"]


@pytest.mark.parametrize("given", [None, "Bearer wrong", "k-1", "bearer k-1"])
async def test_a_call_without_the_key_is_401(given: str | None) -> None:
    async with api(GateSettings(api_key=Secret("k-1"))) as client:
        headers = {} if given is None else {"Authorization": given}
        assert (await client.get(f"{ROOT}/people", headers=headers)).status_code == 401
        assert (await client.get(f"{ROOT}/people", headers={"Authorization": "Bearer k-1"})).status_code == 200


async def test_a_fault_meets_as_many_calls_as_it_was_ordered_for() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "fail", "status": 503, "retry_after": "2", "count": 2})
        answers = [await client.get(f"{ROOT}/people") for _ in range(3)]
        assert [(a.status_code, a.headers.get("retry-after")) for a in answers] == [(503, "2"), (503, "2"), (200, None)]


async def test_a_fault_meets_only_the_calls_that_it_names() -> None:
    fault = Fault(kind=FaultKind.FAIL, method="post", path="people", site="lakeside", count=None)
    async with api(GateSettings(faults=(fault,))) as client:
        assert (await client.get(f"{ROOT}/people")).status_code == 200
        assert (await client.post("/v1/sites/hillside/people", json={})).status_code == 200
        assert (await add(client)).status_code == 500


async def test_a_lost_write_is_answered_like_a_real_one() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "lose_write"})
        assert await people(client) == []
        assert (await add(client)).json()["ok"]
        assert await people(client) == []


async def test_a_write_can_be_done_and_answered_with_500() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "after_write"})
        assert (await add(client)).status_code == 500
        assert len(await people(client)) == 1


async def test_a_write_can_be_done_and_answered_late_and_truly() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "after_write", "seconds": 0.01})
        assert (await add(client)).json()["ok"]


async def test_a_stalled_call_works_in_the_end() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "stall", "seconds": 0.01})
        assert (await add(client)).json()["ok"]


async def test_an_error_inside_a_200_does_nothing() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "error_in_200", "code": "internal"})
        assert word(await add(client)) == "internal"
        assert await people(client) == []


async def test_cleared_faults_and_latency_are_gone() -> None:
    async with api() as client:
        await client.post("/sandbox/faults", json={"kind": "fail", "count": None})
        await client.post("/sandbox/faults", json={"latency": 30})
        left = (await client.delete("/sandbox/faults")).json()
        assert left == {"latency": 0.0, "faults": []}
        assert (await client.get(f"{ROOT}/people")).status_code == 200


@pytest.mark.parametrize("order", [{"kind": "explode"}, {}, {"kind": "fail", "count": 0}, {"kind": "fail", "odd": 1}])
async def test_a_fault_that_does_not_exist_is_refused(order: dict[str, Any]) -> None:
    async with api() as client:
        assert (await client.post("/sandbox/faults", json=order)).status_code == 422


@pytest.mark.parametrize("latency", [-1, 61, "1", True])
async def test_a_latency_that_makes_no_sense_is_refused(latency: object) -> None:
    async with api() as client:
        answer = await client.post("/sandbox/faults", json={"latency": latency})
        assert not answer.json().get("ok", True)


@pytest.mark.parametrize("after", ["x", "-1", "٣", "9" * 300])
async def test_a_page_that_begins_nowhere_is_a_bad_request(after: str) -> None:
    async with api() as client:
        assert word(await client.get(f"{ROOT}/people", params={"after": after})) == "bad_request"


async def test_a_site_tells_how_many_people_and_which_targets_it_has() -> None:
    async with api() as client:
        person = (await add(client)).json()["result"]["id"]
        await client.put(f"{ROOT}/people/{person}/access/B-014", json={"state": "active"})
        about = (await client.get(f"{ROOT}/")).json()["result"]
        assert (about["people"], about["targets"]) == (1, ["B-014"])
        assert (await client.get(f"{ROOT}/people/{person}")).json()["result"]["person"]["name"] == "Mira"
