"""Durable acknowledgements beside the same app without storage, in one run."""

import asyncio
import tempfile
from collections.abc import Sequence

import uvloop

from tests.bench.load import Load, blast, deliveries
from tests.bench.processes import free_port, python, running
from tests.bench.report import Report, Row

CONNECTIONS = (1, 16, 64)
WARM_UP = 500
ROUNDS = 3
TYPE, RENTAL = "item.low_stock", "66f1a0c2b7d4e90015c0b210"


def measure(*, seconds: float) -> Report:
    """Return figures of floor and bridge at each number of connections: the two in turn, the median of the rounds."""
    rows: list[Row] = []
    start = 0
    for connections in CONNECTIONS:
        loads: dict[str, list[Load]] = {"floor": [], "ingest": []}
        count = int(seconds * (1500 if connections == 1 else 4000))
        for _ in range(ROUNDS):
            for what, found in loads.items():
                start += count + WARM_UP
                found.append(_one(what, connections, count, start))
        floor, ingest = _median(loads["floor"]), _median(loads["ingest"])
        rows.append(_row("floor", connections, floor, 1.0))
        rows.append(_row("bridge, ingest only", connections, ingest, ingest.rps / floor.rps))
    ratio = rows[-1].figures["ratio"]
    return Report(
        name="ack",
        title="Durable acknowledgements, SQLite (floor: the same app without storage)",
        rows=rows,
        targets=[("ratio at 64 connections", ratio, ">=", 0.2)],
    )


def _one(what: str, connections: int, count: int, start: int) -> Load:
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="gatebridge-bench-") as folder,
        running(python("-m", "tests.bench.servers", what, str(port), folder), port),
    ):
        return uvloop.run(_load(port, connections, count, start))


async def _load(port: int, connections: int, count: int, start: int) -> Load:
    await blast("127.0.0.1", port, deliveries(WARM_UP, start=start, type=TYPE, rental=RENTAL), 8)
    async with asyncio.timeout(120):
        ready = deliveries(count, start=start + WARM_UP, type=TYPE, rental=RENTAL)
        load = await blast("127.0.0.1", port, ready, connections)
    if load.statuses != {200: count}:
        raise RuntimeError(f"not every delivery was accepted: {load.statuses}")
    return load


def _median(loads: Sequence[Load]) -> Load:
    return sorted(loads, key=lambda load: load.rps)[len(loads) // 2]


def _row(what: str, connections: int, load: Load, ratio: float) -> Row:
    figures = {"rps": load.rps, "ratio": ratio, "p50 ms": load.p50, "p99 ms": load.p99, "max ms": load.max}
    return Row(label=f"{what}, {connections} connections", figures=figures)
