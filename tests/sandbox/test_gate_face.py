"""The simulated gate's fixed face: keypad, state, logs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bridge.sandbox.gate import GateSettings, build_gate

pytestmark = pytest.mark.anyio

SITE, CODE = "66f1a0c2b7d4e90015c0e001", "048213"


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@asynccontextmanager
async def gate(settings: GateSettings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build_gate(settings, StoppedClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9100") as client:
        yield client


async def add(client: httpx.AsyncClient, target: str | None = "B-014", state: str = "active") -> int:
    body = {"external_key": "k", "name": "Mira", "code": CODE}
    person: int = (await client.post(f"/v1/sites/{SITE}/people", json=body)).json()["result"]["id"]
    if target is not None:
        await client.put(f"/v1/sites/{SITE}/people/{person}/access/{target}", json={"state": state})
    return person


async def type_code(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/keypad", json={"site": SITE, "target": "B-014", "code": CODE} | changes)
    said: dict[str, Any] = answer.json()
    return said


async def test_a_gate_that_runs_says_so() -> None:
    async with gate() as client:
        assert (await client.get("/livez")).status_code == 200


async def test_the_right_code_opens() -> None:
    async with gate() as client:
        await add(client)
        assert await type_code(client) == {"opened": True, "reason": "ok"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": "999111"}, "unknown_code"),
        ({"site": "another"}, "unknown_code"),
        ({"target": "B-021"}, "no_access_here"),
        ({"code": "48213"}, "malformed"),
        ({"code": 48213}, "malformed"),
        ({"code": "٠٤٨٢١٣"}, "malformed"),
        ({"code": None}, "malformed"),
    ],
)
async def test_any_other_try_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    async with gate() as client:
        await add(client)
        assert await type_code(client, **changes) == {"opened": False, "reason": reason}


async def test_a_suspended_code_is_refused_as_such() -> None:
    async with gate() as client:
        await add(client, state="suspended")
        assert await type_code(client) == {"opened": False, "reason": "suspended"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 60_000, b'{"site": 1}', b"x" * 70_000, b'{"code":"048213"}'])
async def test_a_try_without_a_place_is_400_and_opens_nothing(body: bytes) -> None:
    async with gate() as client:
        answer = await client.post("/keypad", content=body)
        assert (answer.status_code, answer.json()) == (400, {"opened": False, "reason": "malformed"})


async def test_a_target_exists_once_somebody_named_it() -> None:
    async with gate() as client:
        await type_code(client, target="Lobby")
        assert (await client.get("/sandbox/state")).json()["sites"][SITE]["targets"] == ["Lobby"]


async def test_a_strict_gate_has_its_own_sites_and_targets_only() -> None:
    async with gate(GateSettings(strict={SITE: frozenset({"B-014"})})) as client:
        await add(client, "B-021")
        await type_code(client, target="Lobby")
        await type_code(client, site="another")
        sites = (await client.get("/sandbox/state")).json()["sites"]
        assert {name: site["targets"] for name, site in sites.items()} == {SITE: ["B-014"]}


async def test_the_state_shows_codes_only_when_asked() -> None:
    async with gate() as client:
        await add(client)
        assert CODE not in (await client.get("/sandbox/state")).text
        assert CODE in (await client.get("/sandbox/state", params={"codes": "true"})).text


async def test_the_entry_log_knows_who_and_where_but_no_code() -> None:
    async with gate() as client:
        person = await add(client)
        await type_code(client)
        answer = await client.get("/sandbox/entries")
        assert answer.json()["entries"] == [
            {
                "at": "2026-03-01T09:30:00+00:00",
                "site": SITE,
                "target": "B-014",
                "opened": True,
                "reason": "ok",
                "person": person,
            }
        ]
        assert CODE not in answer.text


async def test_the_call_log_counts_calls_of_the_api_only() -> None:
    async with gate() as client:
        person = await add(client)
        await client.get(f"/v1/sites/{SITE}/people", params={"external_key": "k"})
        await type_code(client)
        calls = (await client.get("/sandbox/log")).json()["calls"]
        root = f"/v1/sites/{SITE}/people"
        assert [(call["method"], call["path"], call["status"]) for call in calls] == [
            ("POST", root, 200),
            ("PUT", f"{root}/{person}/access/B-014", 200),
            ("GET", root, 200),
        ]
        assert all(call["at"] == call["ended"] for call in calls), "by the gate's own clock, which stands still here"
        await client.delete("/sandbox/log")
        assert (await client.get("/sandbox/log")).json() == {"calls": []}


async def test_people_can_be_added_by_hand_without_key_or_fault() -> None:
    async with gate() as client:
        await client.post("/sandbox/faults", json={"kind": "fail", "count": None})
        answer = await client.post(f"/sandbox/sites/{SITE}/people", json={"name": "Fire service", "code": "112112"})
        assert answer.json()["ok"]
        people = (await client.get("/sandbox/state")).json()["sites"][SITE]["people"]
        assert [(p["name"], p["external_key"]) for p in people] == [("Fire service", None)]


async def test_two_gates_share_nothing() -> None:
    async with gate() as one, gate() as other:
        await add(one)
        assert (await other.get("/sandbox/state")).json() == {"sites": {}}
