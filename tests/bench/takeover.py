"""Two workers on one PostgreSQL database, one killed: how long its tenants wait for the other."""

import signal
import time
from pathlib import Path
from typing import Final

from bridge.cli.running import run
from tests.bench.databases import POSTGRES, Databases
from tests.bench.house import House, Pace, mark
from tests.bench.plugs import TOLD_TO
from tests.bench.report import Report, Row

TENANTS: Final = 16
LONG: Final = 60.0
PATIENCE: Final = 30.0
WANTED: Final = 2.0


def measure(databases: Databases, *, quick: bool) -> Report:
    times = [_once(databases) for _ in range(1 if quick else 3)]
    rows = [
        Row(label=f"round {number}", figures={"first s": first, "last s": last})
        for number, (first, last) in enumerate(times, 1)
    ]
    return Report(
        name="takeover",
        title=f"{TENANTS} tenants of a killed worker are begun by the other, PostgreSQL",
        rows=rows,
        targets=[("the last of them, s", max(last for _, last in times), "<=", WANTED)],
    )


def _once(databases: Databases) -> tuple[float, float]:
    """Return after how many seconds the first and the last tenant was looked at by the living one."""
    url, told_to = databases.empty(POSTGRES), databases.folder() / "told"
    told_to.touch()
    run(_mark(House(url=url, folder=databases.folder())))
    one, other = (
        House(url=url, folder=databases.folder(), pace=Pace(vendor=LONG), environment={TOLD_TO: str(told_to)})
        for _ in range(2)
    )
    with one.serving() as (dies, _):
        _wait_for(told_to, dies.pid)
        with other.serving() as (lives, _):
            time.sleep(1.0)
            dies.send_signal(signal.SIGKILL)
            killed = time.monotonic()
            seen = _wait_for(told_to, lives.pid)
            lives.kill()
    return seen[0] - killed, seen[-1] - killed


async def _mark(house: House) -> None:
    async with house.assembled() as parts:
        await mark(parts, TENANTS)


def _wait_for(told_to: Path, pid: int) -> list[float]:
    """Return when each tenant was first looked at by the process, the earliest first."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        lines = [line.split() for line in told_to.read_text(encoding="utf-8").splitlines()]
        seen: dict[str, float] = {}
        for what, tenant, at, who in lines:
            if what == "seen" and int(who) == pid:
                seen.setdefault(tenant, float(at))
        if len(seen) == TENANTS:
            return sorted(seen.values())
        time.sleep(0.02)
    raise RuntimeError("the tenants were not looked at")
