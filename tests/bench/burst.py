"""10,000 overdue notices in 10 s with move-ins among them: how long a new tenant waits at the gate, beside a quiet day.

Every call takes 50 ms, at the platform and at the vendor. From the sending of the event to the grant at the vendor.
"""

import asyncio
import statistics
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Final

import uvloop

from tests.bench.databases import KINDS, Databases
from tests.bench.house import House, Pace, move_in, rentals
from tests.bench.load import deliveries, steady
from tests.bench.plugs import MOVE_IN, OVERDUE, TOLD_TO, tenant_of
from tests.bench.report import Report, Row

HOST: Final = "127.0.0.1"
SECONDS: Final = 0.05
KNOWN: Final = 2000
NOTICES: Final = 10_000
IN_SECONDS: Final = 10.0
MOVE_INS: Final = 50
CALLS: Final = 4
"""A look-up, a snapshot, a look at the gate, a grant: one after the other."""
FIRST_NEW: Final = 500_000
PATIENCE: Final = 60.0
WANTED_MS: Final = 2000.0


def measure(databases: Databases, *, quick: bool) -> Report:
    rows: list[Row] = []
    targets: list[tuple[str, float, str, float]] = []
    share = 5 if quick else 1
    for kind in KINDS:
        folder = databases.folder()
        told_to = folder / "told"
        pace = Pace(look_up=SECONDS, platform=SECONDS, vendor=SECONDS)
        url = databases.empty(kind)
        uvloop.run(move_in(House(url=url, folder=databases.folder()), KNOWN // share))
        with House(url=url, folder=folder, pace=pace, environment={TOLD_TO: str(told_to)}).serving() as (_, port):
            day = _Day(port, told_to)
            quiet = uvloop.run(day.move_ins(MOVE_INS // 2 // share, first=FIRST_NEW, among=0))
            busy = uvloop.run(day.move_ins(MOVE_INS // share, first=2 * FIRST_NEW, among=NOTICES // share))
        rows += [_row(f"{kind}, quiet", quiet), _row(f"{kind}, in the burst", busy)]
        targets.append((f"{kind}, p50 ms in the burst", statistics.median(busy), "<=", WANTED_MS))
    return Report(
        name="burst",
        title=f"From a move-in's event to the grant, beside {NOTICES // share} overdue notices in {IN_SECONDS:.0f} s "
        f"(floor: {CALLS} calls of 50 ms, 200 ms)",
        rows=rows,
        targets=targets,
    )


class _Day:
    def __init__(self, port: int, told_to: Path) -> None:
        self._port = port
        self._told_to = told_to

    async def move_ins(self, count: int, *, first: int, among: int) -> list[float]:
        """Return each move-in's time to access in milliseconds; `among` notices are sent meanwhile."""
        newcomers = rentals(count, first=first)
        events = deliveries(count, start=first << 20, type=MOVE_IN, rentals=newcomers)
        notices = deliveries(among, start=first << 21, type=OVERDUE, rentals=rentals(KNOWN)) if among else []
        burst = asyncio.create_task(self._notices(notices))
        sent: dict[str, float] = {}
        for rental, event in zip(newcomers, events, strict=True):
            sent[tenant_of(rental)] = monotonic()
            await steady(HOST, self._port, [event], rate=1.0, connections=1)
            await asyncio.sleep(IN_SECONDS / count if among else 0.2)
        await burst
        async with asyncio.timeout(PATIENCE):
            while not sent.keys() <= (opened := self._opened()).keys():  # noqa: ASYNC110 - a file has no event to offer
                await asyncio.sleep(0.1)
        return [(opened[tenant] - began) * 1000 for tenant, began in sent.items()]

    async def _notices(self, notices: list[bytes]) -> None:
        if notices:
            load = await steady(HOST, self._port, notices, rate=len(notices) / IN_SECONDS, connections=64)
            if load.statuses != {200: len(notices)}:
                raise RuntimeError(f"not every delivery was accepted: {load.statuses}")

    def _opened(self) -> Mapping[str, float]:
        lines = [line.split() for line in self._told_to.read_text(encoding="utf-8").splitlines()]
        return {tenant: float(at) for what, tenant, at, _ in lines if what == "opened"}


def _row(label: str, times: list[float]) -> Row:
    figures = {
        "p50 ms": statistics.median(times),
        "p90 ms": statistics.quantiles(times, n=10)[-1],
        "max ms": max(times),
        "move-ins": float(len(times)),
    }
    return Row(label=label, figures=figures)
