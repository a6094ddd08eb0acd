"""Subjects a second through the real worker, store and converger, 32 at once."""

from time import perf_counter
from typing import Final

from bridge.cli.running import run
from tests.bench.databases import KINDS, Databases
from tests.bench.house import AT_ONCE, House, Pace, mark, move_in, settled, working
from tests.bench.report import Report, Row

SUBJECTS: Final = 3200
HANDLER_SECONDS: Final = 0.05
CEILING: Final = AT_ONCE / HANDLER_SECONDS
WANTED: Final = 0.8


def measure(databases: Databases, *, quick: bool) -> Report:
    count = SUBJECTS // 4 if quick else SUBJECTS
    rows, targets = [], []
    for kind in KINDS:
        url = databases.empty(kind)
        first = run(_first(House(url=url, folder=databases.folder()), count))
        at_once = run(_again(House(url=url, folder=databases.folder()), count))
        slow = run(_again(House(url=url, folder=databases.folder(), pace=Pace(vendor=HANDLER_SECONDS)), count))
        rows += [
            Row(label=f"{kind}, let in for the first time, answered at once", figures={"a second": first}),
            Row(label=f"{kind}, in step, answered at once", figures={"a second": at_once}),
            Row(label=f"{kind}, in step, 50 ms each", figures={"a second": slow, "of ceiling": slow / CEILING}),
        ]
        targets.append((f"{kind}, of the ceiling of {CEILING:.0f} a second", slow / CEILING, ">=", WANTED))
    return Report(
        name="work",
        title=f"Tenants brought in step, {AT_ONCE} at once, {count} marked in bulk",
        rows=rows,
        targets=targets,
    )


async def _first(house: House, count: int) -> float:
    began = perf_counter()
    await move_in(house, count)
    return count / (perf_counter() - began)


async def _again(house: House, count: int) -> float:
    """Twice, so that the first time can write the fields that a new platform does not have; the second counts."""
    async with house.assembled() as parts, working(parts) as worker:
        await mark(parts, count)
        worker.nudge()
        await settled(parts, count)
        await mark(parts, count)
        began = perf_counter()
        worker.nudge()
        await settled(parts, 2 * count)
        return count / (perf_counter() - began)
