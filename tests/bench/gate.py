"""The whole bridge beside a slow sandbox, over HTTP: the time from a move-in at the platform to the open gate."""

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import uvloop

from tests.bench.load import SECRET
from tests.bench.processes import free_port, gatebridge, running
from tests.bench.report import Report, Row

LATENCY = 0.05
MOVE_INS = 30
SITE = "66f1a0c2b7d4e90015c0e001"
CONFIGURATION = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[log]
level = "warning"
[connections.bench]
source = "storeganise"
base_url = "{platform}"
api_key = "sandbox-api-key"
webhook_secrets = ["{secret}", "sandbox-webhook-secret"]
timezone = "Europe/London"
[[sites]]
connection = "bench"
id = "{site}"
adapter = "simulator"
[sites.options]
url = "{gate}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    bridge_port: int
    platform: str
    gate: str


@contextmanager
def _house() -> Iterator[House]:
    platform_port, gate_port, bridge_port = free_port(), free_port(), free_port()
    platform, gate = f"http://127.0.0.1:{platform_port}", f"http://127.0.0.1:{gate_port}"
    with tempfile.TemporaryDirectory(prefix="gatebridge-bench-") as folder:
        file = Path(folder) / "gatebridge.toml"
        file.write_text(CONFIGURATION.format(folder=folder, platform=platform, gate=gate, secret=SECRET, site=SITE))
        sandbox = gatebridge(
            "sandbox",
            *("--port", str(platform_port), "--gate-port", str(gate_port), "--latency", str(LATENCY)),
            *("--webhook-url", f"http://127.0.0.1:{bridge_port}/webhooks/bench"),
        )
        bridge = gatebridge("serve", "--config", str(file), "--port", str(bridge_port))
        with running(sandbox, platform_port), running(bridge, bridge_port):
            yield House(bridge_port=bridge_port, platform=platform, gate=gate)


def measure(*, quick: bool) -> Report:
    """Return the time from a move-in's event to the gate's opening, with 50 ms on every platform and gate call."""
    with _house() as house:
        times = uvloop.run(_move_ins(house, MOVE_INS // 5 if quick else MOVE_INS))
    figures = {
        "p50 ms": statistics.median(times),
        "p90 ms": statistics.quantiles(times, n=10)[-1],
        "max ms": max(times),
        "move-ins": float(len(times)),
    }
    return Report(
        name="event_to_gate",
        title="From event to open gate, 50 ms a call (floor: 7 calls one after the other, 350 ms)",
        rows=[Row(label="move-in", figures=figures)],
        targets=[("p50 ms", figures["p50 ms"], "<=", 500.0)],
    )


async def _move_ins(house: House, count: int) -> list[float]:
    times = []
    async with _client() as client:
        for number in range(count):
            began = perf_counter()
            rental = await _move_in(client, house, number)
            await _until_open(client, house, rental)
            times.append((perf_counter() - began) * 1000)
    return times


async def _move_in(client: httpx.AsyncClient, house: House, number: int) -> dict[str, Any]:
    name = f"Z-{number:03}"
    unit = await _post(client, house, "units", {"siteId": SITE, "name": name, "customFields": {"gate_id": name}})
    who = {"firstName": "Tenant", "lastName": str(number), "email": f"tenant{number}@example.net"}
    tenant = await _post(client, house, "tenants", who)
    rental = await _post(client, house, "move-ins", {"tenantId": tenant["id"], "unitId": unit["id"]})
    return {**rental, "target": name}


async def _until_open(client: httpx.AsyncClient, house: House, rental: dict[str, Any]) -> None:
    """Return when the gate has an open door for the rental; its code is not needed to see that."""
    async with asyncio.timeout(30):
        while True:
            sites = (await client.get(f"{house.gate}/sandbox/state")).json()["sites"]
            entries = [entry for person in sites.get(SITE, {"people": []})["people"] for entry in person["access"]]
            if {"target": rental["target"], "state": "active"} in entries:
                return
            await asyncio.sleep(0.004)


async def _post(client: httpx.AsyncClient, house: House, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"{house.platform}/sandbox/{path}", json=body)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


@asynccontextmanager
async def _client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        yield client
