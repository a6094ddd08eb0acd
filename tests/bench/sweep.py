"""10,000 rentals at 20 sites, all in step: what planning and sweeping them cost, with 50 ms a call of the platform.

A page has 100 rentals at most. The vendor answers at once, so that the platform's half is seen; on SQLite only, since
letting 10,000 tenants in takes longer than all that is measured.
"""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import httpx

from bridge.cli.running import run
from bridge.domain.whom import Selection
from bridge.wiring import Parts
from tests.bench.account import PAGE, pages, site_of
from tests.bench.databases import SQLITE, Databases
from tests.bench.house import AT_ONCE, KEY, bridge_of, working
from tests.bench.processes import free_port, python, running
from tests.bench.report import Report, Row

SITES: Final = 20
RENTALS: Final = 10_000
LATENCY: Final = 0.05
CALLS_AT_MOST: Final = 1.2
TIME_AT_MOST: Final = 1.5
BYTES_AT_MOST: Final = 1024
PATIENCE: Final = 900.0
TRIES: Final = 3
_HEAD: Final = """
[server]
state_dir = "{folder}"
[store]
url = "{url}"
key = "{key}"
[worker]
concurrency = {at_once}
[log]
level = "error"
format = "json"
[connections.bench]
source = "storeganise"
base_url = "http://127.0.0.1:{port}"
api_key = "bench"
webhook_secrets = ["bench"]
timezone = "Europe/London"
catch_up = "off"
"""
_SITE: Final = """
[[sites]]
connection = "bench"
id = "{site}"
adapter = "bench"
field_prefix = "gate"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one pass over all sites took: calls of the platform, seconds, and writes anywhere."""

    calls: int
    seconds: float
    writes: int
    runs: int


def measure(databases: Databases, *, quick: bool) -> Report:
    sites, rentals = (SITES // 5, RENTALS // 5) if quick else (SITES, RENTALS)
    needed = pages(sites, rentals)
    floor, port = needed * LATENCY, free_port()
    rows: list[Row] = []
    targets: list[tuple[str, float, str, float]] = []
    with running(python("-m", "tests.bench.account", str(port), str(sites), str(rentals)), port):
        found = run(_Estate(databases, port, sites, rentals).costs())
    for what, (cost, memory) in found.items():
        figures = {
            "pages": float(needed),
            "calls": float(cost.calls),
            "calls / pages": cost.calls / needed,
            "seconds": cost.seconds,
            "x floor": cost.seconds / floor,
            "B a rental": memory / rentals,
            "writes": float(cost.writes),
            "runs": float(cost.runs),
        }
        rows.append(Row(label=what, figures=figures))
        targets += [
            (f"{what}: calls a page", figures["calls / pages"], "<=", CALLS_AT_MOST),
            (f"{what}: seconds beside {floor:g} s", figures["x floor"], "<=", TIME_AT_MOST),
            (f"{what}: writes and runs", figures["writes"] + figures["runs"], "<=", 0),
        ]
        if not quick:  # of few sites, most are gone through at once
            targets.append((f"{what}: bytes a rental", figures["B a rental"], "<=", BYTES_AT_MOST))
    return Report(
        name="sweep",
        title=f"{rentals:,} rentals at {sites} sites in step, pages of {PAGE}, {LATENCY * 1000:.0f} ms a call "
        f"(floor: {needed} pages one after the other, {needed * LATENCY:g} s)",
        rows=rows,
        targets=targets,
    )


class _Estate:
    def __init__(self, databases: Databases, port: int, sites: int, rentals: int) -> None:
        self._url = databases.empty(SQLITE)
        self._folder = databases.folder()
        self._port = port
        self._sites = sites
        self._rentals = rentals

    def _file(self) -> Path:
        head = _HEAD.format(folder=self._folder, url=self._url, key=KEY, at_once=AT_ONCE, port=self._port)
        found = self._folder / "gatebridge.toml"
        found.write_text(head + "".join(_SITE.format(site=site_of(n)) for n in range(self._sites)), encoding="utf-8")
        return found

    async def costs(self) -> dict[str, tuple[Cost, float]]:
        """Let everybody in, then return what a plan and a sweep of all cost, each with its bytes of memory."""
        async with self._bridge() as parts:
            await self._move_in(parts)

            async def plan() -> object:
                return await parts.resyncer.plan(Selection())

            async def sweep() -> object:
                return await parts.sweeper.sweep()

            await plan()  # what is loaded and cached once is no cost of a rental
            return {
                what: (await self._cost(parts, work), await _memory(work))
                for what, work in (("plan --all", plan), ("sweep", sweep))
            }

    async def _move_in(self, parts: Parts) -> None:
        async with working(parts), asyncio.timeout(PATIENCE):
            await parts.sweeper.sweep()
            while await _is_busy(parts):  # noqa: ASYNC110 - the queue has no event to offer
                await asyncio.sleep(0.5)

    async def _cost(self, parts: Parts, work: Callable[[], Awaitable[object]]) -> Cost:
        """Return the cost of the quickest of a few passes."""
        settled = parts.metrics.settled.labels("subjects", "done")
        found = []
        async with working(parts):
            for _ in range(TRIES):
                await self._tell(f"/latency?seconds={LATENCY}")
                began, runs = perf_counter(), settled._value.get()
                await work()
                seconds = perf_counter() - began
                told = await self._tell("/latency?seconds=0")
                calls = told.get("list", 0) + told.get("read", 0)
                ran = int(settled._value.get() - runs)
                found.append(Cost(calls=calls, seconds=seconds, writes=told.get("write", 0), runs=ran))
        return min(found, key=lambda cost: (cost.calls, cost.writes, cost.runs, cost.seconds))

    async def _tell(self, path: str) -> dict[str, int]:
        async with httpx.AsyncClient(trust_env=False) as client:
            told: dict[str, int] = (await client.get(f"http://127.0.0.1:{self._port}{path}")).json()
            return told

    @asynccontextmanager
    async def _bridge(self) -> AsyncIterator[Parts]:
        async with bridge_of(self._file(), self._folder) as parts:
            yield parts


async def _is_busy(parts: Parts) -> bool:
    counts = await parts.store.counts()
    return counts["subject.ready"] + counts["subject.running"] > 0


async def _memory(work: Callable[[], Awaitable[object]]) -> float:
    """Return how many bytes more than before were in use at the most."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = await work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return most - before
