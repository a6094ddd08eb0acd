"""Durable acknowledgements beside the same app without storage: turn by turn in short slices, so that drift hits all.

Client, bridge and PostgreSQL are processes of their own on the same cores. A ratio is of medians.
"""

import itertools
import signal
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from subprocess import Popen
from typing import Final

import uvloop

from tests.bench.databases import KINDS, Databases
from tests.bench.house import AT_ONCE, KEY, House, Pace, rentals
from tests.bench.load import Load, blast, deliveries, steady
from tests.bench.plugs import OVERDUE
from tests.bench.processes import free_port, python, running
from tests.bench.report import Report, Row

HOST: Final = "127.0.0.1"
FLOOR: Final = "floor"
CONNECTIONS: Final = (1, 16, 64, 256)
COUNTED: Final = 64
SECONDS: Final = 0.05
TENANTS: Final = 500
RATE: Final = 500.0
IGNORED: Final = "item.low_stock"
INGEST_WANTED, WORKING_WANTED = 0.30, 0.15
_starts = itertools.count(1 << 40, 1 << 24)


def measure(databases: Databases, *, quick: bool) -> Report:
    """Return figures of floor and bridge at each number of connections, with no worker beside it."""
    rows: list[Row] = []
    targets: list[tuple[str, float, str, float]] = []
    with ExitStack() as stack:
        ports = {FLOOR: stack.enter_context(_receiving(FLOOR))}
        for kind in KINDS:
            ports[kind] = stack.enter_context(_receiving("ingest", databases.empty(kind), KEY))
        for connections in (COUNTED,) if quick else CONNECTIONS:
            loads = _in_turn(ports, connections, type=IGNORED, rounds=3 if quick else 7)
            floor = _median(loads[FLOOR])
            for what, found in loads.items():
                ratio = _median(found) / floor
                rows.append(_row(f"{what}, {connections} connections", found, ratio))
                if connections == COUNTED and what != FLOOR:
                    targets.append((f"{what} at {COUNTED} connections", ratio, ">=", INGEST_WANTED))
    return Report(name="ack", title="Durable acknowledgements, ingest only", rows=rows, targets=targets)


def measure_while_working(databases: Databases, *, quick: bool) -> Report:
    """Return the same at 64 connections while 32 tenants at once are brought in step, 50 ms each; then at 500 a second.

    Every delivery makes work: it is looked up in 50 ms, and its tenant is due.
    """
    rows: list[Row] = []
    targets: list[tuple[str, float, str, float]] = []
    for kind in KINDS:
        house = House(url=databases.empty(kind), folder=databases.folder(), pace=Pace(look_up=SECONDS, vendor=SECONDS))
        with _receiving(FLOOR) as floor_port, house.serving() as (bridge, port):
            everybody = rentals(TENANTS)
            known = deliveries(TENANTS, start=next(_starts), type=OVERDUE, rentals=everybody)
            uvloop.run(steady(HOST, port, known, rate=RATE / 2, connections=8))
            count = int(RATE * (3 if quick else 12))
            requests = deliveries(count, start=next(_starts), type=OVERDUE, rentals=everybody)
            calm = uvloop.run(steady(HOST, port, requests, rate=RATE, connections=COUNTED))
            rows.append(_row(f"{kind}, working, {RATE:.0f} a second", [calm], None))
            targets += [
                (f"{kind} at {RATE:.0f} a second, p99 ms", calm.p99, "<=", 25.0),
                (f"{kind} at {RATE:.0f} a second, max ms", calm.max, "<=", 500.0),
            ]
            ports = {FLOOR: floor_port, kind: port}
            loads = _in_turn(ports, COUNTED, type=OVERDUE, rounds=3 if quick else 7, at_work=bridge)
        ratio = _median(loads[kind]) / _median(loads[FLOOR])
        rows += [
            _row(f"floor beside {kind} at work", loads[FLOOR], 1.0),
            _row(f"{kind}, working, {COUNTED} connections", loads[kind], ratio),
        ]
        targets.append((f"{kind} while working", ratio, ">=", WORKING_WANTED))
    title = f"Durable acknowledgements while {AT_ONCE} tenants at once are brought in step, 50 ms each"
    return Report(name="ack_while_working", title=title, rows=rows, targets=targets)


@contextmanager
def _receiving(what: str, *arguments: str) -> Iterator[int]:
    """Run a receiver without a worker, in a process of its own; yields its port."""
    port = free_port()
    with running(python("-m", "tests.bench.servers", what, str(port), *arguments), port):
        yield port


def _in_turn(
    ports: Mapping[str, int],
    connections: int,
    *,
    type: str,  # noqa: A002 - the sender's word
    rounds: int,
    at_work: Popen[bytes] | None = None,
) -> dict[str, list[Load]]:
    """Return loads of about half a second each: all in turn, and the turns many times.

    A bridge that is `at_work` stands still while the floor is measured: the floor has nothing beside it.
    """
    counts = {what: max(connections * 4, 150) for what in ports}
    loads: dict[str, list[Load]] = {what: [] for what in ports}
    for is_warm in (False, *(True for _ in range(rounds))):
        for what, port in ports.items():
            requests = deliveries(counts[what], start=next(_starts), type=type, rentals=rentals(TENANTS))
            with _standing_still(at_work if what == FLOOR else None):
                load = uvloop.run(blast(HOST, port, requests, connections))
            if load.statuses != {200: len(requests)}:
                raise RuntimeError(f"not every delivery was accepted: {load.statuses}")
            counts[what] = max(connections * 4, int(load.rps / 2))
            if is_warm:
                loads[what].append(load)
    return loads


@contextmanager
def _standing_still(process: Popen[bytes] | None) -> Iterator[None]:
    if process is None:
        yield
        return
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _median(loads: Sequence[Load]) -> float:
    return statistics.median(load.rps for load in loads)


def _row(label: str, loads: Sequence[Load], ratio: float | None) -> Row:
    figures = {
        "rps": _median(loads),
        "p50 ms": statistics.median(load.p50 for load in loads),
        "p99 ms": statistics.median(load.p99 for load in loads),
        "max ms": max(load.max for load in loads),
    }
    return Row(label=label, figures=figures if ratio is None else {**figures, "ratio": ratio})
